// SPDX-License-Identifier: Apache-2.0
#include "tools/sluice/summary.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace sluice::cli {
namespace {

compile::CompileOutput with_problems() {
    compile::CompileOutput out;
    out.rules = 4;
    out.unsupported = 1;
    out.invalid = 3;
    for (std::uint32_t i = 0; i < 3; ++i) {
        lang::Problem p;
        p.where = {"a.rules", i + 1, 5};
        p.sid = 100 + i;
        p.reason = "unknown keyword 'k" + std::to_string(i) + "'";
        out.problems.push_back(p);
    }
    lang::Problem later;
    later.reason = "protocol dns is not inspected by this version";
    later.unsupported = true;
    out.problems.push_back(later);
    return out;
}

TEST(Summary, ReasonsThatDifferInAQuotedWordAreOneGroup) {
    ::testing::internal::CaptureStdout();
    print_problems(with_problems(), 2);
    const std::string text = ::testing::internal::GetCapturedStdout();
    EXPECT_NE(text.find("3 x invalid: unknown keyword '...'"), std::string::npos) << text;
    EXPECT_NE(text.find("a.rules:1:5: sid 100"), std::string::npos);
    EXPECT_NE(text.find("and 1 more"), std::string::npos);
    EXPECT_LT(text.find("invalid:"), text.find("unsupported: protocol"));
}

TEST(Summary, JsonSurvivesBytesThatAreNoText) {
    compile::CompileOutput out = with_problems();
    out.problems[0].reason = "unknown keyword '\xff\xfe\x01'";
    const auto j = nlohmann::json::parse(problems_json(out));
    EXPECT_EQ(j["problems"].size(), 4U);
}

TEST(Summary, FindingsAreWhatMakesRulesUnfit) {
    compile::CompileOutput out;
    EXPECT_FALSE(has_findings(out));
    out.unsupported = 5;
    EXPECT_FALSE(has_findings(out));
    out.uncovered_required = {"CVE-2021-1"};
    EXPECT_TRUE(has_findings(out));
}

}  // namespace
}  // namespace sluice::cli
