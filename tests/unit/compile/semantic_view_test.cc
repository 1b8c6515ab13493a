// SPDX-License-Identifier: Apache-2.0
// Where a rule looks: packets, stream, protocol; and what cannot be together. Verdicts are those of
// `suricata -T` 7.0.10.
#include "tests/unit/compile/semantic_fixture.h"

namespace sluice::compile {
namespace {

using bundle::HeaderProto;
using enum Verdict;

std::string views(const std::string& options, const std::string& proto) {
    const Compiled r = compile_rule(options, "alert " + proto + " any any -> any any");
    if (r.rules.empty()) {
        return r.reason();
    }
    const std::uint32_t f = r.rules[0].flow_flags;
    return std::string((f & bundle::kRulePacket) != 0 ? "packet " : "") +
           ((f & bundle::kRuleStream) != 0 ? "stream" : "");
}

TEST(View, PacketsOrStream) {
    const std::string plain = "content:\"abc\";";
    EXPECT_EQ(views(plain, "tcp"), "stream");
    EXPECT_EQ(views("content:\"abc\"; offset:1;", "tcp"), "packet stream");
    EXPECT_EQ(views("content:\"abc\"; depth:9;", "tcp"), "packet stream");
    EXPECT_EQ(views("content:\"abc\"; startswith;", "tcp"), "packet stream");
    EXPECT_EQ(views("content:\"abc\"; distance:1;", "tcp"), "stream");
    EXPECT_EQ(views(plain + " stream_size:client,>,5;", "tcp"), "packet stream");
    EXPECT_EQ(views(plain + " dsize:9;", "tcp"), "packet ");
    EXPECT_EQ(views(plain + " flags:A+;", "tcp"), "packet ");
    EXPECT_EQ(views(plain + " flow:no_stream;", "tcp"), "packet ");
    EXPECT_EQ(views("content:\"abc\"; depth:9; flow:only_stream;", "tcp"), "stream");
    EXPECT_EQ(views("content:\"abc\"; depth:9;", "tcp-pkt"), "packet ");
    EXPECT_EQ(views("content:\"abc\"; depth:9;", "tcp-stream"), "stream");
    EXPECT_EQ(views(plain, "http"), "stream");
    EXPECT_EQ(views(plain, "udp"), "packet ");
    EXPECT_EQ(views(plain, "icmp"), "packet ");
    EXPECT_EQ(views(plain, "sctp"), "packet ");
    EXPECT_EQ(views(plain, "ip"), "packet stream");
    EXPECT_EQ(views("pcre:\"/a/\";", "tcp"), "stream");
    EXPECT_EQ(views("flags:S;", "tcp"), "");
    EXPECT_EQ(views("http.uri; content:\"a\"; depth:1;", "http"), "");
}

TEST(View, Protocols) {
    struct Case {
        const char* proto;
        HeaderProto header;
        std::uint32_t flags;
        AppProto app;
    };

    const Case cases[] = {
        {"tcp", HeaderProto::kTcp, 0, AppProto::kUnknown},
        {"TCP", HeaderProto::kTcp, 0, AppProto::kUnknown},
        {"udp", HeaderProto::kUdp, 0, AppProto::kUnknown},
        {"icmp", HeaderProto::kIcmp, 0, AppProto::kUnknown},
        {"icmpv4", HeaderProto::kIcmp, bundle::kRuleIcmp4Only, AppProto::kUnknown},
        {"icmpv6", HeaderProto::kIcmp, bundle::kRuleIcmp6Only, AppProto::kUnknown},
        {"sctp", HeaderProto::kSctp, 0, AppProto::kUnknown},
        {"ip", HeaderProto::kIp, 0, AppProto::kUnknown},
        {"ip4", HeaderProto::kIp, bundle::kRuleIpv4Only, AppProto::kUnknown},
        {"ipv6", HeaderProto::kIp, bundle::kRuleIpv6Only, AppProto::kUnknown},
        {"http", HeaderProto::kTcp, 0, AppProto::kHttp1},
        {"http1", HeaderProto::kTcp, 0, AppProto::kHttp1},
        {"tls", HeaderProto::kTcp, 0, AppProto::kTls},
        {"dns", HeaderProto::kIp, 0, AppProto::kDns},
        {"mqtt", HeaderProto::kTcp, 0, AppProto::kMqtt},
        {"modbus", HeaderProto::kTcp, 0, AppProto::kModbus},
        {"ftp-data", HeaderProto::kTcp, 0, AppProto::kFtpData},
        {"krb5", HeaderProto::kIp, 0, AppProto::kKrb5},
        {"quic", HeaderProto::kUdp, 0, AppProto::kQuic},
    };
    for (const Case& c : cases) {
        const Compiled r =
            compile_rule("msg:\"x\";", std::string("alert ") + c.proto + " any any -> any any");
        ASSERT_EQ(r.verdict(), kGood) << c.proto;
        EXPECT_EQ(r.rules[0].proto, c.header) << c.proto;
        EXPECT_EQ(r.rules[0].flow_flags, c.flags) << c.proto;
        EXPECT_EQ(r.rules[0].app, c.app) << c.proto;
    }
    EXPECT_EQ(compile_rule("msg:\"x\";", "alert foo any any -> any any").verdict(), kInvalid);
}

TEST(View, InvalidBeatsUnsupported) {
    const Compiled r =
        compile_rule("smb.named_pipe; content:\"a\"; depth:0;", "alert smb any any -> any any");
    EXPECT_EQ(r.verdict(), kInvalid);
    const Compiled u = compile_rule("smb.named_pipe; content:\"a\"; nocase;");
    EXPECT_EQ(
        u.reason(),
        "smb.named_pipe: keyword smb.named_pipe: protocol smb is not inspected by this version");
}

TEST(View, Table) {
    check_cases({
        {"dsize:10; http.uri; content:\"a\";", kInvalid},
        {"flags:S; http.uri; content:\"a\";", kInvalid},
        {"sameip; http.uri; content:\"a\";", kInvalid},
        {"flow:no_stream; http.uri; content:\"a\";", kInvalid},
        {"file_data; content:\"b\"; dsize:5;", kInvalid},
        {"stream_size:client,>,5; http.uri; content:\"a\";", kGood},
        {"flow:only_stream; dsize:3;", kInvalid},
    });
    check_cases({{"dsize:5; content:\"a\";", kGood}}, kHttp);
    check_cases({{"dsize:5; content:\"a\";", kInvalid}}, "alert tcp-stream any any -> any any");
    check_cases({{"flow:only_stream; content:\"a\";", kInvalid}},
                "alert tcp-pkt any any -> any any");
}

TEST(View, ActionsAndArrow) {
    const auto rule = [](const char* header) {
        return compile_rule("msg:\"x\";", header).rules.at(0);
    };
    EXPECT_EQ(rule("drop tcp any any -> any any").action, bundle::Action::kDrop);
    EXPECT_EQ(rule("pass tcp any any -> any any").action, bundle::Action::kPass);
    EXPECT_EQ(rule("reject tcp any any -> any any").reject_to, bundle::RejectTo::kSource);
    EXPECT_EQ(rule("rejectdst tcp any any -> any any").reject_to, bundle::RejectTo::kDestination);
    EXPECT_EQ(rule("rejectboth tcp any any -> any any").reject_to, bundle::RejectTo::kBoth);
    EXPECT_NE(rule("alert tcp any any <> any any").flow_flags & bundle::kRuleBidirectional, 0U);
}

}  // namespace
}  // namespace sluice::compile
