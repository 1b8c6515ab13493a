// SPDX-License-Identifier: Apache-2.0
// The single byte that a Windows server's best-fit conversion makes of a Unicode code point:
// fullwidth letters, slashes from the maths block and the like become ASCII, which is how they are
// used to evade. Pure function, any thread.
#pragma once

#include <cstdint>

namespace sluice::app {

inline constexpr std::uint8_t kNoBestFit = '?';

// kNoBestFit when there is none.
std::uint8_t best_fit_byte(std::uint32_t codepoint);

}  // namespace sluice::app
