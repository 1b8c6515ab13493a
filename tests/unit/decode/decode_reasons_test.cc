// SPDX-License-Identifier: Apache-2.0
// Every reason that decode can give, as a table: malformed packets are dropped under it or, in tap,
// only counted.
#include "tests/support/counter_delta.h"
#include "tests/support/test_batch.h"
#include "tests/support/usual_packets.h"

#include <gtest/gtest.h>

#include <set>

namespace sluice::decode {
namespace {

using packet::Reason;
using test::Frame;
using test::PacketBuilder;
using test::TestBatch;
using test::v4;
using test::v6;

struct Case {
    std::string name;
    PacketBuilder builder;
    Reason reason;
    bool malformed = true;  // else: forwarded uninspected
};

PacketBuilder tcp_flags(std::uint8_t flags) {
    return v4().tcp(1, 2).flags(flags);
}

template <std::size_t N>
std::array<std::uint8_t, N> bytes(const std::uint8_t (&v)[N]) {
    std::array<std::uint8_t, N> out{};
    std::copy(v, v + N, out.begin());
    return out;
}

PacketBuilder many_extensions(int n) {
    const auto empty = bytes({0, 1, 4, 0, 0, 0, 0});
    PacketBuilder b = v6();
    for (int i = 0; i < n; ++i) {
        b.extension(60, empty);
    }
    return b.tcp(1, 2);
}

// The IP packet is whole in the frame, but longer than PPPoE says.
PacketBuilder pppoe_cutting_ip() {
    const Frame ip = v4().udp(1, 2).payload("abc").build();
    Frame payload = {0x11, 0, 0, 1, 0, 32, 0, 0x21};
    payload.insert(payload.end(), ip.begin() + 14, ip.end());
    return PacketBuilder().ether_type(0x8864).payload(payload);
}

Frame pseudowires(int n) {
    Frame f;
    for (int i = 0; i < n; ++i) {
        f.insert(f.end(), {0, 1, 1, 64, 0, 0, 0, 0});
        f.insert(f.end(), 12, 2);
        f.insert(f.end(), {0x88, 0x47});
    }
    f.insert(f.end(), {0, 1, 1, 64, 0, 0, 0, 0});
    return f;
}

std::vector<Case> link_cases() {
    return {
        {"empty frame", v4().truncate(0), Reason::frame_truncated},
        {"13 bytes", v4().truncate(13), Reason::frame_truncated},
        {"VLAN tag cut", v4().vlan(1).truncate(17), Reason::frame_truncated},
        {"no network header", v4().truncate(14), Reason::frame_truncated},
        {"IPv4 header cut", v4().truncate(33), Reason::frame_truncated},
        {"IPv6 header cut", v6().truncate(53), Reason::frame_truncated},
        {"IPv4 packet cut", v4().tcp(1, 2).payload("abc").truncate(56), Reason::frame_truncated},
        {"IPv6 packet cut", v6().tcp(1, 2).payload("abc").truncate(76), Reason::frame_truncated},
        {"ARP", PacketBuilder().ether_type(0x0806).payload("0123456789012345678901234567"),
         Reason::ethertype_uninspected, false},
        {"LLDP", PacketBuilder().ether_type(0x88cc).payload("x"), Reason::ethertype_uninspected,
         false},
        {"802.3 length", PacketBuilder().ether_type(0x0026).payload("x"),
         Reason::ethertype_uninspected, false},
        {"no payload", PacketBuilder().ether_type(0x0806), Reason::ethertype_uninspected, false},
        {"ARP in a VLAN", PacketBuilder().vlan(5).ether_type(0x0806), Reason::ethertype_uninspected,
         false},
        {"three tags", v4().vlan(1).vlan(2).vlan(3).tcp(1, 2), Reason::vlan_depth, false},
        {"PPPoE discovery", PacketBuilder().ether_type(0x8863).payload("x"),
         Reason::pppoe_uninspected, false},
        {"PPPoE with LCP",
         PacketBuilder().ether_type(0x8864).payload(bytes({0x11, 0, 0, 1, 0, 3, 0xc0, 0x21, 1})),
         Reason::pppoe_uninspected, false},
        {"PPPoE cut", PacketBuilder().ether_type(0x8864).payload(bytes({0x11, 0, 0, 1, 0})),
         Reason::frame_truncated},
        {"PPPoE length over frame",
         PacketBuilder().ether_type(0x8864).payload(bytes({0x11, 0, 0, 1, 0, 4, 0, 0x21, 0x45})),
         Reason::frame_truncated},
        {"PPPoE length within IP", pppoe_cutting_ip(), Reason::frame_truncated},
        {"MPLS, nine labels", PacketBuilder().ether_type(0x8847).payload(Frame(40, 0)),
         Reason::mpls_depth, false},
        {"MPLS label cut", PacketBuilder().ether_type(0x8847).payload(bytes({0, 1, 0, 64, 0, 1})),
         Reason::frame_truncated},
        {"MPLS, nothing behind", PacketBuilder().ether_type(0x8847).payload(bytes({0, 1, 1, 64})),
         Reason::frame_truncated},
        {"MPLS, associated channel",
         PacketBuilder().ether_type(0x8847).payload(bytes({0, 1, 1, 64, 0x10, 0})),
         Reason::ethertype_uninspected, false},
        {"pseudowire in a pseudowire", PacketBuilder().ether_type(0x8847).payload(pseudowires(2)),
         Reason::ethertype_uninspected, false},
        {"pseudowire, Ethernet cut",
         PacketBuilder().ether_type(0x8847).payload(bytes({0, 1, 1, 64, 0, 0, 0, 0, 1, 2})),
         Reason::frame_truncated},
        {"three tags, cut", v4().vlan(1).vlan(2).vlan(3).truncate(22), Reason::vlan_depth, false},
    };
}

std::vector<Case> network_cases() {
    const auto option_too_long = bytes({7, 5, 0, 0});
    const auto option_too_short = bytes({7, 1, 0, 0});
    const auto option_without_length = bytes({1, 1, 1, 7});
    const auto far = bytes({200, 0, 0, 0, 0, 0, 0});
    const auto short_ah = bytes({255, 0, 0, 0, 0, 0, 1});
    return {
        {"IPv4 version 5", v4().ip_version(5).tcp(1, 2), Reason::ipv4_bad_header},
        {"IPv4 header of 16 bytes", v4().ip_header_words(4).tcp(1, 2), Reason::ipv4_bad_header},
        {"IPv4 header over length", v4().ip_header_words(15).udp(1, 2), Reason::ipv4_bad_header},
        {"IPv4 length 0", v4().ip_length(0).tcp(1, 2), Reason::ipv4_bad_header},
        {"IPv4 length under header", v4().ip_length(19).tcp(1, 2), Reason::ipv4_bad_header},
        {"IPv4 length over frame", v4().ip_length(41).tcp(1, 2), Reason::frame_truncated},
        {"IPv4 option over header", v4().ip_options(option_too_long).udp(1, 2),
         Reason::ipv4_bad_header},
        {"IPv4 option length 1", v4().ip_options(option_too_short).udp(1, 2),
         Reason::ipv4_bad_header},
        {"IPv4 option without length", v4().ip_options(option_without_length).udp(1, 2),
         Reason::ipv4_bad_header},
        {"IPv4 checksum", v4().ip_checksum(0x1234).tcp(1, 2), Reason::ipv4_bad_checksum},
        {"IPv6 version 4", v6().ip_version(4).tcp(1, 2), Reason::ipv6_bad_header},
        {"IPv6 jumbogram", v6().hop_by_hop().ip_length(0).tcp(1, 2), Reason::ipv6_bad_header},
        {"IPv6 length over frame", v6().ip_length(21).tcp(1, 2), Reason::frame_truncated},
        {"nine extension headers", many_extensions(9), Reason::ipv6_ext_limit},
        {"extension beyond packet", v6().extension(60, far).tcp(1, 2), Reason::ipv6_ext_limit},
        {"authentication beyond packet", v6().extension(51, short_ah).tcp(1, 2),
         Reason::ipv6_ext_limit},
        {"extension without body", v6().ip_proto(60).payload("1234567"), Reason::ipv6_ext_limit},
        {"extension announced, nothing there", v6().ip_proto(43), Reason::ipv6_ext_limit},
        {"hop-by-hop twice", v6().hop_by_hop().hop_by_hop().tcp(1, 2), Reason::ipv6_ext_limit},
        {"OSPF", v4().ip_proto(89).payload("x"), Reason::l4_uninspected, false},
        {"ESP", v6().ip_proto(50).payload("12345678"), Reason::l4_uninspected, false},
    };
}

std::vector<Case> transport_cases() {
    const auto option_over = bytes({1, 1, 3, 3});
    const auto option_zero = bytes({3, 0, 0, 0});
    const auto option_bare = bytes({1, 1, 1, 8});
    return {
        {"TCP cut to 19 bytes", v4().ip_proto(6).payload("1234567890123456789"),
         Reason::tcp_bad_header},
        {"TCP nothing there", v6().ip_proto(6), Reason::tcp_bad_header},
        {"TCP header of 16 bytes", v4().tcp(1, 2).tcp_header_words(4), Reason::tcp_bad_header},
        {"TCP header over packet", v4().tcp(1, 2).tcp_header_words(6), Reason::tcp_bad_header},
        {"TCP option over header", v4().tcp(1, 2).tcp_options(option_over), Reason::tcp_bad_header},
        {"TCP option length 0", v4().tcp(1, 2).tcp_options(option_zero), Reason::tcp_bad_header},
        {"TCP option without length", v4().tcp(1, 2).tcp_options(option_bare),
         Reason::tcp_bad_header},
        {"TCP checksum", v4().tcp(1, 2).l4_checksum(0x1234), Reason::tcp_bad_checksum},
        {"TCP checksum over IPv6", v6().tcp(1, 2).l4_checksum(0x1234), Reason::tcp_bad_checksum},
        {"no flags", tcp_flags(0), Reason::tcp_bad_flags},
        {"PSH alone", tcp_flags(packet::kTcpPsh), Reason::tcp_bad_flags},
        {"SYN FIN", tcp_flags(packet::kTcpSyn | packet::kTcpFin), Reason::tcp_bad_flags},
        {"SYN FIN ACK", tcp_flags(packet::kTcpSyn | packet::kTcpFin | packet::kTcpAck),
         Reason::tcp_bad_flags},
        {"SYN RST", tcp_flags(packet::kTcpSyn | packet::kTcpRst), Reason::tcp_bad_flags},
        {"FIN alone", tcp_flags(packet::kTcpFin), Reason::tcp_bad_flags},
        {"Christmas tree", tcp_flags(packet::kTcpFin | packet::kTcpPsh | packet::kTcpUrg),
         Reason::tcp_bad_flags},
        {"FIN RST", tcp_flags(packet::kTcpFin | packet::kTcpRst), Reason::tcp_bad_flags},
        {"all flags", tcp_flags(0xff), Reason::tcp_bad_flags},
        {"UDP cut", v4().ip_proto(17).payload("1234567"), Reason::udp_bad_header},
        {"UDP length 7", v4().udp(1, 2).udp_length(7), Reason::udp_bad_header},
        {"UDP length over packet", v4().udp(1, 2).udp_length(9), Reason::udp_bad_header},
        {"UDP checksum", v4().udp(1, 2).l4_checksum(1).payload("x"), Reason::udp_bad_checksum},
        {"ICMP cut", v4().ip_proto(1).payload("1234567"), Reason::icmp_bad_header},
        {"ICMPv6 cut", v6().ip_proto(58).payload("1234567"), Reason::icmp_bad_header},
        {"ICMP checksum", v4().icmp(8, 0).l4_checksum(1), Reason::icmp_bad_checksum},
        {"ICMPv6 checksum", v6().icmp(128, 0).l4_checksum(1), Reason::icmp_bad_checksum},
        {"SCTP cut", v4().ip_proto(132).payload("12345678901"), Reason::sctp_bad_header},
    };
}

std::vector<Case> all_cases() {
    std::vector<Case> all = link_cases();
    for (const auto& more : {network_cases(), transport_cases()}) {
        all.insert(all.end(), more.begin(), more.end());
    }
    return all;
}

// What is odd about a chain of extension headers is counted besides (decode_odd_test.cc).
packet::ReasonCounters without_oddities(packet::ReasonCounters reasons) {
    const auto first = static_cast<std::size_t>(Reason::ipv6_duplicate_hopopts);
    const auto last = static_cast<std::size_t>(Reason::ipv6_data_after_none);
    for (std::size_t i = first; i <= last; ++i) {
        reasons[i] = 0;
    }
    return reasons;
}

TEST(DecodeReasons, InlineDropsWhatIsMalformed) {
    for (const Case& c : all_cases()) {
        TestBatch batch;
        const packet::Packet& p = batch.add(c.builder);
        packet::ReasonCounters reasons{};
        test::CounterDelta delta(reasons);
        reasons = without_oddities(batch.decode());
        EXPECT_EQ(delta.difference({{c.reason, 1}}), "") << c.name << ": " << c.builder.to_string();
        EXPECT_EQ(p.dropped(), c.malformed) << c.name;
        EXPECT_EQ(p.reason, c.malformed ? c.reason : Reason::none) << c.name;
        EXPECT_FALSE(p.l4_ok) << c.name;
    }
}

TEST(DecodeReasons, TapForwardsItAllAndHidesWhatIsMalformed) {
    for (const Case& c : all_cases()) {
        TestBatch batch;
        const packet::Packet& p = batch.add(c.builder);
        packet::ReasonCounters reasons{};
        test::CounterDelta delta(reasons);
        reasons =
            without_oddities(batch.decode({.verify_checksums = true, .drop_malformed = false}));
        EXPECT_EQ(delta.difference({{c.reason, 1}}), "") << c.name;
        EXPECT_FALSE(p.dropped()) << c.name;
        if (c.reason == Reason::tcp_bad_flags) {
            EXPECT_TRUE(p.l4_ok && p.ip_version != 0) << c.name << ": judged alone";
            continue;
        }
        EXPECT_FALSE(p.l4_ok) << c.name;
        if (c.malformed) {
            EXPECT_EQ(p.ip_version, 0) << c.name;
        }
    }
}

// A reason that decode gives and no case provokes would be untested.
TEST(DecodeReasons, TheTableIsComplete) {
    std::set<Reason> seen;
    for (const Case& c : all_cases()) {
        seen.insert(c.reason);
    }
    for (const Reason r :
         {Reason::frame_truncated, Reason::ethertype_uninspected, Reason::vlan_depth,
          Reason::mpls_depth, Reason::pppoe_uninspected, Reason::ipv4_bad_header,
          Reason::ipv4_bad_checksum, Reason::ipv6_bad_header, Reason::ipv6_ext_limit,
          Reason::tcp_bad_header, Reason::tcp_bad_checksum, Reason::tcp_bad_flags,
          Reason::udp_bad_header, Reason::udp_bad_checksum, Reason::icmp_bad_header,
          Reason::icmp_bad_checksum, Reason::sctp_bad_header, Reason::l4_uninspected}) {
        EXPECT_TRUE(seen.contains(r)) << packet::info(r).name;
    }
}

TEST(DecodeReasons, ChecksumsAreOnlyJudgedWhenAsked) {
    for (const PacketBuilder& b :
         {v4().ip_checksum(1).tcp(1, 2).l4_checksum(1), v6().tcp(1, 2).l4_checksum(1),
          v4().udp(1, 2).l4_checksum(1), v6().icmp(128, 0).l4_checksum(1)}) {
        TestBatch batch;
        const packet::Packet& p = batch.add(b);
        const auto reasons = batch.decode({.verify_checksums = false, .drop_malformed = true});
        EXPECT_EQ(reasons, packet::ReasonCounters{}) << b.to_string();
        EXPECT_TRUE(p.l4_ok) << b.to_string();
    }
}

TEST(DecodeReasons, FlagsThatStacksSendPass) {
    using namespace packet;
    for (const int flags :
         {kTcpSyn + 0, kTcpSyn | kTcpAck, kTcpSyn | kTcpEce | kTcpCwr, kTcpAck + 0,
          kTcpAck | kTcpPsh, kTcpAck | kTcpFin, kTcpAck | kTcpFin | kTcpPsh, kTcpRst + 0,
          kTcpRst | kTcpAck, kTcpRst | kTcpAck | kTcpPsh, kTcpAck | kTcpUrg, kTcpSyn | kTcpPsh,
          kTcpRst | kTcpFin | kTcpAck}) {
        TestBatch batch;
        const packet::Packet& p = batch.add(tcp_flags(static_cast<std::uint8_t>(flags)));
        batch.decode();
        EXPECT_TRUE(p.l4_ok) << flags;
    }
}

TEST(DecodeReasons, ADroppedPacketStillNamesItsEnds) {
    TestBatch batch;
    const packet::Packet& p = batch.add(v4().tcp(1234, 80).l4_checksum(1));
    batch.decode();
    EXPECT_EQ(p.ip_version, 4);
    EXPECT_EQ(p.src, test::address("10.1.2.3"));
    EXPECT_EQ(p.src_port, 1234);
    EXPECT_EQ(p.dst_port, 80);
}

}  // namespace
}  // namespace sluice::decode
