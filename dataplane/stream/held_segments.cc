// SPDX-License-Identifier: Apache-2.0
#include "dataplane/stream/held_segments.h"

#include <algorithm>
#include <cstring>

namespace sluice::stream {

using flow::kNoIndex;

namespace {

std::size_t distance(SeqNum from, SeqNum to) {
    return static_cast<std::size_t>(to.distance_from(from));
}

}  // namespace

HeldSegments::HeldSegments(const StreamConfig& config, SlabArena& arena, StreamStats& stats)
    : config_(config),
      arena_(arena),
      stats_(stats),
      segments_(config.max_held_segments),
      free_(config.max_held_segments) {
    SLUICE_CHECK(config.max_held_per_stream <= UINT16_MAX);
}

bool HeldSegments::insert(StreamState& s, SeqNum seq, Bytes bytes) {
    const SeqNum end = seq.plus(static_cast<std::uint32_t>(bytes.size()));
    if (s.held_tail == kNoIndex || !seq.before(end_of_last(s))) {
        return add_after(s, s.held_tail, seq, bytes);
    }
    std::uint32_t prev = kNoIndex;
    std::uint32_t cur = s.held_head;
    SeqNum at = seq;
    while (at.before(end)) {
        const HeldSegment* c = cur == kNoIndex ? nullptr : &segments_[cur];
        if (c == nullptr || at.before(c->seq)) {
            const SeqNum stop = c == nullptr || end.before(c->seq) ? end : c->seq;
            if (!add_after(s, prev, at, bytes.subspan(distance(seq, at), distance(at, stop)))) {
                return false;
            }
            prev = prev == kNoIndex ? s.held_head : segments_[prev].next;
            at = stop;
            continue;
        }
        if (at.before(c->end())) {
            at = c->end();
        }
        prev = cur;
        cur = c->next;
    }
    return true;
}

bool HeldSegments::differs(const StreamState& s, SeqNum seq, Bytes bytes) const {
    if (s.held_tail == kNoIndex || !seq.before(end_of_last(s))) {
        return false;
    }
    const SeqNum end = seq.plus(static_cast<std::uint32_t>(bytes.size()));
    for (std::uint32_t i = s.held_head; i != kNoIndex; i = segments_[i].next) {
        const HeldSegment& c = segments_[i];
        if (!c.seq.before(end)) {
            return false;
        }
        const SeqNum from = seq.after(c.seq) ? seq : c.seq;
        const SeqNum to = end.before(c.end()) ? end : c.end();
        if (from.before(to) &&
            std::memcmp(c.data + distance(c.seq, from), bytes.data() + distance(seq, from),
                        distance(from, to)) != 0) {
            return true;
        }
    }
    return false;
}

bool HeldSegments::add_after(StreamState& s, std::uint32_t prev, SeqNum seq, Bytes bytes) {
    const auto n = static_cast<std::uint32_t>(bytes.size());
    if (stream_is_full(s, n) || stats_.held_bytes + n > config_.copy_store_bytes ||
        (free_count_ == 0 && made_ == segments_.size())) {
        return false;
    }
    const SlabArena::Block b = arena_.allocate(n);
    if (b.data == nullptr) {
        return false;
    }
    std::memcpy(b.data, bytes.data(), n);
    const std::uint32_t i = free_count_ != 0 ? free_[--free_count_] : made_++;
    HeldSegment& h = segments_.make(i);
    h.data = b.data;
    h.seq = seq;
    h.length = n;
    h.block = b.ref;
    std::uint32_t& link = prev == kNoIndex ? s.held_head : segments_[prev].next;
    h.next = link;
    link = i;
    if (h.next == kNoIndex) {
        s.held_tail = i;
    }
    ++s.held_count;
    s.held_bytes += n;
    stats_.held_bytes += n;
    return true;
}

void HeldSegments::pop(StreamState& s) {
    const std::uint32_t i = s.held_head;
    HeldSegment& h = segments_[i];
    arena_.release(h.block);
    s.held_head = h.next;
    if (s.held_head == kNoIndex) {
        s.held_tail = kNoIndex;
    }
    --s.held_count;
    s.held_bytes -= h.length;
    stats_.held_bytes -= h.length;
    free_.make(free_count_++) = i;
}

}  // namespace sluice::stream
