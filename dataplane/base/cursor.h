// SPDX-License-Identifier: Apache-2.0
// Cursor: the only way from wire bytes to numbers. It borrows the bytes (they must outlive it),
// never allocates, and fails stickily: a read past the end yields zero, moves to the end and makes
// ok() false for good, so a header is read field by field and checked once. After quiche's
// QuicheDataReader. Single thread. Units: bytes.
#pragma once

#include "dataplane/base/byte_order.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace sluice {

using Bytes = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;

class Cursor {
  public:
    explicit Cursor(Bytes bytes) : bytes_(bytes) {}

    bool ok() const { return ok_; }

    std::size_t offset() const { return offset_; }

    std::size_t remaining() const { return bytes_.size() - offset_; }

    std::uint8_t u8() { return load<std::uint8_t>(); }

    Be16 be16() { return Be16::from_wire(load<std::uint16_t>()); }

    Be32 be32() { return Be32::from_wire(load<std::uint32_t>()); }

    Be64 be64() { return Be64::from_wire(load<std::uint64_t>()); }

    // Little-endian reads, for our own file formats.
    std::uint16_t le16() { return load<std::uint16_t>(); }

    std::uint32_t le32() { return load<std::uint32_t>(); }

    std::uint64_t le64() { return load<std::uint64_t>(); }

    // The next n bytes; empty (and failed) when there are fewer.
    Bytes take(std::size_t n) {
        if (n > remaining()) {
            fail();
            return {};
        }
        Bytes out = bytes_.subspan(offset_, n);
        offset_ += n;
        return out;
    }

    void skip(std::size_t n) { (void)take(n); }

    Bytes rest() { return take(remaining()); }

    void fail() {
        ok_ = false;
        offset_ = bytes_.size();
    }

  private:
    template <typename T>
    T load() {
        if (sizeof(T) > remaining()) {
            fail();
            return 0;
        }
        T v;
        std::memcpy(&v, bytes_.data() + offset_, sizeof(T));
        offset_ += sizeof(T);
        return v;
    }

    Bytes bytes_;
    std::size_t offset_ = 0;
    bool ok_ = true;
};

}  // namespace sluice
