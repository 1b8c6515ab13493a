// SPDX-License-Identifier: Apache-2.0
// DNS keywords. Verdicts for dns.query and dns.opcode with one number are those of `suricata -T`
// 7.0.10; ranges, names and the other keywords are Suricata 8's.
#include "tests/unit/compile/semantic_fixture.h"

namespace sluice::compile {
namespace {

using enum Verdict;

constexpr const char* kDns = "alert dns any any -> any any";

TEST(Dns, Verdicts) {
    check_cases(
        {
            {"dns.query; content:\"a\";", kGood},
            {"dns_query; content:\"a\";", kGood},
            {"dns.query; content:\"a\"; nocase; bsize:1;", kGood},
            {"dns.query; dotprefix; content:\".a\"; endswith;", kGood},
            {"dns.query;", kInvalid},
            {"dns.query; content:\"a\"; http.uri; content:\"b\";", kInvalid},
            {"flow:to_client; dns.query; content:\"a\";", kInvalid},
            {"flow:to_client; dns.query.name; content:\"a\";", kGood},
            {"dns.answer.name; content:\"a\";", kGood},
            {"dns.answers.rrname; content:\"a\";", kGood},
            {"dns.queries.rrname; content:\"a\";", kGood},
            {"dns.opcode:1;", kGood},
            {"dns.opcode:!1;", kGood},
            {"dns.opcode:7-15;", kGood},
            {"dns.opcode:256;", kInvalid},
            {"dns.opcode:query;", kInvalid},
            {"dns.rcode:3;", kGood},
            {"dns.rcode:!nxdomain;", kGood},
            {"dns.rrtype:AAAA;", kGood},
            {"dns.rrtype:!1-28;", kGood},
            {"dns.rrtype:65536;", kInvalid},
            {"dns.rrtype:NOTYPE;", kInvalid},
        },
        kDns);
    check_cases({{"dns.query; content:\"a\";", kInvalid}}, "alert http any any -> any any");
}

TEST(Dns, RulesAreForUdpAndTcpUnlessTheHeaderSays) {
    const Compiled dns = compile_rule("dns.query; content:\"a\";", kDns);
    ASSERT_EQ(dns.rules.size(), 1U);
    EXPECT_EQ(dns.rules[0].proto, bundle::HeaderProto::kIp);
    EXPECT_EQ(dns.rules[0].app, AppProto::kDns);
    EXPECT_NE(dns.rules[0].flow_flags & bundle::kFlowToServer, 0U);
    const Compiled udp = compile_rule("dns.query; content:\"a\";", "alert udp any any -> any 53");
    ASSERT_EQ(udp.rules.size(), 1U);
    EXPECT_EQ(udp.rules[0].proto, bundle::HeaderProto::kUdp);
    EXPECT_EQ(udp.rules[0].app, AppProto::kDns);
    EXPECT_EQ(compile_rule("dns.opcode:0;", kDns).rules.size(), 2U) << "one a direction";
}

// Each use of dns.query may find another name of the message.
TEST(Dns, UsesOfTheKeywordStandAlone) {
    const Compiled r = compile_rule(
        "dns.query; content:\"a\"; content:\"b\"; dns.query; content:\"c\"; nocase;", kDns);
    ASSERT_EQ(r.rules.size(), 1U) << r.reason();
    ASSERT_EQ(r.rules[0].engines.size(), 2U);
    EXPECT_EQ(r.rules[0].engines[0].items.size(), 2U);
    ASSERT_EQ(r.rules[0].engines[1].items.size(), 1U);
    EXPECT_EQ(r.bytes(r.rules[0].engines[1].items[0]), "c");
    EXPECT_NE(r.rules[0].engines[1].items[0].flags & bundle::kNocase, 0U);
    EXPECT_EQ(compile_rule("dns.rrtype:1; dns.rrtype:28;", kDns).rules[0].engines.size(), 2U);
    EXPECT_EQ(compile_rule("dns.query; content:\"a\"; dns.query;", kDns).verdict(), kInvalid);
}

TEST(Dns, NumbersAreComparisonsOfTwoBytes) {
    const Compiled r = compile_rule("dns.rrtype:!A;", kDns);
    const std::vector<bundle::Item> items = r.items(BufferId::kDnsRrtype);
    ASSERT_EQ(items.size(), 1U);
    EXPECT_EQ(items[0].kind, bundle::ItemKind::kByteTest);
    EXPECT_EQ(items[0].nbytes, 2);
    EXPECT_EQ(items[0].op, bundle::CompareOp::kNe);
    EXPECT_EQ(items[0].lo, 1);
}

}  // namespace
}  // namespace sluice::compile
