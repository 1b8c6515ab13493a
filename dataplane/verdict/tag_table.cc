// SPDX-License-Identifier: Apache-2.0
#include "dataplane/verdict/tag_table.h"

#include "dataplane/base/hash.h"

#include <limits>

namespace sluice::verdict {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

constexpr std::uint64_t pair_of(std::uint32_t high, std::uint32_t low) {
    return std::uint64_t{high} << 32 | low;
}

constexpr std::uint32_t high_of(std::uint64_t word) {
    return static_cast<std::uint32_t>(word >> 32);
}

constexpr std::uint32_t low_of(std::uint64_t word) {
    return static_cast<std::uint32_t>(word);
}

// Place::rule without the rule.
constexpr std::uint32_t kMatch = 1U << 8;

constexpr bundle::TagMetric metric_of(std::uint64_t word) {
    return static_cast<bundle::TagMetric>(word & 0xffU);
}

constexpr std::uint32_t matches_of(std::uint64_t word) {
    return low_of(word) >> 8;
}

// What a packet adds.
constexpr std::uint32_t share_of(bundle::TagMetric metric, std::uint32_t bytes) {
    switch (metric) {
        case bundle::TagMetric::kPackets:
            return 1;
        case bundle::TagMetric::kBytes:
            return bytes;
        case bundle::TagMetric::kSeconds:
            break;
    }
    return 0;
}

// Clocks of workers may differ by some packets.
constexpr std::uint32_t between(std::uint32_t then, std::uint32_t now) {
    return now > then ? now - then : 0;
}

}  // namespace

TagTable::TagTable(std::size_t entries, std::uint64_t seed, std::uint32_t idle)
    : groups_(entries / kWays), places_(entries / kWays), seed_(mix64(seed)), idle_(idle) {}

std::size_t TagTable::group_of(std::uint64_t owner) const {
    return static_cast<std::size_t>(mix64(owner ^ seed_)) & (groups_.size() - 1);
}

// Never 0, so that no place is free by accident.
std::uint32_t TagTable::name_of(std::uint64_t owner) const {
    return high_of(mix64(owner ^ seed_)) | 1U;
}

bool TagTable::idle(const Place& p, std::uint32_t now) const {
    return idle_ != 0 && between(low_of(p.since.load(kRelaxed)), now) > idle_;
}

void TagTable::free(std::atomic<std::uint32_t>& name) {
    if (name.exchange(0, kRelaxed) != 0) {
        used_.fetch_sub(1, kRelaxed);
    }
}

bool TagTable::renew(const TagKey& key, std::uint32_t now) {
    const std::size_t g = group_of(key.owner);
    const std::uint32_t name = name_of(key.owner);
    for (std::size_t i = 0; i < kWays; ++i) {
        Place& p = places_[g][i];
        const std::uint64_t rule = p.rule.load(kRelaxed);
        if (groups_[g].names[i].load(std::memory_order_acquire) != name ||
            high_of(rule) != key.rule || idle(p, now)) {
            continue;
        }
        if (matches_of(rule) < kRenewals) {
            p.rule.store(rule + kMatch, kRelaxed);
        }
        if (matches_of(rule) + 1 < kRenewals) {
            p.progress.store(low_of(p.progress.load(kRelaxed)), kRelaxed);
            p.since.store(pair_of(now, now), kRelaxed);
        }
        return true;
    }
    return false;
}

bool TagTable::over(Place& p, std::uint32_t bytes, std::uint32_t now) {
    const std::uint64_t since = p.since.load(kRelaxed);
    p.since.store(pair_of(high_of(since), now), kRelaxed);
    const bundle::TagMetric metric = metric_of(p.rule.load(kRelaxed));
    const std::uint32_t share = share_of(metric, bytes);
    const std::uint64_t before = p.progress.fetch_add(pair_of(share, 0), kRelaxed);
    const std::uint64_t counted = metric == bundle::TagMetric::kSeconds
                                      ? between(high_of(since), now)
                                      : std::uint64_t{high_of(before)} + share;
    return counted > low_of(before);
}

bool TagTable::count(std::uint64_t owner, std::uint32_t bytes, std::uint32_t now) {
    const std::size_t g = group_of(owner);
    const std::uint32_t name = name_of(owner);
    bool tagged = false;
    for (std::size_t i = 0; i < kWays; ++i) {
        if (groups_[g].names[i].load(std::memory_order_acquire) != name) {
            continue;
        }
        Place& p = places_[g][i];
        if (idle(p, now) || over(p, bytes, now)) {
            free(groups_[g].names[i]);
        } else {
            tagged = true;
        }
    }
    return tagged;
}

bool TagTable::add(const TagKey& key, const bundle::Tag& tag, std::uint32_t bytes,
                   std::uint32_t now) {
    const std::size_t g = group_of(key.owner);
    const std::uint32_t name = name_of(key.owner);
    std::size_t place = kWays;
    std::uint32_t longest = 0;
    bool lost = true;
    for (std::size_t i = 0; i < kWays; ++i) {
        const std::uint32_t other = groups_[g].names[i].load(std::memory_order_acquire);
        if (other == 0 || idle(places_[g][i], now)) {
            place = i;
            lost = false;
            break;
        }
        const std::uint32_t unused = between(low_of(places_[g][i].since.load(kRelaxed)), now);
        if (other != name && (place == kWays || unused > longest)) {
            longest = unused;
            place = i;
        }
    }
    if (place == kWays) {
        return false;
    }
    Place& p = places_[g][place];
    p.rule.store(pair_of(key.rule, static_cast<std::uint32_t>(tag.metric)), kRelaxed);
    p.progress.store(pair_of(share_of(tag.metric, bytes), tag.count), kRelaxed);
    p.since.store(pair_of(now, now), kRelaxed);
    if (groups_[g].names[place].exchange(name, std::memory_order_release) == 0) {
        used_.fetch_add(1, kRelaxed);
    }
    return !lost;
}

void TagTable::forget(std::uint64_t owner) {
    const std::size_t g = group_of(owner);
    const std::uint32_t name = name_of(owner);
    for (std::atomic<std::uint32_t>& other : groups_[g].names) {
        if (other.load(kRelaxed) == name) {
            free(other);
        }
    }
}

}  // namespace sluice::verdict
