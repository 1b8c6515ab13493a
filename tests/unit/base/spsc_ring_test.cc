// SPDX-License-Identifier: Apache-2.0
#include "dataplane/base/spsc_ring.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <thread>

namespace sluice {
namespace {

TEST(SpscRing, HoldsExactlyItsCapacityInOrder) {
    SpscRing<int> ring(4);
    for (int i = 0; i < 4; ++i) {
        EXPECT_TRUE(ring.push(i));
    }
    EXPECT_FALSE(ring.push(4));
    int v = -1;
    for (int i = 0; i < 4; ++i) {
        ASSERT_TRUE(ring.pop(v));
        EXPECT_EQ(v, i);
    }
    EXPECT_FALSE(ring.pop(v));
}

TEST(SpscRing, KeepsOrderOverManyRounds) {
    SpscRing<std::uint32_t> ring(2);
    std::uint32_t v = 0;
    for (std::uint32_t i = 0; i < 1000; ++i) {
        ASSERT_TRUE(ring.push(i));
        ASSERT_TRUE(ring.pop(v));
        ASSERT_EQ(v, i);
    }
}

TEST(SpscRing, TwoThreadsLoseNothing) {
    constexpr std::uint64_t kItems = 200'000;
    SpscRing<std::uint64_t> ring(64);
    std::thread writer([&] {
        for (std::uint64_t i = 0; i < kItems;) {
            if (ring.push(i)) {
                ++i;
            } else {
                std::this_thread::yield();
            }
        }
    });
    bool in_order = true;
    for (std::uint64_t expected = 0; expected < kItems;) {
        std::uint64_t v = 0;
        if (ring.pop(v)) {
            in_order = in_order && v == expected;
            ++expected;
        } else {
            std::this_thread::yield();
        }
    }
    writer.join();
    EXPECT_TRUE(in_order);
}

}  // namespace
}  // namespace sluice
