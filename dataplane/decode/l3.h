// SPDX-License-Identifier: Apache-2.0
// Network layer: IPv4 with options, IPv6 with its chain of extension headers. Both set the IP
// fields of the packet, l4_off, and payload_off and payload_len as the IP payload, cut to what the
// header says (Ethernet padding is left out). Borrow the frame; no errors but the Reason, none on
// success. Any thread.
#pragma once

#include "dataplane/packet/packet.h"

namespace sluice::decode {

struct NetworkResult {
    packet::Reason reason = packet::Reason::none;

    // The address in the IPv6 header is not the one that the sender summed (routing header with
    // segments left, RFC 8200 section 8.1), so that a transport checksum cannot be judged here.
    bool checksum_unknown = false;

    bool options = false;  // IPv4: the header has options
    bool source_route =
        false;  // the sender chooses the path: RFC 791 options 131 and 137, RFC 5095
};

NetworkResult decode_ipv4(packet::Packet& packet, bool verify_checksum);
NetworkResult decode_ipv6(packet::Packet& packet);

}  // namespace sluice::decode
