// SPDX-License-Identifier: Apache-2.0
#include "signatures/compile/literal.h"

#include "tests/unit/compile/model_builder.h"

#include <gtest/gtest.h>

namespace sluice::compile {
namespace {

using testing::ModelBuilder;

bool any_pcre(const bundle::Pcre&, bool) {
    return true;
}

bool no_pcre(const bundle::Pcre&, bool) {
    return false;
}

Prefilter choose(const ModelBuilder& b, const PcreUsable& usable = no_pcre) {
    return choose_prefilter(b.model, b.model.rules.front(), usable);
}

TEST(Literal, TakesTheRarestWindowNotTheFirstContent) {
    ModelBuilder b;
    bundle::Rule& rule = b.rule(1);
    ModelBuilder::add(rule, BufferId::kPayload, b.content("Content-Type: text/html"));
    ModelBuilder::add(rule, BufferId::kPayload, b.content("function xqzvkj("));
    const Prefilter p = choose(b);
    EXPECT_EQ(p.kind, PrefilterKind::kLiteral);
    EXPECT_EQ(p.item, 1);
    EXPECT_EQ(p.literal.size(), kStreamWindow);
    EXPECT_NE(p.literal.find("qzv"), std::string::npos);
    EXPECT_FALSE(p.whole);
    EXPECT_EQ(std::string("function xqzvkj(").substr(p.literal_offset, p.literal.size()),
              p.literal);
}

TEST(Literal, RareValueInAFieldBeatsABody) {
    ModelBuilder b;
    bundle::Rule& rule = b.rule(1);
    ModelBuilder::add(rule, BufferId::kHttpUri, b.content("/xq7/zzkv.jj"));
    ModelBuilder::add(rule, BufferId::kHttpRequestBody, b.content("\x01\x02\x03\x04\x05\x06"));
    EXPECT_EQ(choose(b).buffer, BufferId::kHttpUri);
}

TEST(Literal, UsualValueInAFieldLosesToARareOneInABody) {
    for (const auto& [buffer, usual] : {std::pair{BufferId::kHttpMethod, "GET"},
                                        {BufferId::kHttpUri, "/"},
                                        {BufferId::kHttpUserAgent, "Mozilla/5.0"},
                                        {BufferId::kHttpRequestHeader, "Host: "}}) {
        ModelBuilder b;
        bundle::Rule& rule = b.rule(1);
        ModelBuilder::add(rule, buffer, b.content(usual));
        ModelBuilder::add(rule, BufferId::kHttpRequestBody, b.content("xq7!zzkv"));
        EXPECT_EQ(choose(b).buffer, BufferId::kHttpRequestBody) << usual;
    }
}

TEST(Literal, NegatedContentsAreNoPrefilter) {
    ModelBuilder b;
    bundle::Rule& rule = b.rule(1);
    ModelBuilder::add(rule, BufferId::kPayload, b.content("xqzvkjw", bundle::kNegated));
    EXPECT_EQ(choose(b).kind, PrefilterKind::kAlways);
    ModelBuilder::add(b.model.rules.front(), BufferId::kPayload, b.content("ordinary"));
    EXPECT_EQ(choose(b).item, 1);
}

TEST(Literal, WholeContentIsMarkedAndNocaseKept) {
    ModelBuilder b;
    ModelBuilder::add(b.rule(1), BufferId::kHttpUri, b.content("qZ7.x", bundle::kNocase));
    const Prefilter p = choose(b);
    EXPECT_TRUE(p.whole);
    EXPECT_TRUE(p.nocase);
    EXPECT_EQ(p.literal, "qZ7.x");
    EXPECT_EQ(p.literal_offset, 0);
}

TEST(Literal, OffsetFitsInAByteHoweverLongTheContent) {
    ModelBuilder b;
    ModelBuilder::add(b.rule(1), BufferId::kPayload, b.content(std::string(600, 'e') + "xqzvkj"));
    const Prefilter p = choose(b);
    EXPECT_EQ(p.kind, PrefilterKind::kLiteral);
    EXPECT_EQ(p.literal, "eeeeee");
}

TEST(Literal, OneUsualByteInAStreamIsWorseThanALookPerSegment) {
    ModelBuilder b;
    ModelBuilder::add(b.rule(1), BufferId::kPayload, b.content("e"));
    EXPECT_EQ(choose(b).kind, PrefilterKind::kAlways);
}

TEST(Literal, TransformsLimitWhatTheRawBufferMustHold) {
    ModelBuilder b;
    bundle::Rule& rule = b.rule(1);
    rule.engines.push_back(
        {BufferId::kHttpHost, {bundle::Transform::kDotPrefix}, {b.content(".xq7.zz")}});
    const Prefilter dotted = choose(b);
    EXPECT_EQ(dotted.kind, PrefilterKind::kLiteral);
    EXPECT_EQ(dotted.literal, "xq7.zz");
    EXPECT_EQ(dotted.literal_offset, 1);
    EXPECT_FALSE(dotted.whole);
    b.model.rules.front().engines.front().transforms = {bundle::Transform::kToLowercase};
    EXPECT_TRUE(choose(b).nocase);
    b.model.rules.front().engines.front().transforms = {bundle::Transform::kStripWhitespace};
    EXPECT_EQ(choose(b).kind, PrefilterKind::kAlways);
}

TEST(Literal, PcreStandsInWhenThereIsNoLiteral) {
    ModelBuilder b;
    bundle::Rule& rule = b.rule(1);
    ModelBuilder::add(rule, BufferId::kHttpUri, b.pcre("^/[a-f0-9]{32}$"));
    EXPECT_EQ(choose(b, any_pcre).kind, PrefilterKind::kPcre);
    const Prefilter none = choose(b, no_pcre);
    EXPECT_EQ(none.kind, PrefilterKind::kAlways);
    EXPECT_EQ(none.buffer, BufferId::kHttpUri);
}

TEST(Literal, AnchoredRelativePcreIsNoPrefilter) {
    ModelBuilder b;
    ModelBuilder::add(b.rule(1), BufferId::kHttpUri, b.pcre("^[a-f0-9]{32}", 0, bundle::kRelative));
    EXPECT_EQ(choose(b, any_pcre).kind, PrefilterKind::kAlways);
}

TEST(Literal, PcreInStreamIsAskedAsPieces) {
    ModelBuilder b;
    ModelBuilder::add(b.rule(1), BufferId::kPayload, b.pcre("[a-f0-9]{32}"));
    bool pieces = false;
    const PcreUsable spy = [&](const bundle::Pcre&, bool in_pieces) {
        pieces = in_pieces;
        return true;
    };
    choose(b, spy);
    EXPECT_TRUE(pieces);
    b.model.rules.front().flow_flags = bundle::kRulePacket;
    choose(b, spy);
    EXPECT_FALSE(pieces);
}

TEST(Literal, HeaderOnlyRuleIsForEveryPacket) {
    ModelBuilder b;
    bundle::Item ttl;
    ttl.kind = bundle::ItemKind::kTtl;
    ModelBuilder::add(b.rule(1), BufferId::kPacketHeader, ttl);
    EXPECT_EQ(choose(b).kind, PrefilterKind::kPacket);
}

}  // namespace
}  // namespace sluice::compile
