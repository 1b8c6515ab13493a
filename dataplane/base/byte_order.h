// SPDX-License-Identifier: Apache-2.0
// Wire integers: a big-endian value is a type of its own, and .host() is the only way out of it, so
// that a byte-order mix-up does not compile. No ownership, any thread, no errors.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>

namespace sluice {

template <std::unsigned_integral T>
constexpr T byte_swap(T v) {
    if constexpr (sizeof(T) == 2) {
        return static_cast<T>(__builtin_bswap16(v));
    } else if constexpr (sizeof(T) == 4) {
        return __builtin_bswap32(v);
    } else {
        return __builtin_bswap64(v);
    }
}

template <std::unsigned_integral T>
class BigEndian {
  public:
    constexpr BigEndian() = default;

    static constexpr BigEndian from_host(T v) { return BigEndian(byte_swap(v)); }

    static constexpr BigEndian from_wire(T raw) { return BigEndian(raw); }

    constexpr T host() const { return byte_swap(raw_); }

    constexpr T wire() const { return raw_; }

    friend constexpr bool operator==(BigEndian, BigEndian) = default;

  private:
    explicit constexpr BigEndian(T raw) : raw_(raw) {}

    T raw_ = 0;
};

using Be16 = BigEndian<std::uint16_t>;
using Be32 = BigEndian<std::uint32_t>;
using Be64 = BigEndian<std::uint64_t>;

static_assert(std::endian::native == std::endian::little, "Sluice runs on little-endian x86-64");

}  // namespace sluice
