// SPDX-License-Identifier: Apache-2.0
// Time as data: the packet path reads no clock. Nanos counts nanoseconds; Now travels with each
// batch. Any thread.
#pragma once

#include <compare>
#include <cstdint>

namespace sluice {

struct Nanos {
    std::int64_t count = 0;

    friend constexpr auto operator<=>(const Nanos&, const Nanos&) = default;

    friend constexpr Nanos operator+(Nanos a, Nanos b) { return {a.count + b.count}; }

    friend constexpr Nanos operator-(Nanos a, Nanos b) { return {a.count - b.count}; }
};

constexpr Nanos seconds(std::int64_t s) {
    return {s * 1'000'000'000};
}

constexpr Nanos millis(std::int64_t ms) {
    return {ms * 1'000'000};
}

// One reading for a whole batch. 'time' drives timeouts (monotonic live, capture time in replay);
// 'wall' is Unix time, for events only. In replay both are the time stamp of the batch's first
// packet.
struct Now {
    Nanos time;
    Nanos wall;
};

}  // namespace sluice
