// SPDX-License-Identifier: Apache-2.0
#include "dataplane/defrag/source_limits.h"

#include "dataplane/base/hash.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace sluice::defrag {

SourceLimits::SourceLimits(std::uint32_t max_datagrams, std::uint64_t seed)
    : cells_(kRows * std::bit_ceil(std::size_t{max_datagrams} * 2)),
      mask_(cells_.size() / kRows - 1),
      seed_(seed) {
    for (std::size_t i = 0; i < cells_.size(); ++i) {
        cells_.make(i);
    }
}

std::array<std::size_t, SourceLimits::kRows> SourceLimits::cells_of(
    const packet::IpAddr& source) const {
    std::array<std::uint64_t, 2> words;
    std::memcpy(words.data(), source.bytes.data(), sizeof words);
    // Of IPv6 the first half: whoever has one address there has them all (RFC 4291 section 2.5.1).
    const std::uint64_t h = mix64(mix64((words[0] != 0 ? words[0] : words[1]) ^ seed_) + seed_);
    const std::uint64_t other = mix64(h ^ 0x9e3779b97f4a7c15ULL);
    return {static_cast<std::size_t>(h) & mask_,
            mask_ + 1 + (static_cast<std::size_t>(other) & mask_)};
}

SourceLimits::Held SourceLimits::held_by(const packet::IpAddr& source) const {
    const auto cells = cells_of(source);
    const Held& a = cells_[cells[0]];
    const Held& b = cells_[cells[1]];
    return {std::min(a.datagrams, b.datagrams), std::min(a.blocks, b.blocks)};
}

void SourceLimits::add(const packet::IpAddr& source, Held more) {
    for (const std::size_t cell : cells_of(source)) {
        cells_[cell].datagrams += more.datagrams;
        cells_[cell].blocks += more.blocks;
    }
}

void SourceLimits::remove(const packet::IpAddr& source, Held less) {
    for (const std::size_t cell : cells_of(source)) {
        cells_[cell].datagrams -= less.datagrams;
        cells_[cell].blocks -= less.blocks;
    }
}

}  // namespace sluice::defrag
