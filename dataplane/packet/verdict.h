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

}  // namespace sluice::packet
