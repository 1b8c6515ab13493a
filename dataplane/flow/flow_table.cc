// SPDX-License-Identifier: Apache-2.0
#include "dataplane/flow/flow_table.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <emmintrin.h>

namespace sluice::flow {

namespace {

// Two bits per tag equal to 'tag', from the lowest.
unsigned match_tags(const std::array<std::uint16_t, FlowTable::kWays>& tags, std::uint16_t tag) {
    __m128i lanes;
    static_assert(sizeof(tags) == sizeof(lanes));
    std::memcpy(&lanes, tags.data(), sizeof(lanes));
    const __m128i equal = _mm_cmpeq_epi16(lanes, _mm_set1_epi16(static_cast<short>(tag)));
    return static_cast<unsigned>(_mm_movemask_epi8(equal));
}

// What is lost least when it goes: a closed flow, then one that was never answered (a flood is made
// of those), an established one only when there is nothing else among those looked at.
int loss_of(const Flow& f) {
    switch (f.state) {
        case FlowState::kClosed:
            return 0;
        case FlowState::kNew:
            return 1;
        case FlowState::kEstablished:
            return 2;
    }
    return 2;
}

bool better_victim(const Flow& f, const Flow* best, Nanos before) {
    if (!f.rest().linked || f.last_seen >= before) {
        return false;
    }
    if (best == nullptr) {
        return true;
    }
    const int loss = loss_of(f);
    const int least = loss_of(*best);
    return loss != least ? loss < least : f.last_seen < best->last_seen;
}

}  // namespace

FlowTable::FlowTable(std::uint32_t max_flows)
    : buckets_(std::bit_ceil(std::max<std::size_t>(max_flows / 4, 2))),
      entries_(max_flows),
      free_(max_flows),
      mask_(static_cast<std::uint32_t>(buckets_.size() - 1)) {
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
        buckets_.make(i);
    }
}

// Without a branch: it would be guessed before the bucket is there, and wrongly half of the time.
std::size_t FlowTable::likely_way(std::uint32_t hash, const Flow*& entry) const {
    const Bucket& b = buckets_[primary(hash)];
    const unsigned matches = match_tags(b.tags, tag_of(hash)) | 1U << (2 * kNoWay);
    const auto way = static_cast<std::size_t>(std::countr_zero(matches)) / 2;
    entry = entries_.address(b.index[way % kWays]);
    return way;
}

void FlowTable::prefetch_for_visit(std::uint32_t i) const {
    const Flow* f = entries_.address(i);
    prefetch(f);
    __builtin_prefetch(reinterpret_cast<const void*>(Flow::rest_address(f) + 64));
}

FlowTable::Hit FlowTable::find_in(const Bucket& b, std::uint16_t tag, const PacketKey& key) {
    for (std::size_t way = 0; way < kWays; ++way) {
        if (b.tags[way] == tag) {
            Flow& f = entries_[b.index[way]];
            if (const PacketKey::Fit fit = key.fit(f); fit.belongs) {
                return {&f, fit.direction};
            }
        }
    }
    return {};
}

FlowTable::Hit FlowTable::find(std::uint32_t hash, const PacketKey& key) {
    const Bucket& b = buckets_[primary(hash)];
    const Hit hit = find_in(b, tag_of(hash), key);
    if (hit.flow != nullptr || b.overflowed == 0) {
        return hit;
    }
    return find_in(buckets_[secondary(hash)], tag_of(hash), key);
}

bool FlowTable::has_bucket_room(std::uint32_t hash) const {
    const auto has_room = [](const Bucket& b) {
        return std::find(b.tags.begin(), b.tags.end(), 0) != b.tags.end();
    };
    return has_room(buckets_[primary(hash)]) || has_room(buckets_[secondary(hash)]);
}

bool FlowTable::make_bucket_room(std::uint32_t hash) {
    for (const std::uint32_t where : {primary(hash), secondary(hash)}) {
        Bucket& full = buckets_[where];
        for (std::size_t way = 0; way < kWays; ++way) {
            const std::uint32_t moved = full.index[way];
            const std::uint32_t its_hash = entries_[moved].rest().hash;
            const bool at_home = primary(its_hash) == where;
            Bucket& other = buckets_[at_home ? secondary(its_hash) : primary(its_hash)];
            const auto room = std::find(other.tags.begin(), other.tags.end(), 0);
            if (room == other.tags.end()) {
                continue;
            }
            *room = full.tags[way];
            other.index[static_cast<std::size_t>(room - other.tags.begin())] = moved;
            full.tags[way] = 0;
            buckets_[primary(its_hash)].overflowed += at_home ? 1U : 0xffffffffU;
            return true;
        }
    }
    return false;
}

Flow& FlowTable::create(std::uint32_t hash) {
    SLUICE_ASSERT(has_free_entry());
    const std::uint32_t i = free_count_ != 0 ? free_[--free_count_] : made_++;
    Flow& f = entries_.make(i);
    f.rest().hash = hash;
    f.rest().in_use = true;
    f.rest().linked = true;
    for (const std::uint32_t where : {primary(hash), secondary(hash)}) {
        Bucket& b = buckets_[where];
        const auto room = std::find(b.tags.begin(), b.tags.end(), 0);
        if (room == b.tags.end()) {
            continue;
        }
        *room = tag_of(hash);
        b.index[static_cast<std::size_t>(room - b.tags.begin())] = i;
        if (where != primary(hash)) {
            ++buckets_[primary(hash)].overflowed;
        }
        return f;
    }
    SLUICE_CHECK(false && "create() needs bucket room");
    return f;
}

void FlowTable::unlink(Flow& f) {
    FlowRest& r = f.rest();
    r.linked = false;
    const std::uint32_t i = number_of(f);
    for (const std::uint32_t where : {primary(r.hash), secondary(r.hash)}) {
        Bucket& b = buckets_[where];
        for (std::size_t way = 0; way < kWays; ++way) {
            if (b.tags[way] != 0 && b.index[way] == i) {
                b.tags[way] = 0;
                if (where != primary(r.hash)) {
                    --buckets_[primary(r.hash)].overflowed;
                }
                return;
            }
        }
    }
}

void FlowTable::free(Flow& f) {
    SLUICE_ASSERT(f.rest().in_use);
    f.rest().in_use = false;
    free_.make(free_count_) = number_of(f);
    ++free_count_;
}

Flow* FlowTable::oldest_of_sample(Nanos before) {
    Flow* best = nullptr;
    const std::uint32_t n = std::min(kSample, made_);
    // Spread over the table: flows that began together lie side by side, and are alike.
    const std::uint32_t stride = made_ / std::max(n, 1U);
    clock_ = clock_ + 1 < made_ ? clock_ + 1 : 0;
    for (std::uint32_t k = 0; k < n; ++k) {
        const std::uint64_t at = clock_ + std::uint64_t{k} * stride;
        Flow& f = entries_[static_cast<std::uint32_t>(at < made_ ? at : at - made_)];
        if (better_victim(f, best, before)) {
            best = &f;
        }
    }
    return best;
}

Flow* FlowTable::oldest_in_buckets(std::uint32_t hash, Nanos before) {
    Flow* best = nullptr;
    for (const std::uint32_t where : {primary(hash), secondary(hash)}) {
        const Bucket& b = buckets_[where];
        for (std::size_t way = 0; way < kWays; ++way) {
            if (b.tags[way] != 0 && better_victim(entries_[b.index[way]], best, before)) {
                best = &entries_[b.index[way]];
            }
        }
    }
    return best;
}

}  // namespace sluice::flow
