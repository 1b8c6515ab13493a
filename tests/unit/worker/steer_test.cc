// SPDX-License-Identifier: Apache-2.0
#include "dataplane/worker/steer.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <vector>

namespace sluice::worker {
namespace {

using Frame = std::vector<std::uint8_t>;

Frame udp_frame(std::uint8_t a, std::uint8_t b, std::uint16_t from, std::uint16_t to) {
    Frame f(12, 0);
    const auto byte = [](unsigned v) { return static_cast<std::uint8_t>(v); };
    f.insert(f.end(),
             {0x08, 0x00, 0x45, 0, 0, 28, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, a, 10, 0, 0, b});
    f.insert(f.end(), {byte(from >> 8U), byte(from), byte(to >> 8U), byte(to), 0, 8, 0, 0});
    return f;
}

TEST(Steer, SelfTestPasses) {
    EXPECT_TRUE(steer_self_test());
}

TEST(Steer, BothDirectionsMeetAndFlowsSpread) {
    std::array<int, 4> load{};
    for (unsigned i = 0; i < 4000; ++i) {
        const auto port = static_cast<std::uint16_t>(1024 + i);
        const std::uint32_t there = steer_hash(udp_frame(1, 2, port, 53));
        ASSERT_EQ(there, steer_hash(udp_frame(2, 1, 53, port)));
        ++load[there % 4];
    }
    for (const int n : load) {
        EXPECT_GT(n, 800) << "uneven";
        EXPECT_LT(n, 1200) << "uneven";
    }
}

TEST(Steer, FragmentsGoByAddressAlone) {
    Frame first = udp_frame(1, 2, 1000, 53);
    first[20] = 0x20;  // more fragments
    Frame later = udp_frame(2, 1, 7, 7);
    later[21] = 0x10;  // an offset
    EXPECT_EQ(steer_hash(first), steer_hash(later));
    Frame dont_fragment = udp_frame(1, 2, 1000, 53);
    dont_fragment[20] = 0x40;
    EXPECT_EQ(steer_hash(dont_fragment), steer_hash(udp_frame(1, 2, 1000, 53)));
}

TEST(Steer, TakesAnyBytesOfAnyLength) {
    std::mt19937_64 random(5);
    for (int i = 0; i < 20000; ++i) {
        Frame f(random() % 90);
        for (std::uint8_t& b : f) {
            b = static_cast<std::uint8_t>(random());
        }
        if (f.size() > 14) {
            const std::array<std::array<std::uint8_t, 2>, 3> types = {
                {{0x08, 0x00}, {0x86, 0xdd}, {0x81, 0x00}}};
            f[12] = types[random() % 3][0];
            f[13] = types[random() % 3][1];
        }
        (void)steer_hash(f);
    }
}

}  // namespace
}  // namespace sluice::worker
