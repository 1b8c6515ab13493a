// SPDX-License-Identifier: Apache-2.0
#include "dataplane/worker/steer.h"

#include "tests/support/tunnel_samples.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <set>

namespace sluice::worker {
namespace {

using test::Frame;
using test::PacketBuilder;

std::string host(unsigned n) {
    return "10." + std::to_string(n >> 16U & 255U) + '.' + std::to_string(n >> 8U & 255U) + '.' +
           std::to_string(n & 255U);
}

PacketBuilder from_to(unsigned a, unsigned b) {
    return PacketBuilder().ipv4(host(a), host(b));
}

TEST(Steer, SelfTestPasses) {
    EXPECT_TRUE(steer_self_test());
}

TEST(Steer, BothDirectionsMeetAndHostsSpread) {
    std::array<int, 4> load{};
    for (unsigned i = 0; i < 4000; ++i) {
        const std::uint32_t there = steer_hash(from_to(1000 + i, 2).udp(4000, 53).build());
        ASSERT_EQ(there, steer_hash(from_to(2, 1000 + i).udp(53, 4000).build()));
        ++load[there % 4];
    }
    for (const int n : load) {
        EXPECT_GT(n, 800) << "uneven";
        EXPECT_LT(n, 1200) << "uneven";
    }
}

// Or a sender could send part of a flow in fragments, past the worker that knows the rest.
TEST(Steer, FragmentsGoWithTheirFlow) {
    const std::uint32_t whole = steer_hash(from_to(1, 2).udp(1000, 53).payload("x").build());
    EXPECT_EQ(steer_hash(from_to(1, 2).fragment(0, true).udp(1000, 53).build()), whole);
    EXPECT_EQ(steer_hash(from_to(2, 1).fragment(8, false).ip_proto(17).payload("12345678").build()),
              whole);
    PacketBuilder v6;
    v6.ipv6("2001:db8::1", "2001:db8::2");
    EXPECT_EQ(
        steer_hash(PacketBuilder(v6).udp(1000, 53).build()),
        steer_hash(PacketBuilder(v6).hop_by_hop().fragment(64, true, 9).ip_proto(17).build()));
}

// Source ports of tunnels are chosen per direction and per inner flow.
TEST(Steer, TunnelsGoByTheirEndsAlone) {
    std::set<std::uint32_t> seen;
    for (const auto& s : test::tunnel_samples(from_to(5, 6).tcp(1, 2).build())) {
        const Frame frame = s.frame();
        const std::uint32_t h = steer_hash(frame);
        EXPECT_NE(h, 0U) << s.name;
        seen.insert(h);
    }
    // Tunnels over IPv4, over IPv6, and the packet itself behind its labels.
    EXPECT_EQ(seen.size(), 3U);
    EXPECT_EQ(steer_hash(from_to(1, 2).udp(50000, 4789).build()),
              steer_hash(from_to(2, 1).udp(60000, 4789).build()));
}

TEST(Steer, WhatIsNotReadGoesToOnePlace) {
    EXPECT_EQ(steer_hash(PacketBuilder().ether_type(0x0806).payload("12345678").build()), 0U);
    EXPECT_EQ(steer_hash(from_to(1, 2).vlan(1).vlan(2).vlan(3).tcp(1, 2).build()), 0U);
    EXPECT_EQ(steer_hash(from_to(1, 2).tcp(1, 2).truncate(33).build()), 0U);
    EXPECT_EQ(steer_hash({}), 0U);
}

TEST(Steer, TakesAnyBytesOfAnyLength) {
    std::mt19937_64 random(5);
    for (int i = 0; i < 20000; ++i) {
        Frame f(random() % 90);
        for (std::uint8_t& b : f) {
            b = static_cast<std::uint8_t>(random());
        }
        if (f.size() > 14) {
            const std::array<std::array<std::uint8_t, 2>, 5> types = {
                {{0x08, 0x00}, {0x86, 0xdd}, {0x81, 0x00}, {0x88, 0x47}, {0x88, 0x64}}};
            const auto& type = types[random() % types.size()];
            f[12] = type[0];
            f[13] = type[1];
        }
        f.shrink_to_fit();
        (void)steer_hash(f);
    }
}

}  // namespace
}  // namespace sluice::worker
