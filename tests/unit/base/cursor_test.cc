// SPDX-License-Identifier: Apache-2.0
#include "dataplane/base/cursor.h"

#include <gtest/gtest.h>

#include <array>

namespace sluice {
namespace {

constexpr std::array<std::uint8_t, 8> kBytes = {1, 2, 3, 4, 5, 6, 7, 8};

TEST(Cursor, ReadsBothByteOrders) {
    Cursor c{Bytes(kBytes)};
    EXPECT_EQ(c.u8(), 1);
    EXPECT_EQ(c.be16().host(), 0x0203);
    EXPECT_EQ(c.le32(), 0x07060504u);
    EXPECT_EQ(c.remaining(), 1u);
    EXPECT_TRUE(c.ok());
    Cursor whole{Bytes(kBytes)};
    EXPECT_EQ(whole.be64().host(), 0x0102030405060708u);
}

TEST(Cursor, FailureSticksAndYieldsZero) {
    Cursor c{Bytes(kBytes)};
    c.skip(6);
    EXPECT_EQ(c.be32().host(), 0u);
    EXPECT_FALSE(c.ok());
    EXPECT_EQ(c.u8(), 0) << "two bytes were left, but nothing is read after a failure";
    EXPECT_EQ(c.remaining(), 0u);
    EXPECT_TRUE(c.rest().empty());
    EXPECT_FALSE(c.ok());
}

TEST(Cursor, TakeBorrowsExactlyWhatIsThere) {
    Cursor c{Bytes(kBytes)};
    const Bytes all = c.take(8);
    EXPECT_EQ(all.data(), kBytes.data());
    EXPECT_TRUE(c.take(0).empty());
    EXPECT_TRUE(c.ok());
    EXPECT_TRUE(c.take(static_cast<std::size_t>(-1)).empty());
    EXPECT_FALSE(c.ok());
}

TEST(Cursor, EmptyInput) {
    Cursor c{Bytes()};
    EXPECT_TRUE(c.ok());
    EXPECT_TRUE(c.rest().empty());
    EXPECT_TRUE(c.ok());
    EXPECT_EQ(c.u8(), 0);
    EXPECT_FALSE(c.ok());
}

}  // namespace
}  // namespace sluice
