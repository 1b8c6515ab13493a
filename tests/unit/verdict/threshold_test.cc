// SPDX-License-Identifier: Apache-2.0
#include "dataplane/verdict/threshold.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::verdict {
namespace {

bundle::Rule rule_with(bundle::ThresholdKind kind, std::uint32_t count, std::uint32_t secs) {
    bundle::Rule r;
    r.sid = 1;
    r.threshold = {kind, bundle::TrackBy::kSource, count, secs};
    return r;
}

ThresholdSubject from(std::uint8_t last) {
    ThresholdSubject s;
    s.src.bytes[15] = last;
    return s;
}

// One letter a match: A alert, s silent, . ignored. Times in seconds.
std::string run(ThresholdTable& table, const bundle::Rule& rule, const std::vector<int>& times,
                std::uint8_t source = 1) {
    std::string out;
    for (const int t : times) {
        switch (table.check(rule, from(source), seconds(1000 + t)).result) {
            case ThresholdResult::kAlert:
                out += 'A';
                break;
            case ThresholdResult::kSilent:
                out += 's';
                break;
            case ThresholdResult::kIgnore:
                out += '.';
                break;
        }
    }
    return out;
}

TEST(Threshold, KindsAsSuricataMeansThem) {
    struct Case {
        const char* name;
        bundle::ThresholdKind kind;
        std::uint32_t count;
        std::uint32_t secs;
        std::vector<int> times;
        const char* expected;
    };

    const std::vector<Case> cases = {
        {"limit", bundle::ThresholdKind::kLimit, 2, 10, {0, 1, 2, 10, 11, 12}, "AAssAA"},
        {"threshold", bundle::ThresholdKind::kThreshold, 3, 10, {0, 1, 2, 3, 4, 5}, "..A..A"},
        {"both", bundle::ThresholdKind::kBoth, 2, 10, {0, 1, 2, 11, 12, 13}, ".As.As"},
        {"detection_filter",
         bundle::ThresholdKind::kDetectionFilter,
         2,
         10,
         {0, 1, 2, 3, 20},
         "..AA."},
        {"window is inclusive", bundle::ThresholdKind::kLimit, 1, 10, {0, 10, 11}, "AsA"},
        {"none", bundle::ThresholdKind::kNone, 0, 0, {0, 0}, "AA"},
    };
    for (const Case& c : cases) {
        ThresholdTable table(64);
        EXPECT_EQ(run(table, rule_with(c.kind, c.count, c.secs), c.times), c.expected) << c.name;
    }
}

TEST(Threshold, AddressesAreCountedApart) {
    ThresholdTable table(64);
    const bundle::Rule rule = rule_with(bundle::ThresholdKind::kLimit, 1, 60);
    EXPECT_EQ(run(table, rule, {0, 1}, 1), "As");
    EXPECT_EQ(run(table, rule, {2, 3}, 2), "As");
}

TEST(Threshold, AFullBucketForgetsTheOldestAndSaysSo) {
    ThresholdTable table(8);
    const bundle::Rule rule = rule_with(bundle::ThresholdKind::kLimit, 1, 1000);
    for (std::uint8_t i = 1; i <= 9; ++i) {
        EXPECT_EQ(run(table, rule, {i}, i), "A");
    }
    EXPECT_EQ(table.displaced(), 1U);
    EXPECT_EQ(run(table, rule, {20}, 9), "s") << "the newest is still known";
    EXPECT_EQ(run(table, rule, {21}, 1), "A") << "the oldest was forgotten";
}

TEST(Threshold, ASecondOneComesAfterTheFirst) {
    ThresholdTable table(64);
    bundle::Rule rule = rule_with(bundle::ThresholdKind::kThreshold, 2, 60);
    bundle::Filter limit;
    limit.threshold = bundle::ThresholdKind::kLimit;
    limit.count = 1;
    limit.seconds = 600;
    rule.filters = {limit};
    // Every other match passes the first, of those one in 600 s the second.
    EXPECT_EQ(run(table, rule, {0, 1, 2, 3, 4, 5}), ".A.s.s");
}

TEST(Threshold, ARateTurnsTheActionRound) {
    ThresholdTable table(64);
    bundle::Rule rule;
    rule.sid = 1;
    bundle::Filter rate;
    rate.kind = bundle::FilterKind::kRate;
    rate.count = 2;
    rate.seconds = 10;
    rate.timeout = 30;
    rate.action = bundle::Action::kDrop;
    rule.filters = {rate};
    const auto action = [&](int t) { return table.check(rule, from(1), seconds(1000 + t)).action; };
    EXPECT_EQ(action(0), bundle::Action::kAlert);
    EXPECT_EQ(action(1), bundle::Action::kAlert);
    EXPECT_EQ(action(2), bundle::Action::kDrop) << "the third within 10 s";
    EXPECT_EQ(action(32), bundle::Action::kDrop);
    EXPECT_EQ(action(33), bundle::Action::kAlert) << "over after 30 s";
    EXPECT_EQ(action(50), bundle::Action::kAlert);
    EXPECT_EQ(table.check(rule, from(2), seconds(1002)).action, bundle::Action::kAlert)
        << "another source";
}

}  // namespace
}  // namespace sluice::verdict
