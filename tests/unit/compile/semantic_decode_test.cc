// SPDX-License-Identifier: Apache-2.0
// base64_decode, base64_data, asn1, byte_math. Verdicts are those of `suricata -T` 7.0.10.
#include "tests/unit/compile/semantic_fixture.h"

namespace sluice::compile {
namespace {

using bundle::ItemKind;
using bundle::MathOp;
using enum Verdict;

TEST(Base64, DataStandsBehindTheDecode) {
    const Compiled r = compile_rule(
        "content:\"x\"; base64_decode:bytes 10, offset 4, relative; content:\"gone\"; "
        "base64_data; content:\"y\"; pkt_data; content:\"z\";");
    ASSERT_EQ(r.verdict(), kGood) << r.reason();
    const auto items = r.items(BufferId::kPayload);
    ASSERT_EQ(items.size(), 3U);
    EXPECT_EQ(r.bytes(items[0]), "x");
    EXPECT_EQ(items[1].kind, ItemKind::kBase64Decode);
    EXPECT_EQ(items[1].depth, 10);
    EXPECT_EQ(items[1].offset, 4);
    EXPECT_EQ(items[1].flags, std::uint32_t{bundle::kRelative});
    EXPECT_EQ(r.bytes(items[2]), "y");
}

TEST(Base64, Table) {
    check_cases({
        {R"(base64_decode; base64_data; content:"y";)", kGood},
        {R"(base64_data; content:"y";)", kInvalid},
        {R"(content:"x"; base64_decode:offset 4, bytes 3;)", kInvalid},
        {R"(content:"x"; base64_decode:bytes 70000;)", kInvalid},
        {R"(content:"x"; base64_decode:relative,bytes 4;)", kGood},
        {R"(content:"x"; base64_decode: relative ;)", kGood},
        {R"(content:"x"; base64_decode:bytes 0;)", kGood},
        {R"(content:"x"; base64_decode; base64_data;)", kGood},
        {R"(content:"x"; base64_decode; base64_decode; base64_data; content:"y";)", kGood},
        {R"(content:"x"; base64_decode; base64_data; bsize:5;)", kGood},
        {R"(content:"x"; base64_decode; base64_data; content:"y"; isdataat:5,relative; )"
         R"(byte_test:1,=,4,0; pcre:"/a/R";)",
         kGood},
    });
    check_cases(
        {
            {R"(http.uri; content:"x"; base64_decode; base64_data; content:"y"; http.method; )"
             R"(content:"GET";)",
             kInvalid},
            {R"(http.uri; content:"x"; http.method; content:"GET"; base64_decode; base64_data; )"
             R"(content:"y";)",
             kGood},
            {R"(content:"x"; http_uri; base64_decode; base64_data; content:"y";)", kGood},
        },
        kHttp);
}

TEST(Asn1, ComesLastInThePayload) {
    const Compiled r = compile_rule(
        "asn1:double_overflow, bitstring_overflow, relative_offset 54, oversize_length 2048; "
        "content:\"x\";");
    ASSERT_EQ(r.verdict(), kGood) << r.reason();
    const auto items = r.items(BufferId::kPayload);
    ASSERT_EQ(items.size(), 2U);
    EXPECT_EQ(items[1].kind, ItemKind::kAsn1);
    EXPECT_EQ(items[1].lo, 2048);
    EXPECT_EQ(items[1].offset, 54);
    EXPECT_EQ(items[1].flags, std::uint32_t{bundle::kRelative});
    EXPECT_EQ(items[1].mask,
              std::uint64_t{bundle::kAsn1Bitstring | bundle::kAsn1Double | bundle::kAsn1Oversize});
}

TEST(Asn1, Table) {
    check_cases({
        {"asn1:double_overflow;", kGood},
        {"asn1:absolute_offset 3, oversize_length 4;", kGood},
        {"asn1:oversize_length 5 double_overflow;", kGood},
        {"asn1:oversize_length;", kInvalid},
        {"asn1:foo;", kInvalid},
        {"asn1:;", kInvalid},
    });
}

TEST(ByteMath, Fields) {
    const Compiled r = compile_rule(
        "content:\"x\"; byte_math:bytes 4,offset -4,oper <<,rvalue 5,result r, relative, "
        "bitmask 0x0f, string hex, endian little; content:\"y\"; offset:r;");
    ASSERT_EQ(r.verdict(), kGood) << r.reason();
    const auto items = r.items(BufferId::kPayload);
    ASSERT_EQ(items.size(), 3U);
    const bundle::Item& i = items[1];
    EXPECT_EQ(i.kind, ItemKind::kByteMath);
    EXPECT_EQ(i.nbytes, 4);
    EXPECT_EQ(i.offset, -4);
    EXPECT_EQ(static_cast<MathOp>(i.hi), MathOp::kShiftLeft);
    EXPECT_EQ(i.lo, 5);
    EXPECT_EQ(i.mask, 0x0fU);
    EXPECT_EQ(i.base, 16);
    EXPECT_EQ(i.flags, std::uint32_t{bundle::kRelative | bundle::kString | bundle::kLittleEndian});
    EXPECT_EQ(items[2].offset, static_cast<std::int32_t>(i.var));
}

TEST(ByteMath, Table) {
    const std::string head = "content:\"x\"; byte_math:";
    const std::vector<std::pair<std::string, Verdict>> cases = {
        {"bytes 4, offset 0, oper +, rvalue 10, result r; byte_test:1,=,r,0;", kGood},
        {"bytes 4,offset 0,oper <<,rvalue 10,result r,dce;", kInvalid},
        {"bytes 4,offset 0,oper %,rvalue 10,result r;", kInvalid},
        {"bytes 4,offset 0,oper /,rvalue 0,result r;", kGood},
        {"bytes 4,offset 0,rvalue 5,result r;", kInvalid},
        {"bytes 11,offset 0,oper -,rvalue 5,result r,string oct;", kInvalid},
        {"bytes 1 , offset 0, oper -, rvalue w, result r;", kInvalid},
        {"bytes v,offset 0,oper -,rvalue 1,result r;", kInvalid},
        {"bytes 1,offset 0,oper -,rvalue 1,result 1r;", kGood},
        {"bytes 0,offset 0,oper -,rvalue 1,result r;", kInvalid},
        {"bytes 1,offset 70000,oper -,rvalue 1,result r;", kInvalid},
        {"bytes 1,offset 0,oper -,rvalue 1,result r, relative, relative;", kInvalid},
        {"bytes 1,offset 0,oper -,rvalue 0x10,result r;", kInvalid},
        {"bytes 1,offset 0,oper -,rvalue 1,result r,bitmask 0;", kGood},
        {"bytes 1,offset 0,oper -,rvalue 4294967296,result r;", kInvalid},
    };
    for (const auto& [options, verdict] : cases) {
        const Compiled r = compile_rule(head + options);
        EXPECT_EQ(r.verdict(), verdict) << options << r.reason();
    }
    check_cases({{R"(content:"x"; byte_extract:1,0,v; byte_math:bytes 1,offset 0,oper -,rvalue v,)"
                  R"(result r; content:"y"; offset:r;)",
                  kGood}});
}

}  // namespace
}  // namespace sluice::compile
