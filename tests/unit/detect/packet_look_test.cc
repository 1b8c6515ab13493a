// SPDX-License-Identifier: Apache-2.0
// Rules over one packet: its payload, its header fields, its addresses.
#include "tests/unit/detect/detect_bench.h"
#include "tests/unit/detect/model_maker.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::detect {
namespace {

using bundle::CompareOp;
using bundle::HeaderProto;
using bundle::ItemKind;
using test::Bench;
using test::ModelMaker;
using Sids = Bench::Sids;

// A packet whose "frame" is its payload; header fields are set directly, as decode would.
struct FakePacket {
    explicit FakePacket(std::uint8_t proto, std::string text = "") : bytes(std::move(text)) {
        p.data = reinterpret_cast<std::uint8_t*>(bytes.data());
        p.len = static_cast<std::uint32_t>(bytes.size());
        p.payload_len = p.len;
        p.ip_version = 4;
        p.ip_proto = proto;
        p.l4_ok = true;
        p.ttl = 64;
        p.src = Bench::v4(10, 0, 0, 1);
        p.dst = Bench::v4(192, 0, 2, 53);
        p.src_port = 5353;
        p.dst_port = 53;
    }

    std::string bytes;
    packet::Packet p;
};

bundle::AddressExpr one(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
    bundle::AddressNode n;
    n.kind = bundle::AddressNode::Kind::kRange;
    n.lo = Bench::v4(a, b, c, d).bytes;
    n.hi = n.lo;
    return {n};
}

TEST(PacketLook, SuppressedMatchesAreNotTold) {
    ModelMaker maker;
    for (const std::uint32_t sid : {1U, 2U, 3U}) {
        maker.rule(sid).proto(HeaderProto::kUdp).flow(bundle::kRulePacket).content("evil");
    }
    maker.model.addresses.push_back(one(10, 0, 0, 1));
    const auto suppress = [&](std::size_t rule, bundle::TrackBy track) {
        bundle::Filter f;
        f.kind = bundle::FilterKind::kSuppress;
        f.track = track;
        f.addresses = static_cast<std::uint32_t>(maker.model.addresses.size() - 1);
        maker.model.rules[rule].filters.push_back(f);
    };
    suppress(0, bundle::TrackBy::kSource);
    suppress(1, bundle::TrackBy::kDestination);
    suppress(2, bundle::TrackBy::kBoth);
    Bench b(test::build(maker.finish()));
    FakePacket from(packet::kProtoUdp, "evil");
    EXPECT_EQ(b.packet(from.p), Sids({2}));
    FakePacket to(packet::kProtoUdp, "evil");
    std::swap(to.p.src, to.p.dst);
    EXPECT_EQ(b.packet(to.p), Sids({1}));
    EXPECT_EQ(b.stage.stats().suppressed, 4U);
}

TEST(PacketLook, PayloadRules) {
    ModelMaker maker;
    maker.rule(1).proto(HeaderProto::kUdp).flow(bundle::kRulePacket).content("evil").offset(2);
    maker.rule(2)
        .proto(HeaderProto::kUdp)
        .flow(bundle::kRulePacket)
        .content("evil")
        .number(ItemKind::kDsize, CompareOp::kLt, 5);
    maker.rule(3)
        .proto(HeaderProto::kUdp)
        .flow(bundle::kRulePacket)
        .content("l")
        .isdataat(1, bundle::kRelative | bundle::kNegated);
    maker.rule(4).proto(HeaderProto::kTcp).flow(bundle::kRulePacket).content("evil");
    maker.rule(5)
        .proto(HeaderProto::kUdp)
        .flow(bundle::kRulePacket)
        .dst_ports({bundle::PortRange{54, 60}})
        .content("evil");
    Bench b(test::build(maker.finish()));
    FakePacket a(packet::kProtoUdp, "xxevil");
    EXPECT_EQ(b.packet(a.p), Sids({1, 3}));
    FakePacket c(packet::kProtoUdp, "evil");
    EXPECT_EQ(b.packet(c.p), Sids({2, 3}));
    FakePacket none(packet::kProtoUdp, "");
    EXPECT_EQ(b.packet(none.p), Sids({}));
}

TEST(PacketLook, HeaderKeywords) {
    ModelMaker maker;
    maker.rule(1).proto(HeaderProto::kIp).number(ItemKind::kTtl, CompareOp::kLt, 5);
    maker.rule(2)
        .proto(HeaderProto::kTcp)
        .number(ItemKind::kTcpFlags, CompareOp::kEq, packet::kTcpSyn);
    maker.rule(3)
        .proto(HeaderProto::kTcp)
        .number(ItemKind::kTcpFlags, CompareOp::kAnd, packet::kTcpSyn);
    maker.rule(4)
        .proto(HeaderProto::kTcp)
        .number(ItemKind::kTcpFlags, CompareOp::kOr, packet::kTcpSyn | packet::kTcpFin);
    maker.rule(5)
        .proto(HeaderProto::kTcp)
        .number(ItemKind::kTcpFlags, CompareOp::kNor, packet::kTcpSyn);
    maker.rule(6).proto(HeaderProto::kIcmp).number(ItemKind::kItype, CompareOp::kEq, 8);
    maker.rule(7).proto(HeaderProto::kTcp).number(ItemKind::kTcpWindow, CompareOp::kEq, 1024);
    maker.rule(8).proto(HeaderProto::kTcp).number(ItemKind::kTcpMss, CompareOp::kRange, 100, 200);
    Bench b(test::build(maker.finish()));
    FakePacket p(packet::kProtoTcp);
    p.p.tcp.flags = packet::kTcpSyn;
    p.p.tcp.window = 1024;
    p.p.tcp.mss = 150;
    EXPECT_EQ(b.packet(p.p), Sids({2, 3, 4, 7, 8}));
    p.p.tcp.flags = packet::kTcpSyn | packet::kTcpAck;
    p.p.tcp.mss = 100;
    EXPECT_EQ(b.packet(p.p), Sids({3, 4, 7}));
    p.p.tcp.flags = packet::kTcpAck;
    p.p.ttl = 4;
    EXPECT_EQ(b.packet(p.p), Sids({1, 5, 7}));
    FakePacket icmp(packet::kProtoIcmp);
    icmp.p.icmp_type = 8;
    EXPECT_EQ(b.packet(icmp.p), Sids({6}));
    icmp.p.l4_ok = false;
    EXPECT_EQ(b.packet(icmp.p), Sids({}));
}

// What the index leaves out for a packet: other protocols, empty payloads, flows that speak
// something else.
TEST(PacketLook, ProtocolNumberSizeAndApplication) {
    ModelMaker maker;
    maker.rule(1).proto(HeaderProto::kIp).number(ItemKind::kIpProto, CompareOp::kEq, 41);
    maker.rule(2).proto(HeaderProto::kIp).number(ItemKind::kIpProto, CompareOp::kNe, 6);
    maker.rule(3).proto(HeaderProto::kUdp).number(ItemKind::kDsize, CompareOp::kGt, 0);
    maker.rule(4).proto(HeaderProto::kUdp).number(ItemKind::kDsize, CompareOp::kLt, 1);
    maker.rule(5)
        .proto(HeaderProto::kUdp)
        .app(AppProto::kDns)
        .number(ItemKind::kTtl, CompareOp::kGt, 1);
    maker.rule(6)
        .proto(HeaderProto::kTcp)
        .app(AppProto::kDcerpc)
        .number(ItemKind::kTtl, CompareOp::kGt, 1);
    Bench b(test::build(maker.finish()));
    FakePacket udp(packet::kProtoUdp, "x");
    EXPECT_EQ(b.packet(udp.p), Sids({2, 3}));
    udp.p.flow = &b.flow;
    EXPECT_EQ(b.packet(udp.p), Sids({2, 3}));
    b.flow.app = AppProto::kDns;
    EXPECT_EQ(b.packet(udp.p), Sids({2, 3, 5}));
    FakePacket empty(packet::kProtoUdp);
    EXPECT_EQ(b.packet(empty.p), Sids({2, 4}));
    FakePacket tcp(packet::kProtoTcp);
    EXPECT_EQ(b.packet(tcp.p), Sids({}));
    tcp.p.flow = &b.flow;
    b.flow.app = AppProto::kSmb;
    EXPECT_EQ(b.packet(tcp.p), Sids({6})) << "SMB carries DCE/RPC";
    FakePacket other(41);
    other.p.l4_ok = false;
    EXPECT_EQ(b.packet(other.p), Sids({1, 2}));
}

TEST(PacketLook, AddressRulesOncePerFlowAndDirection) {
    ModelMaker maker;
    maker.rule(1).proto(HeaderProto::kIp).dst(one(192, 0, 2, 53));
    maker.rule(2).proto(HeaderProto::kIp).src(one(10, 0, 0, 1)).dst(one(192, 0, 2, 54));
    maker.rule(3).proto(HeaderProto::kIp);
    maker.rule(4).proto(HeaderProto::kTcp).src(one(10, 0, 0, 1));
    maker.rule(5).proto(HeaderProto::kIp).flow(bundle::kRuleBidirectional).src(one(192, 0, 2, 53));
    Bench b(test::build(maker.finish()));
    FakePacket p(packet::kProtoUdp, "x");
    p.p.flow = &b.flow;
    b.flow.ip_proto = packet::kProtoUdp;
    EXPECT_EQ(b.packet(p.p), Sids({1, 3, 5}));
    EXPECT_EQ(b.packet(p.p), Sids({}));
    p.p.direction = Direction::kToClient;
    std::swap(p.p.src, p.p.dst);
    EXPECT_EQ(b.packet(p.p), Sids({3, 5}));
    EXPECT_EQ(b.packet(p.p), Sids({}));
    b.stage.release(b.flow);
    EXPECT_EQ(b.packet(p.p), Sids({3, 5}));
    p.p.flow = nullptr;
    EXPECT_EQ(b.packet(p.p), Sids({3, 5}));
    EXPECT_EQ(b.packet(p.p), Sids({3, 5}));
}

TEST(PacketLook, OverlappingAddressLists) {
    ModelMaker maker;
    const auto net = [](std::uint8_t a, std::uint8_t b, std::uint8_t last) {
        bundle::AddressNode n;
        n.kind = bundle::AddressNode::Kind::kRange;
        n.lo = Bench::v4(a, b, 0, 0).bytes;
        n.hi = Bench::v4(a, last, 255, 255).bytes;
        return bundle::AddressExpr{n};
    };
    maker.rule(1).proto(HeaderProto::kIp).src(net(20, 0, 9));
    maker.rule(2).proto(HeaderProto::kIp).src(net(20, 5, 20));
    maker.rule(3).proto(HeaderProto::kIp).src(one(20, 7, 0, 1));
    Bench b(test::build(maker.finish()));
    FakePacket p(packet::kProtoUdp, "x");
    const auto from = [&](std::uint8_t second, std::uint8_t last) {
        p.p.src = Bench::v4(20, second, 0, last);
        return b.packet(p.p);
    };
    EXPECT_EQ(from(0, 1), Sids({1}));
    EXPECT_EQ(from(7, 1), Sids({1, 2, 3}));
    EXPECT_EQ(from(7, 2), Sids({1, 2}));
    EXPECT_EQ(from(10, 0), Sids({2}));
    EXPECT_EQ(from(21, 0), Sids({}));
}

TEST(PacketLook, FlowConditionsNeedAFlow) {
    ModelMaker maker;
    maker.rule(1)
        .proto(HeaderProto::kTcp)
        .flow(bundle::kFlowEstablished)
        .number(ItemKind::kTtl, CompareOp::kGt, 1);
    maker.rule(2)
        .proto(HeaderProto::kTcp)
        .flow(bundle::kFlowNotEstablished)
        .number(ItemKind::kTtl, CompareOp::kGt, 1);
    maker.rule(3)
        .proto(HeaderProto::kTcp)
        .flow(bundle::kFlowStateless)
        .number(ItemKind::kTtl, CompareOp::kGt, 1);
    maker.rule(4)
        .proto(HeaderProto::kTcp)
        .flow(bundle::kFlowToClient)
        .number(ItemKind::kTtl, CompareOp::kGt, 1);
    Bench b(test::build(maker.finish()));
    FakePacket p(packet::kProtoTcp);
    EXPECT_EQ(b.packet(p.p), Sids({3}));
    p.p.flow = &b.flow;
    EXPECT_EQ(b.packet(p.p), Sids({1, 3}));
    b.flow.state = flow::FlowState::kNew;
    EXPECT_EQ(b.packet(p.p), Sids({2, 3}));
    p.p.direction = Direction::kToClient;
    EXPECT_EQ(b.packet(p.p), Sids({2, 3, 4}));
}

TEST(PacketLook, FlowbitsBetweenPayloadAndHeaderRulesKeepRuleOrder) {
    using bundle::FlowbitOp;
    ModelMaker maker;
    maker.rule(1)
        .proto(HeaderProto::kUdp)
        .flow(bundle::kRulePacket)
        .content("one")
        .flowbit(FlowbitOp::kSet, {"a"});
    maker.rule(2).proto(HeaderProto::kUdp).flowbit(FlowbitOp::kIsSet, {"a"});
    maker.rule(3)
        .proto(HeaderProto::kUdp)
        .flow(bundle::kRulePacket)
        .content("two")
        .flowbit(FlowbitOp::kUnset, {"a"});
    maker.rule(4).proto(HeaderProto::kUdp).flowbit(FlowbitOp::kIsNotSet, {"a"});
    Bench b(test::build(maker.finish()));
    FakePacket p(packet::kProtoUdp, "one two");
    p.p.flow = &b.flow;
    EXPECT_EQ(b.packet(p.p), Sids({1, 2, 3, 4}));
    FakePacket q(packet::kProtoUdp, "one");
    q.p.flow = &b.flow;
    EXPECT_EQ(b.packet(q.p), Sids({1, 2}));
}

TEST(PacketLook, NothingInstalledInspectsNothing) {
    DetectStage stage{DetectConfig{}};
    FakePacket p(packet::kProtoUdp, "x");
    MatchList matches;
    packet::ReasonCounters reasons{};
    stage.inspect_packet(p.p, matches, reasons);
    EXPECT_EQ(matches.size(), 0U);
}

}  // namespace
}  // namespace sluice::detect
