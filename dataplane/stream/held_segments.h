// SPDX-License-Identifier: Apache-2.0
// HeldSegments: copies of TCP segments that were forwarded before the bytes ahead of them were seen
// (design decision 4). A stream's copies form a list in sequence order that never overlaps: the
// first copy of a byte stays. Memory comes from the arena, within its own limit. One worker thread.
// Units: bytes.
#pragma once

#include "dataplane/base/cursor.h"
#include "dataplane/base/huge_array.h"
#include "dataplane/base/seqnum.h"
#include "dataplane/stream/slab_arena.h"
#include "dataplane/stream/stream_config.h"
#include "dataplane/stream/stream_windows.h"

#include <cstdint>

namespace sluice::stream {

struct HeldSegment {
    std::uint8_t* data = nullptr;
    SeqNum seq;
    std::uint32_t length = 0;
    std::uint32_t block = SlabArena::kNone;
    std::uint32_t next = flow::kNoIndex;

    SeqNum end() const { return seq.plus(length); }

    Bytes bytes() const { return {data, length}; }
};

class HeldSegments {
  public:
    HeldSegments(const StreamConfig& config, SlabArena& arena, StreamStats& stats);

    // Keeps what is new of the bytes. False: a limit was reached, and some of them are not kept.
    bool insert(StreamState& s, SeqNum seq, Bytes bytes);

    // The stream itself is at its limit, however much room there is for others.
    bool stream_is_full(const StreamState& s, std::size_t bytes) const {
        return s.held_count >= config_.max_held_per_stream ||
               bytes > config_.max_held_bytes_per_stream - s.held_bytes;
    }

    // Whether some byte is held with another value.
    bool differs(const StreamState& s, SeqNum seq, Bytes bytes) const;

    const HeldSegment* head(const StreamState& s) const {
        return s.held_head == flow::kNoIndex ? nullptr : &segments_[s.held_head];
    }

    // REQUIRES: s holds something.
    SeqNum end_of_last(const StreamState& s) const { return segments_[s.held_tail].end(); }

    void pop(StreamState& s);

    void clear(StreamState& s) {
        while (s.held_head != flow::kNoIndex) {
            pop(s);
        }
    }

  private:
    bool add_after(StreamState& s, std::uint32_t prev, SeqNum seq, Bytes bytes);

    StreamConfig config_;
    SlabArena& arena_;
    StreamStats& stats_;
    HugeArray<HeldSegment> segments_;
    HugeArray<std::uint32_t> free_;
    std::uint32_t free_count_ = 0;
    std::uint32_t made_ = 0;
};

}  // namespace sluice::stream
