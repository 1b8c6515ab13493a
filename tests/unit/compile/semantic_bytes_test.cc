// SPDX-License-Identifier: Apache-2.0
// Verdicts of all tables here are those of `suricata -T` 7.0.10, unless a comment says otherwise.
#include "tests/unit/compile/semantic_fixture.h"

namespace sluice::compile {
namespace {

using bundle::CompareOp;
using bundle::Item;
using enum Verdict;

Item payload_item(const std::string& options, std::size_t i = 0) {
    const Compiled r = compile_rule(options);
    EXPECT_EQ(r.verdict(), kGood) << options << " " << r.reason();
    return r.rules.empty() ? Item{} : r.items(BufferId::kPayload).at(i);
}

TEST(ByteTest, Fields) {
    const Item a =
        payload_item("byte_test:4,!>,0x10,-2,relative,little,string,hex,bitmask 0xff00;");
    EXPECT_EQ(a.nbytes, 4);
    EXPECT_EQ(a.op, CompareOp::kGt);
    EXPECT_EQ(a.lo, 16);
    EXPECT_EQ(a.offset, -2);
    EXPECT_EQ(a.base, 16);
    EXPECT_EQ(a.mask, 0xff00U);
    EXPECT_EQ(a.flags,
              bundle::kNegated | bundle::kRelative | bundle::kLittleEndian | bundle::kString);
    EXPECT_EQ(payload_item("byte_test:4,!,7,0;").flags, std::uint32_t{bundle::kNegated});
    EXPECT_EQ(payload_item("byte_test:4,^,7,0;").op, CompareOp::kOr);
    EXPECT_EQ(payload_item("byte_test:8,=,18446744073709551615,0;").lo, -1);
}

TEST(ByteTest, Table) {
    check_cases({
        {"byte_test:4,>,1000,0;", kGood},
        {"byte_test: 4 , > , 5 , 0 ;", kGood},
        {"byte_test:4,!=,1000,0;", kGood},
        {"byte_test:4,!&,0x80,0;", kGood},
        {"byte_test:4,==,0x80,0;", kInvalid},
        {"byte_test:4,>,5;", kInvalid},
        {"byte_test:4,>,5,0,;", kInvalid},
        {"byte_test:-4,>,5,0;", kInvalid},
        {"byte_test:4,>,-5,0;", kGood},
        {"byte_test:9,<=,1,0;", kInvalid},
        {"byte_test:9,<=,1,0,string;", kGood},
        {"byte_test:24,<=,1,0,string,hex;", kInvalid},
        {"byte_test:4,<=,1,0,hex;", kInvalid},
        {"byte_test:4,<=,1,0,foo;", kInvalid},
        {"byte_test:4,<=,v,0;", kInvalid},
        {"byte_test:4,<=,1,0,dce;", kUnsupported},
    });
}

TEST(ByteJump, Fields) {
    const Item a =
        payload_item("byte_jump:2,3,relative,multiplier 4,align,from_beginning,post_offset -6;");
    EXPECT_EQ(a.nbytes, 2);
    EXPECT_EQ(a.offset, 3);
    EXPECT_EQ(a.multiplier, 4U);
    EXPECT_EQ(a.post_offset, -6);
    EXPECT_EQ(a.flags, bundle::kRelative | bundle::kAlign4 | bundle::kFromBeginning);
    EXPECT_EQ(payload_item("byte_jump:2,3;").multiplier, 1U);
}

TEST(ByteJump, Table) {
    check_cases({
        {"byte_jump:0,0,from_end;", kGood},
        {"byte_jump:9,0;", kInvalid},
        {"byte_jump:4,0,from_end,from_beginning;", kInvalid},
        {"byte_jump:4,0,string,dec;", kGood},
        {"byte_jump:4,0,dec;", kInvalid},
        {"byte_jump:4,0,multiplier 0;", kInvalid},
        {"byte_jump:4,0,multiplier 70000;", kInvalid},
        {"byte_jump:4,0,multiplier,4;", kInvalid},
        {"byte_jump:4,0,post_offset 70000;", kInvalid},
        {"byte_jump:4,0,bitmask 0xff;", kInvalid},
        {"byte_jump:4;", kInvalid},
    });
}

TEST(ByteExtract, VariablesInEveryPlace) {
    const Compiled r = compile_rule(
        "byte_extract:1,0,a; byte_extract:2,1,b,relative,little,multiplier 3,align 2; "
        "content:\"x\"; offset:a; depth:b; "
        "content:\"y\"; distance:b; within:a; byte_test:b,=,a,b; byte_jump:4,b; "
        "isdataat:b,relative;");
    ASSERT_EQ(r.verdict(), kGood) << r.reason();
    const auto items = r.items(BufferId::kPayload);
    ASSERT_EQ(items.size(), 7U);
    EXPECT_EQ(items[0].var, 0U);
    EXPECT_EQ(items[1].var, 1U);
    EXPECT_EQ(items[1].multiplier, 3U);
    EXPECT_EQ(items[1].flags, bundle::kRelative | bundle::kLittleEndian | bundle::kAlign2);
    EXPECT_EQ(items[2].offset, 0);
    EXPECT_EQ(items[2].depth, 1);
    EXPECT_EQ(items[2].flags,
              bundle::kHasOffset | bundle::kOffsetVar | bundle::kHasDepth | bundle::kDepthVar);
    EXPECT_EQ(items[3].flags, bundle::kHasDistance | bundle::kDistanceVar | bundle::kHasWithin |
                                  bundle::kWithinVar);
    EXPECT_EQ(items[4].nbytes, 1);
    EXPECT_EQ(items[4].flags, bundle::kNbytesVar | bundle::kValueVar | bundle::kOffsetVar);
    EXPECT_EQ(items[5].offset, 1);
    EXPECT_EQ(items[6].flags, bundle::kOffsetVar | bundle::kRelative);
}

TEST(ByteExtract, Table) {
    check_cases({
        {"byte_extract:3,0,v,string,dec;", kGood},
        {"byte_extract:9,0,v;", kInvalid},
        {"byte_extract:4,0,v,align 3;", kInvalid},
        {"byte_extract:4,0,v,foo;", kInvalid},
        {"byte_extract:4,0,v,bitmask 0xff;", kInvalid},
        {"byte_extract:4,0;", kInvalid},
        {"content:\"a\"; offset:v; byte_extract:4,0,v;", kInvalid},
        {"byte_extract:4,0,v; byte_jump:4,0,post_offset v;", kInvalid},
        // Good for Suricata; not compiled here.
        {"byte_extract:4,0,v; byte_extract:4,0,v;", kUnsupported},
        {"byte_extract:4,0,v; http.uri; content:\"a\"; offset:v;", kUnsupported},
        {"byte_extract:4,0,v; content:\"a\"; offset:v; http_uri;", kUnsupported},
    });
}

TEST(IsDataAt, FieldsAndTable) {
    const Item a = payload_item("content:\"x\"; isdataat:!5,relative,rawbytes;", 1);
    EXPECT_EQ(a.offset, 5);
    EXPECT_EQ(a.flags, bundle::kNegated | bundle::kRelative | bundle::kRawBytes);
    check_cases({
        {"isdataat:5;", kGood},
        {"isdataat:5, relative;", kGood},
        {"isdataat:5,relative;", kGood},
        {"isdataat: ! 5 , relative;", kInvalid},
        {"isdataat:70000;", kInvalid},
        {"isdataat:-1;", kInvalid},
        {"isdataat:0x10;", kInvalid},
        {"isdataat:foo;", kInvalid},
        {"isdataat:!1,rawbytes;", kInvalid},
    });
}

TEST(Relative, FollowsAMovedContentToItsBuffer) {
    for (const char* keyword :
         {"isdataat:5,relative;", "byte_test:1,>,1,0,relative;", "byte_jump:1,0,relative;"}) {
        const Compiled r = compile_rule(std::string("content:\"a\"; http_uri; ") + keyword, kHttp);
        ASSERT_EQ(r.verdict(), kGood) << keyword;
        EXPECT_EQ(r.items(BufferId::kHttpUri).size(), 2U) << keyword;
        EXPECT_TRUE(r.items(BufferId::kPayload).empty()) << keyword;
    }
    const Compiled r = compile_rule("content:\"a\"; http_uri; isdataat:5;", kHttp);
    EXPECT_EQ(r.items(BufferId::kPayload).size(), 1U);
}

}  // namespace
}  // namespace sluice::compile
