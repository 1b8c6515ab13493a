// SPDX-License-Identifier: Apache-2.0
// StatePool: what one protocol remembers per connection, in a region taken at construction and
// touched only as far as it is used. Entries are named by index; take() makes a fresh one. One
// worker thread.
#pragma once

#include "dataplane/base/huge_array.h"
#include "dataplane/flow/flow.h"

#include <cstdint>

namespace sluice::app {

// T has a member 'std::uint32_t next_free', the pool's own.
template <typename T>
class StatePool {
  public:
    explicit StatePool(std::uint32_t capacity) : entries_(capacity) {}

    // kNoIndex: all are in use.
    std::uint32_t take() {
        std::uint32_t index = first_free_;
        if (index != flow::kNoIndex) {
            first_free_ = entries_[index].next_free;
        } else if (ever_used_ < entries_.size()) {
            index = ever_used_++;
        } else {
            return flow::kNoIndex;
        }
        entries_.make(index);
        ++in_use_;
        return index;
    }

    void give(std::uint32_t index) {
        entries_[index].next_free = first_free_;
        first_free_ = index;
        --in_use_;
    }

    T& operator[](std::uint32_t index) { return entries_[index]; }

    const T& operator[](std::uint32_t index) const { return entries_[index]; }

    std::uint32_t in_use() const { return in_use_; }

  private:
    HugeArray<T> entries_;
    std::uint32_t first_free_ = flow::kNoIndex;
    std::uint32_t ever_used_ = 0;
    std::uint32_t in_use_ = 0;
};

}  // namespace sluice::app
