// SPDX-License-Identifier: Apache-2.0
#include "dataplane/detect/byte_search.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace sluice::detect {
namespace {

Bytes bytes(const std::string& s) {
    return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}

std::string lower(std::string s) {
    for (char& c : s) {
        c = static_cast<char>(to_lower(static_cast<std::uint8_t>(c)));
    }
    return s;
}

TEST(Finder, FindsAtEveryPlaceOfEveryLength) {
    for (std::size_t size = 1; size < 40; ++size) {
        const std::string needle = std::string(size - 1, 'x') + "Q";
        const Finder exact(bytes(needle), false);
        const std::string folded = lower(needle);
        const Finder any_case(bytes(folded), true);
        for (std::size_t at = 0; at < 70; ++at) {
            const std::string text = std::string(at, '.') + needle + std::string(3, '.');
            const std::string other = std::string(at, '.') + lower(needle);
            EXPECT_EQ(exact.find(bytes(text).data(), text.size()), at);
            EXPECT_EQ(any_case.find(bytes(other).data(), other.size()), at);
            EXPECT_EQ(exact.find(bytes(other).data(), other.size()), Finder::kNone);
            EXPECT_EQ(exact.find(bytes(text).data(), at + size - 1), Finder::kNone);
        }
    }
}

TEST(Finder, EmptyNeedleIsAtTheStart) {
    const Finder f(Bytes{}, false);
    EXPECT_EQ(f.find(nullptr, 0), 0U);
}

TEST(Finder, OnlyAsciiLettersFold) {
    const std::string needle = "[{";
    const Finder f(bytes(needle), true);
    const std::string text = "{[[{";
    EXPECT_EQ(f.find(bytes(text).data(), text.size()), 2U);
}

TEST(Finder, AgreesWithTheScalarSearch) {
    std::mt19937 rng(20260101);
    for (int round = 0; round < 20000; ++round) {
        const std::string alphabet = round % 3 == 0   ? "ab"
                                     : round % 3 == 1 ? "aAbB"
                                                      : std::string("a\0\xff[", 4);
        const auto random_text = [&](std::size_t n) {
            std::string s;
            for (std::size_t i = 0; i < n; ++i) {
                s += alphabet[rng() % alphabet.size()];
            }
            return s;
        };
        const bool nocase = rng() % 2 == 0;
        std::string needle = random_text(1 + rng() % 9);
        if (nocase) {
            needle = lower(needle);
        }
        const std::string text = random_text(rng() % 90);
        const Finder f(bytes(needle), nocase);
        ASSERT_EQ(f.find(bytes(text).data(), text.size()),
                  f.find_scalar(bytes(text).data(), text.size()))
            << "round " << round << " needle " << needle << " text " << text;
    }
}

}  // namespace
}  // namespace sluice::detect
