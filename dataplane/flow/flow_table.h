// SPDX-License-Identifier: Apache-2.0
// FlowTable: five-tuple -> Flow, all memory taken at construction. Buckets of one cache line hold
// eight 16-bit tags and entry numbers; a flow sits in one of two buckets, and the second is read
// only when the first once overflowed. So a lookup costs one bucket line and the flow's own, both
// of which can be prefetched. One worker thread.
#pragma once

#include "dataplane/base/huge_array.h"
#include "dataplane/flow/flow.h"
#include "dataplane/flow/flow_array.h"
#include "dataplane/flow/flow_key.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice::flow {

class FlowTable {
  public:
    static constexpr std::size_t kWays = 8;
    static constexpr std::size_t kNoWay = kWays;

    struct Hit {
        Flow* flow = nullptr;
        Direction direction = Direction::kToServer;
    };

    explicit FlowTable(std::uint32_t max_flows);

    void prefetch_bucket(std::uint32_t hash) const {
        __builtin_prefetch(buckets_.address(primary(hash)));
    }

    // The way of the bucket whose entry is probably the one wanted; kNoWay: none seen, 'entry' is
    // then any. Reads no entry. REQUIRES (for speed): bucket prefetched.
    std::size_t likely_way(std::uint32_t hash, const Flow*& entry) const;

    // What every packet of a flow touches.
    static void prefetch(const Flow* f) { __builtin_prefetch(f); }

    // What those with payload, timestamps or IPv6 addresses touch besides.
    static void prefetch_rest(const Flow* f) {
        __builtin_prefetch(reinterpret_cast<const void*>(Flow::rest_address(f)));
    }

    // 'likely_way': from likely_way(), a hint that may be out of date.
    Hit find(std::uint32_t hash, const PacketKey& key, std::size_t likely_way) {
        if (likely_way < kWays) {
            const Bucket& b = buckets_[primary(hash)];
            if (b.tags[likely_way] == tag_of(hash)) {
                Flow& f = entries_[b.index[likely_way]];
                if (const PacketKey::Fit fit = key.fit(f); fit.belongs) {
                    return {&f, fit.direction};
                }
            }
        }
        return find(hash, key);
    }

    Hit find(std::uint32_t hash, const PacketKey& key);

    bool has_free_entry() const { return free_count_ != 0 || made_ < entries_.size(); }

    bool has_bucket_room(std::uint32_t hash) const;

    // Moves a flow to its other bucket, so that one of hash's has room: both are full for one flow
    // in some hundred of a full table. False: none can move.
    bool make_bucket_room(std::uint32_t hash);

    // A fresh entry, linked under hash. REQUIRES: has_free_entry() && has_bucket_room(hash)
    Flow& create(std::uint32_t hash);

    // After unlink() no packet finds the flow; after free() its memory may be reused.
    void unlink(Flow& f);
    void free(Flow& f);

    // The flow silent for longest among a few (bounded) and last seen before 'before'; null: none.
    // Closed ones first, then those never answered.
    Flow* oldest_of_sample(Nanos before);
    Flow* oldest_in_buckets(std::uint32_t hash, Nanos before);

    // Entries 0 .. made()-1 exist; those with in_use hold a flow.
    std::uint32_t made() const { return made_; }

    Flow& entry(std::uint32_t i) { return entries_[i]; }

    std::uint32_t number_of(const Flow& f) const { return entries_.number_of(f); }

    // What housekeeping touches.
    void prefetch_for_visit(std::uint32_t i) const;

  private:
    static constexpr std::uint32_t kSample = 16;  // entries looked at for one eviction: about 1 us

    struct alignas(64) Bucket {
        std::array<std::uint16_t, kWays> tags{};  // 0: free
        std::array<std::uint32_t, kWays> index{};
        std::uint32_t overflowed =
            0;  // flows whose first bucket this is, but which sit in their second
    };

    static std::uint16_t tag_of(std::uint32_t hash) {
        const auto t = static_cast<std::uint16_t>(hash >> 16);
        return t == 0 ? std::uint16_t{1} : t;
    }

    std::uint32_t primary(std::uint32_t hash) const { return hash & mask_; }

    std::uint32_t secondary(std::uint32_t hash) const {
        return (hash ^ ((tag_of(hash) * 0x9e3779b1U) >> 8 | 1U)) & mask_;
    }

    Hit find_in(const Bucket& b, std::uint16_t tag, const PacketKey& key);

    HugeArray<Bucket> buckets_;
    FlowArray entries_;
    HugeArray<std::uint32_t> free_;  // stack of entry numbers
    std::uint32_t mask_;
    std::uint32_t free_count_ = 0;
    std::uint32_t made_ = 0;
    std::uint32_t clock_ = 0;  // where the next eviction sample starts
};

}  // namespace sluice::flow
