// SPDX-License-Identifier: Apache-2.0
// ipopts, icmpv6.mtu, checksums, l3_proto, header buffers, events, prefilter, requires,
// thresholds. Verdicts are those of `suricata -T` 7.0.10 unless a comment says otherwise.
#include "signatures/compile/event_table.h"
#include "tests/unit/compile/semantic_fixture.h"

namespace sluice::compile {
namespace {

using bundle::CompareOp;
using bundle::ItemKind;
using enum Verdict;

constexpr const char* kIp = "alert ip any any -> any any";
constexpr const char* kUdp = "alert udp any any -> any any";

TEST(IpOpts, FieldsAndTable) {
    const Compiled r = compile_rule("ipopts:LSRR;", kIp);
    ASSERT_EQ(r.verdict(), kGood);
    EXPECT_EQ(r.items(BufferId::kPacketHeader)[0].lo, 131);
    check_cases({{"ipopts:any;", kGood},
                 {"ipopts:eol;", kGood},
                 {"ipopts:lsrre;", kInvalid},
                 {"ipopts:rtralt;", kInvalid}},
                kIp);
}

TEST(Checksum, FieldsAndTable) {
    const Compiled r = compile_rule("udpv6-csum:Invalid;", kIp);
    ASSERT_EQ(r.verdict(), kGood);
    const bundle::Item i = r.items(BufferId::kPacketHeader)[0];
    EXPECT_EQ(static_cast<bundle::ChecksumOf>(i.var), bundle::ChecksumOf::kUdp6);
    EXPECT_EQ(i.lo, 0);
    check_cases({{"tcpv4-csum:foo;", kInvalid},
                 {"tcpv4-csum:\"valid\";", kInvalid},
                 {"ipv4-csum:valid; icmpv6.mtu:1280<>1500;", kGood}},
                kIp);
}

TEST(HeaderBuffers, MakeTheProtocol) {
    const Compiled r = compile_rule("tcp.hdr; content:\"|02|\"; offset:1;", kIp);
    ASSERT_EQ(r.verdict(), kGood) << r.reason();
    EXPECT_EQ(r.rules[0].proto, bundle::HeaderProto::kTcp);
    EXPECT_EQ(r.items(BufferId::kTcpHeader).size(), 1U);
    const Compiled icmp = compile_rule("icmpv6.hdr; content:\"x\";", kIp);
    EXPECT_EQ(icmp.rules.at(0).flow_flags, std::uint32_t{bundle::kRuleIcmp6Only});
    // With a payload: of packets, not of the stream.
    const Compiled both = compile_rule("ipv4.hdr; content:\"x\"; pkt_data; content:\"y\";");
    EXPECT_EQ(both.rules.at(0).flow_flags,
              std::uint32_t{bundle::kRulePacket | bundle::kRuleIpv4Only});
}

TEST(HeaderBuffers, Table) {
    check_cases({{"tcp.hdr; content:\"x\";", kInvalid},
                 {"icmpv6.hdr; content:\"x\";", kInvalid},
                 {"udp.hdr; content:\"x\";", kGood}},
                kUdp);
    check_cases({{"udp.hdr; content:\"x\";", kInvalid}, {"l3_proto:ip4;", kGood}});
    check_cases({{"l3_proto:ipv4;", kInvalid}}, "alert ipv6 any any -> any any");
}

TEST(Events, ReasonsStandForThem) {
    const Compiled r =
        compile_rule("decode-event:ipv6.frag_overlap;", "alert pkthdr any any -> any any");
    ASSERT_EQ(r.verdict(), kGood) << r.reason();
    const bundle::Item i = r.items(BufferId::kPacketHeader)[0];
    EXPECT_EQ(i.kind, ItemKind::kEvent);
    EXPECT_EQ(r.model.bit_names.at(i.data), "fragment_overlap");
    check_cases({{"stream-event:reassembly_seq_gap;", kGood},
                 {"engine-event:stream.reassembly_seq_gap;", kGood},
                 {"engine-event:ipv4.frag_overlap;", kGood},
                 {"stream-event:nonsense;", kInvalid},
                 {"decode-event:nonsense;", kInvalid},
                 {"stream-event:wrong_thread;", kUnsupported}});  // good for Suricata
}

TEST(Events, EachWithoutReasonSaysWhy) {
    for (const Event& e : all_events()) {
        EXPECT_TRUE(!e.reasons.empty() || !e.note.empty()) << e.name;
    }
}

TEST(Action, PrefilterAndRequires) {
    check_cases({{"prefilter;", kInvalid},
                 {"tcp.flags:S; prefilter;", kGood},
                 {"content:\"x\"; prefilter;", kGood},
                 {"content:\"x\"; prefilter:foo;", kInvalid},
                 {"requires: version >= 7.0.3;", kGood},
                 {"requires: version >= 7.0.3 < 8;", kGood},
                 {"requires: version < 7 | >= 7.0.10;", kGood},
                 {"requires: keyword byte_math;", kGood},
                 // Suricata leaves these rules out without a word.
                 {"requires: version >= 8.0.0;", kUnsupported},
                 {"requires: feature geoip;", kUnsupported},
                 {"requires: version >= 7, keyword foo;", kUnsupported},
                 {"replace:\"x\";", kUnsupported},
                 {"bypass;", kUnsupported}});
}

TEST(Threshold, TwoBehindAStickyBuffer) {
    const std::string two =
        "threshold: type threshold,track by_src,count 1,seconds 60; "
        "threshold: type limit,track by_src,count 1,seconds 600;";
    EXPECT_EQ(compile_rule(two + "content:\"x\";").verdict(), kInvalid);
    const Compiled r = compile_rule("http.uri; content:\"x\"; " + two, kHttp);
    ASSERT_EQ(r.verdict(), kGood) << r.reason();
    EXPECT_EQ(r.rules[0].threshold.kind, bundle::ThresholdKind::kThreshold);
    ASSERT_EQ(r.rules[0].filters.size(), 1U);
    EXPECT_EQ(r.rules[0].filters[0].threshold, bundle::ThresholdKind::kLimit);
    EXPECT_EQ(r.rules[0].filters[0].seconds, 600U);
}

TEST(Pcre, QuotesAreOptional) {
    check_cases({{"pcre:/abc/;", kGood}, {"pcre:!/abc/;", kGood}, {"pcre:abc;", kInvalid}});
}

}  // namespace
}  // namespace sluice::compile
