// SPDX-License-Identifier: Apache-2.0
// Verdicts of all tables here are those of `suricata -T` 7.0.10, unless a comment says otherwise.
#include "tests/unit/compile/semantic_fixture.h"

namespace sluice::compile {
namespace {

using enum Verdict;

TEST(Pcre, PatternFlagsAndModifiers) {
    const Compiled r = compile_rule("content:\"x\"; pcre:!\"/^a\\/b\\;c\\\"/ismxAEGRO\";");
    ASSERT_EQ(r.verdict(), kGood) << r.reason();
    ASSERT_EQ(r.model.pcres.size(), 1U);
    EXPECT_EQ(r.model.pcres[0].pattern, "^a\\/b;c\\\"");
    EXPECT_EQ(r.model.pcres[0].flags, 0x7fU);
    EXPECT_EQ(r.items(BufferId::kPayload).at(1).flags, bundle::kNegated | bundle::kRelative);
}

TEST(Pcre, EqualExpressionsAreStoredOnce) {
    const Compiled r = compile_rule("pcre:\"/abc/\"; pcre:\"/abc/\"; pcre:\"/abc/i\";");
    EXPECT_EQ(r.model.pcres.size(), 2U);
}

TEST(Pcre, OlderLettersNameBuffers) {
    struct Case {
        char letter;
        BufferId buffer;
    };

    const Case cases[] = {
        {'U', BufferId::kHttpUri},           {'I', BufferId::kHttpUriRaw},
        {'P', BufferId::kHttpRequestBody},   {'Q', BufferId::kHttpResponseBody},
        {'H', BufferId::kHttpRequestHeader}, {'M', BufferId::kHttpMethod},
        {'C', BufferId::kHttpRequestCookie}, {'S', BufferId::kHttpStatCode},
        {'Y', BufferId::kHttpStatMsg},       {'V', BufferId::kHttpUserAgent},
        {'W', BufferId::kHttpHost},          {'Z', BufferId::kHttpHostRaw},
    };
    for (const Case& c : cases) {
        const Compiled r = compile_rule(std::string("pcre:\"/abc/") + c.letter + "\";", kHttp);
        ASSERT_EQ(r.verdict(), kGood) << c.letter << r.reason();
        EXPECT_EQ(r.items(c.buffer).size(), 1U) << c.letter;
    }
}

TEST(Pcre, MessageAndOffsetOfPcre2) {
    const Compiled r = compile_rule("pcre:\"/a(bc/\";");
    ASSERT_EQ(r.verdict(), kInvalid);
    EXPECT_EQ(r.problems[0].reason, "pcre2: missing closing parenthesis at offset 4");
    EXPECT_EQ(r.problems[0].keyword, "pcre");
}

TEST(Pcre, Table) {
    check_cases(
        {
            {"pcre:\"/Abc/W\";", kInvalid},
            {"pcre:\"/abc/Wi\";", kGood},
            {"pcre:\"/\\Wbc/W\";", kGood},
            {"http.host; pcre:\"/Abc/\";", kGood},
            {"pcre:\"/abc/UB\";", kInvalid},
            {"pcre:\"/abc/UI\";", kInvalid},
            {"pcre:\"/abc/RU\";", kInvalid},
            {"pcre:\"/a/R\";", kInvalid},
            {"content:\"a\"; pcre:\"/a/R\";", kGood},
            {"http.uri; pcre:\"/a/R\";", kGood},
            {"http.uri; content:\"a\"; pcre:\"/a/U\";", kGood},
            {"http.uri; content:\"a\"; pcre:\"/a/P\";", kInvalid},
            {"file_data; content:\"a\"; pcre:\"/b/QR\";", kGood},
            {"content:\"a\"; http_uri; pcre:\"/a/UR\";", kGood},
            {"pcre:\"/abc/z\";", kInvalid},
            {"pcre:\"abc\";", kInvalid},
            {"pcre:/abc/;", kGood},
            {"pcre:\"m/abc/i\";", kGood},
            {"pcre:\"/a;b/i\";", kInvalid},
            {"pcre:\"/a/b/i\";", kGood},
            {"pcre:\"//i\";", kGood},
            {"pcre: \"/a/i \";", kInvalid},
            {"pcre: \" /a/i\";", kGood},
            // Good for Suricata; they fill variables, which are not kept here.
            {"pcre:\"/abc/,pkt:foo\";", kUnsupported},
            {"pcre:\"/a(?P<flow_x>bc)/\";", kUnsupported},
        },
        kHttp);
}

}  // namespace
}  // namespace sluice::compile
