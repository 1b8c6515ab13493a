// SPDX-License-Identifier: Apache-2.0
// Frames for the benchmarks, made once: they are lent again and again. Allocates at construction.
#pragma once

#include "dataplane/packet/batch.h"
#include "tests/support/packet_builder.h"

#include <cstdint>
#include <vector>

namespace sluice::bench {

class FrameSet {
  public:
    // Fills the batch with the next 'n' frames, around and around.
    void fill(packet::Batch& batch, std::size_t n);

    void add(test::Frame frame) { frames_.push_back(std::move(frame)); }

    std::size_t size() const { return frames_.size(); }

    std::size_t bytes() const;

    void rewind() { next_ = 0; }

  private:
    std::vector<test::Frame> frames_;
    std::size_t next_ = 0;
    std::uint64_t number_ = 0;
};

// Handshakes, then acknowledgements, over this many flows.
FrameSet acknowledgements(std::size_t flows);

// Whole HTTP/1.1 conversations: a request, a response of 'body' bytes, the farewell.
FrameSet http_conversations(std::size_t flows, std::size_t body);

}  // namespace sluice::bench
