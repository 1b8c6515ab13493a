// SPDX-License-Identifier: Apache-2.0
#include "dataplane/app/slab_arena.h"

#include "dataplane/base/check.h"

#include <cstring>

namespace sluice::app {
namespace {

constexpr unsigned kClassShift = 28;
constexpr std::uint32_t kIndexMask = (1U << kClassShift) - 1;

}  // namespace

SlabArena::SlabArena(const std::array<std::uint32_t, kSlabClasses>& counts) {
    for (std::size_t c = 0; c < kSlabClasses; ++c) {
        SLUICE_CHECK(counts[c] <= kIndexMask);
        // Not value-initialised: pages that traffic never needs stay untouched.
        classes_[c].memory.reset(new std::uint8_t[kSizes[c] * counts[c]]);
        classes_[c].free.reserve(counts[c]);
        for (std::uint32_t i = counts[c]; i > 0; --i) {
            classes_[c].free.push_back(i - 1);
        }
    }
}

Slab SlabArena::take(std::size_t bytes) {
    for (std::size_t c = 0; c < kSlabClasses; ++c) {
        if (kSizes[c] >= bytes && !classes_[c].free.empty()) {
            const std::uint32_t index = classes_[c].free.back();
            classes_[c].free.pop_back();
            ++in_use_;
            return (static_cast<std::uint32_t>(c) << kClassShift) | index;
        }
    }
    return kNoSlab;
}

void SlabArena::give(Slab& s) {
    if (s == kNoSlab) {
        return;
    }
    SLUICE_ASSERT(in_use_ > 0);
    classes_[s >> kClassShift].free.push_back(s & kIndexMask);
    --in_use_;
    s = kNoSlab;
}

bool SlabArena::grow(Slab& s, std::size_t used, std::size_t bytes) {
    if (s != kNoSlab && this->bytes(s).size() >= bytes) {
        return true;
    }
    const Slab bigger = take(bytes);
    if (bigger == kNoSlab) {
        return false;
    }
    if (used != 0) {
        std::memcpy(this->bytes(bigger).data(), this->bytes(s).data(), used);
    }
    give(s);
    s = bigger;
    return true;
}

MutableBytes SlabArena::bytes(Slab s) const {
    const std::size_t c = s >> kClassShift;
    return {classes_[c].memory.get() + kSizes[c] * (s & kIndexMask), kSizes[c]};
}

}  // namespace sluice::app
