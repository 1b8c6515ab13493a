// SPDX-License-Identifier: Apache-2.0
// What happens to one packet. Set at most once by a stage (the first decision stands), carried out
// by the I/O backend. Any thread.
#pragma once

#include <cstdint>

namespace sluice::packet {

enum class Verdict : std::uint8_t {
    kForward,  // send to the other port of the segment
    kDrop,     // do not send
};

// What a stage does with a packet that it has no room to inspect (design decision 11).
enum class ExceptionPolicy : std::uint8_t {
    kPass,    // forward, count as uninspected
    kDrop,    // do not forward
    kBypass,  // forward, and do not inspect the rest of the flow either
};

}  // namespace sluice::packet
