// SPDX-License-Identifier: Apache-2.0
// What decode finds in well-formed packets.
#include "tests/support/counter_delta.h"
#include "tests/support/test_batch.h"
#include "tests/support/usual_packets.h"

#include <gtest/gtest.h>

namespace sluice::decode {
namespace {

using packet::Packet;
using packet::Reason;
using test::address;
using test::bytes_of;
using test::PacketBuilder;
using test::TestBatch;
using test::v4;
using test::v6;

// One packet through decode, checksums verified; nothing may be counted but 'expected'.
struct One {
    explicit One(const PacketBuilder& builder, test::CounterDelta::Expected expected = {})
        : packet(batch.add(builder)) {
        test::CounterDelta delta(reasons);
        reasons = batch.decode();
        EXPECT_EQ(delta.difference(expected), "") << builder.to_string();
    }

    std::string payload() const { return {packet.payload().begin(), packet.payload().end()}; }

    TestBatch batch;
    packet::ReasonCounters reasons{};
    Packet& packet;
};

TEST(DecodeFields, TcpOverIpv4) {
    One o(v4().ttl(57)
              .ip_id(0xbeef)
              .tcp(40000, 443)
              .seq(0xfffffff0)
              .ack(77)
              .flags(0x18)
              .window(501)
              .urgent(3)
              .payload("hello"));
    const Packet& p = o.packet;
    EXPECT_EQ(p.ip_version, 4);
    EXPECT_EQ(p.ip_proto, packet::kProtoTcp);
    EXPECT_EQ(p.ttl, 57);
    EXPECT_EQ(p.ip_id, 0xbeef);
    EXPECT_EQ(p.src, address("10.1.2.3"));
    EXPECT_EQ(p.dst, address("172.16.0.9"));
    EXPECT_TRUE(p.src.is_v4());
    EXPECT_EQ(p.src_port, 40000);
    EXPECT_EQ(p.dst_port, 443);
    EXPECT_EQ(p.tcp.seq, SeqNum(0xfffffff0));
    EXPECT_EQ(p.tcp.ack, SeqNum(77));
    EXPECT_EQ(p.tcp.flags, packet::kTcpAck | packet::kTcpPsh);
    EXPECT_EQ(p.tcp.window, 501);
    EXPECT_EQ(p.tcp.urgent, 3);
    EXPECT_EQ(p.tcp.mss, 0);
    EXPECT_EQ(p.tcp.wscale, -1);
    EXPECT_EQ(p.l3_off, 14);
    EXPECT_EQ(p.l4_off, 34);
    EXPECT_EQ(p.payload_off, 54);
    EXPECT_EQ(o.payload(), "hello");
    EXPECT_TRUE(p.l4_ok);
    EXPECT_FALSE(p.is_fragment);
    EXPECT_FALSE(p.dropped());
}

TEST(DecodeFields, TcpOverIpv6) {
    One o(v6().ttl(3).tcp(1, 2).seq(5).payload("six"));
    EXPECT_EQ(o.packet.ip_version, 6);
    EXPECT_EQ(o.packet.ttl, 3);
    EXPECT_EQ(o.packet.src, address("2001:db8::1"));
    EXPECT_EQ(o.packet.dst, address("2001:db8::2"));
    EXPECT_EQ(o.packet.l4_off, 54);
    EXPECT_EQ(o.payload(), "six");
    EXPECT_TRUE(o.packet.l4_ok);
}

TEST(DecodeFields, SynOptions) {
    One o(v4().tcp(1, 2).flags(packet::kTcpSyn).mss(1460).wscale(7));
    EXPECT_EQ(o.packet.tcp.mss, 1460);
    EXPECT_EQ(o.packet.tcp.wscale, 7);
    EXPECT_EQ(o.packet.payload_len, 0u);
}

TEST(DecodeFields, WindowScaleIsCutToFourteen) {
    One o(v4().tcp(1, 2).flags(packet::kTcpSyn).wscale(200));
    EXPECT_EQ(o.packet.tcp.wscale, 14);
}

TEST(DecodeFields, TimestampsAndReservedBits) {
    const std::array<std::uint8_t, 10> bare = {8, 10, 0, 0, 1, 0, 0, 0, 2, 0};
    const std::array<std::uint8_t, 10> wrong_length = {8, 9, 0, 0, 1, 0, 0, 0, 2, 0};
    One usual(v4().tcp(1, 2).timestamps(0x100, 0x200).payload("x"));
    One odd(v4().tcp(1, 2).tcp_options(bare).payload("x"));
    for (const One* o : {&usual, &odd}) {
        EXPECT_TRUE(o->packet.tcp.has_timestamp);
        EXPECT_EQ(o->packet.tcp.ts_value, 0x100U);
        EXPECT_EQ(o->packet.tcp.reserved, 0);
    }
    One none(v4().tcp(1, 2).tcp_options(wrong_length));
    EXPECT_FALSE(none.packet.tcp.has_timestamp);
}

TEST(DecodeFields, MssAndScaleCountOnASynOnly) {
    One o(v4().tcp(1, 2).mss(1460).wscale(7));
    EXPECT_EQ(o.packet.tcp.mss, 0);
    EXPECT_EQ(o.packet.tcp.wscale, -1);
}

TEST(DecodeFields, OptionsOfAnotherLengthAreSkipped) {
    const std::array<std::uint8_t, 8> odd = {2, 3, 9, 3, 4, 9, 9, 0};  // MSS of 3 bytes, scale of 4
    One o(v4().tcp(1, 2).flags(packet::kTcpSyn).tcp_options(odd).payload("x"));
    EXPECT_EQ(o.packet.tcp.mss, 0);
    EXPECT_EQ(o.packet.tcp.wscale, -1);
    EXPECT_EQ(o.payload(), "x");
}

TEST(DecodeFields, BytesBehindEndOfOptionsAreNotRead) {
    const std::array<std::uint8_t, 4> end_then_junk = {0, 2, 0xff, 0xff};
    One o(v4().tcp(1, 2).flags(packet::kTcpSyn).tcp_options(end_then_junk));
    EXPECT_TRUE(o.packet.l4_ok);
    EXPECT_EQ(o.packet.tcp.mss, 0);
}

TEST(DecodeFields, TimestampsOnDataSegments) {
    One o(v4().tcp(1, 2).timestamps(5, 6).payload("data"));
    EXPECT_EQ(o.packet.payload_off, 66);
    EXPECT_EQ(o.payload(), "data");
}

TEST(DecodeFields, PaddingBehindTheIpPacketIsNoPayload) {
    One o(v4().tcp(1, 2).payload("ab").pad(64, 0x41));
    EXPECT_EQ(o.payload(), "ab");
    One six(v6().udp(1, 2).payload("ab").pad(90, 0x41));
    EXPECT_EQ(six.payload(), "ab");
}

TEST(DecodeFields, Ipv4Options) {
    const std::array<std::uint8_t, 4> router_alert = {148, 4, 0, 0};
    One o(v4().ip_options(router_alert).udp(5, 6).payload("x"), {{Reason::ipv4_options, 1}});
    EXPECT_EQ(o.packet.l4_off, 38);
    EXPECT_EQ(o.payload(), "x");
    const std::array<std::uint8_t, 4> end_early = {1, 0, 7, 7};  // NOP, END, junk
    One p(v4().ip_options(end_early).udp(5, 6).payload("y"), {{Reason::ipv4_options, 1}});
    EXPECT_EQ(p.payload(), "y");
}

TEST(DecodeFields, UdpPayloadEndsWhereUdpSays) {
    One o(v4().udp(53, 1024).payload("answer"));
    EXPECT_EQ(o.packet.src_port, 53);
    EXPECT_EQ(o.packet.dst_port, 1024);
    EXPECT_EQ(o.payload(), "answer");
    const auto frame = v4().udp(1, 2).udp_length(10).l4_checksum(0).payload("abcdef").build();
    TestBatch batch;
    Packet& p = batch.add(frame);
    batch.decode();
    EXPECT_EQ(p.payload_len, 2u);
}

TEST(DecodeFields, UdpWithoutChecksum) {
    EXPECT_TRUE(One(v4().udp(1, 2).l4_checksum(0).payload("x")).packet.l4_ok);
    EXPECT_TRUE(One(v6().udp(1, 2).l4_checksum(0).payload("x")).packet.l4_ok);
}

TEST(DecodeFields, IcmpOfBothVersions) {
    One o(v4().icmp(8, 1, 0x00010002).payload("ping"));
    EXPECT_EQ(o.packet.icmp_type, 8);
    EXPECT_EQ(o.packet.icmp_code, 1);
    EXPECT_EQ(o.payload(), "ping");
    EXPECT_EQ(o.packet.src_port, 0);
    One six(v6().icmp(128, 0).payload("ping6"));
    EXPECT_EQ(six.packet.ip_proto, packet::kProtoIcmp6);
    EXPECT_EQ(six.packet.icmp_type, 128);
    EXPECT_EQ(six.payload(), "ping6");
}

TEST(DecodeFields, Sctp) {
    One o(v4().sctp(36412, 36413).payload("chunk"));
    EXPECT_EQ(o.packet.src_port, 36412);
    EXPECT_EQ(o.packet.dst_port, 36413);
    EXPECT_EQ(o.payload(), "chunk");
    EXPECT_TRUE(o.packet.l4_ok);
}

TEST(DecodeFields, VlanTags) {
    One one(v4().vlan(0xf123).udp(1, 2).payload("x"));  // priority bits are not part of the id
    EXPECT_EQ(one.packet.vlan_count, 1);
    EXPECT_EQ(one.packet.vlan[0], 0x123);
    EXPECT_EQ(one.packet.l3_off, 18);
    EXPECT_EQ(one.payload(), "x");
    One two(v6().vlan(10, 0x88a8).vlan(20).tcp(1, 2).payload("y"));
    EXPECT_EQ(two.packet.vlan_count, 2);
    EXPECT_EQ(two.packet.vlan[0], 10);
    EXPECT_EQ(two.packet.vlan[1], 20);
    EXPECT_EQ(two.packet.l3_off, 22);
    EXPECT_EQ(two.payload(), "y");
}

TEST(DecodeFields, EveryKindOfExtensionHeader) {
    const std::array<std::uint8_t, 7> routing_done = {0, 0, 0, 0,
                                                      0, 0, 0};  // type 0, no segments left
    const std::array<std::uint8_t, 15> options = {1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    const std::array<std::uint8_t, 11> ah = {1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1};  // (1 + 2) * 4 bytes
    One o(v6().hop_by_hop()
              .extension(60, options)
              .extension(43, routing_done)
              .extension(51, ah)
              .tcp(1, 2)
              .payload("deep"),
          {{Reason::ipv6_hopopts_padding, 1}, {Reason::ipv6_dstopts_padding, 1}});
    EXPECT_EQ(o.packet.ip_proto, packet::kProtoTcp);
    EXPECT_EQ(o.packet.l4_off, 54 + 8 + 16 + 8 + 12);
    EXPECT_EQ(o.payload(), "deep");
    EXPECT_TRUE(o.packet.l4_ok);
}

TEST(DecodeFields, AtomicFragmentIsAnOrdinaryPacket) {
    One o(v6().fragment(0, false, 9).tcp(1, 2).payload("whole"), {{Reason::fragment_atomic, 1}});
    EXPECT_FALSE(o.packet.is_fragment);
    EXPECT_TRUE(o.packet.l4_ok);
    EXPECT_EQ(o.payload(), "whole");
}

// The sender summed the last address of the routing header, which we do not follow.
TEST(DecodeFields, ChecksumIsNotJudgedWhileSegmentsAreLeft) {
    std::array<std::uint8_t, 23> routing = {};
    routing[0] = 2;  // 24 bytes
    routing[1] = 4;  // RFC 8754
    routing[2] = 1;  // segments left
    One o(v6().extension(43, routing).tcp(1, 2).l4_checksum(0x1234).payload("srv6"));
    EXPECT_TRUE(o.packet.l4_ok);
}

TEST(DecodeFields, OtherProtocolsKeepTheirIpPayload) {
    One o(v4().ip_proto(89).payload("gre"), {{Reason::l4_uninspected, 1}});
    EXPECT_EQ(o.packet.ip_version, 4);
    EXPECT_EQ(o.packet.ip_proto, 89);
    EXPECT_FALSE(o.packet.l4_ok);
    EXPECT_EQ(o.payload(), "gre");
    EXPECT_FALSE(o.packet.dropped());
    One none(v6(), {{Reason::l4_uninspected, 1}});  // no next header
    EXPECT_EQ(none.packet.ip_proto, 59);
}

TEST(DecodeFields, IcmpOverTheOtherIpVersionIsNotIcmp) {
    One o(v4().icmp(8, 0).ip_proto(58), {{Reason::l4_uninspected, 1}});
    EXPECT_FALSE(o.packet.l4_ok);
    One six(v6().ip_proto(1).payload("12345678"), {{Reason::l4_uninspected, 1}});
    EXPECT_FALSE(six.packet.l4_ok);
}

TEST(DecodeFields, FragmentsAreMarkedAndForwarded) {
    struct Case {
        PacketBuilder builder;
        std::uint8_t proto;
    };

    for (const auto& [builder, proto] :
         {Case{v4().fragment(0, true).udp(1, 2).payload("first"), 17},
          Case{v4().fragment(1480, false).ip_proto(6).payload("last"), 6},
          Case{v6().fragment(0, true).udp(1, 2).payload("first"), 17},
          Case{v6().fragment(8, false).ip_proto(17).payload("last"), 17}}) {
        One o(builder);
        EXPECT_TRUE(o.packet.is_fragment) << builder.to_string();
        EXPECT_FALSE(o.packet.l4_ok);
        EXPECT_FALSE(o.packet.dropped());
        EXPECT_EQ(o.packet.ip_proto, proto);
        EXPECT_EQ(o.packet.src_port, 0);
        EXPECT_NE(o.packet.payload_len, 0u);
    }
}

}  // namespace
}  // namespace sluice::decode
