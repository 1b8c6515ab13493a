// SPDX-License-Identifier: Apache-2.0
#include "signatures/compile/emit.h"

#include "tests/unit/compile/hs_scan.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>

namespace sluice::compile {
namespace {

using testing::Hits;
using testing::scan;

Pattern literal(std::string bytes, bool nocase = false) {
    Pattern p;
    p.bytes = std::move(bytes);
    p.nocase = nocase;
    return p;
}

Pattern regex(std::string text, std::uint32_t flags = 0) {
    Pattern p;
    p.bytes = std::move(text);
    p.is_pcre = true;
    p.pcre_flags = flags;
    return p;
}

DbPlan plan(std::vector<Pattern> patterns) {
    DbPlan out;
    std::uint32_t rule = 0;
    for (Pattern& p : patterns) {
        out.patterns.push_back(std::move(p));
        out.rules.push_back({{rule++, 0, 0, 0, out.patterns.back().is_pcre}});
    }
    return out;
}

bundle::PrefilterDb emit(DbPlan p) {
    auto result = emit_databases({std::move(p)}, 1);
    EXPECT_TRUE(result.ok());
    return std::move(std::move(result).value().front());
}

TEST(Emit, EveryHitOfALiteralIsReported) {
    const bundle::PrefilterDb db =
        emit(plan({literal("abc"), literal("XyZ", true), literal(std::string("a\0b", 3))}));
    EXPECT_EQ(scan(db, "abcabc xyz XYZ"), (Hits{{0, 3}, {0, 6}, {1, 10}, {1, 14}}));
    EXPECT_EQ(scan(db, std::string_view("..a\0b", 5)), (Hits{{2, 5}}));
    EXPECT_EQ(db.pattern_length, (std::vector<std::uint8_t>{3, 3, 3}));
    EXPECT_EQ(db.pattern_first, (std::vector<std::uint32_t>{0, 1, 2, 3}));
}

TEST(Emit, LiteralsThatLookLikeRegexStayLiterals) {
    for (const bool mixed : {false, true}) {
        std::vector<Pattern> patterns = {literal("a.c*(|[\\"), literal("$^\n")};
        if (mixed) {
            patterns.push_back(regex("zz[0-9]+"));
        }
        const bundle::PrefilterDb db = emit(plan(patterns));
        EXPECT_EQ(scan(db, "abc a.c*(|[\\ $^\n"), (Hits{{0, 12}, {1, 16}}));
    }
}

TEST(Emit, PcreAndLiteralsShareADatabase) {
    const bundle::PrefilterDb db =
        emit(plan({literal("abc"), regex("^/[a-f]{4}$", bundle::kPcreCaseless)}));
    EXPECT_EQ(db.pattern_length, (std::vector<std::uint8_t>{3, 0}));
    EXPECT_EQ(testing::candidates(db, "/AbCd"), (std::set<std::uint32_t>{1}));
}

TEST(Emit, RefusedPcreMakesItsRulesAlways) {
    const bundle::PrefilterDb db = emit(plan({literal("abc"), regex("(unclosed")}));
    EXPECT_EQ(db.always, (std::vector<std::uint32_t>{1}));
    EXPECT_EQ(db.pattern_length.size(), 1U);
    EXPECT_EQ(scan(db, "abc"), (Hits{{0, 3}}));
}

TEST(Emit, NoPatternsIsNoDatabase) {
    DbPlan only_always;
    only_always.always = {4, 9};
    const bundle::PrefilterDb db = emit(only_always);
    EXPECT_TRUE(db.serialized.empty());
    EXPECT_EQ(db.pattern_first, (std::vector<std::uint32_t>{0}));
    EXPECT_EQ(db.always, (std::vector<std::uint32_t>{4, 9}));
}

TEST(Emit, SameBytesWithAnyNumberOfThreads) {
    std::vector<DbPlan> plans;
    for (int i = 0; i < 6; ++i) {
        std::vector<Pattern> patterns;
        for (int k = 0; k < 50 * (i + 1); ++k) {
            patterns.push_back(literal("lit" + std::to_string(k * 7919 + i), k % 2 == 0));
        }
        plans.push_back(plan(patterns));
    }
    const auto one = emit_databases(plans, 1);
    const auto three = emit_databases(plans, 3);
    ASSERT_TRUE(one.ok() && three.ok());
    ASSERT_EQ(one.value().size(), 6U);
    for (std::size_t i = 0; i < 6; ++i) {
        EXPECT_EQ(one.value()[i].serialized, three.value()[i].serialized);
    }
}

struct MapCache final : DatabaseCache {
    std::optional<std::vector<std::uint8_t>> find(const std::string& content) override {
        const auto it = entries.find(content);
        return it == entries.end() ? std::nullopt : std::optional(it->second);
    }

    void store(const std::string& content, const std::vector<std::uint8_t>& value) override {
        entries[content] = value;
    }

    std::map<std::string, std::vector<std::uint8_t>> entries;
};

TEST(Emit, TheCacheGivesTheSameBytesAndOnlyForTheSamePatterns) {
    const std::vector<DbPlan> plans = {plan({literal("abc"), literal("de", true)}),
                                       plan({literal("abc"), regex("x[0-9]y")})};
    MapCache cache;
    std::vector<EmitCost> costs;
    const auto first = emit_databases(plans, 1, &cache, &costs);
    ASSERT_TRUE(first.ok());
    EXPECT_FALSE(costs[0].remembered || costs[1].remembered);
    EXPECT_EQ(cache.entries.size(), 2U);
    const auto again = emit_databases(plans, 1, &cache, &costs);
    ASSERT_TRUE(again.ok());
    EXPECT_TRUE(costs[0].remembered && costs[1].remembered);
    EXPECT_EQ(first.value(), again.value());
    // Case, kind, flags, and where one text ends and the next begins.
    for (const DbPlan& other :
         {plan({literal("abc"), literal("de")}), plan({literal("abcd"), literal("e", true)}),
          plan({regex("abc"), literal("de", true)}), plan({literal("abc")}),
          plan({literal("abc"), regex("x[0-9]y", bundle::kPcreCaseless)})}) {
        ASSERT_TRUE(emit_databases({other}, 1, &cache, &costs).ok());
        EXPECT_FALSE(costs[0].remembered);
    }
}

TEST(Emit, NothingToDo) {
    const auto none = emit_databases({}, 2);
    ASSERT_TRUE(none.ok());
    EXPECT_TRUE(none.value().empty());
}

}  // namespace
}  // namespace sluice::compile
