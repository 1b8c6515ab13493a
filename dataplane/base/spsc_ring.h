// SPDX-License-Identifier: Apache-2.0
// SpscRing: a bounded queue between exactly one writer thread and one reader thread, without locks.
// Storage is taken once, at construction. push() on a full ring and pop() on an empty one return
// false at once; the caller counts. T is copied by assignment. After Lamport's queue, with cached
// indices so that the other side's cache line is read only when needed.
#pragma once

#include "dataplane/base/check.h"

#include <atomic>
#include <cstddef>
#include <memory>

namespace sluice {

template <typename T>
// The padding is meant: what one side writes shares no line with what the other does.
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding)
class SpscRing {
  public:
    // REQUIRES: capacity is a power of two
    explicit SpscRing(std::size_t capacity)
        : mask_(capacity - 1), slots_(std::make_unique<T[]>(capacity)) {
        SLUICE_CHECK(capacity != 0 && (capacity & mask_) == 0);
    }

    SpscRing(const SpscRing&) = delete;
    SpscRing& operator=(const SpscRing&) = delete;

    std::size_t capacity() const { return mask_ + 1; }

    bool push(const T& v) {
        const std::size_t head = head_.load(std::memory_order_relaxed);
        if (head - cached_tail_ > mask_) {
            cached_tail_ = tail_.load(std::memory_order_acquire);
            if (head - cached_tail_ > mask_) {
                return false;
            }
        }
        slots_[head & mask_] = v;
        head_.store(head + 1, std::memory_order_release);
        return true;
    }

    bool pop(T& out) {
        const std::size_t tail = tail_.load(std::memory_order_relaxed);
        if (tail == cached_head_) {
            cached_head_ = head_.load(std::memory_order_acquire);
            if (tail == cached_head_) {
                return false;
            }
        }
        out = slots_[tail & mask_];
        tail_.store(tail + 1, std::memory_order_release);
        return true;
    }

    // Approximate when called while the other side runs.
    std::size_t size() const {
        return head_.load(std::memory_order_acquire) - tail_.load(std::memory_order_acquire);
    }

  private:
    static constexpr std::size_t kCacheLine = 64;

    const std::size_t mask_;
    std::unique_ptr<T[]> slots_;
    alignas(kCacheLine) std::atomic<std::size_t> head_{0};
    alignas(kCacheLine) std::size_t cached_tail_ = 0;
    alignas(kCacheLine) std::atomic<std::size_t> tail_{0};
    alignas(kCacheLine) std::size_t cached_head_ = 0;
};

}  // namespace sluice
