// SPDX-License-Identifier: Apache-2.0
// Link layer: from the frame to the network protocol, through VLAN tags (IEEE 802.1Q), MPLS labels
// (RFC 3032, with an Ethernet pseudowire of RFC 4448) and PPPoE (RFC 2516); PPP's own header
// (RFC 1661). Borrows the frame; no errors but the Reason. Any thread.
#pragma once

#include "dataplane/packet/packet.h"

namespace sluice::decode {

inline constexpr std::uint16_t kEtherIpv4 = 0x0800;
inline constexpr std::uint16_t kEtherArp = 0x0806;
inline constexpr std::uint16_t kEtherIpv6 = 0x86dd;
inline constexpr std::uint16_t kEtherVlan = 0x8100;         // IEEE 802.1Q
inline constexpr std::uint16_t kEtherServiceVlan = 0x88a8;  // IEEE 802.1ad
inline constexpr std::uint16_t kEtherOldQinQ = 0x9100;      // in use before 802.1ad
inline constexpr std::uint16_t kEtherMpls = 0x8847;
inline constexpr std::uint16_t kEtherMplsUpstream = 0x8848;  // RFC 5332
inline constexpr std::uint16_t kEtherPppoeControl = 0x8863;
inline constexpr std::uint16_t kEtherPppoe = 0x8864;

inline constexpr std::size_t kEthernetHeader = 14;
inline constexpr std::size_t kVlanTag = 4;

// Provider networks stack three or four; each is work for one packet.
inline constexpr int kMaxMplsLabels = 8;

// What lies behind a link header. reason none: 'ether_type' is IPv4 or IPv6 and starts at 'offset'.
struct LinkResult {
    packet::Reason reason = packet::Reason::none;
    std::uint16_t ether_type = 0;
    std::uint16_t offset = 0;
    std::uint8_t vlan_count = 0;
    std::array<std::uint16_t, 2> vlan{};
};

LinkResult read_link(Bytes frame);

// Sets l3_off and the VLAN fields of the packet; tags inside a tunnel come behind those around it,
// as far as there is room.
LinkResult decode_link(packet::Packet& packet);

// A stack of labels at 'offset', and what its payload looks like: it is not named (RFC 4928).
// ether_type 0 and reason none: Ethernet, at 'offset'.
LinkResult read_labels(Bytes frame, std::size_t offset);

// The header of PPP, with or without address and control bytes, the protocol compressed or not.
// ethertype_uninspected: not IP.
LinkResult read_ppp(Bytes frame, std::size_t offset);

}  // namespace sluice::decode
