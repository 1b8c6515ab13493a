// SPDX-License-Identifier: Apache-2.0
// Finder: a byte string prepared for being searched, with or without case. Prepared once at load
// (two rare positions are chosen), used many times: 64 candidate positions per step by comparing
// two bytes of each. Borrows the needle's bytes, which must outlive it and be in lower case already
// when 'nocase'. Allocates nothing; any thread may search.
#pragma once

#include "dataplane/base/cursor.h"

#include <cstddef>
#include <cstdint>
#include <emmintrin.h>

namespace sluice::detect {

// ASCII only, as the rule language defines nocase.
constexpr std::uint8_t to_lower(std::uint8_t c) {
    return c >= 'A' && c <= 'Z' ? static_cast<std::uint8_t>(c | 0x20U) : c;
}

class Finder {
  public:
    static constexpr std::size_t kNone = SIZE_MAX;

    Finder() = default;

    Finder(Bytes needle, bool nocase);

    std::size_t size() const { return size_; }

    bool nocase() const { return nocase_; }

    // Offset of the first occurrence in [data, data + len), kNone when there is none. An empty
    // needle is found at 0.
    std::size_t find(const std::uint8_t* data, std::size_t len) const;

    // The same answer byte by byte: the reference that tests compare find() with.
    std::size_t find_scalar(const std::uint8_t* data, std::size_t len) const;

    // Whether the needle's first n bytes are at 'at'. REQUIRES: n <= size(), n bytes readable
    bool prefix_at(const std::uint8_t* at, std::size_t n) const;

    bool at(const std::uint8_t* where) const { return prefix_at(where, size_); }

  private:
    template <bool kFold>
    class Pair;

    std::size_t scan_few(const std::uint8_t* data, std::size_t positions) const;
    template <bool kFold>
    std::size_t scan(const std::uint8_t* data, std::size_t positions) const;
    std::size_t confirm(const std::uint8_t* data, std::size_t from, __m128i pairs) const;

    const std::uint8_t* needle_ = nullptr;
    std::size_t size_ = 0;
    std::uint32_t first_index_ = 0;  // of the two bytes compared before all others
    std::uint32_t second_index_ = 0;
    std::uint8_t first_ = 0;
    std::uint8_t second_ = 0;
    std::uint8_t first_fold_ = 0;  // 0x20 where a letter may be in either case
    std::uint8_t second_fold_ = 0;
    bool nocase_ = false;
};

}  // namespace sluice::detect
