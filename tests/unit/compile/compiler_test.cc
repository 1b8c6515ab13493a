// SPDX-License-Identifier: Apache-2.0
#include "signatures/compile/compiler.h"

#include "signatures/bundle/writer.h"
#include "tests/unit/compile/hs_scan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace sluice::compile {
namespace {

constexpr const char* kRules =
    "alert http any any -> any any (msg:\"uri\"; flow:established,to_server; http.uri; "
    "content:\"/xq7zzk\"; "
    "reference:cve,2021-31166; sid:1; rev:2;)\n"
    "drop tcp any any -> any 445 (msg:\"smb\"; flow:established,to_server; "
    "content:\"|ff|SMBxqzv\"; sid:2; rev:1;)\n"
    "alert icmp any any -> any any (msg:\"icmp\"; itype:8; sid:3;)\n"
    "alert tcp any any -> any any (msg:\"reader\"; flowbits:isset,b; content:\"zzqq77\"; sid:4;)\n"
    "alert tcp any any -> any any (msg:\"setter\"; content:\"kkvv55\"; flowbits:set,b; sid:5;)\n";

CompileInput input_of(std::string text) {
    CompileInput input;
    input.sources.push_back({"test.rules", std::move(text), SourceKind::kRules});
    input.manifest.version = 7;
    input.manifest.created_at = 1700000000;
    return input;
}

std::vector<std::uint32_t> sids(const bundle::Model& model) {
    std::vector<std::uint32_t> out;
    for (const bundle::Rule& rule : model.rules) {
        out.push_back(rule.sid);
    }
    return out;
}

std::vector<std::uint8_t> bundle_of(const CompileOutput& output) {
    const auto bytes = bundle::write_bundle(output.model, bundle::SecretKey::from_seed({}));
    EXPECT_TRUE(bytes.ok()) << (bytes.ok() ? "" : bytes.error().to_string());
    return bytes.ok() ? bytes.value() : std::vector<std::uint8_t>{};
}

TEST(Compiler, OrdersRulesAndFillsEveryTable) {
    const CompileOutput out = compile_sources(input_of(kRules));
    EXPECT_EQ(out.rules, 5U);
    EXPECT_EQ(out.compiled, 5U);
    EXPECT_TRUE(out.problems.empty());
    ASSERT_EQ(out.model.rules.front().sid, 2U) << "drop comes first";
    const auto order = sids(out.model);
    EXPECT_LT(std::find(order.begin(), order.end(), 5U), std::find(order.begin(), order.end(), 4U));
    EXPECT_EQ(out.model.packet_rules.size(), 1U);
    EXPECT_FALSE(out.model.manifest.hs_version.empty());
    ASSERT_EQ(out.model.coverage.size(), 1U);
    EXPECT_EQ(out.model.coverage[0].cve, "CVE-2021-31166");
    EXPECT_EQ(out.model.coverage[0].status, "covered");
    EXPECT_FALSE(bundle_of(out).empty());
}

TEST(Compiler, SameInputSameBytes) {
    CompileInput input = input_of(kRules);
    input.threads = 1;
    const auto one = bundle_of(compile_sources(input));
    input.threads = 4;
    const auto four = bundle_of(compile_sources(input));
    EXPECT_EQ(one, four);
}

TEST(Compiler, ProblemsNameFileLineAndSidAndCountOnce) {
    const CompileOutput out = compile_sources(
        input_of("alert tcp any any -> any any (msg:\"ok\"; content:\"abcdef\"; sid:1;)\n"
                 "alert tcp any any -> any any (msg:\"bad\"; nonsense:1; sid:2;)\n"
                 "alert mqtt any any -> any any (msg:\"later\"; mqtt.type:CONNECT; sid:3;)\n"));
    EXPECT_EQ(out.rules, 3U);
    EXPECT_EQ(out.compiled, 1U);
    EXPECT_EQ(out.invalid, 1U);
    EXPECT_EQ(out.unsupported, 1U);
    ASSERT_EQ(out.problems.size(), 2U);
    EXPECT_EQ(out.problems[0].where.file, "test.rules");
    EXPECT_EQ(out.problems[0].where.line, 2U);
    EXPECT_EQ(out.problems[0].sid, 2U);
    EXPECT_EQ(out.problems[1].where.line, 3U);
    EXPECT_TRUE(out.problems[1].unsupported);
}

TEST(Compiler, HigherRevisionOfAnotherFileWins) {
    CompileInput input =
        input_of("alert tcp any any -> any any (msg:\"old\"; content:\"abcdef\"; sid:1; rev:3;)\n");
    input.sources.push_back(
        {"b.rules",
         "alert tcp any any -> any any (msg:\"new\"; content:\"abcdef\"; sid:1; rev:4;)\n",
         SourceKind::kRules});
    input.sources.push_back(
        {"c.rules",
         "alert tcp any any -> any any (msg:\"stale\"; content:\"abcdef\"; sid:1; rev:2;)\n",
         SourceKind::kRules});
    const CompileOutput out = compile_sources(input);
    ASSERT_EQ(out.model.rules.size(), 1U);
    EXPECT_EQ(out.model.rules[0].msg, "new");
    ASSERT_EQ(out.problems.size(), 1U);
    EXPECT_EQ(out.problems[0].where.file, "c.rules");
}

TEST(Compiler, NothingIsAValidBundleToo) {
    const CompileOutput out = compile_sources(input_of("# no rules\n"));
    EXPECT_EQ(out.rules, 0U);
    EXPECT_FALSE(bundle_of(out).empty());
}

TEST(Compiler, BrokenGuidanceIsAProblemNotACrash) {
    CompileInput input = input_of("");
    input.sources.push_back({"g.toml", "this is = not [ toml", SourceKind::kGuidance});
    const CompileOutput out = compile_sources(input);
    EXPECT_GE(out.problems.size(), 1U);
    EXPECT_TRUE(out.model.rules.empty());
}

TEST(Compiler, ProgressTellsOfEveryFile) {
    CompileInput input = input_of(kRules);
    std::set<std::string> steps;
    input.progress = [&](std::string_view step, std::size_t, std::size_t) { steps.emplace(step); };
    compile_sources(input);
    EXPECT_EQ(steps.count("test.rules"), 1U);
    EXPECT_EQ(steps.count("databases"), 1U);
}

TEST(GuidanceSids, OnePlacePerCve) {
    const std::uint32_t a = guidance_sid_base("CVE-2021-31166");
    EXPECT_EQ(a, guidance_sid_base("CVE-2021-31166"));
    EXPECT_EQ(guidance_sid_base("CVE-2021-31167"), a + 16);
    EXPECT_LT(guidance_sid_base("CVE-2000-0"), guidance_sid_base("CVE-2099-999999"));
    for (const char* bad : {"", "CVE-", "CVE-2021", "CVE-2021-", "CVE-1999-1", "CVE-2021-1000000",
                            "CVE-2021-1x", "cve-2021-1"}) {
        EXPECT_EQ(guidance_sid_base(bad), 0U) << bad;
    }
}

}  // namespace
}  // namespace sluice::compile
