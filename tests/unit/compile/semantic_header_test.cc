// SPDX-License-Identifier: Apache-2.0
// Verdicts of all tables here are those of `suricata -T` 7.0.10.
#include "tests/unit/compile/semantic_fixture.h"

namespace sluice::compile {
namespace {

using bundle::CompareOp;
using bundle::Item;
using bundle::ItemKind;
using enum Verdict;

constexpr const char* kIp = "alert ip any any -> any any";

Item header_item(const std::string& options, const char* header = kIp) {
    const Compiled r = compile_rule(options, header);
    EXPECT_EQ(r.verdict(), kGood) << options << r.reason();
    return r.rules.empty() ? Item{} : r.items(BufferId::kPacketHeader).at(0);
}

struct Field {
    const char* options;
    ItemKind kind;
    CompareOp op;
    std::int64_t lo;
    std::int64_t hi;
    std::uint32_t flags;
};

TEST(Header, Fields) {
    const Field fields[] = {
        {"ttl:5;", ItemKind::kTtl, CompareOp::kEq, 5, 0, 0},
        {"ttl:2<>9;", ItemKind::kTtl, CompareOp::kRange, 2, 9, 0},
        {"ttl:!2-9;", ItemKind::kTtl, CompareOp::kRange, 2, 9, bundle::kNegated},
        {"dsize:>=7;", ItemKind::kDsize, CompareOp::kGe, 7, 0, 0},
        {"itype:<8;", ItemKind::kItype, CompareOp::kLt, 8, 0, 0},
        {"icode:!=3;", ItemKind::kIcode, CompareOp::kNe, 3, 0, 0},
        {"icmp_id:77;", ItemKind::kIcmpId, CompareOp::kEq, 77, 0, 0},
        {"icmp_seq:78;", ItemKind::kIcmpSeq, CompareOp::kEq, 78, 0, 0},
        {"id:79;", ItemKind::kIpId, CompareOp::kEq, 79, 0, 0},
        {"ack:4294967295;", ItemKind::kTcpAck, CompareOp::kEq, 4294967295, 0, 0},
        {"tcp.seq:1;", ItemKind::kTcpSeq, CompareOp::kEq, 1, 0, 0},
        {"window:!55;", ItemKind::kTcpWindow, CompareOp::kNe, 55, 0, 0},
        {"tcp.mss:<500;", ItemKind::kTcpMss, CompareOp::kLt, 500, 0, 0},
        {"tos:!x1f;", ItemKind::kTos, CompareOp::kNe, 31, 0, 0},
        {"fragoffset:>5;", ItemKind::kFragOffset, CompareOp::kGt, 5, 0, 0},
        {"fragbits:MD+;", ItemKind::kFragBits, CompareOp::kAnd, 3, 0, 0},
        {"fragbits:!R;", ItemKind::kFragBits, CompareOp::kAnd, 4, 0, bundle::kNegated},
        {"flags:*SA;", ItemKind::kTcpFlags, CompareOp::kOr, 0x12, 0, 0},
        {"flags:0;", ItemKind::kTcpFlags, CompareOp::kEq, 0, 0, 0},
        {"ip_proto:udp;", ItemKind::kIpProto, CompareOp::kEq, 17, 0, 0},
        {"ip_proto:>6;", ItemKind::kIpProto, CompareOp::kGt, 6, 0, 0},
        {"ip_proto:\"!47\";", ItemKind::kIpProto, CompareOp::kNe, 47, 0, 0},
        {"stream_size:client,!=,5;", ItemKind::kStreamSize, CompareOp::kNe, 5, 0, 0},
        {"sameip;", ItemKind::kSameIp, CompareOp::kEq, 0, 0, 0},
    };
    for (const Field& f : fields) {
        const Item item = header_item(f.options);
        EXPECT_EQ(item.kind, f.kind) << f.options;
        EXPECT_EQ(item.op, f.op) << f.options;
        EXPECT_EQ(item.lo, f.lo) << f.options;
        EXPECT_EQ(item.hi, f.hi) << f.options;
        EXPECT_EQ(item.flags, f.flags) << f.options;
    }
    EXPECT_EQ(header_item("flags:S+,12;").mask, 0xc0U);
    EXPECT_EQ(header_item("stream_size:server,<,5;").var, 1U);
    EXPECT_EQ(header_item("stream_size:either,<,5;").var, 4U);
}

TEST(Header, Table) {
    check_cases(
        {
            {"ttl:300;", kInvalid},
            {"ttl:5-3;", kInvalid},
            {"ttl:\"5\";", kInvalid},
            {"ttl:5; ttl:6;", kGood},
            {"dsize:70000;", kInvalid},
            {"dsize:3<>5; dsize:4;", kInvalid},
            {"itype:256;", kInvalid},
            {"icmp_id:\"12\";", kInvalid},
            {"icmp_id:0x12;", kInvalid},
            {"id:!5;", kInvalid},
            {"ack:!5;", kInvalid},
            {"window:>70;", kInvalid},
            {"window:70000;", kInvalid},
            {"tos:0x1f;", kInvalid},
            {"fragoffset:!5;", kInvalid},
            {"flags:X;", kInvalid},
            {"flags:s;", kInvalid},
            {"ip_proto:6; ip_proto:7;", kInvalid},
            {"ip_proto:>6; ip_proto:<50;", kGood},
            {"ip_proto:foo;", kInvalid},
            {"ip_proto:300;", kInvalid},
            {"stream_size:client,5;", kInvalid},
            {"ipopts:rr;", kGood},
            {"geoip:src,US;", kUnsupported},
        },
        kIp);
    check_cases({{"ip_proto:6;", kInvalid}}, "alert tcp any any -> any any");
}

TEST(Size, Table) {
    check_cases({
        {"dsize:2; content:\"abc\";", kInvalid},
        {"dsize:<2; content:\"abc\";", kInvalid},
        {"dsize:<3; content:\"abc\";", kGood},
        {"dsize:3; content:\"a\"; content:\"abc\"; distance:0;", kInvalid},
        {"dsize:3; content:\"a\"; offset:10;", kInvalid},
        {"dsize:!4; content:\"abcdefg\";", kInvalid},
        {"dsize:2; content:!\"abc\";", kInvalid},
        {"dsize:4; content:\"abc\"; content:\"abcde\";", kGood},
        {"dsize:4; content:\"abc\"; content:!\"abc\"; distance:0;", kGood},
        {"bsize:2;", kInvalid},
        {"http.uri; bsize:10;", kGood},
        {"http.uri; bsize:2; content:\"abc\";", kInvalid},
        {"http.uri; bsize:<2; content:\"abc\";", kInvalid},
        {"http.uri; bsize:2<>3; content:\"a\";", kInvalid},
        {"http.uri; bsize:1KiB; content:\"a\";", kInvalid},
        {"http.uri; content:\"a\"; bsize:5; bsize:5;", kGood},
        {"urilen:5<>6;", kGood},
        {"urilen:5,foo;", kGood},
        {"urilen:2; http.uri; content:\"abc\";", kInvalid},
        {"urilen:4,raw; content:\"abcdef\"; http_uri;", kGood},
    });
    const Compiled r = compile_rule("urilen:5<>10,raw;", kHttp);
    EXPECT_EQ(r.items(BufferId::kHttpUriRaw).at(0).kind, ItemKind::kUrilen);
}

}  // namespace
}  // namespace sluice::compile
