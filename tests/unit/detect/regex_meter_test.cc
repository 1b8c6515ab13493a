// SPDX-License-Identifier: Apache-2.0
// Callouts that measure a regular expression: where they stand, that they change no answer, and
// that the work of any expression ends with the budget.
#include "dataplane/detect/regex_meter.h"

#include "dataplane/detect/regex_set.h"
#include "tests/unit/detect/detect_bench.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace sluice::detect {
namespace {

std::string with_callouts(std::string_view pattern, bool extended = false) {
    return metered(pattern, extended).value_or("none");
}

TEST(RegexMeter, CalloutsStandBehindWhatCanBeTakenBack) {
    EXPECT_EQ(with_callouts("abc[a-z]\\d"), "abc[a-z]\\d");
    EXPECT_EQ(with_callouts("a+b"), "a+(?C)b");
    EXPECT_EQ(with_callouts("a*?b++c?"), "a*?(?C)b++(?C)c?(?C)");
    EXPECT_EQ(with_callouts("[]a]{2,}[^]]{3}x{2,3}y{2,2}"), "[]a]{2,}(?C)[^]]{3}x{2,3}(?C)y{2,2}");
    EXPECT_EQ(with_callouts("x{,3}{a}"), "x{,3}{a}");  // no quantifiers
    EXPECT_EQ(with_callouts("(ab)(a|b)"), "(ab)(a|b)(?C)");
    EXPECT_EQ(with_callouts("(?:a+)+$"), "(?:a+(?C))+(?C254)$");
    EXPECT_EQ(with_callouts("(?<n>a)(?P=n)(?<=x|y)(?i)(?!z*)"),
              "(?<n>a)(?P=n)(?<=x|y)(?C)(?i)(?!z*(?C))");
    EXPECT_EQ(with_callouts("\\x{41}+\\k{n}*\\c(+\\(+"),
              "\\x{41}+(?C)\\k{n}*(?C)\\c(+(?C)\\(+(?C)");
    EXPECT_EQ(with_callouts("[[:alpha:]]+[\\]+]+"), "[[:alpha:]]+(?C)[\\]+]+(?C)");
}

TEST(RegexMeter, LongRepeatsThatMayFailArePaidAhead) {
    EXPECT_EQ(with_callouts("a[^x]{64}"), "a(?C4)[^x]{64}");
    EXPECT_EQ(with_callouts("a.{100000,}b"), "a(?C200).{100000,}(?C)b");
    EXPECT_EQ(with_callouts("((?:ab){8}c)"), "((?C2)(?:ab){8}(?C254)c)");
}

TEST(RegexMeter, BlanksMeanNothingInExtendedPatterns) {
    EXPECT_EQ(with_callouts("a + b # c+\n [ ]+", true), "a +(?C) b # c+\n [ ]+(?C)");
    EXPECT_EQ(with_callouts("a #", true), "a #");
}

TEST(RegexMeter, OtherSyntaxIsLeftToPcre) {
    for (const char* p : {"(?(1)a|b)", "(*COMMIT)a+", "\\Qa+\\E", "[\\Q+\\E]", "(?#x)a+", "(?x)a +",
                          "(?C1)a", "(a", "a)", "[a", "\\"}) {
        EXPECT_EQ(with_callouts(p), "none") << p;
    }
}

// What PCRE2 says without any callout.
RegexMatch plain(const std::string& pattern, const std::string& subject) {
    int code = 0;
    PCRE2_SIZE where = 0;
    const std::basic_string<PCRE2_UCHAR> p(pattern.begin(), pattern.end());
    const std::basic_string<PCRE2_UCHAR> s(subject.begin(), subject.end());
    pcre2_code* re = pcre2_compile(p.c_str(), p.size(), 0, &code, &where, nullptr);
    EXPECT_NE(re, nullptr) << pattern;
    pcre2_match_data* data = pcre2_match_data_create(1, nullptr);
    RegexMatch out;
    if (pcre2_match(re, s.c_str(), s.size(), 0, 0, data, nullptr) >= 0) {
        const PCRE2_SIZE* span = pcre2_get_ovector_pointer(data);
        out = {RegexOutcome::kMatch, span[0], span[1], false};
    }
    pcre2_match_data_free(data);
    pcre2_code_free(re);
    return out;
}

TEST(RegexMeter, NoAnswerChanges) {
    const std::vector<std::string> patterns{"a+b",
                                            "(a|b)+?c",
                                            "(?:a+b?)+c",
                                            "a{2,3}?b",
                                            "(?>a+)b",
                                            "a++b?",
                                            "(a*)\\1c",
                                            "(?=a+b)a",
                                            "(?!a*c)[ab]+c",
                                            "(?<=a|b)c+",
                                            "(?:a|ab)(?:c|bcd)?$",
                                            "^(?:[ab]{2})+c",
                                            "\\b[a-c]+\\b",
                                            "(?<n>a|b)(?P=n)+",
                                            "(?(?=a)ab|c)+",
                                            "(?i)A+\\x62",
                                            "[^c]{16,}",
                                            "(?:ab){4,}c*",
                                            "(?x) a + # c\n b",
                                            "(?|a(b)|(c))\\1*"};
    std::vector<bundle::Pcre> set;
    for (const std::string& p : patterns) {
        set.push_back({p, 0});
    }
    RegexSet regexes;
    ASSERT_TRUE(regexes.load(set, {}));
    RegexMatcher matcher;
    std::mt19937 random(7);
    for (int round = 0; round < 400; ++round) {
        std::string subject;
        for (std::size_t n = random() % 40; n > 0; --n) {
            subject += "aabbc "[random() % 6];
        }
        for (std::uint32_t i = 0; i < patterns.size(); ++i) {
            const RegexMatch got = matcher.match(regexes, i, {test::as_bytes(subject)});
            const RegexMatch want = plain(patterns[i], subject);
            ASSERT_EQ(got.outcome == RegexOutcome::kMatch, want.outcome == RegexOutcome::kMatch)
                << patterns[i] << " on " << subject;
            ASSERT_EQ(got.start, want.start) << patterns[i] << " on " << subject;
            ASSERT_EQ(got.end, want.end) << patterns[i] << " on " << subject;
        }
    }
}

class RegexBudget : public testing::Test {
  protected:
    static constexpr std::uint32_t kBudget = 50'000;

    RegexOutcome run(const std::string& pattern, const std::string& subject) {
        RegexSet regexes;
        EXPECT_TRUE(regexes.load({{pattern, 0}}, {}));
        matcher_.refill(kBudget);
        return matcher_.match(regexes, 0, {test::as_bytes(subject)}).outcome;
    }

    std::uint32_t used() const { return kBudget - matcher_.left(); }

    RegexMatcher matcher_;
};

TEST_F(RegexBudget, BombsEndWithIt) {
    const std::string many(16384, 'a');
    for (const char* bomb : {"(\\w+)\\s*[:=]", "(?:a|b){1,40}(?:a|b){1,40}[cd]", "a[^x]{2000}[yz]",
                             "(?:[a-c]a){300}[yz]", "(?(?=a)a+|b)[cd]"}) {
        EXPECT_EQ(run(bomb, many), RegexOutcome::kBudget) << bomb;
        EXPECT_EQ(used(), kBudget) << bomb;
    }
    EXPECT_EQ(run("a", "a"), RegexOutcome::kMatch);  // the next packet has its own
}

TEST_F(RegexBudget, OrAtTheMatchLimitOfOnePlace) {
    const std::string many(16384, 'a');
    for (const char* bomb : {"[^x]*[yz]", "(?:a|b)*[cd]", "(?=.*[yz])a", "(a+)+(?:y|z)"}) {
        const RegexOutcome outcome = run(bomb, many);
        EXPECT_TRUE(outcome == RegexOutcome::kLimit || outcome == RegexOutcome::kBudget) << bomb;
        EXPECT_GT(used(), 16384U / kMeterTried) << bomb;
        EXPECT_LE(used(), kBudget) << bomb;
    }
}

TEST_F(RegexBudget, WorkIsProportional) {
    const auto work = [this](std::size_t size) {
        EXPECT_EQ(run("(\\w+)\\s*[:=]", std::string(size, 'a')), RegexOutcome::kNoMatch);
        return used();
    };
    const std::uint32_t small = work(200);
    const std::uint32_t large = work(800);
    EXPECT_GT(large, 4 * small);  // every beginning runs to the end
    EXPECT_LT(large, 16 * small);
    EXPECT_EQ(work(800), large);
}

TEST_F(RegexBudget, IsSharedUntilRefilled) {
    RegexSet regexes;
    ASSERT_TRUE(regexes.load({{"a+[bc]", 0}, {"a", 0}}, {}));
    const std::string text = "aaaa";
    matcher_.refill(6);
    EXPECT_EQ(matcher_.match(regexes, 1, {test::as_bytes(text)}).outcome, RegexOutcome::kMatch);
    const std::uint32_t left = matcher_.left();
    EXPECT_LT(left, 9U);
    EXPECT_EQ(matcher_.match(regexes, 0, {test::as_bytes(text)}).outcome, RegexOutcome::kNoMatch);
    EXPECT_LT(matcher_.left(), left);
    EXPECT_EQ(matcher_.match(regexes, 0, {test::as_bytes(text)}).outcome, RegexOutcome::kBudget);
    EXPECT_EQ(matcher_.match(regexes, 1, {test::as_bytes(text)}).outcome, RegexOutcome::kBudget);
    matcher_.cut_to(100);
    EXPECT_EQ(matcher_.left(), 0U);
}

}  // namespace
}  // namespace sluice::detect
