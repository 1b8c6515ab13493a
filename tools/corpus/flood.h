// SPDX-License-Identifier: Apache-2.0
// Floods, with honest connections among them whose fate can be compared with a run without the
// flood: the same seed gives the same connections whatever the count. One thread.
#pragma once

#include "tools/corpus/frames.h"
#include "tools/corpus/text.h"

#include <cstddef>
#include <cstdint>

namespace sluice::corpus {

struct FloodOptions {
    std::uint64_t count = 5'000'000;   // frames of the flood
    bool one_source = false;           // else each frame has a source of its own
    std::size_t syn_data = 0;          // bytes in each SYN
    std::uint32_t connections = 200;   // half of them open before the flood, half during it
    bool fragment_requests = false;    // their second request comes in IP fragments
    std::uint32_t tail_seconds = 700;  // of silence behind it, so that time-outs run out; 0: none
    Endpoint server{0x5db80001, 80};   // 93.184.0.1
};

// SYNs that nobody answers.
void write_syn_flood(FrameWriter& out, Random& random, const FloodOptions& options);

// First fragments of datagrams that are never completed, IPv4 and IPv6 in turn.
void write_fragment_flood(FrameWriter& out, Random& random, const FloodOptions& options);

}  // namespace sluice::corpus
