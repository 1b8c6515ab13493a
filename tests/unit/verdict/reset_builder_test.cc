// SPDX-License-Identifier: Apache-2.0
#include "dataplane/verdict/reset_builder.h"

#include "tests/support/reference_checksum.h"
#include "tests/support/test_batch.h"
#include "tests/support/usual_packets.h"

#include <gtest/gtest.h>

namespace sluice::verdict {
namespace {

using packet::Packet;
using test::address;
using test::Frame;
using test::PacketBuilder;
using test::TestBatch;
using test::v6;

using Build = std::size_t (*)(const Packet&, MutableBytes);

// What 'build' answers to a packet that decode has seen; empty for none.
Frame answer(const PacketBuilder& to, Build build, std::size_t room = 2048) {
    TestBatch batch;
    const Packet& p = batch.add(to);
    batch.decode();
    Frame out(room, 0xee);
    const std::size_t n = build(p, out);
    EXPECT_LE(n, room);
    for (std::size_t i = n; i < room && n != 0; ++i) {
        EXPECT_EQ(out[i], 0xee) << "written behind the end";
    }
    out.resize(n);
    return out;
}

// From far away: the reset must not die on its way back.
PacketBuilder v4() {
    return test::v4().ttl(3);
}

PacketBuilder segment(PacketBuilder b) {
    return b.tcp(40000, 443)
        .seq(1000)
        .ack(5000)
        .flags(packet::kTcpAck | packet::kTcpPsh)
        .payload("exploit");
}

TEST(ResetBuilder, ToReceiverByteByByte) {
    const Frame expected = {0x02, 0,    0,    0,    0, 0x02, 0x02, 0,    0,  0,
                            0,    0x01, 0x08, 0x00,  // Ethernet, as the packet went
                            0x45, 0,    0,    40,   0, 0,    0x40, 0,    64, 6,
                            0x82, 0xb3, 10,   1,    2, 3,    172,  16,   0,  9,  // IPv4
                            0x9c, 0x40, 0x01, 0xbb, 0, 0,    0x03, 0xe8, 0,  0,
                            0x13, 0x88, 0x50, 0x14, 0, 0,    0x42, 0x48, 0,  0,  // TCP
                            0,    0,    0,    0,    0, 0};  // to the Ethernet minimum
    EXPECT_EQ(answer(segment(v4()), build_reset_to_receiver), expected);
}

TEST(ResetBuilder, ToSenderByteByByte) {
    const Frame expected = {
        0x02, 0,    0, 0,  0,    0x01, 0x02, 0,    0,  0, 0,    0x02, 0x08, 0x00,  // Ethernet, back
        0x45, 0,    0, 40, 0,    0,    0x40, 0,    64, 6, 0x82, 0xb3, 172,  16,   0,    9,
        10,   1,    2, 3,  0x01, 0xbb, 0x9c, 0x40, 0,  0, 0x13, 0x88, 0,    0,    0x03, 0xef,
        0x50, 0x14, 0, 0,  0x42, 0x41, 0,    0,    0,  0, 0,    0,    0,    0};
    EXPECT_EQ(answer(segment(v4()), build_reset_to_sender), expected);
}

// Every frame goes through decode again, which verifies all checksums; and against the naive sum.
void expect_valid(const Frame& f, const std::string& what) {
    TestBatch batch;
    const Packet& p = batch.add(f);
    const auto reasons = batch.decode();
    EXPECT_EQ(reasons, packet::ReasonCounters{}) << what;
    ASSERT_TRUE(p.l4_ok) << what;
    EXPECT_GE(p.len, kMinFrame);
    EXPECT_EQ(p.ttl, 64);
    if (p.ip_version == 4) {
        EXPECT_EQ(test::reference_checksum(Bytes(f).subspan(p.l3_off, 20)), 0) << what;
    }
    const std::size_t length = p.payload_off + p.payload_len - p.l4_off;
    Frame covered;
    if (p.ip_proto != packet::kProtoIcmp) {
        covered = test::reference_pseudo_header(p.src, p.dst, p.ip_proto, length);
    }
    covered.insert(covered.end(), f.begin() + p.l4_off,
                   f.begin() + p.l4_off + static_cast<std::ptrdiff_t>(length));
    EXPECT_EQ(test::reference_checksum(covered), 0) << what;
}

struct Numbers {
    std::string name;
    std::uint8_t flags;
    std::string payload;
    std::uint32_t to_receiver_seq;
    std::uint32_t to_sender_seq;
    std::uint32_t to_sender_ack;
};

// The packet: seq 0xfffffffe, ack 5000.
TEST(ResetBuilder, NumbersAreThoseThatTheEndsExpect) {
    using namespace packet;
    const std::vector<Numbers> cases = {
        {"data", kTcpAck, "0123456789", 0xfffffffe, 5000, 8},
        {"bare ACK", kTcpAck, "", 0xfffffffe, 5000, 0xfffffffe},
        {"FIN with data", kTcpAck | kTcpFin, "0123456789", 0xfffffffe, 5000, 9},
        {"SYN", kTcpSyn, "", 0xfffffffe, 0, 0xffffffff},
        {"SYN ACK", kTcpSyn | kTcpAck, "", 0xfffffffe, 5000, 0xffffffff},
    };
    for (const bool six : {false, true}) {
        for (const Numbers& c : cases) {
            PacketBuilder b = six ? v6() : v4();
            b.tcp(40000, 443).seq(0xfffffffe).ack(5000).flags(c.flags).payload(c.payload);
            for (const bool back : {false, true}) {
                const Frame f = answer(b, back ? build_reset_to_sender : build_reset_to_receiver);
                expect_valid(f, c.name);
                TestBatch batch;
                const Packet& p = batch.add(f);
                batch.decode();
                EXPECT_EQ(p.tcp.seq.raw(), back ? c.to_sender_seq : c.to_receiver_seq) << c.name;
                const bool acks = back || (c.flags & kTcpAck) != 0;
                EXPECT_EQ(p.tcp.flags, acks ? kTcpRst | kTcpAck : kTcpRst) << c.name;
                EXPECT_EQ(p.tcp.ack.raw(), back ? c.to_sender_ack : (acks ? 5000u : 0u)) << c.name;
                EXPECT_EQ(p.src_port, back ? 443 : 40000);
                EXPECT_EQ(p.dst_port, back ? 40000 : 443);
                const auto client = address(six ? "2001:db8::1" : "10.1.2.3");
                EXPECT_EQ(back ? p.dst : p.src, client);
                EXPECT_EQ(p.payload_len, 0u);
            }
        }
    }
}

TEST(ResetBuilder, LabelsAndPppoeAreNotAnswered) {
    const Frame plain = segment(v4()).build();
    for (const Frame& header :
         {Frame{0x88, 0x47, 0, 1, 1, 64}, Frame{0x88, 0x64, 0x11, 0, 0, 1, 0, 49, 0, 0x21}}) {
        Frame frame(plain.begin(), plain.begin() + 12);
        frame.insert(frame.end(), header.begin(), header.end());
        frame.insert(frame.end(), plain.begin() + 14, plain.end());
        TestBatch batch;
        const Packet& p = batch.add(std::move(frame));
        batch.decode();
        ASSERT_TRUE(p.l4_ok);
        std::array<std::uint8_t, 256> out{};
        EXPECT_EQ(build_reset_to_receiver(p, out), 0U);
        EXPECT_EQ(build_reset_to_sender(p, out), 0U);
        EXPECT_EQ(build_unreachable(p, out), 0U);
    }
}

TEST(ResetBuilder, KeepsVlanTagsAndMacs) {
    const auto build = [](PacketBuilder b) {
        return segment(
            b.eth({1 << 1, 2, 3, 4, 5, 6}, {10, 11, 12, 13, 14, 15}).vlan(0xa064, 0x88a8).vlan(7));
    };
    for (const bool six : {false, true}) {
        const Frame forth = answer(build(six ? v6() : v4()), build_reset_to_receiver);
        const Frame back = answer(build(six ? v6() : v4()), build_reset_to_sender);
        expect_valid(forth, "forth");
        expect_valid(back, "back");
        const Frame to = {2, 2, 3, 4, 5, 6};
        const Frame from = {10, 11, 12, 13, 14, 15};
        const Frame tags = {0x88, 0xa8, 0xa0, 0x64, 0x81, 0x00, 0x00, 0x07};
        EXPECT_EQ(Frame(forth.begin(), forth.begin() + 6), to);
        EXPECT_EQ(Frame(forth.begin() + 6, forth.begin() + 12), from);
        EXPECT_EQ(Frame(back.begin(), back.begin() + 6), from);
        EXPECT_EQ(Frame(back.begin() + 6, back.begin() + 12), to);
        EXPECT_EQ(Frame(forth.begin() + 12, forth.begin() + 20), tags);
        EXPECT_EQ(Frame(back.begin() + 12, back.begin() + 20), tags);
        EXPECT_EQ(back.size(), six ? kMaxResetFrame : 62u);
    }
}

TEST(ResetBuilder, NothingIsSentInAnswerTo) {
    const std::vector<std::pair<std::string, PacketBuilder>> cases = {
        {"a RST", v4().tcp(1, 2).flags(packet::kTcpRst)},
        {"a RST with ACK", v4().tcp(1, 2).flags(packet::kTcpRst | packet::kTcpAck)},
        {"UDP", v4().udp(1, 2)},
        {"a fragment", v4().fragment(0, true).tcp(1, 2)},
        {"a malformed segment", v4().tcp(1, 2).l4_checksum(7)},
        {"ARP", PacketBuilder().ether_type(0x0806)},
    };
    for (const auto& [name, builder] : cases) {
        EXPECT_TRUE(answer(builder, build_reset_to_receiver).empty()) << name;
        EXPECT_TRUE(answer(builder, build_reset_to_sender).empty()) << name;
    }
}

TEST(ResetBuilder, TooLittleRoomIsNoFrame) {
    for (std::size_t room = 0; room < 60; ++room) {
        EXPECT_TRUE(answer(segment(v4()), build_reset_to_receiver, room).empty()) << room;
        EXPECT_TRUE(answer(segment(v4()), build_reset_to_sender, room).empty()) << room;
    }
    EXPECT_EQ(answer(segment(v4()), build_reset_to_sender, 60).size(), 60u);
}

TEST(Unreachable, QuotesThePacketToItsSource) {
    for (const bool six : {false, true}) {
        PacketBuilder b = six ? v6() : v4();
        b.vlan(9).udp(1000, 53).payload("query");
        const Frame original = b.build();
        const Frame f = answer(b, build_unreachable);
        expect_valid(f, b.to_string());
        TestBatch batch;
        const Packet& p = batch.add(f);
        batch.decode();
        EXPECT_EQ(p.icmp_type, six ? 1 : 3);
        EXPECT_EQ(p.icmp_code, six ? 4 : 3);
        EXPECT_EQ(p.src, address(six ? "2001:db8::2" : "172.16.0.9"));
        EXPECT_EQ(p.dst, address(six ? "2001:db8::1" : "10.1.2.3"));
        EXPECT_EQ(p.vlan[0], 9);
        EXPECT_EQ(Frame(p.payload().begin(), p.payload().end()),
                  Frame(original.begin() + 18, original.end()));
        EXPECT_EQ(Frame(f.begin(), f.begin() + 6),
                  Frame(original.begin() + 6, original.begin() + 12));
    }
}

TEST(Unreachable, IsNoLongerThanAllowed) {
    const std::string big(1400, 'x');
    EXPECT_EQ(answer(v4().udp(1, 2).payload(big), build_unreachable).size(), 14u + 576u);
    EXPECT_EQ(answer(v6().udp(1, 2).payload(big), build_unreachable).size(), 14u + 1280u);
    for (const bool six : {false, true}) {
        const Frame shortened = answer((six ? v6() : v4()).vlan(1).vlan(2).udp(1, 2).payload(big),
                                       build_unreachable, kMinReplyRoom);
        EXPECT_EQ(shortened.size(), kMinReplyRoom);
        expect_valid(shortened, "shortened quote");
    }
}

TEST(Unreachable, WithoutRoomForThePortsThereIsNone) {
    EXPECT_TRUE(answer(v4().udp(1, 2).payload("abc"), build_unreachable, 14 + 28 + 27).empty());
    EXPECT_EQ(answer(v4().udp(1, 2).payload("abc"), build_unreachable, 14 + 28 + 28).size(), 70u);
    EXPECT_TRUE(answer(v6().udp(1, 2), build_unreachable, 10).empty());
}

TEST(Unreachable, NothingIsSentInAnswerTo) {
    PacketBuilder group_mac = v4().eth({1, 0, 0x5e, 0, 0, 1}, {2, 0, 0, 0, 0, 1}).udp(1, 2);
    const std::vector<std::pair<std::string, PacketBuilder>> cases = {
        {"an ICMP error", v4().icmp(3, 1)},
        {"time exceeded", v4().icmp(11, 0)},
        {"an ICMPv6 error", v6().icmp(2, 0)},
        {"a fragment", v4().fragment(8, false).ip_proto(17).payload("x")},
        {"a group address at the link", group_mac},
        {"IPv4 multicast", PacketBuilder().ipv4("10.0.0.1", "224.0.0.251").udp(5353, 5353)},
        {"broadcast", PacketBuilder().ipv4("10.0.0.1", "255.255.255.255").udp(68, 67)},
        {"no source", PacketBuilder().ipv4("0.0.0.0", "10.0.0.1").udp(68, 67)},
        {"IPv6 multicast", PacketBuilder().ipv6("::1", "ff02::fb").udp(5353, 5353)},
        {"unspecified", PacketBuilder().ipv6("::", "2001:db8::1").icmp(128, 0)},
        {"ARP", PacketBuilder().ether_type(0x0806)},
    };
    for (const auto& [name, builder] : cases) {
        EXPECT_TRUE(answer(builder, build_unreachable).empty()) << name;
    }
    EXPECT_FALSE(answer(v4().icmp(8, 0), build_unreachable).empty())
        << "an echo request may be refused";
}

}  // namespace
}  // namespace sluice::verdict
