// SPDX-License-Identifier: Apache-2.0
// State that rules keep: xbits, flowints, flow.age; byte_math. What is expected was run through
// Suricata 7.0.10, packet by packet.
#include "tests/unit/detect/detect_bench.h"
#include "tests/unit/detect/model_maker.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::detect {
namespace {

using bundle::BitOwner;
using bundle::CompareOp;
using bundle::FlowbitOp;
using bundle::FlowintOp;
using bundle::HeaderProto;
using bundle::Item;
using bundle::ItemKind;
using test::Bench;
using test::ModelMaker;
using test::RuleMaker;
using Sids = Bench::Sids;

Item xbit(FlowbitOp op, BitOwner owner, std::int64_t expire = 5) {
    Item i;
    i.kind = ItemKind::kXbits;
    i.op = static_cast<CompareOp>(op);
    i.var = static_cast<std::uint32_t>(owner);
    i.lo = expire;
    return i;
}

Item flowint(FlowintOp what, std::int64_t value = 0, CompareOp op = CompareOp::kEq,
             std::uint32_t flags = 0) {
    Item i;
    i.kind = ItemKind::kFlowint;
    i.nbytes = static_cast<std::uint8_t>(what);
    i.op = op;
    i.lo = value;
    i.flags = flags;
    return i;
}

RuleMaker udp_rule(ModelMaker& maker, std::uint32_t sid, std::string_view word) {
    RuleMaker r = maker.rule(sid);
    r.proto(HeaderProto::kUdp).flow(bundle::kRulePacket).content(word);
    return r;
}

struct Sender {
    explicit Sender(Bench& b) : bench(b) {}

    Sids send(std::string text, double at, std::uint8_t from = 1, std::uint8_t to = 2) {
        packet::Packet p;
        p.data = reinterpret_cast<std::uint8_t*>(text.data());
        p.len = p.payload_len = static_cast<std::uint32_t>(text.size());
        p.ip_version = 4;
        p.ip_proto = packet::kProtoUdp;
        p.l4_ok = true;
        p.src = Bench::v4(10, 0, 0, from);
        p.dst = Bench::v4(10, 0, 0, to);
        p.flow = flow;
        p.wall.count = 1700000000 * seconds(1).count + static_cast<std::int64_t>(at * 1e9);
        return bench.packet(p);
    }

    Bench& bench;
    flow::Flow* flow = nullptr;
};

TEST(StateLook, Xbits) {
    ModelMaker maker;
    udp_rule(maker, 1, "set").header_item(xbit(FlowbitOp::kSet, BitOwner::kSource), {"aa"});
    udp_rule(maker, 2, "get").header_item(xbit(FlowbitOp::kIsSet, BitOwner::kSource), {"aa"});
    udp_rule(maker, 3, "get").header_item(xbit(FlowbitOp::kIsSet, BitOwner::kDestination), {"aa"});
    udp_rule(maker, 4, "get").header_item(xbit(FlowbitOp::kIsNotSet, BitOwner::kSource), {"aa"});
    udp_rule(maker, 5, "set").header_item(xbit(FlowbitOp::kSet, BitOwner::kPair), {"pp"});
    udp_rule(maker, 6, "get").header_item(xbit(FlowbitOp::kIsSet, BitOwner::kPair), {"pp"});
    udp_rule(maker, 7, "tog").header_item(xbit(FlowbitOp::kToggle, BitOwner::kSource, 9), {"aa"});
    udp_rule(maker, 8, "uns").header_item(xbit(FlowbitOp::kUnset, BitOwner::kSource), {"aa"});
    Bench b(test::build(maker.finish()));
    Sender s(b);
    EXPECT_EQ(s.send("get", 0), Sids({4}));
    EXPECT_EQ(s.send("set", 1), Sids({1, 5}));
    EXPECT_EQ(s.send("get", 2), Sids({2, 6}));
    EXPECT_EQ(s.send("get", 3, 2, 1), Sids({3, 4, 6}));
    EXPECT_EQ(s.send("get", 3.2, 3, 1), Sids({3, 4}));
    EXPECT_EQ(s.send("get", 3.4, 1, 3), Sids({2}));
    EXPECT_EQ(s.send("get", 6.9), Sids({2, 6})) << "the last second counts";
    EXPECT_EQ(s.send("get", 7.1), Sids({4}));
    EXPECT_EQ(s.send("tog", 8, 3), Sids({7}));
    EXPECT_EQ(s.send("get", 9, 3), Sids({2}));
    EXPECT_EQ(s.send("tog", 10, 3), Sids({7}));
    EXPECT_EQ(s.send("get", 11, 3), Sids({4}));
    s.send("tog", 12, 3);
    s.send("uns", 14, 3);
    EXPECT_EQ(s.send("get", 15, 3), Sids({4}));
}

TEST(StateLook, XbitsAreSharedByStages) {
    ModelMaker maker;
    udp_rule(maker, 1, "set").header_item(xbit(FlowbitOp::kSet, BitOwner::kSource), {"aa"});
    udp_rule(maker, 2, "get").header_item(xbit(FlowbitOp::kIsSet, BitOwner::kSource), {"aa"});
    detect::DetectConfig config = Bench::small();
    config.host_bits = std::make_shared<HostBits>(1024, 5);
    const auto model = maker.finish();
    Bench one(test::build(model), config);
    Bench other(test::build(model), config);
    EXPECT_EQ(Sender(one).send("set", 1), Sids({1}));
    EXPECT_EQ(Sender(other).send("get", 2), Sids({2}));
}

TEST(StateLook, Flowints) {
    ModelMaker maker;
    constexpr auto kOther = std::uint32_t{bundle::kValueVar};
    udp_rule(maker, 1, "add").header_item(flowint(FlowintOp::kAdd, 1), {"cnt"});
    udp_rule(maker, 2, "chk").header_item(flowint(FlowintOp::kTest, 2), {"cnt"});
    udp_rule(maker, 3, "chk").header_item(flowint(FlowintOp::kIsSet), {"cnt"});
    udp_rule(maker, 4, "chk").header_item(flowint(FlowintOp::kIsNotSet), {"cnt"});
    udp_rule(maker, 5, "sub").header_item(flowint(FlowintOp::kSubtract, 5), {"cnt"});
    udp_rule(maker, 6, "chk").header_item(flowint(FlowintOp::kTest, 100, CompareOp::kGt), {"cnt"});
    udp_rule(maker, 7, "chk")
        .header_item(flowint(FlowintOp::kTest, 0, CompareOp::kNe, kOther), {"cnt", "other"});
    udp_rule(maker, 8, "cpy")
        .header_item(flowint(FlowintOp::kSet, 0, CompareOp::kEq, kOther), {"other", "cnt"});
    udp_rule(maker, 9, "chk").header_item(flowint(FlowintOp::kTest, 1, CompareOp::kGe), {"other"});
    Bench b(test::build(maker.finish()));
    Sender s(b);
    b.flow.ip_proto = packet::kProtoUdp;
    s.flow = &b.flow;
    EXPECT_EQ(s.send("chk", 0), Sids({4}));
    EXPECT_EQ(s.send("sub", 0), Sids({5})) << "of nothing: nothing";
    EXPECT_EQ(s.send("chk", 0), Sids({4}));
    EXPECT_EQ(s.send("add", 0), Sids({1}));
    EXPECT_EQ(s.send("chk", 0), Sids({3, 7}));
    EXPECT_EQ(s.send("add", 0), Sids({1}));
    EXPECT_EQ(s.send("chk", 0), Sids({2, 3, 7}));
    EXPECT_EQ(s.send("cpy", 0), Sids({8}));
    EXPECT_EQ(s.send("chk", 0), Sids({2, 3, 9}));
    EXPECT_EQ(s.send("sub", 0), Sids({5}));
    EXPECT_EQ(s.send("chk", 0), Sids({3, 6, 7, 9})) << "below 0 it wraps around";
    b.stage.release(b.flow);
    EXPECT_EQ(s.send("chk", 0), Sids({4}));
}

TEST(StateLook, FlowintsHaveALimit) {
    ModelMaker maker;
    for (std::uint32_t i = 0; i <= kMaxFlowints; ++i) {
        udp_rule(maker, i + 1, "add")
            .header_item(flowint(FlowintOp::kSet, 1), {"name" + std::to_string(i)});
    }
    Bench b(test::build(maker.finish()));
    Sender s(b);
    s.flow = &b.flow;
    b.flow.ip_proto = packet::kProtoUdp;
    s.send("add", 0);
    EXPECT_EQ(b.count(packet::Reason::detect_state_full), 1U);
}

TEST(StateLook, FlowAge) {
    ModelMaker maker;
    maker.rule(1).proto(HeaderProto::kUdp).number(ItemKind::kFlowAge, CompareOp::kGt, 10);
    Bench b(test::build(maker.finish()));
    Sender s(b);
    s.flow = &b.flow;
    b.flow.ip_proto = packet::kProtoUdp;
    b.flow.rest().first_seen.count = 1700000000 * seconds(1).count;
    EXPECT_EQ(s.send("x", 10.9), Sids({}));
    EXPECT_EQ(s.send("x", 11), Sids({1}));
    s.flow = nullptr;
    EXPECT_EQ(s.send("x", 20), Sids({})) << "no flow, no age";
}

Item math(bundle::MathOp op, std::int64_t value, std::int32_t offset = 0) {
    Item i;
    i.kind = ItemKind::kByteMath;
    i.nbytes = 1;
    i.offset = offset;
    i.flags = bundle::kRelative;
    i.hi = static_cast<std::int64_t>(op);
    i.lo = value;
    return i;
}

TEST(StateLook, ByteMath) {
    ModelMaker maker;
    const auto rule = [&maker](std::uint32_t sid, bundle::MathOp op, std::int64_t value) {
        udp_rule(maker, sid, "N")
            .item(math(op, value))
            .content("X")
            .depth(1)
            .flags(bundle::kHasOffset | bundle::kOffsetVar);
    };
    rule(1, bundle::MathOp::kAdd, 2);
    rule(2, bundle::MathOp::kSubtract, 1);
    rule(3, bundle::MathOp::kMultiply, 2);
    rule(4, bundle::MathOp::kDivide, 2);
    rule(5, bundle::MathOp::kShiftLeft, 1);
    rule(6, bundle::MathOp::kShiftRight, 1);
    rule(7, bundle::MathOp::kDivide, 0);
    rule(8, bundle::MathOp::kShiftLeft, 70);
    Bench b(test::build(maker.finish()));
    Sender s(b);
    EXPECT_EQ(s.send("N\x04"
                     "aaXbXcXdX",
                     0),
              Sids({1, 3, 5}));
    EXPECT_EQ(s.send("N\x06"
                     "aX",
                     0),
              Sids({4, 6}));
    EXPECT_EQ(s.send("N", 0), Sids({})) << "nothing to read";
    EXPECT_EQ(s.send("XN\x05", 0), Sids({8})) << "all bits shifted out";
}

}  // namespace
}  // namespace sluice::detect
