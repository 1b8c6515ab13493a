// SPDX-License-Identifier: Apache-2.0
// threshold.config, with the precedence that Suricata documents between it and rules.
#include "signatures/compile/threshold_file.h"

#include <gtest/gtest.h>

namespace sluice::compile {
namespace {

using bundle::FilterKind;
using bundle::ThresholdKind;
using bundle::TrackBy;

struct Applied {
    explicit Applied(const std::string& text) {
        for (const std::uint32_t sid : {1U, 2U, 3U}) {
            bundle::Rule r;
            r.sid = sid;
            r.gid = sid == 3 ? 5 : 1;
            model.rules.push_back(r);
        }
        model.rules[1].threshold = {ThresholdKind::kBoth, TrackBy::kDestination, 7, 8};
        apply_thresholds(text, "t.config", default_compile_options(), model, problems);
    }

    std::string reason() const { return problems.empty() ? "" : problems[0].reason; }

    const bundle::Threshold& threshold(std::size_t i) const { return model.rules[i].threshold; }

    bundle::Model model;
    std::vector<lang::Problem> problems;
};

TEST(ThresholdFile, OneRule) {
    const Applied a(
        "# comment\n\n"
        "threshold gen_id 1, sig_id 2, type limit, track by_src, count 1, seconds 60\n");
    EXPECT_EQ(a.reason(), "");
    EXPECT_EQ(a.threshold(1), (bundle::Threshold{ThresholdKind::kLimit, TrackBy::kSource, 1, 60}))
        << "it replaces the rule's own";
    EXPECT_EQ(a.threshold(0).kind, ThresholdKind::kNone);
}

TEST(ThresholdFile, AllRulesKeepTheirOwn) {
    const Applied a(
        "event_filter gen_id 0, sig_id 0, type both, track by_rule, count 3, seconds 4\n");
    EXPECT_EQ(a.reason(), "");
    EXPECT_EQ(a.threshold(0).count, 3U);
    EXPECT_EQ(a.threshold(1).count, 7U);
    EXPECT_EQ(a.threshold(2).count, 3U);
    const Applied group(
        "threshold gen_id 5, sig_id 0, type limit, track by_both, count 3, seconds 4\n");
    EXPECT_EQ(group.threshold(0).kind, ThresholdKind::kNone);
    EXPECT_EQ(group.threshold(2).track, TrackBy::kBoth);
}

TEST(ThresholdFile, Suppress) {
    const Applied a(
        "suppress gen_id 1, sig_id 1\n"
        "suppress gen_id 1, sig_id 1, track by_dst, ip [10.0.0.0/8,!10.1.0.0/16,$HOME_NET]\n"
        "suppress gen_id 0, sig_id 0, track by_either, ip 192.0.2.1\n");
    EXPECT_EQ(a.reason(), "");
    ASSERT_EQ(a.model.rules[0].filters.size(), 3U);
    EXPECT_EQ(a.model.rules[0].filters[0].track, TrackBy::kRule);
    EXPECT_EQ(a.model.rules[0].filters[1].track, TrackBy::kDestination);
    EXPECT_EQ(a.model.addresses.at(a.model.rules[0].filters[1].addresses).size(), 4U);
    ASSERT_EQ(a.model.rules[2].filters.size(), 1U);
    EXPECT_EQ(a.model.rules[2].filters[0].track, TrackBy::kBoth);
}

TEST(ThresholdFile, Rate) {
    const Applied a(
        "rate_filter gen_id 1, sig_id 1, track by_src, count 100, seconds 60, new_action drop, "
        "timeout 30\n");
    EXPECT_EQ(a.reason(), "");
    const bundle::Filter& f = a.model.rules[0].filters.at(0);
    EXPECT_EQ(f.kind, FilterKind::kRate);
    EXPECT_EQ(f.action, bundle::Action::kDrop);
    EXPECT_EQ(f.timeout, 30U);
}

TEST(ThresholdFile, Problems) {
    struct Case {
        const char* line;
        const char* reason;
    };

    const Case cases[] = {
        {"nonsense", "threshold, event_filter, rate_filter or suppress expected"},
        {"suppress gen_id 1", "sig_id is missing"},
        {"suppress gen_id 1, sig_id 9", "no rule has this gen_id and sig_id"},
        {"suppress gen_id 1, sig_id x", "sig_id 'x' is not a number"},
        {"suppress gen_id 1, sig_id 1, track by_src", "ip is missing"},
        {"suppress gen_id 1, sig_id 1, track by_dst, ip nonsense", "ip: "},
        {"suppress gen_id 1, gen_id 1, sig_id 1", "names with values between commas expected"},
        {"threshold gen_id 1, sig_id 1, type limit, track by_src, count 0, seconds 1",
         "count is 0"},
        {"threshold gen_id 1, sig_id 1, type foo, track by_src, count 1, seconds 1",
         "type cannot be 'foo'"},
        {"threshold gen_id 1, sig_id 1, type both, track by_src, count 1, seconds 1, x 1",
         "'x' does not belong here"},
    };
    for (const Case& c : cases) {
        const Applied a(std::string("\n") + c.line + "\n");
        ASSERT_EQ(a.problems.size(), 1U) << c.line;
        EXPECT_EQ(a.reason().substr(0, std::string_view(c.reason).size()), c.reason) << c.line;
        EXPECT_EQ(a.problems[0].where.line, 2U);
        EXPECT_EQ(a.problems[0].where.file, "t.config");
    }
}

TEST(ThresholdFile, ALineAboutNoRuleIsToldApartFromAWrongOne) {
    const Applied a("suppress gen_id 1, sig_id 77\nsuppress gen_id 1\n");
    ASSERT_EQ(a.problems.size(), 2U);
    EXPECT_TRUE(a.problems[0].unsupported);
    EXPECT_FALSE(a.problems[1].unsupported);
}

}  // namespace
}  // namespace sluice::compile
