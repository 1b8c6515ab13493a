// SPDX-License-Identifier: Apache-2.0
#include "dataplane/stream/stream_windows.h"

#include <algorithm>
#include <cstring>

namespace sluice::stream {

using flow::kNoIndex;

StreamWindows::StreamWindows(const StreamConfig& config, SlabArena& arena, StreamStats& stats)
    : config_(config),
      arena_(arena),
      stats_(stats),
      states_(config.max_streams),
      free_(config.max_streams) {
    SLUICE_CHECK(config.window >= kLeastHistory && config.window <= StreamConfig::kMaxWindow);
}

std::uint32_t StreamWindows::open(flow::Flow& f, Direction d) {
    if (free_count_ == 0 && made_ == states_.size()) {
        return kNoIndex;
    }
    const std::uint32_t i = free_count_ != 0 ? free_[--free_count_] : made_++;
    StreamState& s = states_.make(i);
    s.flow = &f;
    s.direction = d;
    ++stats_.streams;
    return i;
}

void StreamWindows::close(std::uint32_t index) {
    StreamState& s = states_[index];
    SLUICE_ASSERT(s.flow != nullptr && s.held_head == kNoIndex);
    drop_block(s);
    s.flow = nullptr;
    free_.make(free_count_++) = index;
    --stats_.streams;
}

void StreamWindows::drop_block(StreamState& s) {
    if (s.data != nullptr) {
        arena_.release(s.block);
    }
    s.data = nullptr;
    s.block = SlabArena::kNone;
    s.capacity = 0;
    s.length = 0;
}

// Called when n fresh bytes do not fit behind the others. Sizes go up fourfold, so each byte is
// copied about once more while a stream grows; a long stream then moves 16 KiB per 48 KiB appended
// (largest size) or per 16 KiB (memory short).
std::uint32_t StreamWindows::make_room(StreamState& s, std::uint32_t n) {
    const std::uint32_t keep = std::min(s.length, config_.window);
    const std::uint32_t need = keep + n;
    const bool widen =
        s.capacity < SlabArena::kSlabBytes && need * 2 > s.capacity && arena_.plenty();
    if (need > s.capacity || widen) {
        const std::uint32_t want = need > s.capacity ? need : SlabArena::kSlabBytes;
        if (move_to(s, keep, want)) {
            return n;
        }
    }
    std::uint32_t kept = keep;
    std::uint32_t granted = n;
    if (need > s.capacity) {
        if (s.capacity < kSmallestUseful) {
            return 0;
        }
        ++stats_.history_shortened;
        kept = std::min(keep, std::max(kLeastHistory, s.capacity - std::min(s.capacity, n)));
        granted = std::min(n, s.capacity - kept);
    }
    std::memmove(s.data, s.data + (s.length - kept), kept);
    s.length = kept;
    return granted;
}

bool StreamWindows::move_to(StreamState& s, std::uint32_t keep, std::uint32_t need) {
    const SlabArena::Block b = allocate(s, need);
    if (b.data == nullptr) {
        return false;
    }
    if (keep != 0) {
        std::memcpy(b.data, s.data + (s.length - keep), keep);
    }
    drop_block(s);
    s.data = b.data;
    s.block = b.ref;
    s.capacity = b.capacity;
    s.length = keep;
    return true;
}

SlabArena::Block StreamWindows::allocate(const StreamState& asker, std::size_t want) {
    SlabArena::Block b = arena_.allocate(want);
    for (std::uint32_t k = 0; b.data == nullptr && k < kReclaimScan && k < made_; ++k) {
        clock_ = clock_ + 1 < made_ ? clock_ + 1 : 0;
        StreamState& s = states_[clock_];
        if (&s != &asker && s.flow != nullptr && may_shrink(s)) {
            shrink(s);
            b = arena_.allocate(want);
        }
    }
    return b;
}

bool StreamWindows::may_shrink(const StreamState& s) const {
    if (s.capacity <= SlabArena::kSizes[0] || s.used_at == second_) {
        return false;
    }
    const flow::TcpHalf& h = s.flow->half[index_of(s.direction)];
    const bool acked = s.held_count == 0 && !h.acked.before(h.next);
    return acked || second_ - s.used_at >= kReclaimIdle;
}

void StreamWindows::shrink(StreamState& s) {
    ++stats_.windows_reclaimed;
    const std::uint32_t keep = std::min(s.length, kLeastHistory);
    const SlabArena::Block b = arena_.allocate(SlabArena::kSizes[0]);
    if (b.data == nullptr) {
        drop_block(s);
        return;
    }
    std::memcpy(b.data, s.data + (s.length - keep), keep);
    drop_block(s);
    s.data = b.data;
    s.block = b.ref;
    s.capacity = b.capacity;
    s.length = keep;
}

}  // namespace sluice::stream
