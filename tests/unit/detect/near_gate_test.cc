// SPDX-License-Identifier: Apache-2.0
#include "dataplane/detect/near_gate.h"

#include "dataplane/detect/byte_search.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace sluice::detect {
namespace {

using Rng = std::mt19937_64;

Bytes bytes(const std::string& s) {
    const void* first = s.data();
    return {static_cast<const std::uint8_t*>(first), s.size()};
}

struct Text {
    std::string text;
    bool nocase = false;
    std::int64_t first_end = 0;  // of its last byte
    std::int64_t last_end = 0;
};

NearGate::Literal literal_of(const Text& t) {
    const bool two = t.text.size() > 1;
    return {.last = static_cast<std::uint8_t>(t.text.back()),
            .before = static_cast<std::uint8_t>(two ? t.text[t.text.size() - 2] : '\0'),
            .two = two,
            .nocase = t.nocase,
            .first_place = t.first_end,
            .last_place = t.last_end};
}

char random_byte(Rng& rng) {
    constexpr char kAlphabet[] = {'\0', 'a', 'A', 'b', 'B', 'z', '{', '[', '\x80', '\xff'};
    return kAlphabet[rng() % sizeof kAlphabet];
}

Text random_literal(Rng& rng) {
    Text t;
    for (std::size_t n = 1 + rng() % 4; n != 0; --n) {
        t.text += random_byte(rng);
    }
    t.nocase = rng() % 2 == 0;
    const auto least = static_cast<std::int64_t>(t.text.size()) - 1;
    t.first_end = least + static_cast<std::int64_t>(rng() % 20);
    t.last_end = std::min<std::int64_t>(NearGate::kReach - 1,
                                        t.first_end + static_cast<std::int64_t>(rng() % 12));
    return t;
}

bool same(char a, char b, bool nocase) {
    const auto x = static_cast<std::uint8_t>(a);
    const auto y = static_cast<std::uint8_t>(b);
    return nocase ? to_lower(x) == to_lower(y) : x == y;
}

// Whether it lies in region as it may, byte by byte.
bool lies_in(const Text& t, const std::string& region, std::size_t from) {
    for (std::size_t at = 0; at + t.text.size() <= region.size(); ++at) {
        const auto end = static_cast<std::int64_t>(from + at + t.text.size() - 1);
        bool equal = end >= t.first_end && end <= t.last_end;
        for (std::size_t i = 0; equal && i < t.text.size(); ++i) {
            equal = same(region[at + i], t.text[i], t.nocase);
        }
        if (equal) {
            return true;
        }
    }
    return false;
}

TEST(NearGate, NeverMissesALiteral) {
    Rng rng(7);
    std::size_t there = 0;
    std::size_t kept_out = 0;
    for (int round = 0; round < 20000; ++round) {
        std::vector<Text> texts(1 + rng() % 12);
        std::vector<NearGate::Literal> literals;
        for (Text& t : texts) {
            t = random_literal(rng);
            literals.push_back(literal_of(t));
        }
        const NearGate gate(literals);
        const std::size_t from = rng() % NearGate::kReach;
        std::string region(rng() % (NearGate::kReach - from + 1), '.');
        for (char& c : region) {
            c = rng() % 3 == 0 ? random_byte(rng) : '.';
        }
        if (const Text& t = texts[0]; rng() % 2 == 0 && t.text.size() <= region.size()) {
            region.replace(rng() % (region.size() - t.text.size() + 1), t.text.size(), t.text);
        }
        bool found = false;
        for (const Text& t : texts) {
            found = found || lies_in(t, region, from);
        }
        const bool passes = gate.may_hit(bytes(region), from);
        ASSERT_TRUE(passes || !found) << "round " << round;
        there += found ? 1U : 0U;
        kept_out += passes ? 0U : 1U;
    }
    EXPECT_GT(there, 3000U);
    EXPECT_GT(kept_out, 3000U);
}

TEST(NearGate, LooksAtBothBytesCaseAndPlace) {
    const std::vector<NearGate::Literal> literals = {literal_of({"GeT", true, 2, 4}),
                                                     literal_of({"\x05", false, 0, 9})};
    const NearGate gate(literals);
    EXPECT_TRUE(gate.may_hit(bytes("get"), 0));
    EXPECT_TRUE(gate.may_hit(bytes("..GET"), 0));
    EXPECT_FALSE(gate.may_hit(bytes("...GET"), 0)) << "too late";
    EXPECT_TRUE(gate.may_hit(bytes(".......\x05"), 2));
    EXPECT_FALSE(gate.may_hit(bytes("........\x05"), 2)) << "counted from the buffer's start";
    EXPECT_FALSE(gate.may_hit(bytes("g.t"), 0));
    EXPECT_FALSE(gate.may_hit(bytes("ge"), 0)) << "its end is not here yet";
    EXPECT_FALSE(gate.may_hit(Bytes(), 0));
}

TEST(NearGate, ZerosBehindTheRegionAreNoBytesOfIt) {
    const std::vector<NearGate::Literal> literals = {
        literal_of({std::string(2, '\0'), false, 1, 31})};
    const NearGate gate(literals);
    EXPECT_TRUE(gate.may_hit(bytes(std::string(2, '\0')), 0));
    EXPECT_FALSE(gate.may_hit(bytes("ab"), 0));
}

}  // namespace
}  // namespace sluice::detect
