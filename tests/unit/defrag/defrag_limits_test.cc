// SPDX-License-Identifier: Apache-2.0
// Limits, timeouts and floods: memory stays bounded, everything is counted, and comes back.
#include "tests/support/fragments.h"
#include "tests/unit/defrag/defrag_world.h"

#include <gtest/gtest.h>

namespace sluice::test {
namespace {

using packet::ExceptionPolicy;
using packet::Reason;

Frame first_of(std::string_view src, std::uint32_t id) {
    return fragment_of(udp4(src), 0, 32, id);
}

Frame last_of(std::string_view src, std::uint32_t id) {
    return fragment_of(udp4(src), 32, kSize, id);
}

TEST(DefragLimits, AFloodOfIdsFromManySourcesIsBoundedAndLeavesNothing) {
    for (const ExceptionPolicy policy : {ExceptionPolicy::kPass, ExceptionPolicy::kDrop}) {
        defrag::DefragConfig config;
        config.max_datagrams = 64;
        config.exceptions.set(packet::ExceptionCause::fragment_table, policy);
        DefragWorld world(config);
        CounterDelta delta(world.counters);
        std::uint64_t dropped = 0;
        for (std::uint32_t i = 0; i < 1000; ++i) {
            const std::string src =
                "10.9." + std::to_string(i / 250) + "." + std::to_string(i % 250);
            dropped += world.take(first_of(src, i)).dropped ? 1U : 0U;
            ASSERT_LE(world.stage.stats().datagrams, 64U);
        }
        const std::uint64_t refused = 1000 - 64;
        const bool drop = policy == ExceptionPolicy::kDrop;
        EXPECT_EQ(dropped, drop ? refused : 0U);
        EXPECT_EQ(delta.of(Reason::fragment_table_full), drop ? refused : 0U);
        EXPECT_EQ(delta.of(Reason::fragment_evicted), drop ? 0U : refused);
        EXPECT_EQ(delta.of(Reason::fragment_uninspected), 0U);
        world.advance(seconds(32));
        world.stage.expire(world.now, 10, world.counters);
        EXPECT_EQ(world.stage.stats().datagrams, 54U) << "the budget is kept";
        world.stage.expire(world.now, 1000, world.counters);
        EXPECT_EQ(world.stage.stats().datagrams, 0U);
        EXPECT_EQ(world.stage.stats().blocks, 0U);
        EXPECT_EQ(delta.of(Reason::fragment_timeout), 64U);
        world.take(first_of("10.9.9.9", 1));
        EXPECT_TRUE(world.take(last_of("10.9.9.9", 1)).complete);
    }
}

TEST(DefragLimits, WhatComesDuringAFloodOfManySourcesIsPutTogether) {
    for (const bool inline_mode : {true, false}) {
        defrag::DefragConfig config;
        config.inline_mode = inline_mode;
        config.max_datagrams = 64;
        DefragWorld world(config);
        for (std::uint32_t i = 0; i < 1000; ++i) {
            const std::string src =
                "10.8." + std::to_string(i / 250) + "." + std::to_string(i % 250);
            world.take(first_of(src, i));
            if (i % 20 == 10) {
                world.take(first_of("10.9.9.9", i));
            }
            if (i % 20 == 15) {
                EXPECT_TRUE(world.take(last_of("10.9.9.9", i - 5)).complete) << i;
            }
            ASSERT_LE(world.stage.stats().datagrams, 64U);
        }
        EXPECT_EQ(world.of(Reason::fragment_uninspected), 0U);
    }
}

// A refused datagram would go on if it were forgotten: its first fragments are at the receiver.
TEST(DefragLimits, ARefusedDatagramIsNotGivenUp) {
    defrag::DefragConfig config;
    config.max_datagrams = 4;
    DefragWorld world(config);
    EXPECT_FALSE(world.take(first_of("10.0.0.1", 1)).dropped);
    Frame other = udp4("10.0.0.1");
    other[other.size() - kSize + 16] ^= 1U;
    EXPECT_TRUE(world.take(fragment_of(other, 8, 24, 1)).dropped);
    EXPECT_EQ(world.of(Reason::fragment_overlap), 1U);
    for (std::uint32_t i = 0; i < 100; ++i) {
        EXPECT_FALSE(world.take(first_of("10.0.1." + std::to_string(i), 1)).dropped);
    }
    EXPECT_GT(world.of(Reason::fragment_evicted), 90U);
    EXPECT_TRUE(world.take(last_of("10.0.0.1", 1)).dropped);
}

// However many there are: they do not stand in the way of what may be given up.
TEST(DefragLimits, RefusedDatagramsDoNotKeepTheRoom) {
    defrag::DefragConfig config;
    config.max_datagrams = 64;
    DefragWorld world(config);
    for (std::uint32_t i = 0; i < 32; ++i) {
        const std::string src = "10.7.0." + std::to_string(i);
        world.take(first_of(src, 1));
        Frame other = udp4(src);
        other[other.size() - kSize + 16] ^= 1U;
        EXPECT_TRUE(world.take(fragment_of(other, 8, 24, 1)).dropped);
    }
    for (std::uint32_t i = 0; i < 200; ++i) {
        world.take(first_of("10.8.0." + std::to_string(i), i));
    }
    world.take(first_of("10.9.9.9", 7));
    EXPECT_TRUE(world.take(last_of("10.9.9.9", 7)).complete);
    EXPECT_EQ(world.of(Reason::fragment_uninspected), 0U);
    EXPECT_TRUE(world.take(last_of("10.7.0.5", 1)).dropped) << "refused for as long as before";
}

// What one sender reaches alone: inline dropped whatever the policy, a tap goes on without.
void expect_own_limit(const DefragWorld& world, Reason why, std::uint64_t times, bool tap) {
    EXPECT_EQ(world.of(why), times);
    EXPECT_EQ(world.of(Reason::fragment_uninspected), tap ? times : 0U);
    EXPECT_EQ(world.of(Reason::fragment_table_full), 0U);
}

TEST(DefragLimits, OneSourceDoesNotStarveAnotherAndIsNotLetPast) {
    for (const bool inline_mode : {true, false}) {
        defrag::DefragConfig config;
        config.inline_mode = inline_mode;
        config.max_per_source = 8;
        DefragWorld world(config);
        std::uint64_t dropped = 0;
        for (std::uint32_t i = 0; i < 1000; ++i) {
            dropped += world.take(first_of("10.0.0.1", i)).dropped ? 1U : 0U;
        }
        EXPECT_EQ(world.stage.stats().datagrams, 8U);
        EXPECT_EQ(dropped, inline_mode ? 992U : 0U);
        expect_own_limit(world, Reason::fragment_source_limit, 992, !inline_mode);
        world.take(first_of("10.0.0.3", 1));
        EXPECT_TRUE(world.take(last_of("10.0.0.3", 1)).complete);
        world.advance(seconds(32));
        world.stage.expire(world.now, 100, world.counters);
        world.take(first_of("10.0.0.1", 5000));
        EXPECT_TRUE(world.take(last_of("10.0.0.1", 5000)).complete) << "its count came back";
    }
}

// Also where the table is full of its own datagrams: the source is looked at first.
TEST(DefragLimits, OneSourceThatFillsTheTableIsDropped) {
    defrag::DefragConfig config;
    config.max_per_source = 16;
    config.max_datagrams = 16;
    DefragWorld world(config);
    for (std::uint32_t i = 0; i < 16; ++i) {
        EXPECT_FALSE(world.take(first_of("10.0.0.1", i)).dropped);
    }
    EXPECT_TRUE(world.take(first_of("10.0.0.1", 16)).dropped);
    expect_own_limit(world, Reason::fragment_source_limit, 1, false);
    EXPECT_FALSE(world.take(first_of("10.0.0.3", 1)).dropped) << "the policy is pass";
    EXPECT_EQ(world.of(Reason::fragment_evicted), 1U);
}

TEST(DefragLimits, OneSourceHoldsAnEighthOfTheStoreAtMost) {
    for (const bool inline_mode : {true, false}) {
        defrag::DefragConfig config;
        config.inline_mode = inline_mode;
        config.store_bytes = std::size_t{512} * 64;
        DefragWorld world(config);
        for (std::uint32_t i = 0; i < 20; ++i) {
            EXPECT_EQ(world.take(first_of("10.0.0.1", i)).dropped, inline_mode && i >= 8) << i;
            ASSERT_LE(world.stage.stats().blocks, 8U);
        }
        expect_own_limit(world, Reason::fragment_source_limit, 12, !inline_mode);
        EXPECT_FALSE(world.take(last_of("10.0.0.1", 15)).complete) << "its first was not kept";
        EXPECT_FALSE(world.take(last_of("10.0.0.1", 3)).complete) << "no block for the second";
        world.take(first_of("10.0.0.3", 1));
        EXPECT_TRUE(world.take(last_of("10.0.0.3", 1)).complete);
    }
}

TEST(DefragLimits, ADatagramInTooManyFragmentsIsDroppedWhateverThePolicy) {
    const Frame a = fragment_of(udp4(), 0, 8);
    const Frame b = fragment_of(udp4(), 8, 16);
    const Frame c = fragment_of(udp4(), 16, 24);
    const Frame d = fragment_of(udp4(), 24, kSize);
    for (const ExceptionPolicy policy : {ExceptionPolicy::kPass, ExceptionPolicy::kDrop}) {
        defrag::DefragConfig config;
        config.max_fragments = 2;
        config.exceptions.set(packet::ExceptionCause::fragment_table, policy);
        DefragWorld world(config);
        EXPECT_FALSE(world.take(a).dropped);
        EXPECT_FALSE(world.take(b).dropped);
        EXPECT_FALSE(world.take(b).dropped) << "a copy is no further fragment";
        EXPECT_TRUE(world.take(c).dropped);
        EXPECT_TRUE(world.take(d).dropped);
        EXPECT_EQ(world.of(Reason::fragment_refused), 1U);
        EXPECT_EQ(world.stage.stats().blocks, 0U);
        expect_own_limit(world, Reason::fragment_limit, 1, false);
    }
    defrag::DefragConfig config = tap();
    config.max_fragments = 2;
    DefragWorld world(config);
    for (const Frame& f : {a, b, c, d}) {
        const Taken t = world.take(f);
        EXPECT_FALSE(t.dropped || t.complete);
    }
    EXPECT_EQ(world.of(Reason::fragment_limit), 1U);
    EXPECT_EQ(world.of(Reason::fragment_uninspected), 2U);
    EXPECT_EQ(world.stage.stats().blocks, 0U);
}

TEST(DefragLimits, WantOfStoreIsAMatterOfPolicy) {
    for (const ExceptionPolicy policy : {ExceptionPolicy::kPass, ExceptionPolicy::kDrop}) {
        defrag::DefragConfig config;
        config.store_bytes = std::size_t{512} * 16;  // two blocks for a source
        config.exceptions.set(packet::ExceptionCause::fragment_table, policy);
        DefragWorld world(config);
        for (std::uint32_t i = 0; i < 16; ++i) {
            EXPECT_FALSE(world.take(first_of("10.0.0." + std::to_string(i), 1)).dropped);
        }
        const bool drop = policy == ExceptionPolicy::kDrop;
        EXPECT_EQ(world.take(first_of("10.0.1.1", 1)).dropped, drop);
        const Taken last = world.take(last_of("10.0.1.1", 1));
        EXPECT_EQ(last.dropped, drop);
        EXPECT_EQ(last.complete, !drop) << "the oldest two made room";
        EXPECT_EQ(world.of(Reason::fragment_table_full), drop ? 1U : 0U);
        EXPECT_EQ(world.of(Reason::fragment_evicted), drop ? 0U : 2U);
        EXPECT_EQ(world.of(Reason::fragment_uninspected), 0U);
        EXPECT_EQ(world.of(Reason::fragment_refused), drop ? 1U : 0U);
    }
}

TEST(DefragLimits, RememberedDatagramsMakeRoom) {
    defrag::DefragConfig config;
    config.max_datagrams = 4;
    config.store_bytes = std::size_t{512} * 64;
    DefragWorld world(config);
    for (std::uint32_t i = 0; i < 200; ++i) {
        EXPECT_FALSE(world.take(first_of("10.0.0.1", i)).complete);
        EXPECT_TRUE(world.take(last_of("10.0.0.1", i)).complete) << i;
        world.stage.settle(false, world.now);
    }
    EXPECT_EQ(world.of(Reason::fragment_table_full), 0U);
    EXPECT_EQ(world.of(Reason::fragment_reassembled), 200U);
}

TEST(DefragLimits, ReceiversOfIpv6WaitLonger) {
    for (const bool v6 : {false, true}) {
        const Frame whole = v6 ? udp6() : udp4();
        DefragWorld world;
        world.take(fragment_of(whole, 0, 32));
        world.advance(seconds(29));
        EXPECT_TRUE(world.take(fragment_of(whole, 32, kSize)).complete);
        world.take(fragment_of(whole, 0, 32, 2));
        world.advance(seconds(32));
        EXPECT_EQ(world.take(fragment_of(whole, 32, kSize, 2)).complete, v6);
        EXPECT_EQ(world.of(Reason::fragment_timeout), v6 ? 0U : 1U);
    }
}

TEST(DefragLimits, AnIdMayNameAnotherDatagramAfterTheTimeout) {
    DefragWorld world;
    world.take(first_of("10.0.0.1", 1));
    EXPECT_TRUE(world.take(last_of("10.0.0.1", 1)).complete);
    world.stage.settle(false, world.now);
    world.advance(seconds(32));
    EXPECT_FALSE(world.take(first_of("10.0.0.1", 1)).dropped);
    EXPECT_TRUE(world.take(last_of("10.0.0.1", 1)).complete);
}

}  // namespace
}  // namespace sluice::test
