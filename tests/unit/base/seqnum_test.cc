// SPDX-License-Identifier: Apache-2.0
#include "dataplane/base/seqnum.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(SeqNum, OrderHoldsAcrossTheWrap) {
    const SeqNum before_wrap(0xfffffff0);
    const SeqNum after_wrap = before_wrap.plus(0x20);
    EXPECT_EQ(after_wrap.raw(), 0x10u);
    EXPECT_TRUE(before_wrap.before(after_wrap));
    EXPECT_TRUE(after_wrap.after(before_wrap));
    EXPECT_EQ(after_wrap.distance_from(before_wrap), 0x20);
    EXPECT_EQ(before_wrap.distance_from(after_wrap), -0x20);
}

TEST(SeqNum, ANumberIsNeitherBeforeNorAfterItself) {
    const SeqNum s(5);
    EXPECT_FALSE(s.before(s));
    EXPECT_FALSE(s.after(s));
}

TEST(SeqNum, HalfTheSpaceIsTheLimit) {
    const SeqNum zero(0);
    EXPECT_TRUE(SeqNum(0x7fffffff).after(zero));
    EXPECT_TRUE(SeqNum(0x80000001).before(zero));
}

}  // namespace
}  // namespace sluice
