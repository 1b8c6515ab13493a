// SPDX-License-Identifier: Apache-2.0
// What is a tag, and what it says. All verdicts are those of `suricata -T` 7.0.10.
#include "tests/unit/compile/semantic_fixture.h"

namespace sluice::compile {
namespace {

using bundle::Tag;
using bundle::TagMetric;
using bundle::TagScope;
using enum Verdict;

std::vector<Tag> tags_of(const std::string& options) {
    const Compiled r = compile_rule(options);
    EXPECT_EQ(r.verdict(), kGood) << options << "\n  " << r.reason();
    return r.rules.empty() ? std::vector<Tag>{} : r.rules[0].tags;
}

TEST(Tag, WhatEachFormSays) {
    struct Case {
        const char* options;
        Tag tag;
    };

    const Case cases[] = {
        {"tag:session;", {TagScope::kSession, TagMetric::kPackets, 256}},
        {"tag:host;", {TagScope::kDestination, TagMetric::kPackets, 256}},
        {"tag:session,10,packets;", {TagScope::kSession, TagMetric::kPackets, 10}},
        {"tag: session , 10 , packets ;", {TagScope::kSession, TagMetric::kPackets, 10}},
        {"tag:session,010,packets;", {TagScope::kSession, TagMetric::kPackets, 10}},
        {"tag:session,0,packets;", {TagScope::kSession, TagMetric::kPackets, 0}},
        {"tag:session,257,packets;", {TagScope::kSession, TagMetric::kPackets, 256}},
        {"tag:session,257,bytes;", {TagScope::kSession, TagMetric::kBytes, 257}},
        {"tag:session,10,packets,src;", {TagScope::kSession, TagMetric::kPackets, 10}},
        {"tag:host,10,seconds;", {TagScope::kDestination, TagMetric::kSeconds, 10}},
        {"tag:host,10,seconds,src;", {TagScope::kSource, TagMetric::kSeconds, 10}},
        {"tag:host,4294967295,bytes,dst;", {TagScope::kDestination, TagMetric::kBytes, 4294967295}},
    };
    for (const Case& c : cases) {
        EXPECT_EQ(tags_of(c.options), std::vector<Tag>{c.tag}) << c.options;
    }
}

TEST(Tag, OneAScope) {
    EXPECT_EQ(tags_of("tag:session,5,packets; tag:host,6,bytes,src; tag:session,7,packets; "
                      "tag:host; tag:host,8,seconds,dst;"),
              (std::vector<Tag>{{TagScope::kSession, TagMetric::kPackets, 5},
                                {TagScope::kSource, TagMetric::kBytes, 6},
                                {TagScope::kDestination, TagMetric::kPackets, 256}}));
}

TEST(Tag, WhatIsNone) {
    for (const char* value :
         {"foo", "Session", "session,", "session,10", "session,10,", "session,10,packets,",
          "session,-1,packets", "session,x,packets", "session,,packets", "session,10,Packets",
          "session,10,packets,foo", "session,10,packets,src,dst", "session,4294967296,bytes",
          "session,10,packet", "\"session\"", "!session"}) {
        check_cases({{("tag:" + std::string(value) + ";").c_str(), kInvalid}});
    }
}

TEST(Tag, AnErrorSaysWhereAndWhatToWrite) {
    const std::string text = "\nalert tcp any any -> any any (msg:\"x\"; tag:session,10; sid:1;)\n";
    auto parsed = lang::parse_rules(text, "mine.rules");
    bundle::Model model;
    Semantic semantic(default_compile_options(), model);
    ASSERT_EQ(parsed.rules.size(), 1U);
    EXPECT_TRUE(semantic.compile(parsed.rules[0], parsed.problems).empty());
    ASSERT_EQ(parsed.problems.size(), 1U);
    const lang::Problem& p = parsed.problems[0];
    EXPECT_EQ(p.where.file, "mine.rules");
    EXPECT_EQ(p.where.line, 2U);
    EXPECT_EQ(p.where.column, 40U);
    EXPECT_EQ(p.keyword, "tag");
    EXPECT_NE(p.reason.find("tag:host,60,seconds,src"), std::string::npos) << p.reason;
}

}  // namespace
}  // namespace sluice::compile
