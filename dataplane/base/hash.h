// SPDX-License-Identifier: Apache-2.0
// Hashes. mix64 is a finaliser (murmur3/splitmix family), fast and good enough for tables; keyed
// use (seed from the OS) keeps an outsider from aiming at one bucket. hash_bytes is FNV-1a 64
// finished with mix64, for names. Any thread.
#pragma once

#include "dataplane/base/cursor.h"

#include <cstdint>
#include <string_view>

namespace sluice {

constexpr std::uint64_t mix64(std::uint64_t x) {
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9ULL;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebULL;
    x ^= x >> 31;
    return x;
}

constexpr std::uint64_t hash_bytes(std::string_view s) {
    std::uint64_t h = 0xcbf29ce484222325ULL;
    for (char c : s) {
        h ^= static_cast<unsigned char>(c);
        h *= 0x100000001b3ULL;
    }
    return mix64(h);
}

}  // namespace sluice
