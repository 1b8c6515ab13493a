// SPDX-License-Identifier: Apache-2.0
// Header buffers, IPv4 options, checksums, on packets that decode has read. Sizes and options are
// as Suricata 7.0.10 has them.
#include "dataplane/detect/header_bytes.h"

#include "dataplane/decode/decode_stage.h"
#include "tests/support/packet_builder.h"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::detect {
namespace {

using bundle::ChecksumOf;
using bundle::CompareOp;

struct Decoded {
    explicit Decoded(std::vector<std::uint8_t> f) : frame(std::move(f)) {
        p.data = frame.data();
        p.len = static_cast<std::uint32_t>(frame.size());
        packet::ReasonCounters reasons{};
        decode::DecodeConfig config;
        config.verify_checksums = false;
        (void)decode::DecodeStage(config).decode_one(p, reasons);
    }

    std::vector<std::uint8_t> frame;
    packet::Packet p;
};

bool has_option(const packet::Packet& p, int number) {
    bundle::Item i;
    i.op = number < 0 ? CompareOp::kGe : CompareOp::kEq;
    i.lo = number;
    return has_ip_option(i, p);
}

bool checksum(const packet::Packet& p, ChecksumOf what, bool valid) {
    bundle::Item i;
    i.var = static_cast<std::uint32_t>(what);
    i.lo = valid ? 1 : 0;
    return checksum_matches(i, p);
}

constexpr const char* kA = "10.0.0.1";
constexpr const char* kB = "10.0.0.2";
constexpr const char* kA6 = "fd00::1";
constexpr const char* kB6 = "fd00::2";

test::PacketBuilder over(int version) {
    test::PacketBuilder b;
    version == 4 ? b.ipv4(kA, kB) : b.ipv6(kA6, kB6);
    return b;
}

TEST(HeaderBytes, Buffers) {
    Decoded tcp(over(4).tcp(1000, 80).payload("abc").build());
    EXPECT_EQ(header_bytes(tcp.p, BufferId::kIpv4Header).size(), 20U);
    EXPECT_EQ(header_bytes(tcp.p, BufferId::kTcpHeader).size(), 20U);
    EXPECT_TRUE(header_bytes(tcp.p, BufferId::kUdpHeader).empty());
    EXPECT_TRUE(header_bytes(tcp.p, BufferId::kIpv6Header).empty());
    EXPECT_TRUE(header_bytes(tcp.p, BufferId::kIcmp4Header).empty());
    Decoded mss(over(4).tcp(1000, 80).mss(1460).build());
    EXPECT_EQ(header_bytes(mss.p, BufferId::kTcpHeader).size(), 24U);
    Decoded udp(over(6).udp(1000, 53).payload("abc").build());
    EXPECT_EQ(header_bytes(udp.p, BufferId::kIpv6Header).size(), 40U);
    EXPECT_EQ(header_bytes(udp.p, BufferId::kUdpHeader).size(), 8U);
    EXPECT_TRUE(header_bytes(udp.p, BufferId::kIpv4Header).empty());
    Decoded icmp(over(4).icmp(8, 0, 7).payload("abc").build());
    EXPECT_EQ(header_bytes(icmp.p, BufferId::kIcmp4Header).size(), 8U);
    EXPECT_TRUE(header_bytes(icmp.p, BufferId::kIcmp6Header).empty());
}

TEST(HeaderBytes, Options) {
    constexpr std::uint8_t kRecordRoute[] = {7, 7, 4, 0, 0, 0, 0};
    Decoded rr(over(4).ip_options(kRecordRoute).udp(1, 2).build());
    EXPECT_TRUE(has_option(rr.p, 7));
    EXPECT_TRUE(has_option(rr.p, 0)) << "the padding ends the list";
    EXPECT_FALSE(has_option(rr.p, 1));
    EXPECT_TRUE(has_option(rr.p, -1));
    constexpr std::uint8_t kNops[] = {1, 1, 1, 0};
    Decoded nop(over(4).ip_options(kNops).udp(1, 2).build());
    EXPECT_TRUE(has_option(nop.p, 1));
    EXPECT_TRUE(has_option(nop.p, 0));
    constexpr std::uint8_t kAfterEnd[] = {0, 7, 7, 4};
    Decoded end(over(4).ip_options(kAfterEnd).udp(1, 2).build());
    EXPECT_FALSE(has_option(end.p, 7)) << "behind the end of the list";
    Decoded none(over(4).udp(1, 2).build());
    EXPECT_FALSE(has_option(none.p, -1));
    Decoded v6(over(6).udp(1, 2).build());
    EXPECT_FALSE(has_option(v6.p, -1));
}

TEST(HeaderBytes, Checksums) {
    struct Case {
        ChecksumOf what;
        int version;
        int proto;
    };

    constexpr Case kCases[] = {
        {ChecksumOf::kTcp4, 4, packet::kProtoTcp},   {ChecksumOf::kTcp6, 6, packet::kProtoTcp},
        {ChecksumOf::kUdp4, 4, packet::kProtoUdp},   {ChecksumOf::kUdp6, 6, packet::kProtoUdp},
        {ChecksumOf::kIcmp4, 4, packet::kProtoIcmp}, {ChecksumOf::kIcmp6, 6, packet::kProtoIcmp6},
    };
    for (const bool good : {true, false}) {
        for (const Case& of : kCases) {
            test::PacketBuilder b = over(of.version);
            if (of.proto == packet::kProtoTcp) {
                b.tcp(1, 2);
            } else if (of.proto == packet::kProtoUdp) {
                b.udp(1, 2);
            } else {
                b.icmp(128, 0);
            }
            b.payload("odd");
            if (!good) {
                b.l4_checksum(0x1234);
            }
            const Decoded d(b.build());
            for (const Case& asked : kCases) {
                const bool same = asked.what == of.what;
                EXPECT_EQ(checksum(d.p, asked.what, true), same && good) << b.to_string();
                EXPECT_EQ(checksum(d.p, asked.what, false), same && !good) << b.to_string();
            }
        }
    }
    Decoded ip(over(4).udp(1, 2).build());
    EXPECT_TRUE(checksum(ip.p, ChecksumOf::kIpv4, true));
    Decoded bad(over(4).ip_checksum(0x1234).udp(1, 2).build());
    EXPECT_TRUE(checksum(bad.p, ChecksumOf::kIpv4, false));
    Decoded left_out(over(4).udp(1, 2).l4_checksum(0).build());
    EXPECT_TRUE(checksum(left_out.p, ChecksumOf::kUdp4, true));
}

}  // namespace
}  // namespace sluice::detect
