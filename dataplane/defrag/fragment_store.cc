// SPDX-License-Identifier: Apache-2.0
#include "dataplane/defrag/fragment_store.h"

#include <algorithm>
#include <cstring>

namespace sluice::defrag {

FragmentStore::FragmentStore(std::size_t bytes)
    : blocks_(std::max<std::size_t>(bytes / sizeof(Block), 1)) {
    SLUICE_CHECK(blocks_.size() < kNone);
}

FragmentStore::Fit FragmentStore::compare(std::uint32_t head, std::uint32_t offset,
                                          Bytes bytes) const {
    Fit fit;
    const std::uint32_t end = offset + static_cast<std::uint32_t>(bytes.size());
    std::uint32_t at = offset;  // up to here the fragment is accounted for
    const auto fresh = [&](std::uint32_t to) {
        if (at < to) {
            ++fit.pieces;
            fit.blocks += blocks_for(to - at);
        }
    };
    for (std::uint32_t i = head; i != kNone && at < end; i = blocks_[i].next_piece) {
        const Block& piece = blocks_[i];
        const std::uint32_t piece_end = std::uint32_t{piece.offset} + piece.length;
        if (piece.offset >= end) {
            break;
        }
        if (piece_end <= at) {
            continue;
        }
        fresh(piece.offset);
        const std::uint32_t from = std::max<std::uint32_t>(at, piece.offset);
        const std::uint32_t to = std::min(end, piece_end);
        fit.overlap += to - from;
        fit.same_cut = fit.same_cut || (piece.offset == offset && piece_end == end);
        fit.differs = fit.differs || !equal(i, from, bytes.subspan(from - offset, to - from));
        at = to;
    }
    fresh(end);
    return fit;
}

void FragmentStore::add(std::uint32_t& head, std::uint32_t offset, Bytes bytes) {
    const std::uint32_t end = offset + static_cast<std::uint32_t>(bytes.size());
    std::uint32_t at = offset;
    std::uint32_t before = kNone;  // the piece behind which the next new one goes
    std::uint32_t i = head;
    while (at < end) {
        const std::uint32_t hole_end =
            i == kNone ? end : std::min<std::uint32_t>(end, blocks_[i].offset);
        if (at < hole_end) {
            const std::uint32_t made = make_piece(at, bytes.subspan(at - offset, hole_end - at));
            blocks_[made].next_piece = i;
            (before == kNone ? head : blocks_[before].next_piece) = made;
            before = made;
            at = hole_end;
        }
        if (i == kNone) {
            return;
        }
        at = std::max(at, std::uint32_t{blocks_[i].offset} + blocks_[i].length);
        before = i;
        i = blocks_[i].next_piece;
    }
}

std::uint32_t FragmentStore::take_block() {
    std::uint32_t i = free_head_;
    if (i != kNone) {
        free_head_ = blocks_[i].next_piece;
    } else {
        SLUICE_ASSERT(made_ < total_blocks());
        i = made_++;
        blocks_.make(i);
    }
    ++used_;
    blocks_[i].more = kNone;
    return i;
}

std::uint32_t FragmentStore::make_piece(std::uint32_t offset, Bytes bytes) {
    const std::uint32_t first = take_block();
    blocks_[first].offset = static_cast<std::uint16_t>(offset);
    blocks_[first].length = static_cast<std::uint16_t>(bytes.size());
    std::uint32_t block = first;
    for (;;) {
        const std::size_t n = std::min(bytes.size(), kBlockData);
        std::memcpy(blocks_[block].data.data(), bytes.data(), n);
        bytes = bytes.subspan(n);
        if (bytes.empty()) {
            return first;
        }
        const std::uint32_t next = take_block();
        blocks_[block].more = next;
        block = next;
    }
}

// REQUIRES: the bytes lie inside the piece
bool FragmentStore::equal(std::uint32_t piece, std::uint32_t offset, Bytes bytes) const {
    std::size_t skip = offset - blocks_[piece].offset;
    for (std::uint32_t block = piece; !bytes.empty(); block = blocks_[block].more) {
        if (skip >= kBlockData) {
            skip -= kBlockData;
            continue;
        }
        const std::size_t n = std::min(bytes.size(), kBlockData - skip);
        if (std::memcmp(blocks_[block].data.data() + skip, bytes.data(), n) != 0) {
            return false;
        }
        bytes = bytes.subspan(n);
        skip = 0;
    }
    return true;
}

std::uint32_t FragmentStore::release(std::uint32_t& head) {
    std::uint32_t released = 0;
    while (head != kNone) {
        const std::uint32_t next = blocks_[head].next_piece;
        for (std::uint32_t block = head; block != kNone; ++released) {
            const std::uint32_t more = blocks_[block].more;
            blocks_[block].next_piece = free_head_;
            free_head_ = block;
            block = more;
        }
        head = next;
    }
    used_ -= released;
    return released;
}

void FragmentStore::copy_to(std::uint32_t head, std::uint8_t* to) const {
    for (std::uint32_t piece = head; piece != kNone; piece = blocks_[piece].next_piece) {
        std::size_t left = blocks_[piece].length;
        std::uint8_t* at = to + blocks_[piece].offset;
        for (std::uint32_t block = piece; left != 0; block = blocks_[block].more) {
            const std::size_t n = std::min(left, kBlockData);
            std::memcpy(at, blocks_[block].data.data(), n);
            at += n;
            left -= n;
        }
    }
}

}  // namespace sluice::defrag
