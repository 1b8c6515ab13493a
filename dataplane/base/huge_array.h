// SPDX-License-Identifier: Apache-2.0
// HugeArray<T>: the one block behind a pool. Sized at construction, aligned to 2 MiB and offered to
// transparent huge pages, so that a table of millions of entries costs few TLB misses. Memory is
// untouched (not resident) until an element is made with make(); T must be trivially destructible.
// Owner's thread only.
#pragma once

#include "dataplane/base/check.h"

#include <cstddef>
#include <cstdint>
#include <new>
#include <sys/mman.h>
#include <type_traits>

namespace sluice {

template <typename T>
class HugeArray {
  public:
    explicit HugeArray(std::size_t count) : count_(count) {
        static_assert(std::is_trivially_destructible_v<T>);
        SLUICE_CHECK(count > 0 && count <= SIZE_MAX / sizeof(T) / 2);
        const std::size_t align = alignment();
        const std::size_t bytes = (count * sizeof(T) + align - 1) / align * align;
        data_ = static_cast<T*>(::operator new (bytes, std::align_val_t{align}));
        if (align == kHugePage) {
            (void)::madvise(data_, bytes, MADV_HUGEPAGE);  // advice only: refusal costs speed
        }
    }

    HugeArray(const HugeArray&) = delete;
    HugeArray& operator=(const HugeArray&) = delete;

    ~HugeArray() { ::operator delete (data_, std::align_val_t{alignment()}); }

    std::size_t size() const { return count_; }

    // Starts the life of element i (again), with T's default values.
    T& make(std::size_t i) {
        SLUICE_ASSERT(i < count_);
        return *new (data_ + i) T{};
    }

    // REQUIRES: make(i) was called before.
    T& operator[](std::size_t i) {
        SLUICE_ASSERT(i < count_);
        return data_[i];
    }

    const T& operator[](std::size_t i) const {
        SLUICE_ASSERT(i < count_);
        return data_[i];
    }

    // The address only; the element need not exist.
    const T* address(std::size_t i) const { return data_ + i; }

    T* address(std::size_t i) { return data_ + i; }

  private:
    static constexpr std::size_t kHugePage = std::size_t{2} << 20;
    static constexpr std::size_t kCacheLine = 64;
    static_assert(alignof(T) <= kCacheLine);

    std::size_t alignment() const {
        return count_ * sizeof(T) >= kHugePage ? kHugePage : kCacheLine;
    }

    T* data_ = nullptr;
    std::size_t count_;
};

}  // namespace sluice
