// SPDX-License-Identifier: Apache-2.0
#include "signatures/compile/pcre_check.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace sluice::compile {
namespace {

struct Case {
    const char* pattern;
    std::uint32_t flags;
    bool whole_buffer;
    bool in_pieces;
};

TEST(PcreCheck, Table) {
    PcreCheck check;
    for (const Case& c : {
             Case{"[a-f0-9]{32}", 0, true, true},
             Case{"^/[a-f0-9]{32}$", 0, true, false},             // anchors need the ends
             Case{"foo.*bar", bundle::kPcreDotAll, true, false},  // longer than the overlap
             Case{"[a-f0-9]{64}", 0, true, false},
             Case{"\\bword", 0, true, false},
             Case{"a*", 0, false, false},  // may be empty
             Case{"(unclosed", 0, false, false},
             Case{"(a)\\1{2,}x", 0, true, false},  // back reference: a prefilter form exists
             Case{"foo(?=bar)", 0, true, false},
             Case{"abc # comment\ndef", bundle::kPcreExtended, true, true},
             Case{"abc", bundle::kPcreAnchored, true, false},
         }) {
        EXPECT_EQ(check.usable({c.pattern, c.flags}, false), c.whole_buffer) << c.pattern;
        EXPECT_EQ(check.usable({c.pattern, c.flags}, true), c.in_pieces) << c.pattern;
    }
}

// Seconds of Hyperscan when left alone.
const bundle::Pcre kSlow{"x.{0,4000}y.{0,4000}z.{0,4000}w", 0};

TEST(PcreCheck, WhatTakesTooLongIsGivenUpAndSaid) {
    PcreCheck check(20);
    EXPECT_FALSE(check.usable(kSlow, false));
    EXPECT_TRUE(check.usable({"abc[0-9]{64}d", 0}, false));  // long, and quick
    EXPECT_TRUE(check.usable({"abc[0-9]d", 0}, true));
    std::size_t over = 0;
    for (const PcreCost& cost : check.costs()) {
        over += cost.over_budget ? 1U : 0U;
        EXPECT_EQ(cost.over_budget, cost.pattern == kSlow.pattern) << cost.pattern;
    }
    EXPECT_EQ(over, 1U);
}

TEST(PcreCheck, AnswersAreRememberedButNotThatTimeRanOut) {
    struct Cache final : DatabaseCache {
        std::optional<std::vector<std::uint8_t>> find(const std::string&) override { return value; }

        void store(const std::string&, const std::vector<std::uint8_t>& v) override { value = v; }

        std::optional<std::vector<std::uint8_t>> value;
    } cache;

    const std::vector<bundle::Pcre> asked = {
        {"abc\n7 3 1[0-9]d", 0}, {"a*", 0}, {"^x[0-9]y", bundle::kPcreCaseless}};
    std::vector<bool> answers;
    {
        PcreCheck check(20, &cache);
        for (const bundle::Pcre& pcre : asked) {
            answers.push_back(check.usable(pcre, true));
            answers.push_back(check.usable(pcre, false));
        }
        EXPECT_FALSE(check.usable(kSlow, false));
    }
    ASSERT_TRUE(cache.value.has_value());
    std::vector<bool> again;
    PcreCheck check(20, &cache);
    for (const bundle::Pcre& pcre : asked) {
        again.push_back(check.usable(pcre, true));
        again.push_back(check.usable(pcre, false));
    }
    EXPECT_EQ(answers, again);
    for (const PcreCost& cost : check.costs()) {
        EXPECT_TRUE(cost.remembered);
    }
    EXPECT_EQ(check.costs().size(), asked.size());
    EXPECT_FALSE(check.usable(kSlow, false));
    EXPECT_EQ(check.costs().size(), asked.size() + 1);
    // Half of it is as good as nothing.
    cache.value->resize(cache.value->size() / 2);
    PcreCheck half(0, &cache);
    EXPECT_EQ(half.usable(asked[2], false), answers[5]);
}

TEST(PcreCheck, HugeOrZeroBytesAreLeftOut) {
    PcreCheck check;
    EXPECT_FALSE(check.usable({std::string(5000, 'a'), 0}, false));
    EXPECT_FALSE(check.usable({std::string("a\0b", 3), 0}, false));
}

TEST(PcreCheck, AnchoredKeepsItsAnchorUnderMultiline) {
    const HsExpression e = hs_expression("a|b", bundle::kPcreAnchored | bundle::kPcreMultiline);
    EXPECT_EQ(e.text, "\\A(?:a|b)");
    const HsExpression extended =
        hs_expression("a # x", bundle::kPcreAnchored | bundle::kPcreExtended);
    EXPECT_EQ(extended.text, "(?x)\\A(?:a # x\n)");
}

}  // namespace
}  // namespace sluice::compile
