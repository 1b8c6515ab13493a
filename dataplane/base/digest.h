// SPDX-License-Identifier: Apache-2.0
// MD5 (RFC 1321), SHA-1 and SHA-256 (FIPS 180-4), as fingerprints and rule transforms want them:
// names for bytes, no protection against anybody. update() as often as needed, then finish() once.
// No allocation, no tables outside the code; one thread per object.
#pragma once

#include "dataplane/base/cursor.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice {

// The three share their framing: blocks of 64 bytes, a 1 bit, zeros, the length in bits.
template <typename Algorithm>
class Digest {
  public:
    static constexpr std::size_t kSize = Algorithm::kWords * sizeof(std::uint32_t);
    using Value = std::array<std::uint8_t, kSize>;

    void update(Bytes in);

    Value finish();

    static Value of(Bytes in) {
        Digest d;
        d.update(in);
        return d.finish();
    }

  private:
    static constexpr std::size_t kBlock = 64;

    std::array<std::uint32_t, Algorithm::kWords> state_ = Algorithm::kStart;
    std::array<std::uint8_t, kBlock> tail_{};
    std::uint64_t length_ = 0;
};

struct Md5Algorithm {
    static constexpr std::size_t kWords = 4;
    static constexpr bool kBigEndian = false;
    static constexpr std::array<std::uint32_t, kWords> kStart = {0x67452301, 0xefcdab89, 0x98badcfe,
                                                                 0x10325476};
    static void block(std::array<std::uint32_t, kWords>& state, const std::uint8_t* in);
};

struct Sha1Algorithm {
    static constexpr std::size_t kWords = 5;
    static constexpr bool kBigEndian = true;
    static constexpr std::array<std::uint32_t, kWords> kStart = {0x67452301, 0xefcdab89, 0x98badcfe,
                                                                 0x10325476, 0xc3d2e1f0};
    static void block(std::array<std::uint32_t, kWords>& state, const std::uint8_t* in);
};

struct Sha256Algorithm {
    static constexpr std::size_t kWords = 8;
    static constexpr bool kBigEndian = true;
    static constexpr std::array<std::uint32_t, kWords> kStart = {0x6a09e667, 0xbb67ae85, 0x3c6ef372,
                                                                 0xa54ff53a, 0x510e527f, 0x9b05688c,
                                                                 0x1f83d9ab, 0x5be0cd19};
    static void block(std::array<std::uint32_t, kWords>& state, const std::uint8_t* in);
};

using Md5 = Digest<Md5Algorithm>;
using Sha1 = Digest<Sha1Algorithm>;
using Sha256 = Digest<Sha256Algorithm>;

extern template class Digest<Md5Algorithm>;
extern template class Digest<Sha1Algorithm>;
extern template class Digest<Sha256Algorithm>;

}  // namespace sluice
