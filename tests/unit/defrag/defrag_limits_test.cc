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
        config.exception = policy;
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
        EXPECT_EQ(dropped, policy == ExceptionPolicy::kDrop ? refused : 0U);
        EXPECT_EQ(delta.of(Reason::fragment_table_full), refused);
        EXPECT_EQ(delta.of(Reason::fragment_uninspected),
                  policy == ExceptionPolicy::kPass ? refused : 0U);
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

TEST(DefragLimits, OneSourceDoesNotStarveAnother) {
    defrag::DefragConfig config;
    config.max_per_source = 8;
    DefragWorld world(config);
    CounterDelta delta(world.counters);
    for (std::uint32_t i = 0; i < 1000; ++i) {
        world.take(first_of("10.0.0.1", i));
    }
    EXPECT_EQ(world.stage.stats().datagrams, 8U);
    EXPECT_EQ(delta.difference(
                  {{Reason::fragment_source_limit, 992}, {Reason::fragment_uninspected, 992}}),
              "");
    world.take(first_of("10.0.0.3", 1));
    EXPECT_TRUE(world.take(last_of("10.0.0.3", 1)).complete);
    world.advance(seconds(32));
    world.stage.expire(world.now, 100, world.counters);
    world.take(first_of("10.0.0.1", 5000));
    EXPECT_TRUE(world.take(last_of("10.0.0.1", 5000)).complete) << "its count came back";
}

TEST(DefragLimits, OneSourceHoldsAnEighthOfTheStoreAtMost) {
    defrag::DefragConfig config;
    config.store_bytes = std::size_t{512} * 64;
    DefragWorld world(config);
    for (std::uint32_t i = 0; i < 20; ++i) {
        world.take(first_of("10.0.0.1", i));
        ASSERT_LE(world.stage.stats().blocks, 8U);
    }
    EXPECT_EQ(world.of(Reason::fragment_source_limit), 12U);
    EXPECT_FALSE(world.take(last_of("10.0.0.1", 15)).complete) << "its first one was not kept";
    EXPECT_FALSE(world.take(last_of("10.0.0.1", 3)).complete) << "no block for the second one";
    world.take(first_of("10.0.0.3", 1));
    EXPECT_TRUE(world.take(last_of("10.0.0.3", 1)).complete);
}

TEST(DefragLimits, ADatagramThatFoundNoRoomGoesOnAsThePolicySays) {
    defrag::DefragConfig config;
    config.max_fragments = 2;
    const Frame a = fragment_of(udp4(), 0, 8);
    const Frame b = fragment_of(udp4(), 8, 16);
    const Frame c = fragment_of(udp4(), 16, 24);
    const Frame d = fragment_of(udp4(), 24, kSize);
    {
        DefragWorld world(config);
        for (const Frame& f : {a, b, c, d}) {
            const Taken t = world.take(f);
            EXPECT_FALSE(t.dropped || t.complete);
        }
        EXPECT_EQ(world.of(Reason::fragment_table_full), 1U);
        EXPECT_EQ(world.of(Reason::fragment_uninspected), 2U);
        EXPECT_EQ(world.stage.stats().blocks, 0U);
    }
    config.exception = ExceptionPolicy::kDrop;
    DefragWorld world(config);
    EXPECT_FALSE(world.take(a).dropped);
    EXPECT_FALSE(world.take(b).dropped);
    EXPECT_TRUE(world.take(c).dropped);
    EXPECT_TRUE(world.take(d).dropped);
    EXPECT_EQ(world.of(Reason::fragment_refused), 1U);
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
