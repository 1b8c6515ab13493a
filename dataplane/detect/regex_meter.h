// SPDX-License-Identifier: Apache-2.0
// The work of a regular expression, measured while it runs. PCRE2's match limit counts per place at
// which a match may begin, and not the bytes that a repeat runs over, so it bounds neither. A
// metered pattern has callouts behind whatever can be taken back or run far; at each of them the
// matcher adds up what was done since the last. Any thread; units: see kMeter*.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::detect {

// Numbers of the callouts. 1 to kMeterAheadMax: that many units for what follows, which may fail
// before it comes to a callout. PCRE2 itself puts kMeterAuto before every item of a pattern that
// this does not understand.
inline constexpr std::uint32_t kMeterStep = 0;
inline constexpr std::uint32_t kMeterAheadMax = 200;
inline constexpr std::uint32_t kMeterLoop = 254;  // behind a repeated group
inline constexpr std::uint32_t kMeterAuto = 255;

// Bytes that cost as much as a callout, some 5 ns: run over by a repeat, or tried as beginnings.
inline constexpr std::uint32_t kMeterScanned = 16;
inline constexpr std::uint32_t kMeterTried = 4;

// The same pattern with callouts. None when it has syntax that is not taken apart here: conditions,
// verbs, \Q, comments, 'x' set inside.
std::optional<std::string> metered(std::string_view pattern, bool extended);

}  // namespace sluice::detect
