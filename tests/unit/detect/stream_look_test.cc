// SPDX-License-Identifier: Apache-2.0
// Rules over a reassembled stream: the cut into segments must not matter, nor may the same bytes
// alert twice.
#include "tests/support/alloc_guard.h"
#include "tests/unit/detect/detect_bench.h"
#include "tests/unit/detect/model_maker.h"

#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>

namespace sluice::detect {
namespace {

using test::Bench;
using test::ModelMaker;
using test::RuleMaker;
using Sids = Bench::Sids;

struct Case {
    const char* name;
    std::function<void(RuleMaker&)> rule;
    std::string stream;
    int at;  // offset of the first byte after which it must have matched; -1: at the end of the
             // stream; -2: never
};

#define RULE(x) [](RuleMaker& r) { r x; }

const Case kCases[] = {
    {"one content", RULE(.content("attack")), "some attack here", 11},
    {"first byte", RULE(.content("attack")), "attack", 6},
    {"relative", RULE(.content("alpha").content("beta").distance(2).within(10)),
     "xx alpha....beta....", 16},
    {"relative, literal last", RULE(.content("be").distance(0).content("alpha")), "be alpha", 8},
    {"second chain first", RULE(.content("needle").content("before")), "before and needle.", 17},
    {"second chain later", RULE(.content("needle").content("after")), "needle and then after.", 21},
    {"backtracking", RULE(.content("ab").content("cd").distance(0).within(2)), "ab ab abcd", 10},
    {"nocase", RULE(.content("AtTaCk").nocase()), "some aTTacK.", 11},
    {"startswith", RULE(.content("GET").startswith()), "GET / HTTP", 3},
    {"startswith not", RULE(.content("GET").startswith()), " GET / HTTP", -2},
    {"depth", RULE(.content("host").depth(9)), "xxxxxhost", 9},
    {"depth missed", RULE(.content("host").depth(9)), "xxxxxxhost", -2},
    {"endswith", RULE(.content("tail").endswith()), "tail and tail", -1},
    {"endswith not", RULE(.content("tail").endswith()), "tail and tail.", -2},
    {"negated to the end", RULE(.content("open").content("close").negated()), "open ... nothing",
     -1},
    {"negated found", RULE(.content("open").content("close").negated()), "open ... close", -2},
    {"negated bounded", RULE(.content("open").content("close").negated().within(8)),
     "open ........ and more", 12},
    {"negated bounded found", RULE(.content("open").content("close").negated().within(8)),
     "open close ", -2},
    {"isdataat", RULE(.content("USER ").isdataat(10, bundle::kRelative)), "USER 0123456789", 15},
    {"no data after", RULE(.content("quit").isdataat(1, bundle::kRelative | bundle::kNegated)),
     "quit or quit", -1},
    {"pcre", RULE(.content("uri").pcre("^=[0-9]{4}x", 0, bundle::kRelative)), "uri uri=1234x", 13},
    {"pcre to the end", RULE(.content("uri").pcre("[0-9]$")), "uri=1234", -1},
    {"long content",
     RULE(.content("0123456789012345678901234567890123456789012345678901234567890123456789abc")),
     "..0123456789012345678901234567890123456789012345678901234567890123456789abc..", 75},
    {"overlapping hits", RULE(.content("aab").content("c").distance(0).within(1)), "aabaabaabc",
     10},
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
    return out << c.name;
}

class StreamCuts : public testing::TestWithParam<Case> {};

Sids feed(Bench& b, const std::string& stream, const std::vector<std::size_t>& cuts,
          std::size_t* matched_after) {
    Sids all;
    std::size_t from = 0;
    for (std::size_t i = 0; i <= cuts.size(); ++i) {
        const std::size_t to = i < cuts.size() ? cuts[i] : stream.size();
        const Sids now = b.stream(std::string_view(stream).substr(from, to - from));
        if (all.empty() && !now.empty()) {
            *matched_after = to;
        }
        all.insert(now.begin(), now.end());
        from = to;
    }
    const Sids last = b.stream("", true);
    if (all.empty() && !last.empty()) {
        *matched_after = stream.size() + 1;
    }
    all.insert(last.begin(), last.end());
    return all;
}

TEST_P(StreamCuts, EveryCutGivesTheSame) {
    const Case& c = GetParam();
    for (const std::size_t literal : {std::size_t{64}, std::size_t{3}}) {
        ModelMaker maker;
        maker.literal_length = literal;
        maker.literal_offset = literal == 3 ? 1 : 0;
        RuleMaker rule = maker.rule(1);
        rule.flow(bundle::kRuleStream);
        c.rule(rule);
        const auto model = maker.finish();
        std::vector<std::vector<std::size_t>> all_cuts;
        for (std::size_t a = 0; a <= c.stream.size(); ++a) {
            all_cuts.push_back({a});
            for (std::size_t b = a + 1; c.stream.size() < 18 && b < c.stream.size(); ++b) {
                all_cuts.push_back({a, b});
            }
        }
        std::vector<std::size_t> bytewise;
        for (std::size_t a = 1; a < c.stream.size(); ++a) {
            bytewise.push_back(a);
        }
        all_cuts.push_back(bytewise);
        for (const auto& cuts : all_cuts) {
            Bench fresh(test::build(model));
            std::size_t after = 0;
            const Sids got = feed(fresh, c.stream, cuts, &after);
            ASSERT_EQ(got.count(1), c.at == -2 ? 0U : 1U)
                << c.name << " literal " << literal << " cut " << cuts[0];
            if (c.at == -1) {
                EXPECT_EQ(after, c.stream.size() + 1) << c.name;
            } else if (c.at >= 0) {
                std::size_t expected = c.stream.size();
                for (auto it = cuts.rbegin(); it != cuts.rend(); ++it) {
                    expected = *it >= static_cast<std::size_t>(c.at) ? *it : expected;
                }
                EXPECT_EQ(after, expected)
                    << c.name << " literal " << literal << " cut " << cuts[0];
            }
            fresh.stage.release(fresh.flow);
            EXPECT_EQ(fresh.stage.store().pendings_in_use(), 0U);
            EXPECT_EQ(fresh.stage.store().states_in_use(), 0U);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Table, StreamCuts, testing::ValuesIn(kCases));

constexpr std::size_t kStretch = kStretchBytes;

TEST(StreamLook, TellsOnceOfEachStretch) {
    ModelMaker maker;
    maker.rule(1).flow(bundle::kRuleStream).content("one").content("two").distance(0);
    Bench b(test::build(maker.finish()));
    EXPECT_EQ(b.stream("one two "), Sids({1}));
    EXPECT_EQ(b.stream("two two "), Sids({}));
    EXPECT_EQ(b.stream("one two "), Sids({})) << "told already";
    EXPECT_EQ(b.stage.stats().repeated, 1U);
    b.stream(std::string(kStretch - 24, '.'));
    EXPECT_EQ(b.stream("one two"), Sids({1}));
    EXPECT_EQ(b.stream("one two"), Sids({}));
    EXPECT_EQ(b.stage.stats().matches, 4U);
}

TEST(StreamLook, AStretchIsTheSameForAnyCut) {
    ModelMaker maker;
    maker.rule(1).flow(bundle::kRuleStream).content("evil");
    const auto model = maker.finish();
    const std::string twice = "evil evil evil";
    // Its first byte is the last of the first stretch, or the first of the second.
    for (const std::size_t before : {kStretch - 1, kStretch}) {
        const Sids expected = before < kStretch ? Sids({}) : Sids({1});
        for (std::size_t cut = 0; cut <= 4; ++cut) {
            Bench b(test::build(model));
            EXPECT_EQ(b.stream(twice), Sids({1}));
            b.stream(std::string(before - twice.size(), '.'));
            Sids got = b.stream(std::string_view("evil").substr(0, cut));
            got.merge(b.stream(std::string_view("evil").substr(cut)));
            EXPECT_EQ(got, expected) << before << " cut " << cut;
        }
    }
}

TEST(StreamLook, AnHttpMessageIsAStretchOfItsOwn) {
    ModelMaker maker;
    maker.rule(1).flow(bundle::kRuleStream).content("evil");
    Bench b(test::build(maker.finish()));
    for (const AppProto proto : {AppProto::kHttp1, AppProto::kFtp}) {
        b.flow.app = proto;
        b.stream(std::string(kStretch, '.'));
        EXPECT_EQ(b.stream("evil"), Sids({1}));
        app::InspectionPoint p;
        p.tx_end = true;
        b.point(p);
        EXPECT_EQ(b.stream("evil"), proto == AppProto::kHttp1 ? Sids({1}) : Sids({}));
    }
}

TEST(StreamLook, RulesThatActDoSoEachTime) {
    ModelMaker maker;
    maker.rule(1).flow(bundle::kRuleStream).content("one").action(bundle::Action::kDrop);
    maker.rule(2).flow(bundle::kRuleStream).content("one").action(bundle::Action::kPass);
    Bench b(test::build(maker.finish()));
    EXPECT_EQ(b.stream("one "), Sids({1, 2}));
    EXPECT_EQ(b.stream("one "), Sids({1, 2}));
}

TEST(StreamLook, HitMayLieInHistoryOnlyWithItsRest) {
    ModelMaker maker;
    maker.rule(1).flow(bundle::kRuleStream).content("abc");
    Bench b(test::build(maker.finish()));
    EXPECT_EQ(b.stream("xxabc"), Sids({1}));
    EXPECT_EQ(b.stream("y"), Sids({}));
}

TEST(StreamLook, PendingIsDroppedWhenItsHitLeavesTheWindow) {
    ModelMaker maker;
    maker.rule(1).flow(bundle::kRuleStream).content("start").content("finish");
    Bench b(test::build(maker.finish()));
    b.window = 64;
    EXPECT_EQ(b.stream("start "), Sids({}));
    EXPECT_EQ(b.stage.store().pendings_in_use(), 1U);
    for (int i = 0; i < 10; ++i) {
        b.stream("..........");
    }
    EXPECT_EQ(b.stage.store().pendings_in_use(), 0U);
    EXPECT_EQ(b.stream("finish"), Sids({}));
}

TEST(StreamLook, GapVoidsWhatWaited) {
    ModelMaker maker;
    maker.rule(1).flow(bundle::kRuleStream).content("start").content("finish");
    Bench b(test::build(maker.finish()));
    EXPECT_EQ(b.stream("start "), Sids({}));
    stream::StreamChunk chunk;
    chunk.flow = &b.flow;
    chunk.window = test::as_bytes("finish");
    chunk.fresh = 6;
    chunk.offset = 500;
    chunk.gap = true;
    b.matches.clear();
    b.stage.inspect_stream(chunk, nullptr, b.matches, b.reasons);
    EXPECT_EQ(b.matches.size(), 0U);
    EXPECT_EQ(b.stage.store().pendings_in_use(), 0U);
}

TEST(StreamLook, NewSnapshotVoidsPendingAndKeepsFlowbits) {
    const auto model = [] {
        ModelMaker maker;
        maker.rule(1)
            .flow(bundle::kRuleStream | bundle::kRuleNoAlert)
            .content("login")
            .flowbit(bundle::FlowbitOp::kSet, {"in"});
        maker.rule(2)
            .flow(bundle::kRuleStream)
            .content("drop")
            .flowbit(bundle::FlowbitOp::kIsSet, {"in"});
        maker.rule(3).flow(bundle::kRuleStream).content("start").content("finish");
        return maker.finish();
    }();
    Bench b(test::build(model, 1));
    EXPECT_EQ(b.stream("login start "), Sids({}));
    EXPECT_EQ(b.stage.store().pendings_in_use(), 1U);
    b.install(test::build(model, 2));
    EXPECT_EQ(b.stream("drop finish"), Sids({2}));
    EXPECT_EQ(b.stage.store().pendings_in_use(), 0U);
}

TEST(StreamLook, FlowbitsAreSeenByLaterRulesOfTheSameBytes) {
    using bundle::FlowbitOp;
    ModelMaker maker;
    maker.rule(1)
        .flow(bundle::kRuleStream | bundle::kRuleNoAlert)
        .content("login")
        .flowbit(FlowbitOp::kSet, {"in"});
    maker.rule(2).flow(bundle::kRuleStream).content("drop").flowbit(FlowbitOp::kIsSet, {"in"});
    maker.rule(3).flow(bundle::kRuleStream).content("drop").flowbit(FlowbitOp::kIsNotSet, {"in"});
    maker.rule(4)
        .flow(bundle::kRuleStream)
        .content("drop")
        .flowbit(FlowbitOp::kIsSet, {"other", "in"});
    maker.rule(5).flow(bundle::kRuleStream).content("out").flowbit(FlowbitOp::kUnset, {"in"});
    maker.rule(6).flow(bundle::kRuleStream).content("flip").flowbit(FlowbitOp::kToggle, {"in"});
    Bench b(test::build(maker.finish()));
    EXPECT_EQ(b.stream("drop "), Sids({3}));
    EXPECT_EQ(b.stream("login drop "), Sids({2, 4}));
    b.stream(std::string(kStretch, '.'));  // or it would not be told again
    EXPECT_EQ(b.stream("out "), Sids({5}));
    EXPECT_EQ(b.stream("drop "), Sids({3}));
    EXPECT_EQ(b.stream("flip "), Sids({6}));
    EXPECT_EQ(b.stream("drop "), Sids({2, 4}));
}

TEST(StreamLook, FlowbitOverflowIsCounted) {
    ModelMaker maker;
    std::vector<std::string> names;
    for (int i = 0; i < 30; ++i) {
        names.push_back("bit" + std::to_string(i));
    }
    maker.rule(1).flow(bundle::kRuleStream).content("all").flowbit(bundle::FlowbitOp::kSet, names);
    Bench b(test::build(maker.finish()));
    EXPECT_EQ(b.stream("all"), Sids({1}));
    EXPECT_EQ(b.count(packet::Reason::detect_state_full), 1U);
}

TEST(StreamLook, OldestPendingMakesRoomAndIsCounted) {
    ModelMaker maker;
    maker.rule(1).flow(bundle::kRuleStream).content("aaaa").content("ZZZZ");
    maker.rule(2).flow(bundle::kRuleStream).content("bbbb").content("ZZZZ");
    maker.rule(3).flow(bundle::kRuleStream).content("cccc").content("ZZZZ");
    DetectConfig config;
    config.store.pendings_per_direction = 2;
    Bench b(test::build(maker.finish()), config);
    b.stream("aaaa ");
    b.stream("bbbb ");
    b.stream("cccc ");
    EXPECT_EQ(b.count(packet::Reason::detect_state_full), 1U);
    EXPECT_EQ(b.stream("ZZZZ"), Sids({2, 3}));
}

TEST(StreamLook, NoStateLeftStillAlertsOnWhatIsWhole) {
    ModelMaker maker;
    maker.rule(1).flow(bundle::kRuleStream).content("whole");
    maker.rule(2).flow(bundle::kRuleStream).content("start").content("finish");
    DetectConfig config;
    config.store.states = 0;
    config.store.pendings = 0;
    Bench b(test::build(maker.finish()), config);
    EXPECT_EQ(b.stream("whole start "), Sids({1}));
    EXPECT_GT(b.count(packet::Reason::detect_state_full), 0U);
    EXPECT_EQ(b.stream("finish"), Sids({}));
}

TEST(StreamLook, DirectionAndPortsSelect) {
    ModelMaker maker;
    maker.rule(1).flow(bundle::kRuleStream | bundle::kFlowToServer).content("word");
    maker.rule(2).flow(bundle::kRuleStream | bundle::kFlowToClient).content("word");
    maker.rule(3).flow(bundle::kRuleStream).dst_ports({bundle::PortRange{80, 80}}).content("word");
    maker.rule(4)
        .flow(bundle::kRuleStream)
        .dst_ports({bundle::PortRange{443, 443}})
        .content("word");
    maker.rule(5)
        .flow(bundle::kRuleStream | bundle::kRuleBidirectional)
        .dst_ports({bundle::PortRange{80, 80}})
        .content("word");
    Bench b(test::build(maker.finish()));
    EXPECT_EQ(b.stream("word"), Sids({1, 3, 5}));
    EXPECT_EQ(b.stream("word", false, Direction::kToClient), Sids({2, 5}));
}

TEST(StreamLook, RuleWithoutLiteralIsJudgedAtEveryLook) {
    ModelMaker maker;
    maker.rule(1).flow(bundle::kRuleStream).pcre("a[0-9]+b");
    maker.rule(2).flow(bundle::kRuleStream).content("bad").negated();
    Bench b(test::build(maker.finish()));
    EXPECT_EQ(b.stream("xx a12"), Sids({}));
    EXPECT_EQ(b.stream("34b xx"), Sids({1}));
    EXPECT_EQ(b.stream("more"), Sids({}));
    EXPECT_EQ(b.stream("", true), Sids({2}));
}

TEST(StreamLook, NeedleKeepsPendingCheap) {
    ModelMaker maker;
    maker.rule(1).flow(bundle::kRuleStream).content("start").content("finish").distance(0);
    Bench b(test::build(maker.finish()));
    b.stream("start ");
    const std::uint64_t before = b.stage.stats().evaluations;
    for (int i = 0; i < 100; ++i) {
        b.stream("some bytes that are not it");
    }
    EXPECT_EQ(b.stage.stats().evaluations, before);
    EXPECT_EQ(b.stream("fin"), Sids({}));
    EXPECT_EQ(b.stream("ish"), Sids({1}));
}

TEST(StreamLook, TakesNothingFromTheHeap) {
    if (!test::AllocGuard::supported()) {
        GTEST_SKIP() << "AllocGuard counts nothing in this build";
    }
    ModelMaker maker;
    maker.rule(1)
        .flow(bundle::kRuleStream)
        .content("start")
        .content("finish")
        .distance(0)
        .pcre("f.n.*x");
    maker.rule(2)
        .flow(bundle::kRuleStream)
        .content("set")
        .flowbit(bundle::FlowbitOp::kSet, {"bit"});
    maker.rule(3).flow(bundle::kRuleStream).pcre("[a-z]+[0-9]{3}");
    Bench b(test::build(maker.finish()));
    const std::string text = "start set abc123 finish x ";
    std::uint64_t taken = 0;
    for (std::size_t i = 0; i < 50; ++i) {
        stream::StreamChunk chunk;
        chunk.flow = &b.flow;
        chunk.window = test::as_bytes(text);
        chunk.fresh = static_cast<std::uint32_t>(1 + i % text.size());
        chunk.offset = i * 3;
        chunk.end = i == 49;
        b.matches.clear();
        const test::AllocGuard guard;
        b.stage.inspect_stream(chunk, nullptr, b.matches, b.reasons);
        b.stage.release(b.flow);
        taken += guard.allocations();
    }
    EXPECT_EQ(taken, 0U);
}

}  // namespace
}  // namespace sluice::detect
