// SPDX-License-Identifier: Apache-2.0
#include "signatures/compile/groups.h"

#include "tests/unit/compile/hs_scan.h"
#include "tests/unit/compile/model_builder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace sluice::compile {
namespace {

using bundle::HeaderProto;
using bundle::PayloadKind;
using testing::ModelBuilder;

bool no_pcre(const bundle::Pcre&, bool) {
    return false;
}

void group(bundle::Model& model) {
    std::vector<Prefilter> prefilters;
    for (const bundle::Rule& rule : model.rules) {
        prefilters.push_back(choose_prefilter(model, rule, no_pcre));
    }
    auto databases = emit_databases(plan_groups(model, prefilters), 2);
    ASSERT_TRUE(databases.ok());
    model.databases = std::move(databases).value();
}

bool has_group(const bundle::Model& m, PayloadKind kind, HeaderProto proto, Direction direction) {
    return std::any_of(m.payload_groups.begin(), m.payload_groups.end(), [&](const auto& g) {
        return g.kind == kind && g.proto == proto && g.direction == direction;
    });
}

// Of all databases that are scanned at a place.
std::set<std::uint32_t> candidates_at(const bundle::Model& m, PayloadKind kind, HeaderProto proto,
                                      Direction direction, std::uint16_t port,
                                      std::string_view text) {
    std::set<std::uint32_t> found;
    for (const bundle::PayloadGroup& g : m.payload_groups) {
        if (g.kind != kind || g.proto != proto || g.direction != direction) {
            continue;
        }
        for (const bundle::PortClass& c : g.ports) {
            if (c.range.lo <= port && port <= c.range.hi) {
                found.merge(testing::candidates(m.databases.at(c.db), text));
            }
        }
    }
    return found;
}

// The database with those patterns alone that are for segments, or for the stream.
bundle::PrefilterDb part_of(const bundle::PrefilterDb& db, bool segment) {
    bundle::PrefilterDb part = db;
    part.pattern_rules.clear();
    for (std::size_t i = 0; i + 1 < db.pattern_first.size(); ++i) {
        part.pattern_first[i] = static_cast<std::uint32_t>(part.pattern_rules.size());
        std::copy_if(db.pattern_rules.begin() + db.pattern_first[i],
                     db.pattern_rules.begin() + db.pattern_first[i + 1],
                     std::back_inserter(part.pattern_rules),
                     [&](const bundle::PatternRule& p) { return p.segment == segment; });
    }
    if (!part.pattern_first.empty()) {
        part.pattern_first.back() = static_cast<std::uint32_t>(part.pattern_rules.size());
    }
    return part;
}

// What the databases of the stream find in a segment for the segment alone.
std::set<std::uint32_t> riders_at(const bundle::Model& m, Direction direction, std::uint16_t port,
                                  std::string_view text) {
    bundle::Model riding = m;
    for (bundle::PrefilterDb& db : riding.databases) {
        db = part_of(db, true);
        db.always.clear();
    }
    return candidates_at(riding, PayloadKind::kStream, HeaderProto::kTcp, direction, port, text);
}

TEST(Groups, BufferRulesGetOneDatabasePerBuffer) {
    ModelBuilder b;
    ModelBuilder::add(b.rule(1), BufferId::kHttpUri, b.content("/xq7zzk"));
    ModelBuilder::add(b.rule(2), BufferId::kHttpUri, b.content("/xq7zzk"));
    ModelBuilder::add(b.rule(3), BufferId::kHttpUserAgent, b.content("zzBot"));
    group(b.model);
    ASSERT_EQ(b.model.buffer_groups.size(), 2U);
    const bundle::PrefilterDb& uri = b.model.databases.at(b.model.buffer_groups[0].db);
    EXPECT_EQ(uri.pattern_length.size(), 1U) << "a literal of two rules is one pattern";
    EXPECT_EQ(testing::candidates(uri, "GET /xq7zzk"), (std::set<std::uint32_t>{0, 1}));
    EXPECT_TRUE(b.model.payload_groups.empty());
    EXPECT_NE(b.model.rules[2].engines[0].items[0].flags & bundle::kPrefilterUsed, 0U);
}

// What ends a host name is looked up, not scanned for.
TEST(Groups, NamesThatEndWithATextBecomeDomainRules) {
    ModelBuilder b;
    const auto bsize = [](std::int64_t n) {
        bundle::Item item;
        item.kind = bundle::ItemKind::kBsize;
        item.lo = n;
        return item;
    };
    ModelBuilder::add(b.rule(1), BufferId::kDnsQuery, b.content("evil.com", bundle::kEndsWith));
    bundle::Rule& dotted = b.rule(2);
    ModelBuilder::add(dotted, BufferId::kDnsQuery, b.content(".evil.com", bundle::kEndsWith));
    dotted.engines[0].transforms = {bundle::Transform::kDotPrefix};
    bundle::Rule& whole = b.rule(3);
    ModelBuilder::add(whole, BufferId::kHttpHost, b.content("evil.net"));
    ModelBuilder::add(whole, BufferId::kHttpHost, bsize(8));
    bundle::Rule& longer = b.rule(4);
    ModelBuilder::add(longer, BufferId::kHttpHost, b.content("evil.net"));
    ModelBuilder::add(longer, BufferId::kHttpHost, bsize(9));
    ModelBuilder::add(b.rule(5), BufferId::kHttpUri, b.content("/evil.php", bundle::kEndsWith));
    bundle::Rule& two = b.rule(6);
    ModelBuilder::add(two, BufferId::kDnsQuery, b.content("qzxkvjwq"));
    ModelBuilder::add(two, BufferId::kDnsQuery, b.content(".ru", bundle::kEndsWith));
    bundle::Rule& changed = b.rule(7);
    ModelBuilder::add(changed, BufferId::kTlsSni, b.content("evil.org", bundle::kEndsWith));
    changed.engines[0].transforms = {bundle::Transform::kUrlDecode};
    group(b.model);
    using Rules = std::vector<bundle::DomainRule>;
    EXPECT_EQ(b.model.domain_rules, (Rules{{BufferId::kHttpHost, 0, 0, 2},
                                           {BufferId::kDnsQuery, 0, 0, 0},
                                           {BufferId::kDnsQuery, 0, 0, 1}}));
    EXPECT_EQ(b.model.buffer_groups.size(), 4U) << "the others are scanned for";
}

TEST(Groups, PrefilterUsedOnlyWhenTheLiteralIsTheContent) {
    ModelBuilder b;
    ModelBuilder::add(b.rule(1), BufferId::kPayload, b.content("xqzvkj"));
    ModelBuilder::add(b.rule(2), BufferId::kPayload, b.content("xqzvkjw"));
    group(b.model);
    EXPECT_NE(b.model.rules[0].engines[0].items[0].flags & bundle::kPrefilterUsed, 0U);
    EXPECT_EQ(b.model.rules[1].engines[0].items[0].flags & bundle::kPrefilterUsed, 0U);
}

TEST(Groups, ServerPortIsDestinationToTheServerAndSourceToTheClient) {
    ModelBuilder b;
    const std::uint32_t web = b.ports({{80, 80}});
    bundle::Rule& up = b.rule(1);
    up.dst_ports = web;
    ModelBuilder::add(up, BufferId::kPayload, b.content("xqzvkj"));
    bundle::Rule& down = b.rule(2);
    down.flow_flags = bundle::kRuleStream | bundle::kFlowToClient;
    down.src_ports = web;
    ModelBuilder::add(down, BufferId::kPayload, b.content("xqzvkj"));
    group(b.model);
    const auto found = [&](Direction d, std::uint16_t port) {
        return candidates_at(b.model, PayloadKind::kStream, HeaderProto::kTcp, d, port, "xqzvkj");
    };
    EXPECT_EQ(found(Direction::kToServer, 80), (std::set<std::uint32_t>{0}));
    EXPECT_EQ(found(Direction::kToClient, 80), (std::set<std::uint32_t>{1}));
    EXPECT_TRUE(found(Direction::kToServer, 81).empty());
    EXPECT_FALSE(has_group(b.model, PayloadKind::kPacket, HeaderProto::kTcp, Direction::kToServer));
}

TEST(Groups, BidirectionalTakesBothPortsBothWays) {
    ModelBuilder b;
    bundle::Rule& rule = b.rule(1);
    rule.flow_flags = bundle::kRuleStream | bundle::kRuleBidirectional;
    rule.src_ports = b.ports({{1000, 1000}});
    rule.dst_ports = b.ports({{2000, 2000}});
    for (const Direction d : {Direction::kToServer, Direction::kToClient}) {
        EXPECT_EQ(server_ports(b.model, b.model.rules[0], d),
                  (bundle::PortSet{{1000, 1000}, {2000, 2000}}));
    }
}

TEST(Groups, IpRulesAreCandidatesOfEveryProtocol) {
    ModelBuilder b;
    bundle::Rule& rule = b.rule(1);
    rule.proto = HeaderProto::kIp;
    rule.flow_flags = bundle::kRulePacket;
    ModelBuilder::add(rule, BufferId::kPayload, b.content("xqzvkj"));
    group(b.model);
    for (const HeaderProto proto : {HeaderProto::kIp, HeaderProto::kTcp, HeaderProto::kUdp,
                                    HeaderProto::kIcmp, HeaderProto::kSctp}) {
        for (const Direction d : {Direction::kToServer, Direction::kToClient}) {
            EXPECT_EQ(candidates_at(b.model, PayloadKind::kPacket, proto, d, 7, "xqzvkj"),
                      (std::set<std::uint32_t>{0}));
        }
    }
    // One with the rule, one with the rule for segments on their way into the stream, one empty.
    EXPECT_EQ(b.model.databases.size(), 3U) << "identical databases are stored once";
    EXPECT_EQ(riders_at(b.model, Direction::kToServer, 7, "xqzvkj"), (std::set<std::uint32_t>{0}));
}

TEST(Groups, HeaderOnlyRulesAreForPacketsAndTheRestIsAlways) {
    ModelBuilder b;
    bundle::Item ttl;
    ttl.kind = bundle::ItemKind::kTtl;
    ModelBuilder::add(b.rule(1), BufferId::kPacketHeader, ttl);
    ModelBuilder::add(b.rule(2), BufferId::kHttpUri, b.content("never", bundle::kNegated));
    group(b.model);
    EXPECT_EQ(b.model.packet_rules, (std::vector<std::uint32_t>{0}));
    ASSERT_EQ(b.model.buffer_groups.size(), 1U);
    EXPECT_EQ(b.model.databases.at(b.model.buffer_groups[0].db).always,
              (std::vector<std::uint32_t>{1}));
}

TEST(Groups, SegmentsAreScannedForLiteralsWithinReach) {
    ModelBuilder b;
    bundle::Rule& rule = b.rule(1);
    rule.flow_flags |= bundle::kRulePacket;
    bundle::Item near = b.content("login", bundle::kHasDepth);
    near.depth = 10;
    ModelBuilder::add(rule, BufferId::kPayload, near);
    ModelBuilder::add(rule, BufferId::kPayload, b.content("xqzvkj"));
    bundle::Rule& open_end = b.rule(2);
    open_end.flow_flags |= bundle::kRulePacket;
    ModelBuilder::add(open_end, BufferId::kPayload, b.content("xqzvkj", bundle::kHasOffset));
    group(b.model);
    const auto found = [&](PayloadKind kind, std::string_view text) {
        return candidates_at(b.model, kind, HeaderProto::kTcp, Direction::kToServer, 1, text);
    };
    EXPECT_EQ(found(PayloadKind::kStream, "xqzvkj"), (std::set<std::uint32_t>{0, 1}));
    EXPECT_EQ(found(PayloadKind::kPacket, "login"), (std::set<std::uint32_t>{0}));
    EXPECT_EQ(found(PayloadKind::kPacket, "xqzvkj"), (std::set<std::uint32_t>{1}));
}

// The stream is scanned for what concerns its segments, too, except what is everywhere.
TEST(Groups, SegmentsRideWithTheStream) {
    ModelBuilder b;
    const auto near = [&](std::uint32_t sid, std::string_view text) {
        bundle::Rule& rule = b.rule(sid);
        rule.flow_flags |= bundle::kRulePacket;
        bundle::Item item = b.content(text, bundle::kHasDepth);
        item.depth = 10;
        ModelBuilder::add(rule, BufferId::kPayload, item);
    };
    near(1, "xqzvkj");
    near(2, "e");
    group(b.model);
    const auto found = [&](PayloadKind kind, HeaderProto proto, std::string_view text) {
        return candidates_at(b.model, kind, proto, Direction::kToServer, 1, text);
    };
    using Rules = std::set<std::uint32_t>;
    EXPECT_EQ(riders_at(b.model, Direction::kToServer, 1, "e xqzvkj"), (Rules{0}));
    EXPECT_EQ(found(PayloadKind::kSegment, HeaderProto::kTcp, "e xqzvkj"), (Rules{1}));
    EXPECT_EQ(found(PayloadKind::kPacket, HeaderProto::kTcp, "e xqzvkj"), (Rules{0, 1}));
}

TEST(Groups, ReachDecidesTheDatabase) {
    ModelBuilder b;
    const auto within = [&](std::uint32_t sid, std::string_view text, std::int32_t depth) {
        bundle::Item item = b.content(text, bundle::kHasDepth);
        item.depth = depth;
        ModelBuilder::add(b.rule(sid), BufferId::kFileDataToClient, item);
    };
    within(1, "xqzvkj", 16);
    within(2, "jkvzqx", 300);
    within(3, "vkjxqz", 3000);
    ModelBuilder::add(b.rule(4), BufferId::kFileDataToClient, b.content("zqxjkv"));
    group(b.model);
    ASSERT_EQ(b.model.buffer_groups.size(), 3U);
    const std::string text = "xqzvkj jkvzqx vkjxqz zqxjkv";
    std::vector<std::set<std::uint32_t>> found;
    for (const bundle::BufferGroup& g : b.model.buffer_groups) {
        found.push_back(testing::candidates(b.model.databases.at(g.db), text));
    }
    EXPECT_EQ(found, (std::vector<std::set<std::uint32_t>>{{0}, {1}, {2, 3}}));
}

TEST(Groups, TheTwoNamesOfABodyShareADatabase) {
    ModelBuilder b;
    ModelBuilder::add(b.rule(1), BufferId::kHttpResponseBody, b.content("xqzvkj"));
    ModelBuilder::add(b.rule(2), BufferId::kFileDataToClient, b.content("xqzvkj"));
    ModelBuilder::add(b.rule(3), BufferId::kFileDataToServer, b.content("xqzvkj"));
    group(b.model);
    ASSERT_EQ(b.model.buffer_groups.size(), 3U);
    std::map<BufferId, std::uint32_t> db;
    for (const bundle::BufferGroup& g : b.model.buffer_groups) {
        db[g.buffer] = g.db;
    }
    EXPECT_EQ(db.at(BufferId::kHttpResponseBody), db.at(BufferId::kFileDataToClient));
    EXPECT_NE(db.at(BufferId::kHttpResponseBody), db.at(BufferId::kFileDataToServer));
    const bundle::PrefilterDb& shared = b.model.databases.at(db.at(BufferId::kHttpResponseBody));
    EXPECT_EQ(testing::candidates(shared, "xqzvkj"), (std::set<std::uint32_t>{0, 1}));
}

// On ports of HTTP a body passes one database with the stream around it.
TEST(Groups, StreamsOfHttpPortsHaveAJointDatabase) {
    ModelBuilder b;
    bundle::Rule& raw = b.rule(1);
    raw.flow_flags = bundle::kRuleStream;
    ModelBuilder::add(raw, BufferId::kPayload, b.content("jkvzqx"));
    ModelBuilder::add(b.rule(2), BufferId::kFileDataToClient, b.content("xqzvkj"));
    bundle::Item near = b.content("vkjxqz", bundle::kHasDepth);
    near.depth = 16;
    ModelBuilder::add(b.rule(3), BufferId::kFileDataToClient, near);
    ModelBuilder::add(b.rule(4), BufferId::kHttpResponseBody, b.content("qzkxvj"));
    ModelBuilder::add(b.rule(5), BufferId::kFileDataToServer, b.content("kvzxqj"));
    ModelBuilder::add(b.rule(6), BufferId::kFileDataToClient, b.content("never", bundle::kNegated));
    group(b.model);
    ASSERT_EQ(b.model.joint_dbs.size(), 2U) << "one for each direction";
    const bundle::JointDb& up = b.model.joint_dbs[0];
    const bundle::JointDb& joint = b.model.joint_dbs[1];
    EXPECT_EQ(up.direction, Direction::kToServer);
    EXPECT_EQ(joint.direction, Direction::kToClient);
    EXPECT_EQ(up.stream, joint.stream) << "the rule looks at both";
    const auto found = [&](std::uint32_t db) {
        return testing::candidates(b.model.databases.at(db), "jkvzqx xqzvkj vkjxqz qzkxvj kvzxqj");
    };
    using Rules = std::set<std::uint32_t>;
    EXPECT_EQ(found(joint.stream), (Rules{0}));
    EXPECT_EQ(found(joint.body), (Rules{1, 3, 5})) << "one of them always";
    EXPECT_EQ(found(joint.both), (Rules{0, 1, 3})) << "not what lies near, nor what is always";
    EXPECT_EQ(found(up.both), (Rules{0, 4}));
    for (const bundle::BufferGroup& g : b.model.buffer_groups) {
        EXPECT_NE(g.db, joint.both);
    }
}

// Any rule whose content is in the payload is a candidate on every port, direction and kind where
// it may match.
TEST(Groups, NoCandidateIsLost) {
    std::mt19937 engine(11);
    const auto rng = [&] { return static_cast<std::uint32_t>(engine()); };
    ModelBuilder b;
    std::vector<std::string> contents;
    for (std::uint32_t r = 0; r < 200; ++r) {
        bundle::Rule& rule = b.rule(r + 1);
        rule.proto = static_cast<HeaderProto>(rng() % 3);
        rule.flow_flags = (rng() % 3 + 1) << 8U;  // packet, stream, or both
        rule.flow_flags |= rng() % 4;             // to server, to client, both or neither
        const auto lo = static_cast<std::uint16_t>(rng() % 60000);
        const auto hi = static_cast<std::uint16_t>(lo + rng() % 5000);
        const std::uint32_t set = b.ports({{lo, hi}});
        rule.src_ports = set;
        rule.dst_ports = set;
        std::string content = "c" + std::to_string(rng() % 1000) + "Q" + std::to_string(rng());
        ModelBuilder::add(rule, BufferId::kPayload,
                          b.content(content, rng() % 2 == 0 ? bundle::kNocase : 0U));
        contents.push_back(std::move(content));
    }
    group(b.model);
    for (std::uint32_t r = 0; r < contents.size(); ++r) {
        const bundle::Rule& rule = b.model.rules[r];
        for (const bundle::PayloadGroup& g : b.model.payload_groups) {
            const bool kind =
                (rule.flow_flags &
                 (g.kind == PayloadKind::kStream ? bundle::kRuleStream : bundle::kRulePacket)) != 0;
            const bool proto = rule.proto == HeaderProto::kIp || rule.proto == g.proto;
            if (rule.proto == HeaderProto::kIp && g.kind != PayloadKind::kStream &&
                g.proto == HeaderProto::kTcp && (rule.flow_flags & bundle::kRuleStream) != 0) {
                continue;  // its bytes are looked at in the stream
            }
            const std::uint32_t said = rule.flow_flags & 3U;
            const bool direction =
                said == 0 || (said & (g.direction == Direction::kToServer ? 1U : 2U)) != 0;
            if (kind && proto && direction) {
                const std::uint16_t port = b.model.ports[rule.src_ports].front().lo;
                const std::string text = "x " + contents[r] + " y";
                auto found = candidates_at(b.model, g.kind, g.proto, g.direction, port, text);
                if (g.kind == PayloadKind::kSegment) {
                    found.merge(riders_at(b.model, g.direction, port, text));
                }
                ASSERT_EQ(found.count(r), 1U) << "rule " << r;
            }
        }
    }
}

}  // namespace
}  // namespace sluice::compile
