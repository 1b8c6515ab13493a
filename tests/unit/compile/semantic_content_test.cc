// SPDX-License-Identifier: Apache-2.0
// Verdicts of all tables here are those of `suricata -T` 7.0.10, unless a comment says otherwise.
#include "tests/unit/compile/semantic_fixture.h"

namespace sluice::compile {
namespace {

using bundle::Item;
using bundle::ItemKind;
using enum Verdict;

Item first_item(const Compiled& r) {
    return r.items(BufferId::kPayload).at(0);
}

TEST(Content, Bytes) {
    const auto bytes = [](const std::string& text) {
        const Compiled r = compile_rule("content:" + text + ";");
        return r.rules.empty() ? "invalid" : r.bytes(first_item(r));
    };
    EXPECT_EQ(bytes("\"abc\""), "abc");
    EXPECT_EQ(bytes("\" a \""), " a ");
    EXPECT_EQ(bytes("\"a|41 42|b\""), "aABb");
    EXPECT_EQ(bytes("\"|41,42|\""), "AB");
    EXPECT_EQ(bytes("\"|4 1|\""), "A");
    EXPECT_EQ(bytes("\"|  |a\""), "a");
    EXPECT_EQ(bytes("\"a:b\""), "a:b");
    EXPECT_EQ(bytes("\"a|3b|b\\;\\\"\\\\\\:c\""), "a;b;\"\\:c");
    EXPECT_EQ(bytes("\"a\\\\;b\""), "a\\;b");
    EXPECT_EQ(bytes("\"|00 ff|\""), std::string("\0\xff", 2));
    EXPECT_EQ(bytes("\"a|4|b\""), "invalid");
    EXPECT_EQ(bytes("\"|41 4g|\""), "invalid");
    EXPECT_EQ(bytes("\"a|41\""), "invalid");
    EXPECT_EQ(bytes("\"a\\xb\""), "invalid");
    EXPECT_EQ(bytes("\"a\"b\""), "invalid");
    EXPECT_EQ(bytes("abc"), "invalid");
    EXPECT_EQ(bytes("\"\""), "invalid");
    EXPECT_EQ(bytes("\"||\""), "invalid");  // Suricata lets it pass
}

TEST(Content, Modifiers) {
    const Compiled r = compile_rule(
        "content:!\"ab\"; nocase; offset:2; depth:9; content:\"cd\"; distance:-1; within:0x10; "
        "rawbytes; "
        "content:\"e\"; startswith; endswith; content:\"f\"; fast_pattern:0,1;");
    ASSERT_EQ(r.verdict(), kGood) << r.reason();
    const auto items = r.items(BufferId::kPayload);
    ASSERT_EQ(items.size(), 4U);
    EXPECT_EQ(items[0].flags,
              bundle::kNegated | bundle::kNocase | bundle::kHasOffset | bundle::kHasDepth);
    EXPECT_EQ(items[0].offset, 2);
    EXPECT_EQ(items[0].depth, 9);
    EXPECT_EQ(items[1].flags, bundle::kHasDistance | bundle::kHasWithin | bundle::kRawBytes);
    EXPECT_EQ(items[1].distance, -1);
    EXPECT_EQ(items[1].within, 16);
    EXPECT_EQ(items[2].flags, bundle::kStartsWith | bundle::kHasDepth | bundle::kEndsWith);
    EXPECT_EQ(items[2].depth, 1);
    EXPECT_EQ(items[3].flags, 0U);
}

TEST(Content, KeywordNamesInAnyCase) {
    const Compiled r = compile_rule("CONTENT:\"a\"; NoCase;");
    ASSERT_EQ(r.verdict(), kGood);
    EXPECT_EQ(first_item(r).flags, bundle::kNocase);
}

TEST(Content, EqualBytesAreStoredOnce) {
    const Compiled r = compile_rule("content:\"abcd\"; content:\"abcd\"; distance:0;");
    EXPECT_EQ(r.model.blob.size(), 4U);
}

TEST(Content, PositionTable) {
    check_cases({
        {"content:\"abc\"; endswith; offset:1;", kGood},
        {"content:\"a\"; content:\"abc\"; within:5; endswith;", kGood},
        {"content:\"abc\"; depth:5; endswith;", kGood},
        {"content:\"abc\"; startswith; offset:0;", kInvalid},
        {"content:\"abc\"; offset:1; startswith;", kInvalid},
        {"content:\"abc\"; startswith; depth:3;", kInvalid},
        {"content:\"abc\"; startswith; distance:3;", kInvalid},
        {"content:\"abc\"; startswith; startswith;", kInvalid},
        {"content:\"abc\"; endswith; endswith;", kGood},
        {"content:\"abc\"; depth:2;", kInvalid},
        {"content:\"abc\"; depth:3;", kGood},
        {"content:\"abc\"; depth:+5;", kGood},
        {"content:\"abc\"; offset:0x5;", kGood},
        {"content:\"abc\"; depth:\"5\";", kInvalid},
        {"content:\"abc\"; depth:70000;", kInvalid},
        {"content:\"abc\"; depth:5; depth:5;", kInvalid},
        {"content:\"abc\"; within:2;", kInvalid},
        {"content:\"abc\"; within:-5;", kInvalid},
        {"content:\"abc\"; within:1048577;", kInvalid},
        {"content:\"abc\"; distance:2000000;", kInvalid},
        {"content:\"abc\"; distance:-5; within:3;", kGood},
        {"content:\"abc\"; distance:2; offset:2;", kInvalid},
        {"content:\"abc\"; within:3; depth:3;", kInvalid},
        {"content:\"abc\"; within:3; within:3;", kInvalid},
        {"content:\"abc\"; distance:abc;", kInvalid},
        {"content:\"abc\"; nocase; nocase;", kInvalid},
        {"nocase;", kInvalid},
        {"depth:1;", kInvalid},
        {"content:\"abc\"; rawbytes; rawbytes;", kInvalid},
        {"content;", kInvalid},
        {"content:;", kInvalid},
        {"content:\"abc\"; nocase:1;", kInvalid},
        {"contents:\"abc\";", kInvalid},
        {"content:\"abc\"; replace:\"def\";", kUnsupported},
    });
}

TEST(Content, FastPatternTable) {
    check_cases({
        {"content:\"abc\"; fast_pattern; content:\"def\"; fast_pattern;", kInvalid},
        {"content:\"abc\"; fast_pattern; fast_pattern;", kInvalid},
        {"content:\"abc\"; fast_pattern:only; content:\"def\";", kGood},
        {"content:\"abc\"; fast_pattern:only; content:\"def\"; distance:1;", kInvalid},
        {"content:\"abc\"; fast_pattern:only; depth:5;", kInvalid},
        {"content:\"abc\"; depth:5; fast_pattern:only;", kInvalid},
        {"content:\"abc\"; fast_pattern:1,2;", kGood},
        {"content:\"abc\"; fast_pattern:1,3;", kInvalid},
        {"content:\"abc\"; fast_pattern:foo;", kInvalid},
        {"content:!\"abc\"; fast_pattern;", kGood},
        {"content:!\"abc\"; fast_pattern:only;", kInvalid},
        {"content:!\"abc\"; offset:1; fast_pattern;", kInvalid},
        {"content:!\"abc\"; fast_pattern; depth:5;", kInvalid},
    });
}

}  // namespace
}  // namespace sluice::compile
