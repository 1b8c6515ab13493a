// SPDX-License-Identifier: Apache-2.0
// Semantics of contents, isdataat and pcre over one buffer, mostly cases of Suricata's own tests
// retold.
#include "dataplane/detect/content_match.h"

#include "tests/unit/detect/detect_bench.h"
#include "tests/unit/detect/model_maker.h"

#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>

namespace sluice::detect {
namespace {

using test::RuleMaker;

constexpr Outcome kYes = Outcome::kMatch;
constexpr Outcome kNo = Outcome::kNoMatch;
constexpr Outcome kWait = Outcome::kWait;

struct Case {
    const char* name;
    std::function<void(RuleMaker&)> rule;
    std::string buffer;
    Outcome complete;     // nothing follows
    Outcome open = kYes;  // more may follow; kYes: not asked
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
    return out << c.name << " on '" << c.buffer << "'";
}

EvalResult run(const std::function<void(RuleMaker&)>& write, const std::string& buffer,
               bool complete, packet::ReasonCounters& reasons, std::uint32_t budget = 3000) {
    test::ModelMaker maker;
    RuleMaker rule = maker.rule(1);
    rule.flow(bundle::kRulePacket);
    write(rule);
    const test::Installed in = test::build(maker.finish());
    const EngineRec& engine = in.rules->engine(0);
    // Contents that supply the prefilter are judged as if they did not: here every occurrence
    // counts.
    std::vector<Step> steps(in.rules->steps().begin(), in.rules->steps().end());
    for (Step& s : steps) {
        s.traits &= ~std::uint32_t{kStepCovered};
    }
    EvalContext context{in.rules->regexes(),
                        in.scratch->matcher,
                        in.scratch->frames,
                        in.scratch->vars,
                        reasons,
                        budget,
                        in.scratch->decoded};
    const EvalView view{test::as_bytes(buffer), 0, 0, complete};
    return evaluate(std::span(steps).subspan(engine.first_step, engine.step_count), view, context);
}

class ContentMatch : public testing::TestWithParam<Case> {};

TEST_P(ContentMatch, AsSuricata) {
    packet::ReasonCounters reasons{};
    const Case& c = GetParam();
    EXPECT_EQ(run(c.rule, c.buffer, true, reasons).outcome, c.complete);
    if (c.open != kYes) {
        EXPECT_EQ(run(c.rule, c.buffer, false, reasons).outcome, c.open);
    }
}

#define RULE(x) [](RuleMaker& r) { r x; }

INSTANTIATE_TEST_SUITE_P(
    Absolute, ContentMatch,
    testing::Values(
        Case{"plain", RULE(.content("abc")), "xxabcxx", kYes},
        Case{"absent", RULE(.content("abc")), "xxabxx", kNo, kWait},
        Case{"nocase", RULE(.content("aBc").nocase()), "xxAbCxx", kYes},
        Case{"case matters", RULE(.content("aBc")), "xxAbCxx", kNo},
        Case{"offset", RULE(.content("abc").offset(1)), "abcxabc", kYes},
        Case{"offset beyond", RULE(.content("abc").offset(5)), "abcxabc", kNo, kWait},
        Case{"depth", RULE(.content("abc").depth(3)), "abc", kYes},
        Case{"depth short", RULE(.content("abc").depth(3)), "xabc", kNo, kNo},
        Case{"offset and depth", RULE(.content("abc").offset(2).depth(3)), "xxabc", kYes},
        Case{"offset and depth missed", RULE(.content("abc").offset(2).depth(3)), "xxxabc", kNo,
             kNo},
        Case{"startswith", RULE(.content("abc").startswith()), "abcd", kYes},
        Case{"startswith not", RULE(.content("abc").startswith()), "xabcd", kNo, kNo},
        Case{"startswith not yet", RULE(.content("abc").startswith()), "ab", kNo, kWait},
        Case{"endswith", RULE(.content("abc").endswith()), "abcxabc", kYes, kWait},
        Case{"endswith not", RULE(.content("abc").endswith()), "abcxabcx", kNo, kWait},
        Case{"both ends", RULE(.content("abc").startswith().endswith()), "abc", kYes},
        Case{"both ends, longer", RULE(.content("abc").startswith().endswith()), "abcabc", kNo},
        Case{"independent contents, any order", RULE(.content("two").content("one")), "one two",
             kYes},
        Case{"same content may match one place", RULE(.content("one").content("one")), "one", kYes},
        Case{"negated absent", RULE(.content("a").content("zzz").negated()), "a b c", kYes, kWait},
        Case{"negated present", RULE(.content("a").content("b").negated()), "a b c", kNo, kNo},
        Case{"negated beyond depth", RULE(.content("abc").negated().depth(4)), "xxabc", kYes},
        Case{"negated within depth", RULE(.content("abc").negated().depth(5)), "xxabc", kNo, kNo},
        Case{"negated bounded, all there", RULE(.content("x").content("abc").negated().depth(4)),
             "xxabc", kYes},
        Case{"negated bounded, not all there",
             RULE(.content("x").content("abc").negated().depth(10)), "xxxxx", kYes, kWait},
        Case{"negated offset beyond the end", RULE(.content("abc").negated().offset(20)), "abc",
             kYes, kWait},
        Case{"negated endswith", RULE(.content("x").content("abc").negated().endswith()), "xabcx",
             kYes, kWait},
        Case{"negated endswith there", RULE(.content("x").content("abc").negated().endswith()),
             "xabcabc", kNo, kWait},
        Case{"negated startswith", RULE(.content("x").content("abc").negated().startswith()), "abx",
             kYes},
        Case{"negated startswith there", RULE(.content("x").content("abc").negated().startswith()),
             "abcx", kNo}));

INSTANTIATE_TEST_SUITE_P(
    Relative, ContentMatch,
    testing::Values(
        Case{"distance 0", RULE(.content("one").content("two").distance(0)), "onetwo", kYes},
        Case{"distance 0, before", RULE(.content("one").content("two").distance(0)), "two one", kNo,
             kWait},
        Case{"distance 1", RULE(.content("one").content("two").distance(1)), "onetwo", kNo, kWait},
        Case{"distance 1, gap", RULE(.content("one").content("two").distance(1)), "one two", kYes},
        Case{"within", RULE(.content("one").content("two").within(4)), "one two", kYes},
        Case{"within too far", RULE(.content("one").content("two").within(3)), "one two", kNo},
        Case{"within counts from distance",
             RULE(.content("one").content("two").distance(2).within(3)), "one..two", kYes},
        Case{"within and distance, late",
             RULE(.content("one").content("two").distance(2).within(3)), "one...two", kNo},
        Case{"within and distance, early",
             RULE(.content("one").content("two").distance(2).within(3)), "one.two", kNo},
        Case{"negative distance", RULE(.content("two").content("one").distance(-6)), "onetwo",
             kYes},
        Case{"negative distance, too short", RULE(.content("two").content("one").distance(-5)),
             "onetwo", kNo},
        Case{"negative distance before the start",
             RULE(.content("one").content("one").distance(-20)), "one", kYes},
        Case{"negative distance and within",
             RULE(.content("two").content("one").distance(-6).within(3)), "onetwo", kYes},
        Case{"backtrack to the next first",
             RULE(.content("one").content("two").distance(0).within(3)), "one one onetwo", kYes},
        Case{"backtrack over three",
             RULE(.content("a").content("b").distance(0).within(1).content("c").distance(0).within(
                 1)),
             "ab abx abc", kYes},
        Case{"backtrack fails",
             RULE(.content("a").content("b").distance(0).within(1).content("c").distance(0).within(
                 1)),
             "ab abx ab c", kNo},
        Case{"overlapping occurrences", RULE(.content("aa").content("b").distance(0).within(1)),
             "aaab", kYes},
        Case{"new chain forgets the old",
             RULE(.content("a")
                      .content("b")
                      .distance(0)
                      .content("c")
                      .content("d")
                      .distance(0)
                      .within(1)),
             "c ab cd", kYes},
        Case{"relative at the start", RULE(.content("abc").distance(2).within(3)), "xxabc", kYes},
        Case{"relative at the start, late", RULE(.content("abc").distance(2).within(3)), "xxxabc",
             kNo},
        Case{"negated relative", RULE(.content("one").content("two").negated().within(4)),
             "one two", kNo, kWait},
        Case{"negated relative, free", RULE(.content("one").content("two").negated().within(4)),
             "one  two", kYes},
        Case{"negated relative, another first",
             RULE(.content("one").content("two").negated().within(4)), "one two one xxxx", kYes},
        Case{"negated relative, bytes missing",
             RULE(.content("one").content("two").negated().within(9)), "one xx", kYes, kWait},
        Case{"negated relative, all bytes there",
             RULE(.content("one").content("two").negated().within(3)), "one xx", kYes},
        Case{
            "negated between relatives",
            RULE(.content("GET").content("x").negated().distance(0).within(2).content("/").distance(
                0)),
            "GET /", kYes},
        Case{"nocase relative",
             RULE(.content("ONE").nocase().content("Two").nocase().distance(1).within(3)),
             "One tWO", kYes},
        Case{"endswith relative", RULE(.content("one").content("two").distance(0).endswith()),
             "one two x two", kYes, kWait},
        Case{"endswith within", RULE(.content("one").content("two").within(4).endswith()),
             "one xxx one two", kYes},
        Case{"endswith within, too far", RULE(.content("one").content("two").within(4).endswith()),
             "one xxx two", kNo}));

constexpr std::uint32_t kRel = bundle::kRelative;
constexpr std::uint32_t kNot = bundle::kNegated;

INSTANTIATE_TEST_SUITE_P(
    IsDataAt, ContentMatch,
    testing::Values(
        Case{"absolute there", RULE(.content("a").isdataat(4)), "abcde", kYes},
        Case{"absolute missing", RULE(.content("a").isdataat(5)), "abcde", kNo, kWait},
        Case{"relative there", RULE(.content("abc").isdataat(2, kRel)), "abcde", kYes},
        Case{"relative missing", RULE(.content("abc").isdataat(3, kRel)), "abcde", kNo, kWait},
        Case{"negated relative at the end", RULE(.content("cde").isdataat(1, kRel | kNot)), "abcde",
             kYes, kWait},
        Case{"negated relative not at the end", RULE(.content("bcd").isdataat(1, kRel | kNot)),
             "abcde", kNo},
        Case{"negated, later occurrence", RULE(.content("x").isdataat(1, kRel | kNot)), "x x",
             kYes},
        Case{"negated absolute", RULE(.content("a").isdataat(9, kNot)), "abcde", kYes, kWait},
        Case{"negated absolute, there", RULE(.content("a").isdataat(3, kNot)), "abcde", kNo, kNo}));

INSTANTIATE_TEST_SUITE_P(
    Pcre, ContentMatch,
    testing::Values(
        Case{"plain", RULE(.pcre("b+c")), "abbbc", kYes},
        Case{"none", RULE(.pcre("b+d")), "abbbc", kNo, kWait},
        Case{"negated", RULE(.content("a").pcre("zz", 0, kNot)), "abc", kYes, kWait},
        Case{"negated found", RULE(.content("a").pcre("bc", 0, kNot)), "abc", kNo, kNo},
        Case{"relative", RULE(.content("one").pcre("^two", 0, kRel)), "onetwo", kYes},
        Case{"relative retries the content", RULE(.content("one").pcre("^two", 0, kRel)),
             "one onetwo", kYes},
        Case{"relative, not at once", RULE(.content("one").pcre("^two", 0, kRel)), "one two", kNo},
        Case{"content after pcre", RULE(.pcre("o.e").content("two").distance(0).within(3)),
             "onetwo", kYes},
        Case{"content after a later pcre match",
             RULE(.pcre("o.e").content("two").distance(0).within(3)), "one oxetwo", kYes},
        Case{"content after pcre too far", RULE(.pcre("o.e").content("two").distance(0).within(3)),
             "one two", kNo},
        Case{"dollar waits for the end", RULE(.content("a").pcre("c$")), "abc", kYes, kWait},
        Case{"lookahead waits for what it forbids", RULE(.content("a").pcre("b(?!cd)")), "ab", kYes,
             kWait},
        Case{"word boundary waits", RULE(.content("a").pcre("ab\\b")), "ab", kYes, kWait},
        Case{"caseless", RULE(.pcre("ABC", bundle::kPcreCaseless)), "abc", kYes},
        Case{"two relative pcres", RULE(.pcre("a").pcre("^b", 0, kRel).pcre("^c", 0, kRel)),
             "ab a abc", kYes}));

bundle::Item byte(bundle::ItemKind kind, std::uint8_t nbytes, int offset, std::uint32_t flags) {
    bundle::Item i;
    i.kind = kind;
    i.nbytes = nbytes;
    i.offset = offset;
    i.flags = flags;
    return i;
}

bundle::Item extract(std::uint8_t nbytes, int offset, std::uint32_t flags, std::uint32_t var) {
    bundle::Item i = byte(bundle::ItemKind::kByteExtract, nbytes, offset, flags);
    i.var = var;
    return i;
}

INSTANTIATE_TEST_SUITE_P(
    Jumps, ContentMatch,
    testing::Values(
        Case{"jump then content",
             [](RuleMaker& r) {
                 r.content("L")
                     .item(byte(bundle::ItemKind::kByteJump, 1, 0, kRel))
                     .content("two")
                     .distance(0)
                     .within(3);
             },
             std::string("L\x03xxxtwo"), kYes},
        Case{"jump wrong, next occurrence right",
             [](RuleMaker& r) {
                 r.content("L")
                     .item(byte(bundle::ItemKind::kByteJump, 1, 0, kRel))
                     .content("two")
                     .distance(0)
                     .within(3);
             },
             std::string("L\x01xxL\x02xxtwo"), kYes},
        Case{"jump past the end",
             [](RuleMaker& r) {
                 r.content("L")
                     .item(byte(bundle::ItemKind::kByteJump, 1, 0, kRel))
                     .isdataat(1, kRel);
             },
             std::string("L\x09xx"), kNo, kWait},
        Case{"jump and isdataat",
             [](RuleMaker& r) {
                 r.content("L")
                     .item(byte(bundle::ItemKind::kByteJump, 1, 0, kRel))
                     .isdataat(1, kRel);
             },
             std::string("L\x01xx"), kYes},
        Case{"extract as distance",
             [](RuleMaker& r) {
                 r.content("L")
                     .item(extract(1, 0, kRel, 0))
                     .content("two")
                     .distance(0)
                     .within(3)
                     .flags(bundle::kDistanceVar);
             },
             std::string("L\x02xxtwo"), kYes},
        Case{"extract as depth",
             [](RuleMaker& r) {
                 r.item(extract(1, 0, 0, 1))
                     .content("two")
                     .offset(1)
                     .depth(1)
                     .flags(bundle::kDepthVar);
             },
             std::string("\x03two"), kYes},
        Case{"extract as depth, too small",
             [](RuleMaker& r) {
                 r.item(extract(1, 0, 0, 1))
                     .content("two")
                     .offset(1)
                     .depth(1)
                     .flags(bundle::kDepthVar);
             },
             std::string("\x02two"), kNo, kNo},
        Case{"extract as offset",
             [](RuleMaker& r) {
                 r.item(extract(1, 0, 0, 2)).content("two").offset(2).flags(bundle::kOffsetVar);
             },
             std::string("\x04twotwo"), kYes},
        Case{"extract as offset, beyond",
             [](RuleMaker& r) {
                 r.item(extract(1, 0, 0, 2)).content("two").offset(2).flags(bundle::kOffsetVar);
             },
             std::string("\x05twotwo"), kNo, kWait},
        Case{"retry feeds the variable again",
             [](RuleMaker& r) {
                 r.content("L")
                     .item(extract(1, 0, kRel, 0))
                     .content("two")
                     .offset(0)
                     .flags(bundle::kOffsetVar)
                     .depth(3);
             },
             std::string("L\x01L\x05xtwo"), kYes}));

TEST(ContentMatchLimits, BudgetEndsRunawayBacktracking) {
    packet::ReasonCounters reasons{};
    const std::string many(4000, 'a');
    const auto rule =
        RULE(.content("a").content("a").distance(1).content("a").distance(1).content("b").distance(
            0));
    EXPECT_EQ(run(rule, many, true, reasons).outcome, Outcome::kNoMatch);
    EXPECT_EQ(reasons[static_cast<std::size_t>(packet::Reason::detect_step_limit)], 1U);
}

TEST(ContentMatchLimits, PcreLimitIsCountedAndNoMatch) {
    packet::ReasonCounters reasons{};
    const std::string many(200, 'a');
    EXPECT_EQ(run(RULE(.pcre("(a+a+)+b(?=c)(a|b)*?x")), many, true, reasons).outcome,
              Outcome::kNoMatch);
    EXPECT_EQ(
        run(RULE(.pcre("((a|b)|(a|c))+((a|b)|(a|c))+d", 0, 0)), many + "e", true, reasons).outcome,
        Outcome::kNoMatch);
}

TEST(ContentMatchEnd, IsTheFurthestMatchedByte) {
    packet::ReasonCounters reasons{};
    EXPECT_EQ(run(RULE(.content("later").content("one")), "one later!", true, reasons).end, 9);
}

}  // namespace
}  // namespace sluice::detect
