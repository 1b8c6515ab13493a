// SPDX-License-Identifier: Apache-2.0
#include "dataplane/detect/domain_table.h"

#include "dataplane/base/check.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace sluice::detect {
namespace {

constexpr std::size_t kBitsPerText = 16;

}  // namespace

std::uint64_t DomainTable::hash_of(Bytes text) {
    std::uint64_t h = kSeed;
    for (std::size_t n = 1; n <= text.size(); ++n) {
        h = step(h, to_lower(text[text.size() - n]));
    }
    return h;
}

DomainTable::DomainTable(std::span<const Entry> entries) {
    if (entries.empty()) {
        return;
    }
    std::vector<std::pair<std::uint64_t, std::uint32_t>> hashed;
    hashed.reserve(entries.size());
    for (const Entry& e : entries) {
        SLUICE_CHECK(!e.text.empty() && e.text.size() <= kMaxText);
        hashed.emplace_back(hash_of(e.text), e.value);
        lengths_[e.text.size() / 64] |= std::uint64_t{1} << (e.text.size() % 64);
        longest_ = std::max(longest_, e.text.size());
    }
    // Texts that differ and share a hash share a slot: their rules are verified in vain, no more.
    std::sort(hashed.begin(), hashed.end());
    const std::size_t slots = std::bit_ceil(entries.size() * 2);
    slot_mask_ = slots - 1;
    slots_.resize(slots);
    const std::size_t bits =
        std::bit_ceil(std::max<std::size_t>(entries.size() * kBitsPerText, 64));
    bit_mask_ = bits - 1;
    present_.resize(bits / 64);
    for (std::size_t i = 0; i < hashed.size();) {
        const std::uint64_t h = hashed[i].first;
        Slot slot{h, static_cast<std::uint32_t>(values_.size()), 0};
        for (; i < hashed.size() && hashed[i].first == h; ++i) {
            values_.push_back(hashed[i].second);
            ++slot.count;
        }
        const std::size_t bit = h & bit_mask_;
        present_[bit / 64] |= std::uint64_t{1} << (bit % 64);
        std::size_t at = (h >> 20) & slot_mask_;
        while (slots_[at].count != 0) {
            at = (at + 1) & slot_mask_;
        }
        slots_[at] = slot;
    }
}

std::size_t DomainTable::bytes() const {
    return present_.size() * sizeof(std::uint64_t) + slots_.size() * sizeof(Slot) +
           values_.size() * sizeof(std::uint32_t);
}

}  // namespace sluice::detect
