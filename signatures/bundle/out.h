// SPDX-License-Identifier: Apache-2.0
// Out: growing little-endian output for the writer. Owns its bytes. Control side only (allocates).
// Single thread.
#pragma once

#include "dataplane/base/cursor.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace sluice::bundle {

class Out {
  public:
    void u8(std::uint8_t v) { bytes_.push_back(v); }

    void u16(std::uint16_t v) { put(v, 2); }

    void u32(std::uint32_t v) { put(v, 4); }

    void u64(std::uint64_t v) { put(v, 8); }

    void i32(std::int32_t v) { u32(static_cast<std::uint32_t>(v)); }

    void i64(std::int64_t v) { u64(static_cast<std::uint64_t>(v)); }

    void flag(bool v) { u8(v ? 1 : 0); }

    // A number of things; validate() has bounded it.
    void count(std::size_t n) { u32(static_cast<std::uint32_t>(n)); }

    template <typename E>
    void tag(E v) {
        u8(static_cast<std::uint8_t>(v));
    }

    void raw(Bytes b) { bytes_.insert(bytes_.end(), b.begin(), b.end()); }

    void text(std::string_view s) {
        for (char c : s) {
            u8(static_cast<std::uint8_t>(c));
        }
    }

    void zeros(std::size_t n) { bytes_.resize(bytes_.size() + n, 0); }

    void pad(std::size_t align) { zeros((align - bytes_.size() % align) % align); }

    std::size_t size() const { return bytes_.size(); }

    Bytes view() const { return bytes_; }

    std::vector<std::uint8_t> release() { return std::move(bytes_); }

  private:
    void put(std::uint64_t v, unsigned n) {
        for (unsigned i = 0; i < n; ++i) {
            bytes_.push_back(static_cast<std::uint8_t>(v >> (8U * i)));
        }
    }

    std::vector<std::uint8_t> bytes_;
};

}  // namespace sluice::bundle
