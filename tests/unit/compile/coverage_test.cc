// SPDX-License-Identifier: Apache-2.0
#include "signatures/compile/coverage.h"

#include <gtest/gtest.h>

namespace sluice::compile {
namespace {

bundle::Model model_with(std::uint32_t sid, const char* cve) {
    bundle::Model model;
    bundle::Rule rule;
    rule.sid = sid;
    rule.cves = {cve};
    model.rules = {rule, rule};
    return model;
}

TEST(Coverage, RulesCoverTheirCves) {
    bundle::Model model = model_with(9, "CVE-2021-1");
    EXPECT_TRUE(fill_coverage(model, {}).empty());
    ASSERT_EQ(model.coverage.size(), 1U);
    EXPECT_EQ(model.coverage[0].sids, (std::vector<std::uint32_t>{9}));
    EXPECT_FALSE(model.coverage[0].required);
}

TEST(Coverage, RequiredWithoutARuleIsToldWhateverTheStatus) {
    bundle::Model model = model_with(9, "CVE-2021-1");
    const auto missing =
        fill_coverage(model, {{"CVE-2021-2", "covered", true, "g"},
                              {"CVE-2021-3", "not-network-detectable", false, "g"}});
    ASSERT_EQ(missing.size(), 1U);
    EXPECT_EQ(missing[0].cve, "CVE-2021-2");
    ASSERT_EQ(model.coverage.size(), 3U);
    EXPECT_EQ(model.coverage[1].status, "pending") << "nothing is covered without a rule";
    EXPECT_EQ(model.coverage[2].status, "not-network-detectable");
}

TEST(Coverage, RequiredMarksTheRules) {
    bundle::Model model = model_with(9, "CVE-2021-1");
    EXPECT_TRUE(fill_coverage(model, {{"CVE-2021-1", "partial", true, "g"}}).empty());
    EXPECT_EQ(model.coverage[0].status, "partial");
    EXPECT_TRUE(model.coverage[0].required);
    EXPECT_TRUE(model.rules[0].required);
    EXPECT_TRUE(model.rules[1].required);
}

}  // namespace
}  // namespace sluice::compile
