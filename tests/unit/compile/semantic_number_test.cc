// SPDX-License-Identifier: Apache-2.0
#include "signatures/compile/keyword_number.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace sluice::compile {
namespace {

TEST(Number, Decimal) {
    EXPECT_EQ(parse_decimal("0", 9), 0U);
    EXPECT_EQ(parse_decimal("009", 9), 9U);
    for (const char* text : {"", "10", "-1", "+1", "1 ", "0x1", "99999999999999999999"}) {
        EXPECT_EQ(parse_decimal(text, 9), std::nullopt) << text;
    }
}

TEST(Number, Integer) {
    constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
    EXPECT_EQ(parse_integer("-0x10", -100, 100), -16);
    EXPECT_EQ(parse_integer("+010", -100, 100), 8);
    EXPECT_EQ(parse_integer("101", -100, 100), std::nullopt);
    for (const char* text :
         {"", "-", "+", "--1", "-+1", "1x", "0x", "08", "18446744073709551616"}) {
        EXPECT_EQ(parse_integer(text, -kMax, kMax), std::nullopt) << text;
    }
}

TEST(Number, Unsigned) {
    EXPECT_EQ(parse_unsigned("0xFFFFFFFFFFFFFFFF"), UINT64_MAX);
    EXPECT_EQ(parse_unsigned("-1"), std::nullopt);
}

TEST(Number, Split) {
    EXPECT_EQ(split(" a , b,", ','), (std::vector<std::string_view>{"a", "b", ""}));
    EXPECT_EQ(split("", ','), (std::vector<std::string_view>{""}));
}

}  // namespace
}  // namespace sluice::compile
