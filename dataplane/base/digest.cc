// SPDX-License-Identifier: Apache-2.0
#include "dataplane/base/digest.h"

#include "dataplane/base/byte_order.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace sluice {
namespace {

// REQUIRES: 4 bytes at p
std::uint32_t le32_at(const std::uint8_t* p) {
    std::uint32_t v;
    std::memcpy(&v, p, sizeof v);
    return v;
}

std::uint32_t be32_at(const std::uint8_t* p) {
    return byte_swap(le32_at(p));
}

// floor(2^32 * |sin(i + 1)|), RFC 1321 section 3.4.
constexpr std::array<std::uint32_t, 64> kMd5Sines = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};

constexpr std::array<std::array<int, 4>, 4> kMd5Shifts = {
    {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}}};

// First 32 bits of the fractional parts of the cube roots of the first 64 primes, FIPS 180-4
// section 4.2.2.
constexpr std::array<std::uint32_t, 64> kSha256Roots = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

}  // namespace

void Md5Algorithm::block(std::array<std::uint32_t, kWords>& state, const std::uint8_t* in) {
    std::array<std::uint32_t, 16> m;
    for (std::size_t i = 0; i < m.size(); ++i) {
        m[i] = le32_at(in + 4 * i);
    }
    auto [a, b, c, d] = state;
    for (std::size_t i = 0; i < 64; ++i) {
        std::uint32_t f = 0;
        std::size_t g = i;
        switch (i / 16) {
            case 0:
                f = (b & c) | (~b & d);
                break;
            case 1:
                f = (d & b) | (~d & c);
                g = 5 * i + 1;
                break;
            case 2:
                f = b ^ c ^ d;
                g = 3 * i + 5;
                break;
            default:
                f = c ^ (b | ~d);
                g = 7 * i;
                break;
        }
        const std::uint32_t sum = a + f + kMd5Sines[i] + m[g % 16];
        a = d;
        d = c;
        c = b;
        b += std::rotl(sum, kMd5Shifts[i / 16][i % 4]);
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
}

void Sha1Algorithm::block(std::array<std::uint32_t, kWords>& state, const std::uint8_t* in) {
    std::array<std::uint32_t, 80> w;
    for (std::size_t i = 0; i < 16; ++i) {
        w[i] = be32_at(in + 4 * i);
    }
    for (std::size_t i = 16; i < w.size(); ++i) {
        w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    }
    auto [a, b, c, d, e] = state;
    for (std::size_t i = 0; i < w.size(); ++i) {
        std::uint32_t f = 0;
        std::uint32_t k = 0;
        if (i < 20) {
            f = (b & c) | (~b & d);
            k = 0x5a827999;
        } else if (i < 40) {
            f = b ^ c ^ d;
            k = 0x6ed9eba1;
        } else if (i < 60) {
            f = (b & c) | (b & d) | (c & d);
            k = 0x8f1bbcdc;
        } else {
            f = b ^ c ^ d;
            k = 0xca62c1d6;
        }
        const std::uint32_t t = std::rotl(a, 5) + f + e + k + w[i];
        e = d;
        d = c;
        c = std::rotl(b, 30);
        b = a;
        a = t;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

void Sha256Algorithm::block(std::array<std::uint32_t, kWords>& state, const std::uint8_t* in) {
    std::array<std::uint32_t, 64> w;
    for (std::size_t i = 0; i < 16; ++i) {
        w[i] = be32_at(in + 4 * i);
    }
    for (std::size_t i = 16; i < w.size(); ++i) {
        const std::uint32_t x = w[i - 15];
        const std::uint32_t y = w[i - 2];
        w[i] = w[i - 16] + (std::rotr(x, 7) ^ std::rotr(x, 18) ^ (x >> 3)) + w[i - 7] +
               (std::rotr(y, 17) ^ std::rotr(y, 19) ^ (y >> 10));
    }
    std::array<std::uint32_t, kWords> s = state;
    for (std::size_t i = 0; i < w.size(); ++i) {
        const std::uint32_t a = s[0];
        const std::uint32_t e = s[4];
        const std::uint32_t t1 = s[7] + (std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25)) +
                                 ((e & s[5]) ^ (~e & s[6])) + kSha256Roots[i] + w[i];
        const std::uint32_t t2 = (std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22)) +
                                 ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
        std::copy_backward(s.begin(), s.end() - 1, s.end());
        s[4] += t1;
        s[0] = t1 + t2;
    }
    for (std::size_t i = 0; i < s.size(); ++i) {
        state[i] += s[i];
    }
}

template <typename Algorithm>
void Digest<Algorithm>::update(Bytes in) {
    std::size_t have = length_ % kBlock;
    length_ += in.size();
    if (have != 0) {
        const std::size_t n = std::min(kBlock - have, in.size());
        std::copy_n(in.begin(), n, tail_.begin() + static_cast<std::ptrdiff_t>(have));
        in = in.subspan(n);
        have += n;
        if (have < kBlock) {
            return;
        }
        Algorithm::block(state_, tail_.data());
    }
    for (; in.size() >= kBlock; in = in.subspan(kBlock)) {
        Algorithm::block(state_, in.data());
    }
    std::copy(in.begin(), in.end(), tail_.begin());
}

template <typename Algorithm>
typename Digest<Algorithm>::Value Digest<Algorithm>::finish() {
    constexpr std::size_t kLengthAt = kBlock - sizeof(std::uint64_t);
    const std::uint64_t bits = Algorithm::kBigEndian ? byte_swap(length_ * 8) : length_ * 8;
    std::size_t have = length_ % kBlock;
    tail_[have++] = 0x80;
    if (have > kLengthAt) {
        std::fill(tail_.begin() + static_cast<std::ptrdiff_t>(have), tail_.end(), std::uint8_t{0});
        Algorithm::block(state_, tail_.data());
        have = 0;
    }
    std::fill(tail_.begin() + static_cast<std::ptrdiff_t>(have), tail_.end(), std::uint8_t{0});
    std::memcpy(tail_.data() + kLengthAt, &bits, sizeof bits);
    Algorithm::block(state_, tail_.data());
    Value out;
    for (std::size_t i = 0; i < state_.size(); ++i) {
        const std::uint32_t word = Algorithm::kBigEndian ? byte_swap(state_[i]) : state_[i];
        std::memcpy(out.data() + 4 * i, &word, sizeof word);
    }
    return out;
}

template class Digest<Md5Algorithm>;
template class Digest<Sha1Algorithm>;
template class Digest<Sha256Algorithm>;

}  // namespace sluice
