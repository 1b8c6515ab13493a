// SPDX-License-Identifier: Apache-2.0
#include "dataplane/detect/host_bits.h"

#include "tests/unit/detect/detect_bench.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace sluice::detect {
namespace {

using bundle::BitOwner;
using test::Bench;

const packet::IpAddr kA = Bench::v4(10, 0, 0, 1);
const packet::IpAddr kB = Bench::v4(10, 0, 0, 2);

HostBitKey key(BitOwner owner, const packet::IpAddr& src, const packet::IpAddr& dst,
               std::uint32_t bit = 7) {
    return {bit, owner, &src, &dst};
}

TEST(HostBits, BelongToAddresses) {
    HostBits bits(64, 1);
    EXPECT_TRUE(bits.set(key(BitOwner::kSource, kA, kB), 100, 10));
    EXPECT_TRUE(bits.has(key(BitOwner::kSource, kA, kB), 100));
    EXPECT_TRUE(bits.has(key(BitOwner::kDestination, kB, kA), 100)) << "the same host";
    EXPECT_FALSE(bits.has(key(BitOwner::kDestination, kA, kB), 100));
    EXPECT_FALSE(bits.has(key(BitOwner::kPair, kA, kB), 100)) << "a pair's bit is another";
    EXPECT_FALSE(bits.has(key(BitOwner::kSource, kA, kB, 8), 100)) << "another name";
    EXPECT_TRUE(bits.set(key(BitOwner::kPair, kA, kB), 100, 10));
    EXPECT_TRUE(bits.has(key(BitOwner::kPair, kB, kA), 100)) << "a pair has no order";
}

TEST(HostBits, ExpireAfterTheirLastSecond) {
    HostBits bits(64, 1);
    bits.set(key(BitOwner::kSource, kA, kB), 100, 5);
    EXPECT_TRUE(bits.has(key(BitOwner::kSource, kA, kB), 105));
    EXPECT_FALSE(bits.has(key(BitOwner::kSource, kA, kB), 106));
    bits.set(key(BitOwner::kSource, kA, kB), 0xfffffff0, 0xffffffff);
    EXPECT_TRUE(bits.has(key(BitOwner::kSource, kA, kB), 0xffffffff)) << "no wrap";
}

TEST(HostBits, UnsetAndToggle) {
    HostBits bits(64, 1);
    const HostBitKey k = key(BitOwner::kSource, kA, kB);
    bits.toggle(k, 100, 10);
    EXPECT_TRUE(bits.has(k, 100));
    bits.toggle(k, 100, 10);
    EXPECT_FALSE(bits.has(k, 100));
    bits.set(k, 100, 10);
    bits.unset(k);
    EXPECT_FALSE(bits.has(k, 100));
}

TEST(HostBits, AFullGroupGivesUpTheSoonest) {
    HostBits bits(8, 1);
    for (std::uint32_t i = 0; i < 8; ++i) {
        EXPECT_TRUE(bits.set(key(BitOwner::kSource, kA, kB, i), 100, 10 + i));
    }
    EXPECT_FALSE(bits.set(key(BitOwner::kSource, kA, kB, 9), 100, 50)) << "one gave way";
    EXPECT_FALSE(bits.has(key(BitOwner::kSource, kA, kB, 0), 100));
    EXPECT_TRUE(bits.has(key(BitOwner::kSource, kA, kB, 1), 100));
    EXPECT_TRUE(bits.set(key(BitOwner::kSource, kA, kB, 10), 112, 50)) << "an expired one is free";
}

TEST(HostBits, AreSharedByThreads) {
    HostBits bits(4096, 1);
    std::vector<std::thread> threads;
    for (std::uint32_t t = 0; t < 4; ++t) {
        threads.emplace_back([&bits, t] {
            for (std::uint32_t i = 0; i < 2000; ++i) {
                bits.set(key(BitOwner::kSource, kA, kB, i % 64), 100, 10);
                if (i % 7 == t) {
                    bits.toggle(key(BitOwner::kSource, kA, kB, 64 + t), 100, 10);
                }
            }
        });
    }
    for (std::thread& t : threads) {
        t.join();
    }
    for (std::uint32_t i = 0; i < 64; ++i) {
        EXPECT_TRUE(bits.has(key(BitOwner::kSource, kA, kB, i), 105)) << i;
    }
}

}  // namespace
}  // namespace sluice::detect
