// SPDX-License-Identifier: Apache-2.0
#include "dataplane/base/checksum.h"

#include <bit>
#include <cstring>

namespace sluice {

namespace {

// 2^64 - 1 is a multiple of 2^16 - 1, so the carry out of 64 bits comes back in as it does for 16
// (RFC 1071 section 2).
std::uint64_t add_carry(std::uint64_t a, std::uint64_t b) {
    const std::uint64_t s = a + b;
    return s + (s < b ? 1 : 0);
}

std::uint64_t load64(const std::uint8_t* p) {
    std::uint64_t v;
    std::memcpy(&v, p, sizeof v);
    return v;
}

std::uint32_t load32(const std::uint8_t* p) {
    std::uint32_t v;
    std::memcpy(&v, p, sizeof v);
    return v;
}

// Fewer than 8 bytes. By size: a memcpy of unknown length is a call, which for short messages costs
// more than the sum.
std::uint64_t sum_tail(const std::uint8_t* p, std::size_t n) {
    std::uint64_t sum = 0;
    if ((n & 4) != 0) {
        sum += load32(p);
        p += 4;
    }
    if ((n & 2) != 0) {
        std::uint16_t v;
        std::memcpy(&v, p, sizeof v);
        sum += v;
        p += 2;
    }
    return (n & 1) != 0 ? sum + *p : sum;  // the odd byte is the first of its word
}

std::uint64_t sum_bytes(Bytes bytes) {
    const std::uint8_t* p = bytes.data();
    std::size_t n = bytes.size();
    // Four sums, as each addition would otherwise wait for the carry of the one before.
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    std::uint64_t c = 0;
    std::uint64_t d = 0;
    for (; n >= 32; n -= 32, p += 32) {
        a = add_carry(a, load64(p));
        b = add_carry(b, load64(p + 8));
        c = add_carry(c, load64(p + 16));
        d = add_carry(d, load64(p + 24));
    }
    for (; n >= 8; n -= 8, p += 8) {
        a = add_carry(a, load64(p));
    }
    b = add_carry(b, sum_tail(p, n));
    return add_carry(add_carry(a, b), add_carry(c, d));
}

}  // namespace

void Checksum::add_long(Bytes bytes) {
    const std::uint64_t sum = sum_bytes(bytes);
    // After an odd number of bytes every byte is in the other half of its word: RFC 1071 section 2
    // (B), byte order.
    add_word(odd_ ? std::rotl(sum, 8) : sum);
    odd_ = odd_ != ((bytes.size() & 1) != 0);
}

std::uint16_t checksum_update(std::uint16_t checksum, std::uint16_t before, std::uint16_t after) {
    const std::uint64_t sum = static_cast<std::uint64_t>(static_cast<std::uint16_t>(~checksum)) +
                              static_cast<std::uint16_t>(~before) + after;
    return static_cast<std::uint16_t>(~Checksum::fold(sum));
}

std::uint16_t checksum_update32(std::uint16_t checksum, std::uint32_t before, std::uint32_t after) {
    const std::uint16_t high = checksum_update(checksum, static_cast<std::uint16_t>(before >> 16),
                                               static_cast<std::uint16_t>(after >> 16));
    return checksum_update(high, static_cast<std::uint16_t>(before),
                           static_cast<std::uint16_t>(after));
}

}  // namespace sluice
