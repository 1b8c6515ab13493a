// SPDX-License-Identifier: Apache-2.0
// Verdicts of all tables here are those of `suricata -T` 7.0.10.
#include "tests/unit/compile/semantic_fixture.h"

namespace sluice::compile {
namespace {

using enum Verdict;

TEST(Metadata, Everything) {
    const Compiled r = compile_rule(
        "msg:\"a\\; \\\"b\\\" \\\\ c\\: d\\x\"; gid:3; rev:4; classtype:Trojan-Activity; "
        "reference: CVE , 2021-31166; "
        "reference:url,a.b/c,d; metadata: affected_product X, cve CVE_2014_0160, cve "
        "cve_2021_31166; target:src_ip;");
    ASSERT_EQ(r.verdict(), kGood) << r.reason();
    const bundle::Rule& rule = r.rules[0];
    EXPECT_EQ(rule.msg, "a; \"b\" \\ c: d\\x");
    EXPECT_EQ(rule.gid, 3U);
    EXPECT_EQ(rule.rev, 4U);
    EXPECT_EQ(rule.classtype, "trojan-activity");
    EXPECT_EQ(rule.category, "A Network Trojan was detected");
    EXPECT_EQ(rule.priority, 1U);
    EXPECT_EQ(rule.references, (std::vector<std::string>{"cve,2021-31166", "url,a.b/c,d"}));
    EXPECT_EQ(rule.cves, (std::vector<std::string>{"CVE-2021-31166", "CVE-2014-0160"}));
    ASSERT_EQ(rule.metadata.size(), 4U);
    EXPECT_EQ(rule.metadata[0], (std::pair<std::string, std::string>{"affected_product", "X"}));
    EXPECT_EQ(rule.metadata[3].first, "target");
}

TEST(Metadata, Priorities) {
    const auto priority = [](const char* options) {
        return compile_rule(options).rules.at(0).priority;
    };
    EXPECT_EQ(priority("msg:\"x\";"), 3U);
    EXPECT_EQ(priority("classtype:nobody-knows;"), 3U);
    EXPECT_EQ(priority("classtype:trojan-activity;"), 1U);
    EXPECT_EQ(priority("classtype:trojan-activity; priority:4;"), 4U);
    EXPECT_EQ(priority("priority:4; classtype:trojan-activity;"), 4U);
    EXPECT_EQ(priority("priority:2; priority:1;"), 1U);
    EXPECT_EQ(priority("classtype:bad-unknown; classtype:trojan-activity;"), 1U);
    EXPECT_EQ(compile_rule("classtype:nobody-knows;").rules.at(0).category, "");
}

TEST(Metadata, OddCvesAreLeftOut) {
    const auto cves = [](const char* options) { return compile_rule(options).rules.at(0).cves; };
    EXPECT_TRUE(cves("reference:cve,abc;").empty());
    EXPECT_TRUE(cves("reference:cve,20211-1;").empty());
    EXPECT_EQ(cves("reference:cve,1999-123;"), std::vector<std::string>{"CVE-1999-0123"});
    EXPECT_EQ(cves("reference:cve,CVE-2020-1; metadata: cve CVE_2020_0001;"),
              std::vector<std::string>{"CVE-2020-0001"});
}

TEST(Metadata, Table) {
    check_cases({
        {"msg:x;", kInvalid},
        {"msg:!\"a\";", kInvalid},
        {"msg:\"a\"; msg:\"b\";", kInvalid},
        {"reference:foo;", kInvalid},
        {"reference:url,;", kInvalid},
        {"reference:foo,bar;", kGood},
        {"classtype:a b;", kInvalid},
        {"priority:a;", kInvalid},
        {"target:foo;", kInvalid},
        {"target:src_ip; target:dest_ip;", kInvalid},
        {"metadata:;", kInvalid},
        {"metadata: foo;", kGood},
        {"gid:4; gid:5;", kGood},
        {"requires: version >= 7.0.0;", kGood},
        {"bypass;", kUnsupported},
    });
}

}  // namespace
}  // namespace sluice::compile
