// SPDX-License-Identifier: Apache-2.0
// StreamConfig: limits and policies of TCP reassembly, and StreamStats, what it did. Plain data;
// set before construction, read by the worker's thread only. Units: bytes unless named otherwise.
#pragma once

#include "dataplane/packet/exception.h"
#include "dataplane/stream/normalizer.h"

#include <cstddef>
#include <cstdint>

namespace sluice::stream {

struct StreamConfig {
    bool inline_mode =
        true;  // false (tap): nothing is dropped, differing overlaps and the like are only counted
    bool midstream = true;             // inspect connections whose handshake was not seen
    std::uint32_t window = 16 * 1024;  // history kept before the fresh bytes; at most kMaxWindow
    std::uint32_t window_slack = 64 * 1024;  // accepted beyond the announced receive window
    std::size_t arena_bytes = std::size_t{128} << 20;  // windows and copies; touched only as needed
    std::size_t copy_store_bytes = std::size_t{64}
                                   << 20;  // of it, at most this much for out-of-order copies
    std::uint32_t max_streams =
        262'144;  // directions that carried data, over all flows (64 bytes each)
    std::uint32_t max_held_segments = 65'536;
    // What one lost segment can leave behind it: Linux receives up to 6 MiB (tcp_rmem) in some
    // 4,300 segments of 1,448 bytes. The count also bounds the work of one packet.
    std::uint32_t max_held_per_stream = 8192;
    std::uint32_t max_held_bytes_per_stream = 8 << 20;
    packet::ExceptionPolicies exceptions{};
    NormalizerConfig normalize;

    static constexpr std::uint32_t kMaxWindow = 48 * 1024;
};

struct StreamStats {
    std::uint64_t segments = 0;         // TCP packets with payload
    std::uint64_t bytes_inspected = 0;  // handed on as fresh
    std::uint64_t bytes_uninspected =
        0;  // forwarded without: exhaustion, midstream not wanted, trusted flows
    std::uint64_t bytes_uninspected_late = 0;  // of them, given up at the end of their flow
    std::uint64_t bytes_retransmitted = 0;     // seen before, equal
    std::uint64_t bytes_unverified = 0;  // seen before, but no longer remembered: not compared
    std::uint64_t ooo_segments = 0;      // copied to wait for a hole to be filled
    std::uint64_t ooo_bytes = 0;
    std::uint64_t gaps = 0;
    std::uint64_t gap_bytes = 0;  // never seen
    std::uint64_t overlaps_differ = 0;
    std::uint64_t established = 0;
    std::uint64_t midstream = 0;
    std::uint64_t resets = 0;
    std::uint64_t resyncs = 0;  // a new connection was seen inside a flow that looked open
    std::uint64_t windows_reclaimed = 0;  // idle windows cut to 63 bytes for want of memory
    std::uint64_t history_shortened =
        0;  // pieces shown with less history than configured, for want of memory
    std::uint64_t held_bytes = 0;      // now
    std::uint32_t streams = 0;         // now
    std::uint32_t syn_data_flows = 0;  // now: half-open, and the SYN carried data
};

}  // namespace sluice::stream
