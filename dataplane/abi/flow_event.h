// SPDX-License-Identifier: Apache-2.0
// FlowFields: what the event at the end of a flow tells besides its addresses and sums. Part of
// EventRecord; no pointers. Copied, never shared.
#pragma once

#include <array>
#include <cstdint>

namespace sluice::abi {

enum class FlowEnd : std::uint8_t {
    kTimeout,   // silence
    kEvicted,   // to make room for another
    kReused,    // a new connection began on its ports
    kShutdown,  // end of the capture, or of the worker
};

enum class FlowPhase : std::uint8_t { kNew, kEstablished, kClosed };

// States of a TCP connection that events name, in Suricata's words.
enum class TcpPhase : std::uint8_t {
    kNone,
    kSynSent,
    kSynReceived,
    kEstablished,
    kCloseWait,  // the client closed
    kFinWait1,   // the server closed
    kLastAck,    // both did; the last FIN is not acknowledged
    kClosed,
};

struct FlowFields {
    std::int64_t last_ns = 0;                 // Unix time of the last packet
    std::array<std::uint8_t, 2> tcp_flags{};  // seen so far, by direction
    FlowEnd end = FlowEnd::kTimeout;
    FlowPhase phase = FlowPhase::kNew;
    TcpPhase tcp = TcpPhase::kNone;
    bool alerted = false;
    bool dropped = false;   // the rest of it was
    bool passed = false;    // a pass rule, or the exception policy, trusted the rest of it
    bool answered = false;  // ICMP: a reply was seen
};

}  // namespace sluice::abi
