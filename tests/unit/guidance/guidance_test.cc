// SPDX-License-Identifier: Apache-2.0
// Guidance texts to rule options: the shipped sample, each operator, each field, routes and
// statuses. Errors: see guidance_error_test.cc.
#include "signatures/guidance/guidance.h"

#include "signatures/lang/parser.h"
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

struct Case {
    const char* name;
    const char* delivery;
    const char* triggers;
    const char* conditions;  // rule text between flow and reference
};

const Case kHttp[] = {
    {"uri ==", kHttpToServer, "field='http.uri'\nop='=='\nvalue='/a b'",
     "http.uri; content:\"/a b\"; bsize:4;"},
    {"uri !=", kHttpToServer, "field='http.uri'\nop='!='\nvalue='/a'",
     "http.uri; pcre:\"/^(?!\\x2fa\\z)/\";"},
    {"method in", kHttpToServer, "field='http.method'\nop='in'\nvalue=['PUT', 'A-B']",
     "http.method; pcre:\"/^(?:PUT|A\\x2dB)\\z/\";"},
    {"user agent contains", kHttpToServer,
     "field='http.user_agent'\nop='contains'\nvalue='a\"b;c:d|e\\f'",
     "http.user_agent; content:\"a|22|b|3b|c|3a|d|7c|e|5c|f\";"},
    {"cookie pcre", kHttpToServer, "field='http.cookie'\nop='pcre'\nvalue='a\"b;c/d\\/e\\\"[;]'",
     "http.cookie; pcre:\"/a\\x22b\\x3bc\\x2fd\\x2fe\\x22[\\x3b]/\";"},
    {"host is lower case", kHttpToServer, "field='http.host'\nop='contains'\nvalue='Example'",
     "http.host; content:\"example\";"},
    {"uri length", kHttpToServer, "field='http.uri'\nop='length'\nvalue='> 1024'",
     "http.uri; bsize:>1024;"},
    {"uri length =", kHttpToServer, "field='http.uri'\nop='length'\nvalue=7", "http.uri; bsize:7;"},
    {"uri length range", kHttpToServer, "field='http.uri'\nop='length'\nvalue='8-16'",
     "http.uri; bsize:>7; bsize:<17;"},
    {"uri length <=", kHttpToServer, "field='http.uri'\nop='length'\nvalue='<= 3'",
     "http.uri; bsize:<4;"},
    {"uri at place", kHttpToServer, "field='http.uri[4]'\ntype='utf8'\nop='=='\nvalue='x'",
     "http.uri; content:\"x\"; offset:4; depth:1;"},
    {"known header", kHttpToServer, "field='http.header[\"REFERER\"]'\nop='contains'\nvalue='x'",
     "http.referer; content:\"x\";"},
    {"other header contains", kHttpToServer,
     "field='http.header[\"X-A\"]'\nop='contains'\nvalue='v'",
     "http.header; content:\"X-A|3a|\"; nocase; pcre:\"/^(?i:X\\x2dA):[ \\t]*+[^\\r\\n]*?v/m\";"},
    {"other header ==", kHttpToServer, "field='http.header[\"X-A\"]'\nop='=='\nvalue='v'",
     "http.header; content:\"X-A|3a|\"; nocase; pcre:\"/^(?i:X\\x2dA):[ \\t]*+(?:v)[ "
     "\\t]*+\\r?$/m\";"},
    {"other header !=", kHttpToServer, "field='http.header[\"X-A\"]'\nop='!='\nvalue='v'",
     "http.header; content:\"X-A|3a|\"; nocase; pcre:\"/^(?i:X\\x2dA):[ \\t]*+(?!v[ "
     "\\t]*+\\r?$)/m\";"},
    {"other header pcre", kHttpToServer, "field='http.header[\"X-A\"]'\nop='pcre'\nvalue='\\d+'",
     "http.header; content:\"X-A|3a|\"; nocase; pcre:\"/^(?i:X\\x2dA):[ "
     "\\t]*+[^\\r\\n]*?(?:\\d+)/m\";"},
    {"other header length", kHttpToServer,
     "field='http.header[\"X-A\"]'\nop='length'\nvalue='>= 9'",
     "http.header; content:\"X-A|3a|\"; nocase; pcre:\"/^(?i:X\\x2dA):[ "
     "\\t]*+[^\\r\\n]{9,}\\r?$/m\";"},
    {"request body", kHttpToServer,
     "field='http.request_body[2]'\ntype='u16be'\nop='=='\nvalue=0x4142",
     "http.request_body; content:\"AB\"; offset:2; depth:2;"},
    {"two buffers", kHttpToServer,
     "field='http.uri'\nop='contains'\nvalue='a'\n[[trigger]]\nfield='http.method'\nop='=='\nvalue="
     "'GET'\n"
     "[[trigger]]\nfield='http.uri'\nop='contains'\nvalue='b'",
     "http.uri; content:\"a\"; content:\"b\"; http.method; content:\"GET\"; bsize:3;"},
    {"response body", "kind='protocol'\nprotocol='http'\ndirection='to_client'",
     "field='http.response_body'\ntype='bytes'\nop='contains'\nvalue='a|00 ff|'",
     "http.response_body; content:\"a|00 ff|\";"},
    {"response header", "kind='protocol'\nprotocol='http'\ndirection='to_client'",
     "field='http.header[\"Server\"]'\nop='contains'\nvalue='x'", "http.server; content:\"x\";"},
    {"file", "kind='file'\nformat='pdf'\ncarriers=['http']",
     "field='file.data[0]'\ntype='bytes'\nop='=='\nvalue='%PDF'",
     "file.data; content:\"%PDF\"; offset:0; depth:4;"},
};

const Case kPayload[] = {
    {"u8 ==", kTcp, "field='payload[3]'\ntype='u8'\nop='=='\nvalue=255",
     "content:\"|ff|\"; offset:3; depth:1;"},
    {"u32le ==", kTcp, "field='payload[0]'\ntype='u32le'\nop='=='\nvalue=0x01020304",
     "content:\"|04 03 02 01|\"; offset:0; depth:4;"},
    {"u64be ==", kTcp, "field='payload[0]'\ntype='u64be'\nop='=='\nvalue='0xfffffffffffffffe'",
     "content:\"|ff ff ff ff ff ff ff fe|\"; offset:0; depth:8;"},
    {"u16le >", kTcp, "field='payload[8]'\ntype='u16le'\nop='>'\nvalue=0x400",
     "byte_test:2,>,1024,8,little;"},
    {"u16be >=", kTcp, "field='payload[8]'\ntype='u16be'\nop='>='\nvalue=1", "byte_test:2,>=,1,8;"},
    {"u32be <", kTcp, "field='payload[0x10]'\ntype='u32be'\nop='<'\nvalue=1",
     "byte_test:4,<,1,16;"},
    {"u64le <=", kTcp, "field='payload[1]'\ntype='u64le'\nop='<='\nvalue=9",
     "byte_test:8,<=,9,1,little;"},
    {"u8 !=", kTcp, "field='payload[1]'\ntype='u8'\nop='!='\nvalue=9", "byte_test:1,!=,9,1;"},
    {"u16be in", kTcp, "field='payload[1]'\ntype='u16be'\nop='in'\nvalue=[1, 0x4142]",
     "pcre:\"/^(?s:.{1})(?:\\x00\\x01|AB)/\";"},
    {"mask", kTcp, "field='payload[1]'\ntype='u8'\nop='mask'\nvalue=0x80", "byte_test:1,&,128,1;"},
    {"mask equals", kTcp,
     "field='payload[0]'\ntype='u8'\nop='mask'\nvalue={mask=0xf0, equals=0x40}",
     "byte_test:1,=,4,0,bitmask 0xf0;"},
    {"bytes !=", kTcp, "field='payload[1]'\ntype='bytes'\nop='!='\nvalue='ab'",
     "pcre:\"/^(?s:.{1})(?!ab)(?s:.{2})/\";"},
    {"utf16le contains", kTcp,
     "field='payload'\ntype='utf16le'\nop='contains'\nvalue=\"a\\u00e9\\U0001F600\"",
     "content:\"a|00 e9 00|=|d8 00 de|\";"},
    {"contains from", kTcp, "field='payload[5]'\ntype='utf8'\nop='contains'\nvalue='x'",
     "content:\"x\"; offset:5;"},
    {"pcre", kTcp, "field='payload'\nop='pcre'\nvalue='^(?i)x$'", "pcre:\"/^(?i)x$/\";"},
    {"pcre from", kTcp, "field='payload[2]'\nop='pcre'\nvalue='x|y'",
     "pcre:\"/^(?s:.{2}.*?)(?:x|y)/\";"},
    {"length", kTcp, "field='payload[2]'\nop='length'\nvalue='>= 8'", "isdataat:9;"},
    {"udp length", kUdp, "field='payload'\nop='length'\nvalue='4-8'", "isdataat:3; isdataat:!8;"},
    {"located", kTcp,
     "field='buffer[8]'\ntype='u16le'\nop='>'\nvalue=0x400\n[[parse]]\nstep=1\nlocate='tcp.payload'"
     "\n"
     "[[parse]]\nstep=2\nlocate='after:|ff|SMB'\n[[parse]]\nstep=3\nlocate='after:x'",
     "content:\"|ff|SMB\"; content:\"x\"; distance:0; byte_test:2,>,1024,8,relative,little;"},
    {"located, many", kTcp,
     "field='buffer[4]'\ntype='u8'\nop='=='\nvalue=1\n[[trigger]]\nfield='buffer[0]'\ntype='u16be'"
     "\nop='=='\nvalue=2\n"
     "[[trigger]]\nfield='buffer'\ntype='bytes'\nop='contains'\nvalue='z'\n[[trigger]]\nfield='"
     "buffer[6]'\nop='length'\n"
     "value='>= "
     "2'\n[[trigger]]\nfield='payload[0]'\ntype='u8'\nop='=='\nvalue=3\n[[parse]]\nstep=1\nlocate='"
     "after:Q'",
     "content:\"|03|\"; offset:0; depth:1; content:\"Q\"; pcre:\"/^(?=(?s:.*?)z)/R\"; "
     "isdataat:8,relative; "
     "content:\"|01|\"; distance:4; within:1; content:\"|00 02|\"; distance:-5; within:2;"},
    {"located start", kUdp,
     "field='buffer[8]'\ntype='u8'\nop='=='\nvalue=1\n[[parse]]\nstep=1\nlocate='udp.payload'",
     "content:\"|01|\"; offset:8; depth:1;"},
};

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
