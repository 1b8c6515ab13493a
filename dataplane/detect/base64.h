// SPDX-License-Identifier: Apache-2.0
// Base64 as base64_decode reads it: Suricata 7's tolerant form of RFC 4648. No state, no
// allocation; any thread.
#pragma once

#include "dataplane/base/cursor.h"

#include <cstddef>

namespace sluice::detect {

// base64_decode reads no more (Suricata's BASE64_DECODE_MAX).
inline constexpr std::size_t kMaxBase64Input = 65535;

struct Decoded {
    std::size_t size = 0;  // bytes written
    bool ended = false;    // a byte that is not base64 stopped it: more input changes nothing
};

// Decodes until the input or the room ends, or a byte comes that is neither of the alphabet nor
// '='. A last group that is not whole gives the bytes it has.
Decoded decode_base64(Bytes in, MutableBytes out);

}  // namespace sluice::detect
