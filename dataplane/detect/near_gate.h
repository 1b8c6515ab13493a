// SPDX-License-Identifier: Apache-2.0
// NearGate: whether the first bytes of a buffer may hold any of a few literals, told from the last
// two bytes of each by byte shuffles (the nibble tables of Teddy, Hyperscan's matcher for few
// literals, and where each literal may end). A call of Hyperscan for so few bytes is mostly what a
// call costs; this nearly always answers "no" before one. Never "no" when one is there. Built at
// load; any worker reads. Units: bytes.
#pragma once

#include "dataplane/base/cursor.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sluice::detect {

class NearGate {
  public:
    static constexpr std::size_t kReach = 32;
    static constexpr std::size_t kMostLiterals = 32;  // more of them let nearly everything by

    struct Literal {
        std::uint8_t last = 0;
        std::uint8_t before = 0;  // the byte before the last one, when there are two
        bool two = false;
        bool nocase = false;
        // Where its last byte may lie, counted from the start of the buffer; both included.
        std::int64_t first_place = 0;
        std::int64_t last_place = 0;
    };

    // Lets everything by.
    NearGate() = default;

    // REQUIRES: no literal ends behind the first kReach bytes
    explicit NearGate(std::span<const Literal> literals);

    bool closed() const { return closed_; }

    // Whether a literal may end in 'region', whose first byte is 'from' bytes into the buffer.
    // REQUIRES: closed(), from + region.size() <= kReach
    bool may_hit(Bytes region, std::size_t from) const;

  private:
    static constexpr std::size_t kLanes = 16;

    struct Nibbles {
        alignas(kLanes) std::array<std::uint8_t, 16> low{};
        alignas(kLanes) std::array<std::uint8_t, 16> high{};

        void add(std::uint8_t byte, std::uint8_t buckets) {
            low[byte & 0x0fU] |= buckets;
            high[byte >> 4U] |= buckets;
        }

        void add_all(std::uint8_t buckets);
    };

    // Per value, the buckets with a literal that has it there: one bit each.
    Nibbles last_;
    Nibbles before_;
    std::array<std::uint8_t, kReach + 2 * kLanes> places_{};
    bool closed_ = false;
};

}  // namespace sluice::detect
