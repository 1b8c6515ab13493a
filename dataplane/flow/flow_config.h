// SPDX-License-Identifier: Apache-2.0
// FlowConfig: limits and timeouts of the flow table, and FlowStats, what it did. Plain data; set
// before construction, read by the worker's thread only. Defaults are Suricata 7's where it has
// one.
#pragma once

#include "dataplane/base/time.h"
#include "dataplane/packet/exception.h"

#include <cstddef>
#include <cstdint>

namespace sluice::flow {

// How long a flow may stay silent, by what it is and how far it got.
struct FlowTimeouts {
    Nanos tcp_new = seconds(60);
    Nanos tcp_established = seconds(600);
    Nanos tcp_closed = seconds(10);
    Nanos udp_new = seconds(30);
    Nanos udp_established = seconds(300);
    Nanos icmp_new = seconds(30);
    Nanos icmp_established = seconds(300);
    Nanos other_new = seconds(30);
    Nanos other_established = seconds(300);
};

constexpr FlowTimeouts emergency_timeouts() {
    FlowTimeouts t;
    t.tcp_new = seconds(10);
    t.tcp_established = seconds(100);
    t.tcp_closed = seconds(1);
    t.udp_new = t.icmp_new = t.other_new = seconds(10);
    t.udp_established = t.icmp_established = t.other_established = seconds(100);
    return t;
}

// ICMP errors about conversations that are followed here (RFC 5927).
enum class IcmpErrors : std::uint8_t {
    kPass,   // counted only
    kCheck,  // dropped when what they quote of a TCP connection is not under way
    kDrop,   // likewise, and when no such conversation was seen
};

struct FlowConfig {
    std::uint32_t max_flows = 262'144;  // preallocated, up to 244 bytes each
    std::uint64_t hash_seed = 0;        // from the operating system; fixed in tests and replay
    bool evict = true;  // full: evict a long idle flow; false: apply the exception policy at once
    packet::ExceptionPolicies exceptions{};
    FlowTimeouts timeouts;
    FlowTimeouts emergency =
        emergency_timeouts();  // when more than emergency_percent of the entries are taken
    std::uint32_t emergency_percent = 90;
    IcmpErrors icmp_errors = IcmpErrors::kCheck;
    bool note_packets = false;  // Flow::tcp_flags, for events: a cache line more per packet
    // Of a capture: packets of a batch may lie hours apart, so each one's own time is when a flow
    // was last seen. REQUIRES: Now::time is Now::wall
    bool packet_time = false;
};

struct FlowStats {
    std::uint64_t created = 0;
    std::uint64_t ended = 0;        // created - ended = active
    std::uint64_t timed_out = 0;    // of ended
    std::uint64_t reused = 0;       // of ended: a new SYN on the same five-tuple
    std::uint64_t evicted = 0;      // of ended
    std::uint64_t table_full = 0;   // packets without a flow for want of room
    std::uint64_t emergencies = 0;  // times that the short timeouts came into force
    std::uint32_t active = 0;
    bool emergency = false;
};

}  // namespace sluice::flow
