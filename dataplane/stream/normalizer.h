// SPDX-License-Identifier: Apache-2.0
// normalize(): takes out of a TCP header what receivers read in different ways, so that the one
// behind us reads it as we do. Writes into the frame, inline only, and keeps the checksum right; a
// tap only counts. Any thread.
#pragma once

#include "dataplane/packet/packet.h"
#include "dataplane/packet/reason.h"

#include <cstdint>

namespace sluice::stream {

// What is made unambiguous; each has its own counter.
struct NormalizerConfig {
    bool urgent = true;      // URG and its pointer are cleared: every byte is read in line
    bool reserved = true;    // the three reserved bits are cleared
    bool options = true;     // a timestamp that was not negotiated becomes NOPs
    bool timestamps = true;  // old ones are refused (PAWS), see TcpTracker
};

// The bits beside the header length that no standard uses (RFC 9293 section 3.1). The fourth is
// AccECN's (RFC 9768), and stays.
inline constexpr std::uint8_t kReservedBits = 0x0e;

// False for nearly every packet: normalize() has nothing to do. 'ts_ignored' is Flow's.
inline bool is_odd(const packet::TcpFields& tcp, bool ts_ignored) {
    return (tcp.flags & packet::kTcpUrg) != 0 || (tcp.reserved & kReservedBits) != 0 ||
           (tcp.has_timestamp && ts_ignored);
}

// Counts what it found and, inline, rewrites it. Returns the reason to refuse the packet, or none.
// REQUIRES: TCP header decoded (l4_ok), ts_ignored: the timestamp, if any, was not negotiated.
packet::Reason normalize(packet::Packet& p, const NormalizerConfig& config, bool inline_mode,
                         bool ts_ignored, packet::ReasonCounters& counters);

}  // namespace sluice::stream
