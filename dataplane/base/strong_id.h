// SPDX-License-Identifier: Apache-2.0
// StrongId: integers that name things, each of its own type, so that a rule index cannot be passed
// for a port. Any thread.
#pragma once

#include <compare>
#include <cstdint>

namespace sluice {

template <typename Tag, typename T>
struct StrongId {
    T value{};

    friend constexpr auto operator<=>(const StrongId&, const StrongId&) = default;
};

// An interface of the appliance, counted from 0; a segment is the pair (2k, 2k+1).
using PortId = StrongId<struct PortIdTag, std::uint16_t>;

}  // namespace sluice
