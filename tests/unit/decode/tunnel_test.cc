// SPDX-License-Identifier: Apache-2.0
// What is inside tunnels: found, entered and decoded for each kind; anything odd is counted, and
// the outer packet goes on.
#include "tests/support/counter_delta.h"
#include "tests/support/test_batch.h"
#include "tests/support/tunnel_samples.h"

#include <gtest/gtest.h>

namespace sluice::decode {
namespace {

using packet::Packet;
using packet::Reason;
using packet::Tunnel;
using test::Frame;
using test::PacketBuilder;
using test::TestBatch;
using test::TunnelSample;

std::vector<TunnelSample> all_samples() {
    auto all = test::tunnel_samples(
        PacketBuilder().ipv4("10.0.0.1", "10.0.0.2").tcp(4000, 80).payload("inside").build());
    for (TunnelSample& s : test::tunnel_samples(
             PacketBuilder().ipv6("::1", "::2").udp(4000, 80).payload("inside").build())) {
        s.name += ", IPv6 inside";
        all.push_back(std::move(s));
    }
    return all;
}

void expect_inside(const Packet& p, const std::string& name) {
    EXPECT_TRUE(p.l4_ok) << name;
    EXPECT_EQ(p.src_port, 4000) << name;
    EXPECT_EQ(p.dst_port, 80) << name;
    EXPECT_EQ(p.src, test::address(p.ip_version == 4 ? "10.0.0.1" : "::1")) << name;
    EXPECT_EQ(std::string(p.payload().begin(), p.payload().end()), "inside") << name;
}

void expect_in_frame(const Packet& p, const std::string& name) {
    ASSERT_LE(p.l3_off, p.len) << name;
    ASSERT_LE(p.l4_off, p.len) << name;
    ASSERT_LE(p.payload_off + p.payload_len, p.len) << name;
    if (p.tunnel != Tunnel::kNone) {
        ASSERT_GE(p.inner_off, p.payload_off) << name;
        ASSERT_LT(p.inner_off, p.payload_off + p.payload_len) << name;
    }
}

TEST(Tunnel, EachKindIsEntered) {
    for (const TunnelSample& s : all_samples()) {
        TestBatch batch;
        const Packet& outer = batch.add(s.frame());
        packet::ReasonCounters reasons{};
        test::CounterDelta delta(reasons);
        reasons = batch.decode();
        EXPECT_EQ(delta.difference({}), "") << s.name;
        EXPECT_EQ(outer.tunnel, s.tunnel) << s.name;
        if (s.tunnel == Tunnel::kNone) {
            expect_inside(outer, s.name);
            continue;
        }
        EXPECT_EQ(outer.inner, s.inner) << s.name;
        const std::size_t front =
            s.inner == packet::Inner::kPpp ? outer.inner_off - outer.payload_off : s.header;
        EXPECT_EQ(outer.inner_off, outer.payload_off + front) << s.name;
        Packet inner;
        ASSERT_TRUE(DecodeStage(DecodeConfig{}).enter(outer, inner, reasons)) << s.name;
        EXPECT_EQ(delta.difference({{Reason::tunnel_inspected, 1}}), "") << s.name;
        expect_inside(inner, s.name);
        EXPECT_EQ(inner.depth, 1) << s.name;
        EXPECT_FALSE(inner.writable) << s.name;
        EXPECT_EQ(inner.data + inner.len, outer.data + outer.len) << s.name;
    }
}

// Frames of their own exact size, so that a read beyond one is seen by ASan.
TEST(Tunnel, CutAnywhereItIsCountedAndForwarded) {
    for (const TunnelSample& s : all_samples()) {
        for (std::size_t n = 0; n < s.payload.size(); ++n) {
            const std::string name = s.name + " cut to " + std::to_string(n);
            Frame frame = s.cut(n);
            frame.shrink_to_fit();
            TestBatch batch;
            const Packet& outer = batch.add(std::move(frame));
            packet::ReasonCounters reasons = batch.decode();
            expect_in_frame(outer, name);
            if (s.tunnel == Tunnel::kNone) {
                EXPECT_TRUE(outer.dropped()) << name;
                continue;
            }
            Packet inner;
            if (outer.tunnel != Tunnel::kNone) {
                EXPECT_FALSE(DecodeStage(DecodeConfig{}).enter(outer, inner, reasons)) << name;
                expect_in_frame(inner, name);
            }
            packet::ReasonCounters expected{};
            expected[static_cast<std::size_t>(Reason::tunnel_malformed)] = 1;
            EXPECT_EQ(reasons, expected) << name;
            EXPECT_FALSE(outer.dropped()) << name;
        }
    }
}

struct OddCase {
    const char* name;
    PacketBuilder outer;
    Frame payload;
    Reason reason;
};

PacketBuilder udp_to(std::uint16_t port) {
    return PacketBuilder().ipv4("192.0.2.1", "192.0.2.2").udp(50000, port);
}

PacketBuilder gre() {
    return PacketBuilder().ipv4("192.0.2.1", "192.0.2.2").ip_proto(47);
}

std::vector<OddCase> odd_cases() {
    Frame many_labels = {0, 0, 0x88, 0x47};
    many_labels.insert(many_labels.end(), 64, 0);
    Frame long_chain = {0x34, 255, 0, 44, 0, 0, 0, 1, 0, 0, 0, 0x85};
    for (int i = 0; i < 10; ++i) {
        long_chain.insert(long_chain.end(), {1, 0, 0, 0x85});
    }
    return {
        {"GRE with routing", gre(), {0x40, 0, 8, 0, 0, 0, 0, 0, 0x45}, Reason::tunnel_malformed},
        {"GRE version 2", gre(), {0, 2, 8, 0, 0x45}, Reason::tunnel_malformed},
        {"GRE version 1 without PPP", gre(), {0, 1, 8, 0, 0x45}, Reason::tunnel_malformed},
        {"GRE, nothing inside", gre(), {0, 0, 8, 0}, Reason::tunnel_malformed},
        {"GRE with CDP", gre(), {0, 0, 0x20, 0, 1}, Reason::tunnel_not_ip},
        {"GRE with too many labels", gre(), many_labels, Reason::mpls_depth},
        {"PPTP acknowledgement",
         gre(),
         {0x20, 0x81, 0x88, 0x0b, 0, 0, 0, 1, 0, 0, 0, 1},
         Reason::tunnel_not_ip},
        {"PPTP longer than its packet",
         gre(),
         {0x30, 1, 0x88, 0x0b, 0, 9, 0, 1, 0, 0, 0, 1, 0x21, 0x45},
         Reason::tunnel_malformed},
        {"PPTP with LCP",
         gre(),
         {0x30, 1, 0x88, 0x0b, 0, 4, 0, 1, 0, 0, 0, 1, 0xff, 3, 0xc0, 0x21},
         Reason::tunnel_not_ip},
        {"ERSPAN III of 802.11",
         gre(),
         {0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 1, 0, 1, 0, 0, 0, 0, 0, 0, 4, 0, 1},
         Reason::tunnel_not_ip},
        {"VXLAN without network",
         udp_to(4789),
         {0, 0, 0, 0, 0, 0, 7, 0, 1},
         Reason::tunnel_malformed},
        {"VXLAN with ARP",
         udp_to(4789),
         {8, 0, 0, 0, 0, 0, 7, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 8, 6, 0, 1},
         Reason::tunnel_not_ip},
        {"GENEVE version 1",
         udp_to(6081),
         {0x40, 0, 8, 0, 0, 0, 9, 0, 0x45},
         Reason::tunnel_malformed},
        {"GENEVE options beyond",
         udp_to(6081),
         {1, 0, 8, 0, 0, 0, 9, 0, 0x45},
         Reason::tunnel_malformed},
        {"GENEVE with ARP", udp_to(6081), {0, 0, 8, 6, 0, 0, 9, 0, 0, 1}, Reason::tunnel_not_ip},
        {"Teredo with IPv4", udp_to(3544), {0x45, 0, 0, 20}, Reason::tunnel_malformed},
        {"Teredo, authentication beyond",
         udp_to(3544),
         {0, 1, 200, 0, 1, 2, 3},
         Reason::tunnel_malformed},
        {"GTP-U version 2",
         udp_to(2152),
         {0x50, 255, 0, 1, 0, 0, 0, 1, 0x45},
         Reason::tunnel_malformed},
        {"GTP-U echo",
         udp_to(2152),
         {0x32, 1, 0, 4, 0, 0, 0, 0, 0, 1, 0, 0},
         Reason::tunnel_not_ip},
        {"GTP-U with Ethernet",
         udp_to(2152),
         {0x30, 255, 0, 2, 0, 0, 0, 1, 2, 2},
         Reason::tunnel_not_ip},
        {"GTP-U extension of no length",
         udp_to(2152),
         {0x34, 255, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0x85, 0, 0, 0, 0},
         Reason::tunnel_malformed},
        {"GTP-U extensions without end", udp_to(2152), long_chain, Reason::tunnel_malformed},
        {"IP in IP with another version",
         PacketBuilder().ipv4("192.0.2.1", "192.0.2.2").ip_proto(4), Frame(40, 0x66),
         Reason::tunnel_malformed},
    };
}

TEST(Tunnel, OddOnesAreCountedUnderTheirReasonAndForwarded) {
    for (const OddCase& c : odd_cases()) {
        TestBatch batch;
        const Packet& outer = batch.add(PacketBuilder(c.outer).payload(c.payload));
        packet::ReasonCounters reasons{};
        test::CounterDelta delta(reasons);
        reasons = batch.decode();
        Packet inner;
        if (outer.tunnel != Tunnel::kNone) {
            EXPECT_FALSE(DecodeStage(DecodeConfig{}).enter(outer, inner, reasons)) << c.name;
            EXPECT_FALSE(inner.dropped()) << c.name;
        }
        EXPECT_EQ(delta.difference({{c.reason, 1}}), "") << c.name;
        EXPECT_FALSE(outer.dropped()) << c.name;
        EXPECT_EQ(outer.ip_version, 4) << c.name;
    }
}

TEST(Tunnel, OffMeansNotLookedFor) {
    for (const TunnelSample& s : all_samples()) {
        TestBatch batch;
        const Packet& outer = batch.add(s.frame());
        const auto reasons = batch.decode({.tunnels = false});
        EXPECT_EQ(outer.tunnel, Tunnel::kNone) << s.name;
        EXPECT_EQ(reasons[static_cast<std::size_t>(Reason::l4_uninspected)], outer.l4_ok ? 0U : 1U)
            << s.name;
    }
}

// IP in IP in IP...: as deep as allowed, then the exception policy.
TEST(Tunnel, DepthIsLimited) {
    Frame packet = PacketBuilder().ipv4("10.0.0.1", "10.0.0.2").udp(1, 2).payload("x").build();
    for (int i = 0; i < 3; ++i) {
        packet = PacketBuilder()
                     .ipv4("192.0.2.1", "192.0.2.2")
                     .ip_proto(4)
                     .payload(Bytes(packet).subspan(14))
                     .build();
    }
    for (const bool drop : {false, true}) {
        DecodeConfig config{.max_tunnel_depth = 2};
        config.exceptions.set(
            packet::ExceptionCause::tunnel_depth,
            drop ? packet::ExceptionPolicy::kDrop : packet::ExceptionPolicy::kPass);
        TestBatch batch;
        const Packet& outer = batch.add(packet);
        packet::ReasonCounters reasons{};
        test::CounterDelta delta(reasons);
        reasons = batch.decode(config);
        const DecodeStage stage(config);
        std::array<Packet, 3> inner;
        EXPECT_TRUE(stage.enter(outer, inner[0], reasons));
        EXPECT_TRUE(stage.enter(inner[0], inner[1], reasons));
        EXPECT_FALSE(stage.enter(inner[1], inner[2], reasons));
        EXPECT_EQ(inner[2].dropped(), drop);
        EXPECT_EQ(delta.difference({{Reason::tunnel_inspected, 2}, {Reason::tunnel_depth, 1}}), "");
    }
}

struct UnknownCase {
    const char* name;
    PacketBuilder packet;
    Reason dropped;  // none: it goes on
};

TEST(Tunnel, UnknownProtocolsAreDroppedOnlyWhenAsked) {
    const Frame gre_with_cdp = {0, 0, 0x20, 0, 1};
    const Frame ospf = {0, 0, 0, 0};
    const std::vector<UnknownCase> cases = {
        {"ARP", PacketBuilder().ether_type(0x0806).payload("12345678"), Reason::none},
        {"ARP in a VLAN", PacketBuilder().vlan(1).ether_type(0x0806), Reason::none},
        {"PPPoE discovery", PacketBuilder().ether_type(0x8863).payload("x"), Reason::none},
        {"LLDP", PacketBuilder().ether_type(0x88cc).payload("x"), Reason::ethertype_uninspected},
        {"OSPF", PacketBuilder().ipv4("10.0.0.1", "10.0.0.2").ip_proto(89).payload(ospf),
         Reason::l4_uninspected},
        {"GRE with CDP", gre().payload(gre_with_cdp), Reason::tunnel_not_ip},
        {"no VXLAN on its port", udp_to(4789).payload("x"), Reason::none},
        {"ICMP", PacketBuilder().ipv4("10.0.0.1", "10.0.0.2").icmp(8, 0), Reason::none},
    };
    for (const UnknownCase& c : cases) {
        for (const bool drop : {false, true}) {
            TestBatch batch;
            const Packet& p = batch.add(c.packet);
            batch.decode({.drop_unknown = drop});
            EXPECT_EQ(p.reason, drop ? c.dropped : Reason::none) << c.name;
            EXPECT_EQ(p.dropped(), drop && c.dropped != Reason::none) << c.name;
        }
    }
}

TEST(Tunnel, AnUnknownProtocolInsideStopsTheOuterPacket) {
    const Frame ospf =
        PacketBuilder().ipv4("10.0.0.1", "10.0.0.2").ip_proto(89).payload("x").build();
    for (const TunnelSample& s : test::tunnel_samples(ospf)) {
        TestBatch batch;
        const Packet& outer = batch.add(s.frame());
        const DecodeConfig config{.drop_unknown = true};
        packet::ReasonCounters reasons = batch.decode(config);
        if (s.tunnel == Tunnel::kNone) {
            EXPECT_EQ(outer.reason, Reason::l4_uninspected) << s.name;
            continue;
        }
        Packet inner;
        EXPECT_FALSE(DecodeStage(config).enter(outer, inner, reasons)) << s.name;
        EXPECT_EQ(inner.reason, Reason::l4_uninspected) << s.name;
    }
}

// What is refused on the wire does not get through inside a tunnel.
TEST(Tunnel, ASourceRouteInsideStopsTheOuterPacket) {
    const Frame route = {0x83, 7, 4, 10, 0, 0, 9};
    const Frame inside =
        PacketBuilder().ipv4("10.0.0.1", "10.0.0.2").ip_options(route).udp(1, 2).build();
    for (const TunnelSample& s : test::tunnel_samples(inside)) {
        TestBatch batch;
        const Packet& outer = batch.add(s.frame());
        packet::ReasonCounters reasons = batch.decode();
        if (s.tunnel == Tunnel::kNone) {
            EXPECT_EQ(outer.reason, Reason::ip_source_route) << s.name;
            continue;
        }
        Packet inner;
        EXPECT_FALSE(DecodeStage(DecodeConfig{}).enter(outer, inner, reasons)) << s.name;
        EXPECT_EQ(inner.reason, Reason::ip_source_route) << s.name;
        EXPECT_EQ(reasons[static_cast<std::size_t>(Reason::ip_source_route)], 1U) << s.name;
    }
}

}  // namespace
}  // namespace sluice::decode
