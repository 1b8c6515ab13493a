// SPDX-License-Identifier: Apache-2.0
// SlabArena: blocks of six sizes out of one region taken at construction. The region is cut into
// slabs of 64 KiB; a slab serves one size while any of its blocks is taken, then any other.
// Allocation and release are O(1) and touch no block memory. Owned by StreamStage, which hands
// blocks to windows and out-of-order copies. One worker thread. Units: bytes.
#pragma once

#include "dataplane/base/huge_array.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice::stream {

class SlabArena {
  public:
    static constexpr std::uint32_t kNone = 0xffffffff;
    static constexpr std::array<std::uint32_t, 6> kSizes = {128, 512, 2048, 8192, 32768, 65536};
    static constexpr std::uint32_t kSlabBytes = 65536;

    struct Block {
        std::uint8_t* data = nullptr;  // null: the arena is exhausted
        std::uint32_t ref = kNone;
        std::uint32_t capacity = 0;
    };

    // Rounded up to whole slabs, at least one for each size.
    explicit SlabArena(std::size_t bytes);

    // The smallest size that holds 'want'. REQUIRES: want <= kSlabBytes
    Block allocate(std::size_t want);
    void release(std::uint32_t ref);

    // More than half of the slabs are free.
    bool plenty() const { return free_slabs_ > slabs_.size() / 2; }

    std::size_t slab_count() const { return slabs_.size(); }

    std::uint32_t free_slabs() const { return free_slabs_; }

  private:
    static constexpr std::size_t kWords = kSlabBytes / kSizes[0] / 64;
    static constexpr std::uint32_t kObjectBits = 9;  // 512 blocks of 128 bytes in a slab

    struct Slab {
        std::array<std::uint64_t, kWords> free{};  // one bit per free block
        std::uint32_t prev = kNone;
        std::uint32_t next = kNone;
        std::uint16_t free_count = 0;
        std::uint8_t size_class = 0;
    };

    static std::uint32_t blocks_in(std::size_t size_class) {
        return kSlabBytes / kSizes[size_class];
    }

    bool open_slab(std::size_t size_class);
    void link_partial(std::uint32_t slab);
    void unlink_partial(std::uint32_t slab);

    HugeArray<std::uint8_t> memory_;
    HugeArray<Slab> slabs_;
    std::array<std::uint32_t, kSizes.size()> partial_{};  // slabs with a free block, by size
    std::uint32_t free_head_ = kNone;                     // slabs that serve no size
    std::uint32_t free_slabs_ = 0;
};

}  // namespace sluice::stream
