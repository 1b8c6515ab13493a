// SPDX-License-Identifier: Apache-2.0
#include "dataplane/base/writer.h"

#include <gtest/gtest.h>

#include <array>

namespace sluice {
namespace {

TEST(Writer, CursorReadsBackWhatWasWritten) {
    std::array<std::uint8_t, 64> buffer{};
    Writer w{MutableBytes(buffer)};
    w.u8(7);
    w.be16(0x1234);
    w.be32(0x89abcdef);
    w.be64(0x0102030405060708);
    w.le16(0x1234);
    w.le32(0x89abcdef);
    w.le64(0x0102030405060708);
    ASSERT_TRUE(w.ok());
    EXPECT_EQ(buffer[1], 0x12);
    EXPECT_EQ(buffer[15], 0x34);
    Cursor c(w.written());
    EXPECT_EQ(c.u8(), 7);
    EXPECT_EQ(c.be16().host(), 0x1234);
    EXPECT_EQ(c.be32().host(), 0x89abcdefu);
    EXPECT_EQ(c.be64().host(), 0x0102030405060708u);
    EXPECT_EQ(c.le16(), 0x1234);
    EXPECT_EQ(c.le32(), 0x89abcdefu);
    EXPECT_EQ(c.le64(), 0x0102030405060708u);
    EXPECT_EQ(c.remaining(), 0u);
    EXPECT_TRUE(c.ok());
}

TEST(Writer, AWriteThatDoesNotFitChangesNothingAndSticks) {
    std::array<std::uint8_t, 4> buffer{};
    Writer w{MutableBytes(buffer)};
    w.be16(0xffff);
    w.be32(0xffffffff);
    EXPECT_FALSE(w.ok());
    EXPECT_EQ(w.size(), 2u);
    EXPECT_EQ(buffer[2], 0);
    w.u8(1);  // would fit
    EXPECT_EQ(w.size(), 2u);
    EXPECT_EQ(buffer[2], 0);
}

TEST(Writer, EmptyPieceIsNoWrite) {
    Writer w{MutableBytes()};
    w.bytes({});
    EXPECT_TRUE(w.ok());
}

}  // namespace
}  // namespace sluice
