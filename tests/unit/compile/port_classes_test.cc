// SPDX-License-Identifier: Apache-2.0
#include "signatures/compile/port_classes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace sluice::compile {
namespace {

const std::vector<std::uint32_t>& rules_of_port(const PortClasses& c, std::uint32_t port) {
    for (const PortClassRange& r : c.ranges) {
        if (r.range.lo <= port && port <= r.range.hi) {
            return c.rules[r.index];
        }
    }
    ADD_FAILURE() << "port " << port << " has no class";
    return c.rules.front();
}

void expect_tiling(const PortClasses& c) {
    std::uint32_t next = 0;
    for (const PortClassRange& r : c.ranges) {
        ASSERT_EQ(r.range.lo, next);
        ASSERT_GE(r.range.hi, r.range.lo);
        ASSERT_LT(r.index, c.rules.size());
        next = r.range.hi + 1U;
    }
    EXPECT_EQ(next, 65536U);
}

std::vector<PortMember> random_members(std::mt19937& rng, std::size_t count) {
    std::vector<PortMember> members;
    std::uint32_t rule = 0;
    for (std::size_t m = 0; m < count; ++m) {
        PortMember member;
        std::uint32_t lo = 0;
        const auto ranges = static_cast<std::uint32_t>(1 + rng() % 3);
        for (std::uint32_t i = 0; i < ranges && lo < 65000; ++i) {
            lo += static_cast<std::uint32_t>(rng() % 30000);
            const std::uint32_t hi = std::min(
                65535U, lo + static_cast<std::uint32_t>(rng() % 2 == 0 ? 0 : rng() % 20000));
            if (lo <= 65535) {
                member.ports.push_back(
                    {static_cast<std::uint16_t>(lo), static_cast<std::uint16_t>(hi)});
            }
            lo = hi + 2;
        }
        for (std::uint32_t i = 0; i <= rng() % 4; ++i) {
            member.rules.push_back(rule++);
        }
        members.push_back(std::move(member));
    }
    return members;
}

std::set<std::uint32_t> expected_at(const std::vector<PortMember>& members, std::uint32_t port) {
    std::set<std::uint32_t> expected;
    for (const PortMember& m : members) {
        for (const bundle::PortRange& r : m.ports) {
            if (r.lo <= port && port <= r.hi) {
                expected.insert(m.rules.begin(), m.rules.end());
            }
        }
    }
    return expected;
}

// Without limits a class holds exactly the rules that may match on its ports.
TEST(PortClasses, ExactWhenNothingHasToMerge) {
    for (unsigned seed = 1; seed <= 20; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 rng(seed);
        const std::vector<PortMember> members = random_members(rng, 40);
        const PortClasses c = classify_ports(members, {512, 1U << 30});
        expect_tiling(c);
        for (std::uint32_t port = 0; port < 65536; port += 7) {
            const std::set<std::uint32_t> expected = expected_at(members, port);
            const auto& got = rules_of_port(c, port);
            ASSERT_TRUE(std::equal(got.begin(), got.end(), expected.begin(), expected.end()))
                << port;
        }
    }
}

TEST(PortClasses, MergedClassesLackNoRule) {
    for (unsigned seed = 1; seed <= 20; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 rng(seed);
        const std::vector<PortMember> members = random_members(rng, 300);
        const PortClasses c = classify_ports(members, {});
        expect_tiling(c);
        EXPECT_LE(c.rules.size(), PortClassLimits{}.classes);
        for (std::uint32_t port = 0; port < 65536; port += 101) {
            const std::set<std::uint32_t> expected = expected_at(members, port);
            const auto& got = rules_of_port(c, port);
            ASSERT_TRUE(std::includes(got.begin(), got.end(), expected.begin(), expected.end()))
                << port;
        }
    }
}

TEST(PortClasses, EntryBudgetHolds) {
    std::mt19937 rng(7);
    const std::vector<PortMember> members = random_members(rng, 300);
    const PortClasses c = classify_ports(members, {48, 2500});
    std::size_t entries = 0;
    for (const auto& rules : c.rules) {
        entries += rules.size();
    }
    EXPECT_TRUE(entries <= 2500 || c.rules.size() == 1);
}

TEST(PortClasses, BusyPortsStayApart) {
    std::vector<PortMember> members;
    std::uint32_t rule = 0;
    for (std::uint16_t port = 1; port <= 120; ++port) {
        members.push_back({{{port, port}}, {rule++}});
    }
    const PortClasses c = classify_ports(members, {10, 1U << 30});
    EXPECT_EQ(rules_of_port(c, 80), (std::vector<std::uint32_t>{79}));
    EXPECT_EQ(rules_of_port(c, 53), (std::vector<std::uint32_t>{52}));
}

TEST(PortClasses, NoMembersIsOneEmptyClass) {
    const PortClasses c = classify_ports({}, {});
    expect_tiling(c);
    ASSERT_EQ(c.rules.size(), 1U);
    EXPECT_TRUE(c.rules.front().empty());
}

// More distinct sets than are compared pair by pair.
TEST(PortClasses, TooManyDistinctSetsStillHoldTheirRules) {
    std::vector<PortMember> members;
    for (std::uint32_t i = 0; i < 3000; ++i) {
        const auto port = static_cast<std::uint16_t>(i * 20);
        members.push_back({{{port, port}}, {i}});
    }
    const PortClasses c = classify_ports(members, {});
    expect_tiling(c);
    for (std::uint32_t i = 0; i < 3000; i += 13) {
        const auto& got = rules_of_port(c, i * 20);
        EXPECT_TRUE(std::binary_search(got.begin(), got.end(), i));
    }
}

}  // namespace
}  // namespace sluice::compile
