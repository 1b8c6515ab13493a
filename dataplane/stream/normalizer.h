// SPDX-License-Identifier: Apache-2.0
// normalize(): takes out of a TCP header, and off a SYN, what receivers read in different ways, so
// that the one behind us reads it as we do. Writes into the frame, inline only, and keeps checksums
// right; a tap only counts. Any thread.
#pragma once

#include "dataplane/flow/flow.h"
#include "dataplane/packet/packet.h"
#include "dataplane/packet/reason.h"
#include "dataplane/packet/tcp_options.h"

#include <cstdint>

namespace sluice::stream {

// What is made unambiguous; each has its own counter.
struct NormalizerConfig {
    bool urgent = true;      // URG and its pointer are cleared: every byte is read in line
    bool reserved = true;    // the three reserved bits are cleared
    bool options = true;     // options that are unknown or were not negotiated become NOPs
    bool signatures = true;  // MD5 and AO as in the handshake, or the segment is refused
    bool syn_data = true;    // data of a SYN without a Fast Open cookie is cut off
    bool timestamps = true;  // old ones are refused (PAWS), see TcpTracker
};

// The bits beside the header length that no standard uses (RFC 9293 section 3.1). The fourth is
// AccECN's (RFC 9768), and stays.
inline constexpr std::uint8_t kReservedBits = 0x0e;

// Flow::tcp_options: the low half says what a segment may have, the high half what it must have.
inline constexpr unsigned kRequiredShift = 4;

// The options that should not be there, and the signatures that are not there but should.
constexpr unsigned unexpected_options(std::uint8_t options, std::uint8_t agreed) {
    constexpr unsigned kChecked = flow::kAnyTcpOption | packet::kOptUnknown;
    const unsigned allowed = agreed & flow::kAnyTcpOption;
    return (options & ~allowed & kChecked) | (unsigned{agreed} >> kRequiredShift & ~options);
}

// False for nearly every packet: normalize() has nothing to do. 'agreed' is Flow::tcp_options.
inline bool is_odd(const packet::TcpFields& tcp, std::uint8_t agreed) {
    constexpr unsigned kFlags = packet::kTcpUrg | packet::kTcpSyn;
    return ((tcp.flags & kFlags) | (tcp.reserved & kReservedBits) |
            unexpected_options(tcp.options, agreed)) != 0;
}

// Counts what it found and, inline, rewrites it. Returns the reason to refuse the packet, or none.
// REQUIRES: TCP header decoded (l4_ok)
packet::Reason normalize(packet::Packet& p, const NormalizerConfig& config, bool inline_mode,
                         std::uint8_t agreed, packet::ReasonCounters& counters);

}  // namespace sluice::stream
