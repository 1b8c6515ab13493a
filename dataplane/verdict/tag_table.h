// SPDX-License-Identifier: Apache-2.0
// TagTable: which flows or hosts have packets to be told (the keyword tag), and how many more. A
// fixed table in groups of kWays places; a place is a 32-bit keyed hash of the owner and three
// words, each read and written as a whole. So a look-up errs once in some 10^8 by a collision,
// never by a race; what two workers do to one tag at the same time happens in some order. When a
// group is full the tag that was used least recently gives way, but never to another of its own
// owner. No lock, no allocation after construction; any thread.
#pragma once

#include "signatures/bundle/model.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

namespace sluice::verdict {

// Which rule's tag, for whom. Times are Unix seconds.
struct TagKey {
    std::uint64_t owner = 0;  // hash of the flow or host
    std::uint32_t rule = 0;   // identity of gid and sid, so that tags survive a new bundle

    friend bool operator==(const TagKey&, const TagKey&) = default;
};

class TagTable {
  public:
    static constexpr std::size_t kWays = 16;  // also the most tags of one owner
    // How often a rule that matches again begins its tag anew (Suricata's limit): an endless row of
    // matches is told in parts.
    static constexpr std::uint32_t kRenewals = 10;

    // 'idle': a tag that met no packet for longer is over; 0: no such limit.
    // REQUIRES: entries is a power of two and at least kWays
    TagTable(std::size_t entries, std::uint64_t seed, std::uint32_t idle);

    // The rule matched again: its tag, when there is one, begins anew. False: there is none.
    bool renew(const TagKey& key, std::uint32_t now);

    // A packet of the owner: counted for all its tags; those that it exceeds are over. Whether one
    // is left, so that the packet is to be told.
    bool count(std::uint64_t owner, std::uint32_t bytes, std::uint32_t now);

    // A new tag, whose packet of 'bytes' is counted, not told. False: a tag that was not over gave
    // way, or the owner has as many as it may, and the new one was not taken.
    bool add(const TagKey& key, const bundle::Tag& tag, std::uint32_t bytes, std::uint32_t now);

    // The owner is no more.
    void forget(std::uint64_t owner);

    bool empty() const { return used_.load(std::memory_order_relaxed) == 0; }

  private:
    // 'rule': TagKey::rule << 32 | later matches << 8 | metric; 'progress': what was counted << 32
    // | the tag's count; 'since': the second of the match << 32 | that of the latest packet.
    struct Place {
        std::atomic<std::uint64_t> rule;
        std::atomic<std::uint64_t> progress;
        std::atomic<std::uint64_t> since;
    };

    struct alignas(64) Group {
        std::array<std::atomic<std::uint32_t>, kWays> names;  // hashes of owners; 0: free
    };

    std::size_t group_of(std::uint64_t owner) const;
    std::uint32_t name_of(std::uint64_t owner) const;
    bool idle(const Place& p, std::uint32_t now) const;
    static bool over(Place& p, std::uint32_t bytes, std::uint32_t now);
    void free(std::atomic<std::uint32_t>& name);

    std::vector<Group> groups_;
    std::vector<std::array<Place, kWays>> places_;
    std::uint64_t seed_;
    std::uint32_t idle_;
    std::atomic<std::uint32_t> used_{0};
};

}  // namespace sluice::verdict
