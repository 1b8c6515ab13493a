// SPDX-License-Identifier: Apache-2.0
// Unchecked big-endian loads, for headers whose whole length was compared with the frame just
// before. Cursor is the rule; decode reads one fixed header per check instead, as it runs for every
// packet. Borrows, any thread, offsets in bytes.
#pragma once

#include "dataplane/base/byte_order.h"

#include <cstring>

namespace sluice::decode {

// REQUIRES: p[at], p[at + 1] inside the frame
inline std::uint16_t load16(const std::uint8_t* p, std::size_t at) {
    std::uint16_t v;
    std::memcpy(&v, p + at, sizeof v);
    return Be16::from_wire(v).host();
}

// REQUIRES: p[at] to p[at + 3] inside the frame
inline std::uint32_t load32(const std::uint8_t* p, std::size_t at) {
    std::uint32_t v;
    std::memcpy(&v, p + at, sizeof v);
    return Be32::from_wire(v).host();
}

}  // namespace sluice::decode
