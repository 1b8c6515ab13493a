// SPDX-License-Identifier: Apache-2.0
// FragmentStore: copies of fragments, in blocks of one size out of a region taken at construction.
// The pieces of a datagram form a list by offset and never overlap: of bytes that come twice the
// first copy is kept. Lists are named by their first block. One worker thread. Units: bytes.
#pragma once

#include "dataplane/base/cursor.h"
#include "dataplane/base/huge_array.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice::defrag {

class FragmentStore {
  public:
    static constexpr std::uint32_t kNone = 0xffffffff;

    explicit FragmentStore(std::size_t bytes);

    // How a fragment lies to what is there.
    struct Fit {
        std::uint32_t overlap = 0;  // bytes that are there already
        bool differs = false;       // some of them are others
        bool same_cut = false;      // a piece of just this offset and length is there
        std::uint32_t pieces = 0;   // what add() would make
        std::uint32_t blocks = 0;   // what add() would take
    };

    Fit compare(std::uint32_t head, std::uint32_t offset, Bytes bytes) const;

    // Copies what is not there yet. REQUIRES: compare().blocks <= free_blocks(), offset +
    // bytes.size() <= 65535
    void add(std::uint32_t& head, std::uint32_t offset, Bytes bytes);

    // Gives all pieces back; head is kNone then. Returns the number of blocks.
    std::uint32_t release(std::uint32_t& head);

    // Each piece to its offset. REQUIRES: room for the largest end that was added
    void copy_to(std::uint32_t head, std::uint8_t* to) const;

    std::uint32_t free_blocks() const { return total_blocks() - used_; }

    std::uint32_t used_blocks() const { return used_; }

    std::uint32_t total_blocks() const { return static_cast<std::uint32_t>(blocks_.size()); }

  private:
    static constexpr std::size_t kBlockData = 500;

    struct Block {
        std::uint32_t next_piece;  // first block of the piece behind; free list
        std::uint32_t more;        // next block of this piece
        std::uint16_t offset;      // of the piece, in its first block
        std::uint16_t length;
        std::array<std::uint8_t, kBlockData> data;
    };

    struct Range {
        std::uint32_t begin;
        std::uint32_t end;
    };

    static std::uint32_t blocks_for(std::uint32_t bytes) {
        return static_cast<std::uint32_t>((bytes + kBlockData - 1) / kBlockData);
    }

    std::uint32_t take_block();
    std::uint32_t make_piece(std::uint32_t offset, Bytes bytes);
    bool equal(std::uint32_t piece, std::uint32_t offset, Bytes bytes) const;

    HugeArray<Block> blocks_;
    std::uint32_t free_head_ = kNone;
    std::uint32_t made_ = 0;  // blocks beyond were never touched
    std::uint32_t used_ = 0;
};

}  // namespace sluice::defrag
