// SPDX-License-Identifier: Apache-2.0
// StreamWindows: for each direction that carried data, the latest bytes of its stream in one
// contiguous block: history for verification (design decision 7) and the first copy that
// retransmissions are compared with (decision 5). Blocks grow with the stream and come from the
// arena; when it is exhausted, idle windows shrink to 63 bytes. One worker thread.
#pragma once

#include "dataplane/base/cursor.h"
#include "dataplane/base/huge_array.h"
#include "dataplane/base/proto.h"
#include "dataplane/flow/flow.h"
#include "dataplane/stream/slab_arena.h"
#include "dataplane/stream/stream_config.h"

#include <cstdint>

namespace sluice::stream {

// One direction's stream; one cache line. Flow::stream_state is its index.
struct alignas(64) StreamState {
    std::uint8_t* data = nullptr;  // the block; bytes [0, length) are the latest of the stream
    std::uint64_t end_offset = 0;  // stream offset after the last byte
    flow::Flow* flow = nullptr;    // null: free
    std::uint32_t block = SlabArena::kNone;
    std::uint32_t capacity = 0;
    std::uint32_t length = 0;
    std::uint32_t held_head = flow::kNoIndex;  // out-of-order copies, ascending, see HeldSegments
    std::uint32_t held_tail = flow::kNoIndex;
    std::uint32_t held_bytes = 0;
    std::uint32_t used_at = 0;  // second of the latest append
    std::uint16_t held_count = 0;
    Direction direction = Direction::kToServer;
    bool gap = false;  // the next fresh bytes follow a gap
};

static_assert(sizeof(StreamState) == 64);

class StreamWindows {
  public:
    // Detection scans new bytes together with this many before them (design decision 6).
    static constexpr std::uint32_t kLeastHistory = 63;
    static constexpr std::uint32_t kMaxPiece = 16 * 1024;

    StreamWindows(const StreamConfig& config, SlabArena& arena, StreamStats& stats);

    // kNoIndex: all in use.
    std::uint32_t open(flow::Flow& f, Direction d);
    void close(std::uint32_t index);

    StreamState& operator[](std::uint32_t index) { return states_[index]; }

    void set_second(std::uint32_t s) { second_ = s; }

    // Appends as many of the bytes (at most kMaxPiece) as there is room for; 0: no memory.
    std::uint32_t append(StreamState& s, Bytes bytes) {
        auto n = static_cast<std::uint32_t>(bytes.size() < kMaxPiece ? bytes.size() : kMaxPiece);
        if (n > s.capacity - s.length) {
            n = make_room(s, n);
            if (n == 0) {
                return 0;
            }
        }
        std::memcpy(s.data + s.length, bytes.data(), n);
        s.length += n;
        s.end_offset += n;
        s.used_at = second_;
        return n;
    }

    // History and the last 'fresh' bytes.
    Bytes view(const StreamState& s, std::uint32_t fresh) const {
        const std::uint32_t most = config_.window + fresh;
        const std::uint32_t n = s.length < most ? s.length : most;
        return {s.data + (s.length - n), n};
    }

    // The stream goes on 'bytes' later; what was before is no history of what comes.
    void skip(StreamState& s, std::uint64_t bytes) {
        s.end_offset += bytes;
        s.length = 0;
        s.gap = true;
    }

    // Gives memory back and forgets the history.
    void drop_block(StreamState& s);

  private:
    static constexpr std::uint32_t kReclaimScan = 32;  // streams looked at per failed allocation
    static constexpr std::uint32_t kReclaimIdle =
        10;  // seconds after which even unacknowledged history may go
    static constexpr std::uint32_t kSmallestUseful = 512;

    std::uint32_t make_room(StreamState& s, std::uint32_t n);
    bool move_to(StreamState& s, std::uint32_t keep, std::uint32_t need);
    SlabArena::Block allocate(const StreamState& asker, std::size_t want);
    bool may_shrink(const StreamState& s) const;
    void shrink(StreamState& s);

    StreamConfig config_;
    SlabArena& arena_;
    StreamStats& stats_;
    HugeArray<StreamState> states_;
    HugeArray<std::uint32_t> free_;
    std::uint32_t free_count_ = 0;
    std::uint32_t made_ = 0;
    std::uint32_t clock_ = 0;  // where the next search for idle windows starts
    std::uint32_t second_ = 0;
};

}  // namespace sluice::stream
