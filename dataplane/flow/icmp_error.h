// SPDX-License-Identifier: Apache-2.0
// What an ICMP error quotes (RFC 792, RFC 4443 section 2.4): the packet that could not be
// delivered, or its first bytes, by which the conversation is known. Borrows the frame; hostile
// bytes give "malformed". Any thread.
#pragma once

#include "dataplane/packet/packet.h"

namespace sluice::flow {

inline bool is_icmp_error(const packet::Packet& p) {
    const bool v4 = p.ip_proto == packet::kProtoIcmp;
    if (!v4 && p.ip_proto != packet::kProtoIcmp6) {
        return false;
    }
    const std::uint32_t errors = v4 ? packet::kIcmp4Errors : packet::kIcmp6Errors;
    return p.l4_ok && p.icmp_type < 32 && (errors >> p.icmp_type & 1U) != 0;
}

enum class Quote : std::uint8_t {
    kPacket,     // 'out' has addresses, ports, protocol, and of TCP the sequence number
    kUntracked,  // well-formed, but not what flows are kept of: a fragment, another protocol
    kMalformed,  // no IP header, or cut before the ports
};

// 'out' borrows the error's frame, and lies where the error does (port, VLAN, tunnels).
// REQUIRES: is_icmp_error(error)
Quote read_quote(const packet::Packet& error, packet::Packet& out);

}  // namespace sluice::flow
