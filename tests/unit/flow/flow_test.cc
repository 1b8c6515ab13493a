// SPDX-License-Identifier: Apache-2.0
// A Flow by itself: its counters are exact however few bits a line has for them, IPv6 addresses are
// compared whole, and what a packet without payload needs is in the line alone.
#include "dataplane/flow/flow_array.h"
#include "dataplane/flow/flow_key.h"
#include "tests/support/lone_flow.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <utility>

namespace sluice::flow {
namespace {

struct Counts {
    std::uint32_t packets = 0;
    std::uint64_t bytes = 0;
};

void expect_counts(const Flow& f, std::size_t d, const Counts& c) {
    ASSERT_EQ(f.packets(d), c.packets);
    ASSERT_EQ(f.bytes(d), c.bytes);
    ASSERT_EQ(f.silent(d), c.packets == 0);
}

TEST(FlowCounts, AreExact) {
    for (const std::uint32_t largest : {64U, 1518U, 9018U, 65535U, 0x3fffffU, 0xffffffU}) {
        const test::LoneFlow memory;
        Flow& f = *memory;
        std::array<Counts, 2> counts;
        std::mt19937 random(largest);
        for (int i = 0; i < 5000; ++i) {
            const std::size_t d = random() % 4 == 0 ? 1 : 0;
            const auto less = static_cast<std::uint32_t>(random() % (largest + 1));
            const std::uint32_t len = random() % 8 == 0 ? largest : less;
            f.count(d, len);
            ++counts[d].packets;
            counts[d].bytes += len;
            expect_counts(f, 0, counts[0]);
            expect_counts(f, 1, counts[1]);
            if (i % 1000 == 999) {
                swap_ends(f);
                std::swap(counts[0], counts[1]);
                expect_counts(f, 0, counts[0]);
                expect_counts(f, 1, counts[1]);
            }
        }
    }
}

TEST(FlowCounts, BeyondFourGigabytes) {
    const test::LoneFlow f;
    for (std::uint64_t i = 1; i <= 70'000; ++i) {
        f->count(1, 65535);
    }
    EXPECT_EQ(f->bytes(1), std::uint64_t{70'000} * 65535);
    EXPECT_EQ(f->packets(1), 70'000U);
    EXPECT_TRUE(f->silent(0));
}

TEST(FlowStates, AreThereOrNot) {
    const test::LoneFlow f;
    EXPECT_EQ(f->stream_state(0), kNoIndex);
    EXPECT_EQ(f->app_state(), kNoIndex);
    EXPECT_EQ(f->detect_state(), kNoIndex);
    f->set_stream_state(1, 7);
    EXPECT_EQ(f->stream_state(0), kNoIndex);
    EXPECT_EQ(f->stream_state(1), 7U);
    EXPECT_TRUE(f->has_stream_state());
    f->set_app_state(0);
    f->set_detect_state(9);
    EXPECT_EQ(f->app_state(), 0U);
    EXPECT_EQ(f->detect_state(), 9U);
    f->set_stream_state(1, kNoIndex);
    EXPECT_FALSE(f->has_stream_state());
    EXPECT_EQ(f->stream_state(1), kNoIndex);
    f->set_app_state(kNoIndex);
    EXPECT_EQ(f->app_state(), kNoIndex);
    EXPECT_EQ(f->detect_state(), 9U);
}

packet::Packet packet(const packet::IpAddr& src, const packet::IpAddr& dst, std::uint16_t sport,
                      std::uint16_t dport) {
    packet::Packet p;
    p.ip_proto = packet::kProtoTcp;
    p.src = src;
    p.dst = dst;
    p.src_port = sport;
    p.dst_port = dport;
    return p;
}

packet::IpAddr v6(std::uint8_t first, std::uint8_t fifth, std::uint8_t last) {
    packet::IpAddr a;
    a.bytes = {first, 1, 2, 3, fifth, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, last};
    return a;
}

packet::IpAddr v4(std::uint8_t last) {
    packet::IpAddr a;
    a.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, last};
    return a;
}

void expect_fit(const Flow& f, const packet::Packet& p, bool belongs, Direction d) {
    const PacketKey::Fit fit = PacketKey(p).fit(f);
    EXPECT_EQ(fit.belongs, belongs);
    if (belongs) {
        EXPECT_EQ(fit.direction, d);
    }
}

// Addresses whose words in the line are alike, in all ways round.
TEST(FlowFit, AddressesOfIpv6AreComparedWhole) {
    const packet::IpAddr a = v6(1, 4, 20);
    const packet::IpAddr twin = v6(4, 1, 20);  // bytes exchanged: the same word
    const packet::IpAddr other = v6(1, 4, 21);
    const packet::Packet first = packet(a, twin, 1000, 1000);
    const test::LoneFlow f;
    f->set_key(PacketKey(first).flow_key(Direction::kToServer));
    ASSERT_TRUE(f->is_v6);
    ASSERT_EQ(f->address_words[0], f->address_words[1]);
    expect_fit(*f, first, true, Direction::kToServer);
    expect_fit(*f, packet(twin, a, 1000, 1000), true, Direction::kToClient);
    expect_fit(*f, packet(a, a, 1000, 1000), false, Direction::kToServer);
    expect_fit(*f, packet(twin, twin, 1000, 1000), false, Direction::kToServer);
    expect_fit(*f, packet(a, other, 1000, 1000), false, Direction::kToServer);
    expect_fit(*f, packet(a, twin, 1000, 1001), false, Direction::kToServer);
}

// An IPv6 flow whose words are those of two IPv4 addresses.
TEST(FlowFit, Ipv4IsNotIpv6) {
    packet::IpAddr six = v4(1);
    six.bytes[0] = six.bytes[4] = 0x20;
    const test::LoneFlow f;
    f->set_key(PacketKey(packet(six, v4(2), 1, 2)).flow_key(Direction::kToServer));
    const test::LoneFlow four;
    four->set_key(PacketKey(packet(v4(1), v4(2), 1, 2)).flow_key(Direction::kToServer));
    ASSERT_EQ(f->address_words, four->address_words);
    ASSERT_NE(f->is_v6, four->is_v6);
    expect_fit(*f, packet(v4(1), v4(2), 1, 2), false, Direction::kToServer);
    expect_fit(*four, packet(six, v4(2), 1, 2), false, Direction::kToServer);
    expect_fit(*f, packet(v4(2), six, 2, 1), true, Direction::kToClient);
    expect_fit(*four, packet(v4(2), v4(1), 2, 1), true, Direction::kToClient);
}

TEST(FlowFit, EveryBitOfAnIpv4AddressCounts) {
    const test::LoneFlow f;
    f->set_key(PacketKey(packet(v4(1), v4(2), 1, 2)).flow_key(Direction::kToServer));
    for (std::size_t bit = 0; bit < 32; ++bit) {
        packet::Packet p = packet(v4(1), v4(2), 1, 2);
        p.src.bytes[12 + bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
        expect_fit(*f, p, false, Direction::kToServer);
        p = packet(v4(2), v4(1), 2, 1);
        p.src.bytes[12 + bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
        expect_fit(*f, p, false, Direction::kToServer);
    }
}

TEST(FlowArray, EachFlowHasItsPlace) {
    for (const std::uint32_t count : {1U, 100U, 32'768U, 32'769U, 100'000U}) {
        FlowArray flows(count);
        for (std::uint32_t i = 0; i < count; ++i) {
            Flow& f = flows.make(i);
            f.rest().hash = i;
            f.last_seen.count = i;
        }
        for (std::uint32_t i = 0; i < count; ++i) {
            ASSERT_EQ(flows[i].rest().hash, i);
            ASSERT_EQ(flows[i].last_seen.count, i);
            ASSERT_EQ(flows.number_of(flows[i]), i);
        }
    }
}

}  // namespace
}  // namespace sluice::flow
