// SPDX-License-Identifier: Apache-2.0
// Capture files come with many link layers; the stages see Ethernet only. A frame of another kind
// gets a synthetic Ethernet header (zero MACs, the EtherType of what is inside) in place of its
// own. Borrows the frame, no errors but the flags below. Any thread.
#pragma once

#include "dataplane/base/cursor.h"

#include <cstdint>

namespace sluice::io {

enum class LinkLayer : std::uint8_t {
    kEthernet,
    kRawIp,  // IPv4 or IPv6 without anything in front
    kNull,   // BSD loopback: address family in the byte order of the capturing host
    kLinuxSll,
    kLinuxSll2,
    kPpp,    // RFC 1662, with or without address and control bytes
    kCHdlc,  // Cisco's framing (RFC 1547 section 4.3.1): two bytes and an EtherType
    kUnsupported,
};

// 'dlt' is libpcap's DLT_ number.
LinkLayer link_layer_of(int dlt);

inline constexpr std::size_t kSyntheticHeader = 14;

// Where the network layer of a frame starts, and its EtherType; 0 when unknown, the frame is then
// passed on as it is behind the synthetic header, for decode to count.
struct LinkPayload {
    std::size_t offset = 0;
    std::uint16_t ether_type = 0;
};

// REQUIRES: layer is neither kEthernet nor kUnsupported
LinkPayload find_payload(LinkLayer layer, Bytes frame);

}  // namespace sluice::io
