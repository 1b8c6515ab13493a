// SPDX-License-Identifier: Apache-2.0
#include "dataplane/detect/byte_keywords.h"

#include "tests/unit/detect/detect_bench.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::detect {
namespace {

using bundle::CompareOp;
using bundle::Item;
using bundle::ItemKind;

constexpr StepOutcome kOk = StepOutcome::kOk;
constexpr StepOutcome kFail = StepOutcome::kFail;
constexpr StepOutcome kShort = StepOutcome::kShort;

struct NumberCase {
    std::string text;
    unsigned base;
    std::uint64_t value;
    std::size_t used;
};

class ParseNumber : public testing::TestWithParam<NumberCase> {};

TEST_P(ParseNumber, ReadsAsStrtoull) {
    const TextNumber n = parse_number(test::as_bytes(GetParam().text), GetParam().base);
    EXPECT_EQ(n.used, GetParam().used);
    if (n.used != 0) {
        EXPECT_EQ(n.value, GetParam().value);
    }
}

INSTANTIATE_TEST_SUITE_P(Table, ParseNumber,
                         testing::Values(NumberCase{"123", 10, 123, 3},
                                         NumberCase{"12a", 10, 12, 2}, NumberCase{"a", 10, 0, 0},
                                         NumberCase{"", 10, 0, 0}, NumberCase{"  42", 10, 42, 4},
                                         NumberCase{"-1", 10, ~0ULL, 2}, NumberCase{"+7", 10, 7, 2},
                                         NumberCase{"0x1F", 16, 31, 4}, NumberCase{"1f", 16, 31, 2},
                                         NumberCase{"0x", 16, 0, 1}, NumberCase{"0xg", 16, 0, 1},
                                         NumberCase{"017", 8, 15, 3}, NumberCase{"0x10", 0, 16, 4},
                                         NumberCase{"010", 0, 8, 3}, NumberCase{"10", 0, 10, 2},
                                         NumberCase{"18446744073709551615", 10, ~0ULL, 20},
                                         NumberCase{"18446744073709551616", 10, 0, 0},
                                         NumberCase{"01777777777777777777777", 8, ~0ULL, 23}));

struct TestCase {
    const char* name;
    std::uint8_t nbytes;
    CompareOp op;
    std::int64_t value;
    int offset;
    std::uint32_t flags;
    std::uint8_t base;
    std::uint64_t mask;
    StepOutcome complete;
    StepOutcome open;
};

class ByteTest : public testing::TestWithParam<TestCase> {};

// The buffer is 01 02 "0x1F" 00 "99"; the position is 2.
TEST_P(ByteTest, Table) {
    const TestCase& c = GetParam();
    const std::string buffer(
        "\x01\x02"
        "0x1F"
        "\x00"
        "99",
        9);
    Item i;
    i.kind = ItemKind::kByteTest;
    i.nbytes = c.nbytes;
    i.op = c.op;
    i.lo = c.value;
    i.offset = c.offset;
    i.flags = c.flags;
    i.base = c.base;
    i.mask = c.mask;
    Vars vars{};
    vars[3] = 0x0102;
    i.var = 3;
    EXPECT_EQ(byte_test(i, {test::as_bytes(buffer), 0, 0, true}, 2, vars), c.complete) << c.name;
    EXPECT_EQ(byte_test(i, {test::as_bytes(buffer), 0, 0, false}, 2, vars), c.open) << c.name;
}

INSTANTIATE_TEST_SUITE_P(
    Table, ByteTest,
    testing::Values(
        TestCase{"big", 2, CompareOp::kEq, 0x0102, 0, 0, 0, 0, kOk, kOk},
        TestCase{"little", 2, CompareOp::kEq, 0x0201, 0, bundle::kLittleEndian, 0, 0, kOk, kOk},
        TestCase{"less", 2, CompareOp::kLt, 0x0103, 0, 0, 0, 0, kOk, kOk},
        TestCase{"not less", 2, CompareOp::kLt, 0x0102, 0, 0, 0, 0, kFail, kFail},
        TestCase{"less or equal", 2, CompareOp::kLe, 0x0102, 0, 0, 0, 0, kOk, kOk},
        TestCase{"greater", 2, CompareOp::kGt, 0x0101, 0, 0, 0, 0, kOk, kOk},
        TestCase{"greater or equal", 2, CompareOp::kGe, 0x0102, 0, 0, 0, 0, kOk, kOk},
        TestCase{"and", 1, CompareOp::kAnd, 3, 1, 0, 0, 0, kOk, kOk},
        TestCase{"and none", 1, CompareOp::kAnd, 4, 1, 0, 0, 0, kFail, kFail},
        TestCase{"or is exclusive", 1, CompareOp::kOr, 2, 1, 0, 0, 0, kFail, kFail},
        TestCase{"negated", 2, CompareOp::kEq, 9, 0, bundle::kNegated, 0, 0, kOk, kOk},
        TestCase{"relative", 1, CompareOp::kEq, '0', 0, bundle::kRelative, 0, 0, kOk, kOk},
        TestCase{"relative back", 1, CompareOp::kEq, 2, -1, bundle::kRelative, 0, 0, kOk, kOk},
        TestCase{"before the start", 1, CompareOp::kEq, 0, -3, bundle::kRelative, 0, 0, kFail,
                 kFail},
        TestCase{"hex text", 4, CompareOp::kEq, 31, 2, bundle::kString, 16, 0, kOk, kOk},
        TestCase{"decimal text stops at x", 4, CompareOp::kEq, 0, 2, bundle::kString, 10, 0, kOk,
                 kOk},
        TestCase{"no digits", 1, CompareOp::kEq, 0, 6, bundle::kString, 10, 0, kFail, kFail},
        TestCase{"text past the end", 4, CompareOp::kEq, 99, 7, bundle::kString, 10, 0, kFail,
                 kShort},
        TestCase{"text without a length", 0, CompareOp::kEq, 31, 2, bundle::kString, 16, 0, kOk,
                 kOk},
        TestCase{"text without a length that may go on", 0, CompareOp::kEq, 99, 7, bundle::kString,
                 10, 0, kOk, kShort},
        TestCase{"no text without a length", 0, CompareOp::kEq, 0, 6, bundle::kString, 10, 0, kFail,
                 kShort},
        TestCase{"bytes past the end", 4, CompareOp::kEq, 0, 6, 0, 0, 0, kFail, kShort},
        TestCase{"mask shifts down", 2, CompareOp::kEq, 1, 0, 0, 0, 0x0f00, kOk, kOk},
        TestCase{"variable value", 2, CompareOp::kEq, 0, 0, bundle::kValueVar, 0, 0, kOk, kOk}));

TEST(ByteJump, FromBeginningEndAndBackwards) {
    const std::string buffer("\x04\x00\x00\x00\x00\x00\x00\x00", 8);
    const EvalView view{test::as_bytes(buffer), 0, 0, true};
    const EvalView open{test::as_bytes(buffer), 0, 0, false};
    Vars vars{};
    Item i;
    i.kind = ItemKind::kByteJump;
    i.nbytes = 1;
    std::int64_t pos = 0;
    EXPECT_EQ(byte_jump(i, view, pos, vars), kOk);
    EXPECT_EQ(pos, 5);  // 4 past the number
    i.flags = bundle::kFromBeginning;
    EXPECT_EQ(byte_jump(i, view, pos, vars), kOk);
    EXPECT_EQ(pos, 4);
    i.flags = bundle::kFromEnd;
    i.post_offset = -6;
    EXPECT_EQ(byte_jump(i, view, pos, vars), kOk);
    EXPECT_EQ(pos, 6);
    EXPECT_EQ(byte_jump(i, open, pos, vars), kShort);
    i.post_offset = 0;
    EXPECT_EQ(byte_jump(i, view, pos, vars), kFail);
    i.flags = 0;
    i.post_offset = -100;  // before the start: to the start
    EXPECT_EQ(byte_jump(i, view, pos, vars), kOk);
    EXPECT_EQ(pos, 0);
    i.post_offset = 0;
    i.multiplier = 2;
    EXPECT_EQ(byte_jump(i, view, pos, vars), kFail);  // 1 + 8 is past the end
    EXPECT_EQ(byte_jump(i, open, pos, vars), kShort);
}

TEST(ByteJump, AlignRoundsUp) {
    const std::string buffer("\x03...........", 12);
    Vars vars{};
    Item i;
    i.kind = ItemKind::kByteJump;
    i.nbytes = 1;
    i.flags = bundle::kAlign4;
    std::int64_t pos = 0;
    EXPECT_EQ(byte_jump(i, {test::as_bytes(buffer), 0, 0, true}, pos, vars), kOk);
    EXPECT_EQ(pos, 5);
}

TEST(ByteJump, HugeValueDoesNotWrap) {
    const std::string buffer("\x7f\xff\xff\xff\xff\xff\xff\xff....", 12);
    Vars vars{};
    Item i;
    i.kind = ItemKind::kByteJump;
    i.nbytes = 8;
    std::int64_t pos = 0;
    EXPECT_EQ(byte_jump(i, {test::as_bytes(buffer), 0, 0, true}, pos, vars), kFail);
    i.flags = bundle::kRelative;
    pos = 5;
    EXPECT_EQ(byte_jump(i, {test::as_bytes(buffer), 0, 0, true}, pos, vars), kFail);
}

TEST(ByteExtract, StoresAndMoves) {
    const std::string buffer("ab\x00\x05zz", 6);
    Vars vars{};
    Item i;
    i.kind = ItemKind::kByteExtract;
    i.nbytes = 2;
    i.multiplier = 3;
    i.var = 7;
    i.flags = bundle::kRelative | bundle::kAlign4;
    std::int64_t pos = 2;
    EXPECT_EQ(byte_extract(i, {test::as_bytes(buffer), 0, 0, true}, pos, vars), kOk);
    EXPECT_EQ(vars[7], 16U);
    EXPECT_EQ(pos, 4);
}

TEST(ByteKeywords, EmptyBufferNeverMatches) {
    Vars vars{};
    Item i;
    i.kind = ItemKind::kByteTest;
    std::int64_t pos = 0;
    EXPECT_EQ(byte_test(i, {{}, 0, 0, true}, 0, vars), kFail);
    EXPECT_EQ(byte_jump(i, {{}, 0, 0, true}, pos, vars), kFail);
    EXPECT_EQ(byte_extract(i, {{}, 0, 0, true}, pos, vars), kFail);
}

TEST(ByteKeywords, BytesThatLeftTheWindowAreGone) {
    const std::string buffer = "cdef";
    Vars vars{};
    Item i;
    i.kind = ItemKind::kByteTest;
    i.nbytes = 1;
    i.lo = 'c';
    i.offset = 2;
    EXPECT_EQ(byte_test(i, {test::as_bytes(buffer), 2, 0, true}, 0, vars), kOk);
    i.offset = 1;
    EXPECT_EQ(byte_test(i, {test::as_bytes(buffer), 2, 0, true}, 0, vars), kFail);
}

TEST(BufferSize, GrowingBufferIsJudgedWhenCertain) {
    const auto judge = [](CompareOp op, std::int64_t lo, std::int64_t hi, std::size_t size,
                          bool complete) {
        const std::string buffer(size, 'x');
        Item i;
        i.kind = ItemKind::kBsize;
        i.op = op;
        i.lo = lo;
        i.hi = hi;
        return buffer_size(i, {test::as_bytes(buffer), 0, 0, complete});
    };
    EXPECT_EQ(judge(CompareOp::kEq, 5, 0, 5, true), kOk);
    EXPECT_EQ(judge(CompareOp::kEq, 5, 0, 5, false), kShort);
    EXPECT_EQ(judge(CompareOp::kEq, 5, 0, 6, false), kFail);
    EXPECT_EQ(judge(CompareOp::kGt, 5, 0, 6, false), kOk);
    EXPECT_EQ(judge(CompareOp::kGt, 5, 0, 5, false), kShort);
    EXPECT_EQ(judge(CompareOp::kGt, 5, 0, 5, true), kFail);
    EXPECT_EQ(judge(CompareOp::kLt, 5, 0, 4, true), kOk);
    EXPECT_EQ(judge(CompareOp::kLt, 5, 0, 4, false), kShort);
    EXPECT_EQ(judge(CompareOp::kRange, 5, 8, 5, true), kFail);
    EXPECT_EQ(judge(CompareOp::kRange, 5, 8, 6, true), kOk);
    EXPECT_EQ(judge(CompareOp::kRange, 5, 8, 9, false), kFail);
    EXPECT_EQ(judge(CompareOp::kEq, 0, 0, 0, true), kOk);
}

}  // namespace
}  // namespace sluice::detect
