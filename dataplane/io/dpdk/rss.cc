// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/dpdk/rss.h"

#include <rte_thash.h>

namespace sluice::io {
namespace {

constexpr int kTuples = 256;
constexpr std::size_t kV4Words = 3;  // addresses, ports
constexpr std::size_t kV6Words = 9;

constexpr std::uint32_t swap_halves(std::uint32_t ports) {
    return (ports << 16) | (ports >> 16);
}

}  // namespace

std::array<std::uint8_t, kRssKeyBytes> symmetric_rss_key() {
    std::array<std::uint8_t, kRssKeyBytes> key{};
    for (std::size_t i = 0; i < key.size(); i += 2) {
        key[i] = 0x6d;
        key[i + 1] = 0x5a;
    }
    return key;
}

bool rss_key_is_symmetric(const std::array<std::uint8_t, kRssKeyBytes>& key) {
    std::uint32_t x = 0x12345678;
    const auto next = [&x] { return x = x * 1664525U + 1013904223U; };
    for (int i = 0; i < kTuples; ++i) {
        std::array<std::uint32_t, kV4Words> there = {next(), next(), next()};
        std::array<std::uint32_t, kV4Words> back = {there[1], there[0], swap_halves(there[2])};
        if (rte_softrss(there.data(), kV4Words, key.data()) !=
            rte_softrss(back.data(), kV4Words, key.data())) {
            return false;
        }
        std::array<std::uint32_t, kV6Words> there6{};
        for (std::uint32_t& word : there6) {
            word = next();
        }
        std::array<std::uint32_t, kV6Words> back6 = there6;
        for (std::size_t w = 0; w < 4; ++w) {
            back6[w] = there6[w + 4];
            back6[w + 4] = there6[w];
        }
        back6[8] = swap_halves(there6[8]);
        if (rte_softrss(there6.data(), kV6Words, key.data()) !=
            rte_softrss(back6.data(), kV6Words, key.data())) {
            return false;
        }
    }
    return true;
}

}  // namespace sluice::io
