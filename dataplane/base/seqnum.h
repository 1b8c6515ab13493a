// SPDX-License-Identifier: Apache-2.0
// SeqNum: a TCP sequence number (RFC 9293 section 3.4), compared modulo 2^32 by signed distance.
// There is no operator< on the raw integer: "before" and "after" are only meant within half the
// space. Any thread.
#pragma once

#include <cstdint>

namespace sluice {

class SeqNum {
  public:
    constexpr SeqNum() = default;

    explicit constexpr SeqNum(std::uint32_t raw) : raw_(raw) {}

    constexpr std::uint32_t raw() const { return raw_; }

    // this - other, in bytes; negative when this is before other.
    constexpr std::int32_t distance_from(SeqNum other) const {
        return static_cast<std::int32_t>(raw_ - other.raw_);
    }

    constexpr bool before(SeqNum other) const { return distance_from(other) < 0; }

    constexpr bool after(SeqNum other) const { return distance_from(other) > 0; }

    constexpr SeqNum plus(std::uint32_t n) const { return SeqNum(raw_ + n); }

    friend constexpr bool operator==(SeqNum, SeqNum) = default;

  private:
    std::uint32_t raw_ = 0;
};

}  // namespace sluice
