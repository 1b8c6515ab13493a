// SPDX-License-Identifier: Apache-2.0
// Guidance texts to rule options: the shipped sample, each operator, each field, routes and
// statuses. Errors: see guidance_error_test.cc.
#include "signatures/guidance/guidance.h"

#include "signatures/lang/parser.h"
#include "tests/unit/guidance/guidance_cases.h"
#include "tests/unit/guidance/guidance_support.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace sluice::guidance {

namespace {

std::string file_text(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return std::string((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
}

GuidanceResult sample() {
    const std::string path =
        std::string(SLUICE_SOURCE_DIR) + "/signatures/rules/guidance/cve-2021-31166.toml";
    return compile_guidance(file_text(path), "cve-2021-31166.toml", 5000000);
}

bool pcre_matches(std::string_view option_value, std::string_view subject) {
    // "/EXPRESSION/" in quotes, no flags.
    const std::string_view e = option_value.substr(2, option_value.size() - 4);
    const std::vector<unsigned char> pattern(e.begin(), e.end());
    const std::vector<unsigned char> text(subject.begin(), subject.end());
    int error = 0;
    PCRE2_SIZE offset = 0;
    const std::unique_ptr<pcre2_code, decltype(&pcre2_code_free)> code(
        pcre2_compile(pattern.data(), pattern.size(), 0, &error, &offset, nullptr),
        &pcre2_code_free);
    EXPECT_NE(code, nullptr) << e;
    if (code == nullptr) {
        return false;
    }
    const std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> data(
        pcre2_match_data_create_from_pattern(code.get(), nullptr), &pcre2_match_data_free);
    return pcre2_match(code.get(), text.data(), text.size(), 0, 0, data.get(), nullptr) >= 0;
}

TEST(Guidance, TheSampleCompiles) {
    const GuidanceResult r = sample();
    ASSERT_TRUE(r.problems.empty()) << r.problems[0].where.line << ": " << r.problems[0].reason;
    EXPECT_EQ(r.cve, "CVE-2021-31166");
    EXPECT_EQ(r.status, "covered");
    EXPECT_TRUE(r.required);
    ASSERT_EQ(r.rules.size(), 1U);
    EXPECT_EQ(r.rules[0].text,
              "drop http any any -> any any (msg:\"Attempt to exploit a flaw in the Microsoft HTTP "
              "protocol stack "
              "(CVE-2021-31166)\"; flow:established,to_server; http.accept_enc; content:\",\"; "
              "pcre:\"/[^, \\t][ \\t]*,[ \\t]*(?:,|$)/\"; reference:cve,2021-31166; "
              "classtype:attempted-admin; "
              "metadata:cve CVE-2021-31166, source guidance; sid:5000000; rev:1;)");
    EXPECT_TRUE(r.rules[0].from_guidance);
    EXPECT_EQ(r.rules[0].sid, 5000000U);
    EXPECT_EQ(r.rules[0].action, lang::Action::kDrop);
    for (const lang::Option& o : r.rules[0].options) {
        EXPECT_NE(o.line, 0U) << o.name;
        EXPECT_NE(o.column, 0U) << o.name;
    }
}

TEST(Guidance, TheSampleMatchesTheAttackAndNotBrowsers) {
    const GuidanceResult r = sample();
    ASSERT_EQ(r.rules.size(), 1U);
    const std::string pcre = value_of(r.rules[0], "pcre");
    for (const char* attack : {"doar-e, ftw, imo, ,", "gzip,,deflate", "gzip, ,deflate", "gzip,",
                               "a ,\t, b", "gzip, "}) {
        EXPECT_TRUE(pcre_matches(pcre, attack)) << attack;
    }
    for (const char* good :
         {"gzip, deflate, br", "gzip, deflate, br, zstd", "gzip", "identity", "*",
          "gzip;q=1.0, *;q=0", "gzip,deflate", "compress;q=0.5, gzip;q=1.0", ""}) {
        EXPECT_FALSE(pcre_matches(pcre, good)) << good;
    }
}

// Each rule's text, read by the rule parser, is the rule again.
void expect_text_is_rule(const lang::RuleAst& rule) {
    const lang::ParseResult parsed = lang::parse_rules(rule.text, "text");
    ASSERT_TRUE(parsed.problems.empty()) << parsed.problems[0].reason << "\n" << rule.text;
    ASSERT_EQ(parsed.rules.size(), 1U);
    const lang::RuleAst& back = parsed.rules[0];
    EXPECT_EQ(back.sid, rule.sid);
    EXPECT_EQ(back.proto, rule.proto);
    EXPECT_EQ(back.action, rule.action);
    ASSERT_EQ(back.options.size(), rule.options.size()) << rule.text;
    for (std::size_t i = 0; i < back.options.size(); ++i) {
        EXPECT_EQ(back.options[i].name, rule.options[i].name);
        EXPECT_EQ(back.options[i].value, rule.options[i].value) << rule.text;
        EXPECT_EQ(back.options[i].has_value, rule.options[i].has_value);
    }
}

void run_cases(const Case& c) {
    const std::string toml = text_with(c.delivery, c.triggers);
    const GuidanceResult r = compile_guidance(toml, "t", 1);
    ASSERT_TRUE(r.problems.empty())
        << c.name << ": " << r.problems[0].where.line << ": " << r.problems[0].reason;
    ASSERT_EQ(r.rules.size(), 1U) << c.name;
    EXPECT_EQ(conditions_of(r.rules[0]), c.conditions) << c.name;
    EXPECT_EQ(r.status, "covered") << c.name;
    expect_text_is_rule(r.rules[0]);
}

TEST(Guidance, HttpFieldsAndOperators) {
    for (const Case& c : kHttp) {
        run_cases(c);
    }
}

TEST(Guidance, PayloadTypesAndOperators) {
    for (const Case& c : kPayload) {
        run_cases(c);
    }
}

TEST(Guidance, RoutesAndPorts) {
    constexpr const char* kTrigger = "field='payload'\ntype='utf8'\nop='contains'\nvalue='x'";
    GuidanceResult r = compile_guidance(
        text_with("kind='protocol'\nprotocol='tcp'\ndirection='both'\nports=[445, 139]", kTrigger),
        "t", 7);
    ASSERT_EQ(r.rules.size(), 2U);
    EXPECT_TRUE(r.rules[0].text.starts_with("alert tcp any any -> any [445,139] ("))
        << r.rules[0].text;
    EXPECT_TRUE(r.rules[1].text.starts_with("alert tcp any [445,139] -> any any ("))
        << r.rules[1].text;
    EXPECT_EQ(value_of(r.rules[0], "flow"), "established,to_server");
    EXPECT_EQ(value_of(r.rules[1], "flow"), "established,to_client");
    EXPECT_EQ(r.rules[1].sid, 8U);
    r = compile_guidance(text_with("kind='protocol'\nprotocol='udp'\nports=[53]", kTrigger), "t",
                         7);
    ASSERT_EQ(r.rules.size(), 1U);
    EXPECT_TRUE(r.rules[0].text.starts_with("alert udp any any -> any 53 (")) << r.rules[0].text;
    EXPECT_EQ(value_of(r.rules[0], "flow"), "to_server");
}

TEST(Guidance, MessageIsEscaped) {
    std::string toml = text_with(kTcp, "field='payload'\ntype='utf8'\nop='contains'\nvalue='x'");
    const std::string plain = "public_text = \"text\"";
    toml.replace(toml.find(plain), plain.size(), "public_text = 'a \"q\"; \\; sid:9; b\\'");
    const GuidanceResult r = compile_guidance(toml, "t", 1);
    ASSERT_EQ(r.rules.size(), 1U);
    EXPECT_EQ(value_of(r.rules[0], "msg"), "\"a \\\"q\\\"; \\\\; sid:9; b\\\\\"");
    expect_text_is_rule(r.rules[0]);
}

TEST(Guidance, Statuses) {
    constexpr const char* kTrigger = "field='file.data'\ntype='utf8'\nop='contains'\nvalue='x'";
    GuidanceResult r =
        compile_guidance(text_with("kind='file'\ncarriers=['http', 'smtp']", kTrigger), "t", 1);
    EXPECT_EQ(r.status, "partial");
    EXPECT_EQ(r.rules.size(), 1U);
    ASSERT_EQ(r.problems.size(), 1U);
    EXPECT_TRUE(r.problems[0].unsupported);
    r = compile_guidance(text_with("kind='file'\ncarriers=['http']", kTrigger) +
                             "[quality]\nnetwork_detectable='partial'\naction='block'\n",
                         "t", 1);
    EXPECT_EQ(r.status, "partial");
    EXPECT_EQ(r.rules.at(0).action, lang::Action::kDrop);
    r = compile_guidance(
        "format='guidance/"
        "1'\ncve='CVE-2026-10001'\npublic_text='t'\n[quality]\nnetwork_detectable='no'",
        "t", 1);
    EXPECT_EQ(r.status, "not-network-detectable");
    EXPECT_TRUE(r.problems.empty());
    r = compile_guidance(
        "format='guidance/1'\ncve='CVE-2026-10001'\npublic_text='t'\n[delivery]\nkind='protocol'\n"
        "protocol='tcp'\n",
        "t", 1);
    EXPECT_EQ(r.status, "insufficient-information");
    r = compile_guidance(
        text_with("kind='protocol'\nprotocol='smb2'", "field='smb2.x'\nop='=='\nvalue=1"), "t", 1);
    EXPECT_EQ(r.status, "not-network-detectable");
    EXPECT_TRUE(r.rules.empty());
    r = compile_guidance("", "t", 1);
    EXPECT_EQ(r.status, "pending");
}

TEST(Guidance, DemoRulesParse) {
    const std::string text =
        file_text(std::string(SLUICE_SOURCE_DIR) + "/signatures/rules/demo.rules");
    const lang::ParseResult parsed = lang::parse_rules(text, "demo.rules");
    EXPECT_TRUE(parsed.problems.empty()) << parsed.problems[0].reason;
    ASSERT_EQ(parsed.rules.size(), 4U);
    for (const lang::RuleAst& rule : parsed.rules) {
        EXPECT_GE(rule.sid, 1000000U);
        EXPECT_LT(rule.sid, 1000100U);
    }
}

}  // namespace

}  // namespace sluice::guidance
