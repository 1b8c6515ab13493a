// SPDX-License-Identifier: Apache-2.0
// SourceLimits: how many datagrams and blocks each source holds, as a count-min sketch: two rows of
// counters, each indexed by another keyed hash of the address; the smaller one is believed. A
// source is never counted too low, and one that shares both its counters with a flood is punished
// with it (1 in millions at the default size). Fixed memory. One worker thread.
#pragma once

#include "dataplane/base/huge_array.h"
#include "dataplane/packet/packet.h"

#include <array>
#include <cstdint>

namespace sluice::defrag {

class SourceLimits {
  public:
    SourceLimits(std::uint32_t max_datagrams, std::uint64_t seed);

    struct Held {
        std::uint32_t datagrams = 0;
        std::uint32_t blocks = 0;
    };

    Held held_by(const packet::IpAddr& source) const;
    void add(const packet::IpAddr& source, Held more);
    void remove(const packet::IpAddr& source, Held less);

  private:
    static constexpr std::size_t kRows = 2;

    std::array<std::size_t, kRows> cells_of(const packet::IpAddr& source) const;

    HugeArray<Held> cells_;  // row by row
    std::size_t mask_;
    std::uint64_t seed_;
};

}  // namespace sluice::defrag
