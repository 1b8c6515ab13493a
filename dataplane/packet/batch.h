// SPDX-License-Identifier: Apache-2.0
// Batch: up to kBatchSize packets that go through the pipeline together, in arrival order. Owned by
// the worker; reused. One thread.
#pragma once

#include "dataplane/base/check.h"
#include "dataplane/packet/packet.h"

#include <array>
#include <cstddef>

namespace sluice::packet {

inline constexpr std::size_t kBatchSize = 64;

class Batch {
  public:
    Batch() = default;
    Batch(const Batch&) = delete;
    Batch& operator=(const Batch&) = delete;

    std::size_t size() const { return size_; }

    bool full() const { return size_ == kBatchSize; }

    void clear() { size_ = 0; }

    // A fresh packet at the end. REQUIRES: !full()
    Packet& add() {
        SLUICE_ASSERT(size_ < kBatchSize);
        packets_[size_] = Packet{};
        return packets_[size_++];
    }

    Packet* begin() { return packets_.data(); }

    Packet* end() { return packets_.data() + size_; }

    Packet& operator[](std::size_t i) { return packets_[i]; }

  private:
    std::array<Packet, kBatchSize> packets_;
    std::size_t size_ = 0;
};

}  // namespace sluice::packet
