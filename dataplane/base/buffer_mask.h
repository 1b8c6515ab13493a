// SPDX-License-Identifier: Apache-2.0
// BufferMask: a set of BufferId, in two words. A value; any thread.
#pragma once

#include "dataplane/base/proto.h"

#include <bit>
#include <cstddef>
#include <cstdint>

namespace sluice {

class BufferMask {
  public:
    constexpr BufferMask() = default;

    constexpr explicit BufferMask(BufferId b) {
        const std::size_t i = index_of(b);
        (i < kWord ? low_ : high_) = std::uint64_t{1} << (i % kWord);
    }

    static constexpr BufferMask all() { return ~BufferMask{}; }

    constexpr bool empty() const { return (low_ | high_) == 0; }

    constexpr bool has(BufferId b) const { return !(*this & BufferMask(b)).empty(); }

    // REQUIRES: !empty()
    constexpr BufferId first() const {
        const int i = low_ != 0 ? std::countr_zero(low_) : 64 + std::countr_zero(high_);
        return static_cast<BufferId>(i);
    }

    // Without its first; for loops: for (BufferMask left = m; !left.empty(); left.drop_first())
    constexpr void drop_first() {
        if (low_ != 0) {
            low_ &= low_ - 1;
        } else {
            high_ &= high_ - 1;
        }
    }

    constexpr BufferMask& operator|=(BufferMask o) {
        low_ |= o.low_;
        high_ |= o.high_;
        return *this;
    }

    constexpr BufferMask& operator&=(BufferMask o) {
        low_ &= o.low_;
        high_ &= o.high_;
        return *this;
    }

    friend constexpr BufferMask operator|(BufferMask a, BufferMask b) { return a |= b; }

    friend constexpr BufferMask operator&(BufferMask a, BufferMask b) { return a &= b; }

    friend constexpr BufferMask operator~(BufferMask a) {
        a.low_ = ~a.low_;
        a.high_ = ~a.high_;
        return a;
    }

    friend constexpr bool operator==(const BufferMask&, const BufferMask&) = default;

  private:
    static constexpr std::size_t kWord = 64;
    static_assert(kBufferCount <= 2 * kWord);

    std::uint64_t low_ = 0;
    std::uint64_t high_ = 0;
};

constexpr BufferMask mask_of(BufferId b) {
    return BufferMask(b);
}

}  // namespace sluice
