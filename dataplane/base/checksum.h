// SPDX-License-Identifier: Apache-2.0
// The internet checksum (RFC 1071) as a running sum, the pseudo-header of TCP, UDP and ICMPv6 (RFC
// 9293 section 3.1, RFC 8200 section 8.1: the sums of both versions have the same form), and
// incremental update (RFC 1624 equation 3). Owns nothing, borrows bytes for the call, no errors,
// any thread. Checksum values are in host order: store big-endian. What a packet without payload
// needs is inline: there the calls would cost more than the sums.
#pragma once

#include "dataplane/base/byte_order.h"
#include "dataplane/base/cursor.h"

#include <cstdint>
#include <cstring>

namespace sluice {

class Checksum {
  public:
    // Adds bytes in order; pieces of odd length may be followed by more.
    void add(Bytes bytes) {
        if (bytes.size() <= kShort && bytes.size() % 4 == 0 && !odd_) {
            add_word(sum_words(bytes));
        } else {
            add_long(bytes);
        }
    }

    // Addresses are both 4 or both 16 bytes; length is that of the transport header with its
    // payload. REQUIRES: an even number of bytes so far
    void add_pseudo_header(Bytes src, Bytes dst, std::uint8_t protocol, std::uint32_t length) {
        add_word(sum_words(src) + sum_words(dst) + byte_swap(length) +
                 byte_swap(static_cast<std::uint16_t>(protocol)));
    }

    // The value for the header field, when the field was zero (or skipped) in what was added.
    std::uint16_t value() const { return byte_swap(static_cast<std::uint16_t>(~fold(sum_))); }

    // True when the bytes added, checksum field included, are undamaged.
    bool good() const { return fold(sum_) == 0xffff; }

    // Modulo 2^16 - 1.
    static std::uint16_t fold(std::uint64_t sum) {
        sum = (sum & 0xffffffff) + (sum >> 32);
        sum = (sum & 0xffffffff) + (sum >> 32);
        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        return static_cast<std::uint16_t>(sum);
    }

  private:
    static constexpr std::size_t kShort = 64;

    // 2^64 - 1 is a multiple of 2^16 - 1, so the carry out of 64 bits comes back in as it does for
    // 16 (RFC 1071 section 2).
    void add_word(std::uint64_t word) {
        sum_ += word;
        sum_ += sum_ < word ? 1 : 0;
    }

    // Far below 2^64 for so few: no carry to look after.
    static std::uint64_t sum_words(Bytes bytes) {
        std::uint64_t sum = 0;
        for (std::size_t at = 0; at + 4 <= bytes.size(); at += 4) {
            std::uint32_t word;
            std::memcpy(&word, bytes.data() + at, sizeof word);
            sum += word;
        }
        return sum;
    }

    void add_long(Bytes bytes);

    std::uint64_t sum_ = 0;  // ones' complement, of words as they lie in memory
    bool odd_ = false;
};

// The new checksum after one 16-bit word of what it covers changed.
std::uint16_t checksum_update(std::uint16_t checksum, std::uint16_t before, std::uint16_t after);

// The same for an aligned 32-bit word (an address, a sequence number).
std::uint16_t checksum_update32(std::uint16_t checksum, std::uint32_t before, std::uint32_t after);

}  // namespace sluice
