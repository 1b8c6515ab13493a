// SPDX-License-Identifier: Apache-2.0
#include "signatures/lang/lines.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::lang {
namespace {

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> out;
    LineReader in(text);
    while (in.next()) {
        out.emplace_back(in.text());
    }
    return out;
}

using Lines = std::vector<std::string>;

TEST(Lines, LeavesOutCommentsAndEmptyLines) {
    EXPECT_EQ(lines_of("# a\n\n  \t\na\n#b\n  # c\r\n b \r\n"), (Lines{"a", "b"}));
    EXPECT_EQ(lines_of(""), Lines{});
    EXPECT_EQ(lines_of("\n\n"), Lines{});
    EXPECT_EQ(lines_of("no newline"), Lines{"no newline"});
}

TEST(Lines, JoinsLinesAtBackslash) {
    EXPECT_EQ(lines_of("ab\\\ncd\nef"), (Lines{"abcd", "ef"}));
    EXPECT_EQ(lines_of("ab \\ \r\n  cd\\\nef\n"), (Lines{"ab   cdef"}));
    EXPECT_EQ(lines_of("ab\\"), Lines{"ab"});
    EXPECT_EQ(lines_of("\\\n\\\n"), Lines{});
    EXPECT_EQ(lines_of("# c \\\nab"), Lines{"ab"});
}

TEST(Lines, KnowsWhereItsBytesStood) {
    LineReader in("#\n  ab\\\ncd\\\n ef\n");
    ASSERT_TRUE(in.next());
    EXPECT_EQ(in.text(), "abcd ef");
    const auto at = [&in](std::size_t offset) {
        const Position p = in.position(offset);
        return std::to_string(p.line) + ":" + std::to_string(p.column);
    };
    EXPECT_EQ(at(0), "2:3");
    EXPECT_EQ(at(1), "2:4");
    EXPECT_EQ(at(2), "3:1");
    EXPECT_EQ(at(4), "4:1");
    EXPECT_EQ(at(6), "4:3");
}

}  // namespace
}  // namespace sluice::lang
