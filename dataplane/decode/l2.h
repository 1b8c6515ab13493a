// SPDX-License-Identifier: Apache-2.0
// Link layer: from the frame to the network protocol. Borrows the frame; no errors but the Reason.
// Any thread.
#pragma once

#include "dataplane/packet/packet.h"

namespace sluice::decode {

inline constexpr std::uint16_t kEtherIpv4 = 0x0800;
inline constexpr std::uint16_t kEtherIpv6 = 0x86dd;
inline constexpr std::uint16_t kEtherVlan = 0x8100;         // IEEE 802.1Q
inline constexpr std::uint16_t kEtherServiceVlan = 0x88a8;  // IEEE 802.1ad
inline constexpr std::uint16_t kEtherOldQinQ = 0x9100;      // in use before 802.1ad

inline constexpr std::size_t kEthernetHeader = 14;
inline constexpr std::size_t kVlanTag = 4;

// Sets l3_off and the VLAN fields. none: 'ether_type' is IPv4 or IPv6.
struct LinkResult {
    packet::Reason reason = packet::Reason::none;
    std::uint16_t ether_type = 0;
};

LinkResult decode_link(packet::Packet& packet);

}  // namespace sluice::decode
