// SPDX-License-Identifier: Apache-2.0
// What guidance refuses, and where it says the fault is.
#include "signatures/guidance/guidance.h"
#include "signatures/guidance/limits.h"
#include "tests/unit/guidance/guidance_support.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::guidance {

namespace {

struct Case {
    const char* delivery;
    const char* triggers;
    std::uint32_t line;
    std::uint32_t column;
    const char* reason;  // part of it
    bool unsupported;
};

constexpr const char* kGood = "field='payload'\ntype='utf8'\nop='contains'\nvalue='x'";

const Case kCases[] = {
    // triggers: the field is in line 9
    {kTcp, "field='payload[0]'\ntype='u32be'\nop='crc'\nvalue=0", 11, 4, "crc", true},
    {kTcp, "field='payload[0]'\ntype='varint'\nop='=='\nvalue=0", 10, 6, "varint", true},
    {kTcp, "field='payload[0]'\ntype='u24'\nop='=='\nvalue=0", 10, 6, "unknown type 'u24'", false},
    {kTcp, "field='payload[0]'\ntype='u8'\nop='~='\nvalue=0", 11, 4, "unknown operator '~='",
     false},
    {kTcp, "field='payload[0]'\ntype='u8'\nop='=='\nvalue=256", 12, 7, "fits u8", false},
    {kTcp, "field='payload[0]'\ntype='u8'\nop='=='\nvalue=-1", 12, 7, "negative", false},
    {kTcp, "field='payload[0]'\ntype='u8'\nop='=='\nvalue=1.5", 12, 7, "integer, text", false},
    {kTcp, "field='payload[0]'\ntype='u8'\nop='in'\nvalue=[1, 'x']", 12, 11, "fits u8", false},
    {kTcp, "field='payload[0]'\ntype='u8'\nop='in'\nvalue=1", 12, 7, "array of values", false},
    {kTcp, "field='payload[0]'\ntype='u8'\nop='in'\nvalue=[[1]]", 12, 8, "integer, text", false},
    {kTcp, "field='payload[0]'\ntype='u8'\nop='mask'\nvalue={mask=0xf, equals=0x10}", 12, 7,
     "bits of the mask", false},
    {kTcp, "field='payload[0]'\ntype='u8'\nop='mask'\nvalue={mask=0xf}", 12, 7, "key is missing",
     false},
    {kTcp, "field='payload[0]'\ntype='u8'\nop='mask'\nvalue=0", 12, 7, "fits u8", false},
    {kTcp, "field='payload[0]'\ntype='utf8'\nop='>'\nvalue='x'", 10, 6, "needs an integer type",
     false},
    {kTcp, "field='payload[0]'\ntype='u8'\nop='contains'\nvalue=1", 10, 6, "contains needs bytes",
     false},
    {kTcp, "field='payload[0]'\ntype='u8'\nop='pcre'\nvalue='x'", 10, 6, "looks at bytes", false},
    {kTcp, "field='payload[0]'\ntype='bytes'\nop='=='\nvalue='|0|'", 12, 7, "hex bytes", false},
    {kTcp, "field='payload[0]'\ntype='bytes'\nop='=='\nvalue='|00'", 12, 7, "hex bytes", false},
    {kTcp, "field='payload[0]'\ntype='utf8'\nop='=='\nvalue=''", 12, 7, "1 to 255 bytes", false},
    {kTcp, "field='payload[0]'\ntype='utf8'\nop='=='\nvalue=1", 12, 7, "a text expected", false},
    {kTcp, "field='payload[0]'\nop='=='\nvalue=1", 11, 7, "give an integer type", false},
    {kTcp, "field='payload[0]'\nop='=='\nvalue='x'", 8, 1, "key is missing", false},
    {kTcp, "field='payload'\ntype='u8'\nop='=='\nvalue=1", 9, 7, "needs a place", false},
    {kTcp, "field='payload[65536]'\ntype='u8'\nop='=='\nvalue=1", 9, 7, "0 to 65535", false},
    {kTcp, "field='payload[65535]'\ntype='u8'\nop='=='\nvalue=1", 9, 7, "beyond byte", false},
    {kTcp, "field='payload[1'\ntype='u8'\nop='=='\nvalue=1", 9, 7, "']' is missing", false},
    {kTcp, "field='smb2.ctl'\ntype='u8'\nop='=='\nvalue=1", 9, 7,
     "not a field that this version reads", true},
    {kTcp, "field='http.uri'\nop='=='\nvalue='x'", 9, 7, "not in this protocol", false},
    {kHttpToServer, "field='payload[0]'\ntype='u8'\nop='=='\nvalue=1", 9, 7, "protocol tcp or udp",
     false},
    {kHttpToServer, "field='http.response_body'\ntype='utf8'\nop='contains'\nvalue='x'", 9, 7,
     "not sent to the server", false},
    {kHttpToServer, "field='http.uri'\ntype='u8'\nop='=='\nvalue=1", 10, 6, "needs a place", false},
    {kHttpToServer, "field='http.header[X]'\nop='=='\nvalue='x'", 9, 7, "is named as in", false},
    {kHttpToServer, "field='http.header[\"X: Y\"]'\nop='=='\nvalue='x'", 9, 7,
     "not a header's name", false},
    {kHttpToServer, "field='http.header[\"X-A\"]'\nop='pcre'\nvalue='^x'", 11, 7, "^ and $", true},
    {kHttpToServer, "field='buffer[0]'\ntype='u8'\nop='=='\nvalue=1", 9, 7, "[[parse]] step",
     false},
    {kTcp, "field='payload[1]'\nop='pcre'\nvalue='x$'", 11, 7, "^ and $", true},
    {kTcp, "field='payload'\nop='pcre'\nvalue='(*LIMIT_MATCH=1)x'", 11, 7, "verbs", false},
    {kTcp, "field='payload'\nop='pcre'\nvalue='\\Qx\\E'", 11, 7, "\\Q is not allowed", false},
    {kTcp, "field='payload'\nop='pcre'\nvalue='x\\'", 11, 7, "ends in a backslash", false},
    {kTcp, "field='payload'\nop='pcre'\nvalue=\"a\\nb\"", 11, 7, "printable ASCII", false},
    {kTcp, "field='payload'\nop='length'\nvalue='< 9'", 11, 7, "no upper length", true},
    {kTcp, "field='payload'\nop='length'\nvalue='about 9'", 11, 7, "a length is", false},
    {kTcp, "field='payload'\nop='length'\nvalue='>= 0'", 11, 7, "always so", false},
    {kTcp, "field='payload'\nop='length'\nvalue='>= 70000'", 11, 7, "out of range", false},
    {kTcp, "field='payload'\ntype='utf8'\nop='contains'\nvalue='x'\nnocase=true", 13, 1,
     "unknown key", false},
    {kTcp, "field='payload'\ntype='utf8'\nop='contains'", 8, 1, "key is missing", false},
    // parse steps: after a good trigger of four lines, [[parse]] is in line 13
    {kTcp,
     "field='payload'\ntype='utf8'\nop='contains'\nvalue='x'\n[[parse]]\nstep=2\nlocate='tcp."
     "payload'",
     13, 1, "numbered 1, 2", false},
    {kTcp,
     "field='payload'\ntype='utf8'\nop='contains'\nvalue='x'\n[[parse]]\nstep=1\nlocate='udp."
     "payload'",
     15, 8, "not in this protocol", false},
    {kTcp,
     "field='payload'\ntype='utf8'\nop='contains'\nvalue='x'\n[[parse]]\nstep=1\nlocate='smb2."
     "ioctl.buffer'",
     15, 8, "not a field", true},
    {kTcp,
     "field='payload'\ntype='utf8'\nop='contains'\nvalue='x'\n[[parse]]\nstep=1\nlocate='after:|zz|"
     "'",
     15, 8, "hex bytes", false},
    {kTcp,
     "field='payload'\ntype='utf8'\nop='contains'\nvalue='x'\n[[parse]]\nstep=1\nlocate='after:x'"
     "\n[[parse]]\nstep=2\n"
     "locate='tcp.payload'",
     18, 8, "only the first step", false},
    // delivery: begins in line 5
    {"kind='protocol'\nprotocol='smb2'", kGood, 6, 10, "'smb2' is not read", true},
    {"kind='protocol'", kGood, 4, 1, "key is missing", false},
    {"kind='carrier pigeon'\nprotocol='tcp'", kGood, 5, 6, "is not one of: protocol, file", false},
    {"kind='protocol'\nprotocol='tcp'\ndirection='up'", kGood, 7, 11, "is not one of", false},
    {"kind='protocol'\nprotocol='tcp'\nports=[0]", kGood, 7, 8, "1 to 65535", false},
    {"kind='protocol'\nprotocol='tcp'\nports=445", kGood, 7, 7, "array of 1 to 64 ports", false},
    {"kind='protocol'\nprotocol='tcp'\nvlan=3", kGood, 7, 1, "unknown key", false},
    {"kind='file'\ncarriers=[]", kGood, 4, 1, "no carrier", false},
    {"kind='file'\ncarriers=['smtp']", kGood, 6, 11, "'smtp' is not read", true},
    {"kind='file'\ncarriers=['http']\nprotocol='http'", kGood, 7, 10, "a file has carriers", false},
};

TEST(GuidanceErrors, NameLineAndColumn) {
    for (const Case& c : kCases) {
        const std::string toml = text_with(c.delivery, c.triggers);
        const GuidanceResult r = compile_guidance(toml, "file.toml", 1);
        EXPECT_TRUE(r.rules.empty()) << toml;
        ASSERT_FALSE(r.problems.empty()) << toml;
        const lang::Problem& p = r.problems[0];
        EXPECT_EQ(p.where.file, "file.toml");
        EXPECT_EQ(p.where.line, c.line) << toml << p.reason;
        EXPECT_EQ(p.where.column, c.column) << toml << p.reason;
        EXPECT_NE(p.reason.find(c.reason), std::string::npos) << toml << p.reason;
        EXPECT_EQ(p.unsupported, c.unsupported) << toml << p.reason;
        EXPECT_EQ(r.status, c.unsupported ? "not-network-detectable" : "pending") << toml;
    }
}

struct Top {
    const char* toml;
    std::uint32_t line;
    std::uint32_t column;
    const char* keyword;
    const char* reason;
};

TEST(GuidanceErrors, TopLevel) {
    const Top cases[] = {
        {"format = 'guidance/2'\n", 1, 10, "format", "is not one of: guidance/1"},
        {"format = 'guidance/1'\ncve = '2021-31166'\n", 2, 7, "cve", "CVE-2026-10001"},
        {"format = 'guidance/1'\ncve = 'CVE-2021-1234'\npublic_text = \"a\\nb\"\n", 3, 15,
         "public_text", "one line"},
        {"format = 'guidance/1'\ncve = 7\n", 2, 7, "cve", "text expected"},
        {"format = 'guidance/1'\nsurprise = 7\n", 2, 1, "surprise", "unknown key"},
        {"format = 'guidance/1'\ncve = 'CVE-2021-1234'\npublic_text = 'x'\nrevision = 0\n", 4, 12,
         "revision", "integer"},
        {"format = 'guidance/1'\ncve = 'CVE-2021-1234'\npublic_text = 'x'\ntrigger = 1\n", 4, 11,
         "trigger", "array"},
        {"format = 'guidance/1'\ncve = 'CVE-2021-1234'\npublic_text = 'x'\nquality = 1\n", 4, 11,
         "quality", "table"},
        {"format = 'guidance/1'\n[evidence]\nmemory = 1\n", 3, 1, "evidence.memory", "unknown key"},
    };
    for (const Top& c : cases) {
        const GuidanceResult r = compile_guidance(c.toml, "t", 1);
        EXPECT_EQ(r.status, "pending");
        bool found = false;
        for (const lang::Problem& p : r.problems) {
            if (p.keyword == c.keyword && p.reason.find(c.reason) != std::string::npos) {
                EXPECT_EQ(p.where.line, c.line) << c.toml;
                EXPECT_EQ(p.where.column, c.column) << c.toml;
                found = true;
            }
        }
        EXPECT_TRUE(found) << c.toml;
    }
}

TEST(GuidanceErrors, HeadersWithoutAName) {
    for (const char* header : {"[[# a]]", "[#", "[[", "[ ]", "  [\t=]", "[.a]", "[["}) {
        const GuidanceResult r =
            compile_guidance("a = [\n[1], [2]\n]\n" + std::string(header), "t", 1);
        ASSERT_EQ(r.problems.size(), 1U) << header;
        EXPECT_NE(r.problems[0].reason.find("name of a table"), std::string::npos)
            << r.problems[0].reason;
        EXPECT_EQ(r.problems[0].where.line, 4U) << header;
    }
}

// toml++ 3.3 runs into undefined behaviour on some of these.
TEST(GuidanceErrors, BytesOutsideAsciiOnlyInComments) {
    for (const char* bad :
         {"k\u0418 = 1", "a = \"\u0418\"", "b = '\u0418'", "a = 1 \u0418", "a = \"\"\"\u0418\"\"\"",
          "a = '''\u0418'''", "a = \"\\\u0418\"", "\ufeffa = 1", "a = [\u3000]"}) {
        EXPECT_NE(check_limits(bad).reason, nullptr) << bad;
    }
    EXPECT_EQ(check_limits("# \u0418\na = \"\" # \u0418\n").reason, nullptr);
    const GuidanceResult r = compile_guidance(
        "# \u0418\n" + text_with(kTcp, "field='payload'\ntype='utf8'\nop='=='\nvalue='\\u0418'"),
        "t", 1);
    EXPECT_EQ(r.problems.at(0).where.line, 10U);
}

TEST(GuidanceErrors, TomlSyntax) {
    const GuidanceResult r = compile_guidance("format = 'guidance/1'\ncve = \n", "t", 1);
    ASSERT_EQ(r.problems.size(), 1U);
    EXPECT_EQ(r.problems[0].where.line, 2U);
    EXPECT_NE(r.problems[0].where.column, 0U);
    const GuidanceResult utf8 = compile_guidance("format = 'guid\xff\xfe'\n", "t", 1);
    ASSERT_EQ(utf8.problems.size(), 1U);
    const GuidanceResult twice = compile_guidance("cve = 'a'\ncve = 'b'\n", "t", 1);
    ASSERT_EQ(twice.problems.size(), 1U);
    EXPECT_EQ(twice.problems[0].where.line, 2U);
}

std::string repeated(std::string_view s, std::size_t n) {
    std::string out;
    for (std::size_t i = 0; i < n; ++i) {
        out += s;
    }
    return out;
}

// toml++ 3.3 crashes on some of these: they must not reach it.
TEST(GuidanceErrors, LimitsComeBeforeTheParser) {
    const struct {
        std::string toml;
        const char* reason;
        std::uint32_t line;
    } cases[] = {
        {repeated("a.", 50000) + "a = 1", "65536 bytes", 0},
        {repeated("a.", 30000) + "a = 1", "64 dots", 1},
        {"x = 1\n" + repeated("a.", 65) + "a = 1", "64 dots", 2},
        {"\n[" + repeated("a.", 65) + "a]", "64 dots", 2},
        {"a = { " + repeated("\"b\".", 65) + "b = 1 }", "64 dots", 1},
        {"a = '''\n" + repeated("x", 5000) + "'''", "4096 bytes", 2},
        {"# " + repeated("x", 5000), "4096 bytes", 1},
        {"a = " + repeated("[", 17), "16 brackets", 1},
        {"a = " + repeated("[\n", 17), "16 brackets", 17},
        {"a = '''''" + repeated("[", 17), "16 brackets", 0},
        {"a = \"\\\"\" " + repeated("[", 17), "16 brackets", 1},
    };

    for (const auto& c : cases) {
        const LimitFault fault = check_limits(c.toml);
        if (c.line == 0 && c.toml.size() < kMaxGuidanceBytes) {
            EXPECT_EQ(fault.reason, nullptr) << "text within a string does not count";
            continue;
        }
        ASSERT_NE(fault.reason, nullptr) << c.toml.substr(0, 40);
        EXPECT_NE(std::string(fault.reason).find(c.reason), std::string::npos) << fault.reason;
        EXPECT_EQ(fault.line, c.line) << c.toml.substr(0, 40);
        EXPECT_EQ(compile_guidance(c.toml, "t", 1).problems.size(), 1U);
    }
    EXPECT_EQ(check_limits("a = '" + repeated(".[", 500) + "' # " + repeated(".[", 500)).reason,
              nullptr);
    EXPECT_EQ(check_limits("a = \"\"\"x\"\"\"\"\" # [[[[[[[[[[[[[[[[[[[").reason, nullptr);
}

}  // namespace

}  // namespace sluice::guidance
