// SPDX-License-Identifier: Apache-2.0
// The internet checksum (RFC 1071) as a running sum, the pseudo-header of TCP, UDP and ICMPv6 (RFC
// 9293 section 3.1, RFC 8200 section 8.1: the sums of both versions have the same form), and
// incremental update (RFC 1624 equation 3). Owns nothing, borrows bytes for the call, no errors,
// any thread. Checksum values are in host order: store big-endian.
#pragma once

#include "dataplane/base/cursor.h"

#include <cstdint>

namespace sluice {

class Checksum {
  public:
    // Adds bytes in order; pieces of odd length may be followed by more.
    void add(Bytes bytes);

    // Addresses are both 4 or both 16 bytes; length is that of the transport header with its
    // payload. REQUIRES: an even number of bytes so far
    void add_pseudo_header(Bytes src, Bytes dst, std::uint8_t protocol, std::uint32_t length);

    // The value for the header field, when the field was zero (or skipped) in what was added.
    std::uint16_t value() const;

    // True when the bytes added, checksum field included, are undamaged.
    bool good() const { return value() == 0; }

  private:
    void add_word(std::uint64_t word);

    std::uint64_t sum_ = 0;  // ones' complement, of words as they lie in memory
    bool odd_ = false;
};

// The new checksum after one 16-bit word of what it covers changed.
std::uint16_t checksum_update(std::uint16_t checksum, std::uint16_t before, std::uint16_t after);

// The same for an aligned 32-bit word (an address, a sequence number).
std::uint16_t checksum_update32(std::uint16_t checksum, std::uint32_t before, std::uint32_t after);

}  // namespace sluice
