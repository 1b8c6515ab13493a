// SPDX-License-Identifier: Apache-2.0
#include "dataplane/stream/slab_arena.h"

#include <algorithm>
#include <bit>

namespace sluice::stream {

SlabArena::SlabArena(std::size_t bytes)
    : memory_(std::max((bytes + kSlabBytes - 1) / kSlabBytes, kSizes.size()) * kSlabBytes),
      slabs_(memory_.size() / kSlabBytes) {
    SLUICE_CHECK(slabs_.size() < (std::size_t{1} << (32 - kObjectBits)));
    partial_.fill(kNone);
    for (std::size_t i = slabs_.size(); i-- > 0;) {
        slabs_.make(i).next = free_head_;
        free_head_ = static_cast<std::uint32_t>(i);
    }
    free_slabs_ = static_cast<std::uint32_t>(slabs_.size());
}

SlabArena::Block SlabArena::allocate(std::size_t want) {
    const auto fit = std::lower_bound(kSizes.begin(), kSizes.end(), want);
    SLUICE_CHECK(fit != kSizes.end());
    const auto size_class = static_cast<std::size_t>(fit - kSizes.begin());
    if (partial_[size_class] == kNone && !open_slab(size_class)) {
        return {};
    }
    const std::uint32_t slab = partial_[size_class];
    Slab& s = slabs_[slab];
    const auto word =
        std::find_if(s.free.begin(), s.free.end(), [](std::uint64_t w) { return w != 0; });
    SLUICE_CHECK(word != s.free.end());
    const auto bit = static_cast<std::uint32_t>(std::countr_zero(*word));
    *word &= *word - 1;
    const auto object = static_cast<std::uint32_t>(word - s.free.begin()) * 64 + bit;
    if (--s.free_count == 0) {
        unlink_partial(slab);
    }
    std::uint8_t* data =
        memory_.address(std::size_t{slab} * kSlabBytes + std::size_t{object} * *fit);
    return {data, (slab << kObjectBits) | object, *fit};
}

void SlabArena::release(std::uint32_t ref) {
    const std::uint32_t slab = ref >> kObjectBits;
    const std::uint32_t object = ref & ((1U << kObjectBits) - 1);
    Slab& s = slabs_[slab];
    const std::uint64_t bit = std::uint64_t{1} << (object % 64);
    SLUICE_CHECK((s.free[object / 64] & bit) == 0);
    s.free[object / 64] |= bit;
    if (s.free_count++ == 0) {
        link_partial(slab);
    }
    if (s.free_count == blocks_in(s.size_class)) {
        unlink_partial(slab);
        s.next = free_head_;
        free_head_ = slab;
        ++free_slabs_;
    }
}

bool SlabArena::open_slab(std::size_t size_class) {
    if (free_head_ == kNone) {
        return false;
    }
    const std::uint32_t slab = free_head_;
    free_head_ = slabs_[slab].next;
    --free_slabs_;
    Slab& s = slabs_.make(slab);
    s.size_class = static_cast<std::uint8_t>(size_class);
    const std::uint32_t n = blocks_in(size_class);
    s.free_count = static_cast<std::uint16_t>(n);
    for (std::uint32_t i = 0; i < n; i += 64) {
        s.free[i / 64] = n - i >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << (n - i)) - 1;
    }
    link_partial(slab);
    return true;
}

void SlabArena::link_partial(std::uint32_t slab) {
    Slab& s = slabs_[slab];
    std::uint32_t& head = partial_[s.size_class];
    s.prev = kNone;
    s.next = head;
    if (head != kNone) {
        slabs_[head].prev = slab;
    }
    head = slab;
}

void SlabArena::unlink_partial(std::uint32_t slab) {
    Slab& s = slabs_[slab];
    if (s.prev != kNone) {
        slabs_[s.prev].next = s.next;
    } else {
        partial_[s.size_class] = s.next;
    }
    if (s.next != kNone) {
        slabs_[s.next].prev = s.prev;
    }
    s.prev = s.next = kNone;
}

}  // namespace sluice::stream
