// SPDX-License-Identifier: Apache-2.0
// Writer: bounded output into a buffer that the caller owns; the twin of Cursor. A write that does
// not fit changes nothing and makes ok() false for good. Single thread. Units: bytes.
#pragma once

#include "dataplane/base/cursor.h"

#include <cstring>

namespace sluice {

class Writer {
  public:
    explicit Writer(MutableBytes out) : out_(out) {}

    bool ok() const { return ok_; }

    std::size_t size() const { return size_; }

    Bytes written() const { return out_.first(size_); }

    void u8(std::uint8_t v) { store(&v, sizeof v); }

    void be16(std::uint16_t v) { store_be(Be16::from_host(v).wire()); }

    void be32(std::uint32_t v) { store_be(Be32::from_host(v).wire()); }

    void be64(std::uint64_t v) { store_be(Be64::from_host(v).wire()); }

    void le16(std::uint16_t v) { store(&v, sizeof v); }

    void le32(std::uint32_t v) { store(&v, sizeof v); }

    void le64(std::uint64_t v) { store(&v, sizeof v); }

    void bytes(Bytes b) { store(b.data(), b.size()); }

  private:
    template <typename T>
    void store_be(T wire) {
        store(&wire, sizeof wire);
    }

    void store(const void* p, std::size_t n) {
        if (!ok_ || n > out_.size() - size_) {
            ok_ = false;
            return;
        }
        if (n != 0) {
            std::memcpy(out_.data() + size_, p, n);
        }
        size_ += n;
    }

    MutableBytes out_;
    std::size_t size_ = 0;
    bool ok_ = true;
};

}  // namespace sluice
