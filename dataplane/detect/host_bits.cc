// SPDX-License-Identifier: Apache-2.0
#include "dataplane/detect/host_bits.h"

#include "dataplane/base/hash.h"

#include <algorithm>
#include <limits>

namespace sluice::detect {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;  // a word says all there is to know

std::uint64_t add(std::uint64_t h, const packet::IpAddr& a) {
    Cursor c{Bytes(a.bytes)};
    h = mix64(h ^ c.le64());
    return mix64(h ^ c.le64());
}

std::uint32_t expiry_of(std::uint64_t word) {
    return static_cast<std::uint32_t>(word);
}

// Never 0, so that no word is free by accident.
std::uint64_t tag_of(std::uint64_t hash) {
    return (hash >> 32) | 1U;
}

bool is_tag(std::uint64_t word, std::uint64_t tag) {
    return (word >> 32) == tag;
}

}  // namespace

HostBits::HostBits(std::size_t entries, std::uint64_t seed) : words_(entries), seed_(seed) {}

std::uint64_t HostBits::hash(const HostBitKey& key) const {
    std::uint64_t h = mix64(seed_ ^ key.bit);
    switch (key.owner) {
        case bundle::BitOwner::kSource:
            return add(h, *key.src);
        case bundle::BitOwner::kDestination:
            return add(h, *key.dst);
        case bundle::BitOwner::kPair:
            break;
    }
    // A pair has no order; a bit of a pair is another than one of a host.
    const auto [low, high] = std::minmax(*key.src, *key.dst);
    return add(add(h + 1, low), high);
}

std::size_t HostBits::group(std::uint64_t hash) const {
    return static_cast<std::size_t>(hash) & (words_.size() - 1) & ~(kWays - 1);
}

bool HostBits::has(const HostBitKey& key, std::uint32_t now) const {
    const std::uint64_t h = hash(key);
    const std::size_t first = group(h);
    for (std::size_t i = first; i < first + kWays; ++i) {
        const std::uint64_t word = words_[i].load(kRelaxed);
        if (is_tag(word, tag_of(h))) {
            return expiry_of(word) >= now;
        }
    }
    return false;
}

bool HostBits::set(const HostBitKey& key, std::uint32_t now, std::uint32_t lifetime) {
    const std::uint64_t h = hash(key);
    constexpr std::uint32_t kMax = std::numeric_limits<std::uint32_t>::max();
    const std::uint32_t expiry = lifetime > kMax - now ? kMax : now + lifetime;
    const std::uint64_t word = tag_of(h) << 32 | expiry;
    const std::size_t first = group(h);
    std::size_t place = first;
    std::uint32_t soonest = kMax;
    for (std::size_t i = first; i < first + kWays; ++i) {
        const std::uint64_t old = words_[i].load(kRelaxed);
        if (is_tag(old, tag_of(h))) {
            words_[i].store(word, kRelaxed);
            return true;
        }
        if (expiry_of(old) < soonest) {
            soonest = expiry_of(old);
            place = i;
        }
    }
    words_[place].store(word, kRelaxed);
    return soonest < now;
}

void HostBits::unset(const HostBitKey& key) {
    const std::uint64_t h = hash(key);
    const std::size_t first = group(h);
    for (std::size_t i = first; i < first + kWays; ++i) {
        if (is_tag(words_[i].load(kRelaxed), tag_of(h))) {
            words_[i].store(0, kRelaxed);
        }
    }
}

bool HostBits::toggle(const HostBitKey& key, std::uint32_t now, std::uint32_t lifetime) {
    if (has(key, now)) {
        unset(key);
        return true;
    }
    return set(key, now, lifetime);
}

}  // namespace sluice::detect
