// SPDX-License-Identifier: Apache-2.0
#include "dataplane/verdict/tag_table.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

namespace sluice::verdict {
namespace {

using bundle::Tag;
using bundle::TagMetric;
using bundle::TagScope;

constexpr std::uint32_t kNow = 1'700'000'000;
constexpr std::size_t kOneGroup = TagTable::kWays;

Tag tag(TagMetric metric, std::uint32_t count) {
    return {TagScope::kSession, metric, count};
}

// One letter a packet: P is to be told. Of 100 bytes each; seconds after kNow.
std::string run(TagTable& table, std::uint64_t owner, const std::vector<std::uint32_t>& times) {
    std::string out;
    for (const std::uint32_t t : times) {
        out += table.count(owner, 100, kNow + t) ? 'P' : '.';
    }
    return out;
}

std::vector<std::uint32_t> at_once(std::size_t packets) {
    return std::vector<std::uint32_t>(packets, 0);
}

// The packet of the match counts, and is not told.
TEST(TagTable, Packets) {
    TagTable table(64, 1, 0);
    EXPECT_TRUE(table.add({1, 10}, tag(TagMetric::kPackets, 4), 100, kNow));
    EXPECT_EQ(run(table, 1, at_once(5)), "PPP..");
    EXPECT_TRUE(table.empty()) << "what is over takes no room";
    for (const std::uint32_t count : {0U, 1U}) {
        table.add({1, 10}, tag(TagMetric::kPackets, count), 100, kNow);
        EXPECT_EQ(run(table, 1, at_once(2)), "..") << count;
    }
}

TEST(TagTable, Bytes) {
    TagTable table(64, 1, 0);
    table.add({1, 10}, tag(TagMetric::kBytes, 399), 100, kNow);
    EXPECT_EQ(run(table, 1, at_once(4)), "PP..");
    table.add({1, 10}, tag(TagMetric::kBytes, 400), 100, kNow);
    EXPECT_EQ(run(table, 1, at_once(4)), "PPP.");
    table.add({1, 10}, tag(TagMetric::kBytes, UINT32_MAX), UINT32_MAX - 150, kNow);
    EXPECT_EQ(run(table, 1, at_once(3)), "P..");
}

// A tag of n seconds holds until the second n after that of the match is over.
TEST(TagTable, Seconds) {
    TagTable table(64, 1, 0);
    table.add({1, 10}, tag(TagMetric::kSeconds, 2), 100, kNow);
    EXPECT_EQ(run(table, 1, {0, 0, 1, 2, 2, 3, 3}), "PPPPP..");
    table.add({1, 10}, tag(TagMetric::kSeconds, 0), 100, kNow);
    EXPECT_EQ(run(table, 1, {0, 1}), "P.");
}

TEST(TagTable, OwnersAreToldApart) {
    TagTable table(1024, 1, 0);
    table.add({1, 10}, tag(TagMetric::kPackets, 3), 100, kNow);
    EXPECT_EQ(run(table, 2, at_once(3)), "...");
    EXPECT_EQ(run(table, 1, at_once(3)), "PP.");
}

TEST(TagTable, OneOfSeveralTagsIsEnough) {
    TagTable table(64, 1, 0);
    table.add({1, 10}, tag(TagMetric::kPackets, 2), 100, kNow);
    table.add({1, 11}, tag(TagMetric::kPackets, 5), 100, kNow);
    EXPECT_EQ(run(table, 1, at_once(6)), "PPPP..");
    EXPECT_TRUE(table.empty());
}

// Suricata: the first nine matches begin the tag anew, further ones do not, until it is over.
TEST(TagTable, RenewalsEnd) {
    TagTable table(64, 1, 0);
    EXPECT_FALSE(table.renew({1, 10}, kNow)) << "there is none yet";
    table.add({1, 10}, tag(TagMetric::kPackets, 2), 100, kNow);
    EXPECT_FALSE(table.renew({1, 11}, kNow)) << "that of another rule";
    EXPECT_FALSE(table.renew({2, 10}, kNow)) << "that of another owner";
    std::string told;
    for (int i = 0; i < 14; ++i) {
        told += table.renew({1, 10}, kNow) ? 'r' : '-';
        told += run(table, 1, at_once(1));
    }
    EXPECT_EQ(told, "rPrPrPrPrPrPrPrPrPrPr.-.-.-.");
}

TEST(TagTable, AMatchAgainBeginsTimeAnew) {
    TagTable table(64, 1, 0);
    table.add({1, 10}, tag(TagMetric::kSeconds, 2), 100, kNow);
    EXPECT_EQ(run(table, 1, {2}), "P");
    EXPECT_TRUE(table.renew({1, 10}, kNow + 2));
    EXPECT_EQ(run(table, 1, {4, 5}), "P.");
}

TEST(TagTable, AFullGroupLetsGoOfTheLeastUsed) {
    TagTable table(kOneGroup, 1, 0);
    for (std::uint32_t i = 0; i < kOneGroup; ++i) {
        EXPECT_TRUE(table.add({i + 1, 10}, tag(TagMetric::kPackets, 99), 100, kNow + i));
    }
    EXPECT_TRUE(table.count(1, 100, kNow + 50));
    EXPECT_FALSE(table.add({77, 10}, tag(TagMetric::kPackets, 99), 100, kNow + 51));
    EXPECT_TRUE(table.count(77, 100, kNow + 52));
    EXPECT_TRUE(table.count(1, 100, kNow + 52)) << "was used since";
    EXPECT_FALSE(table.count(2, 100, kNow + 52)) << "was not";
    EXPECT_TRUE(table.count(3, 100, kNow + 52));
}

TEST(TagTable, OneOwnerCannotHaveMore) {
    TagTable table(kOneGroup, 1, 0);
    for (std::uint32_t rule = 0; rule < kOneGroup; ++rule) {
        EXPECT_TRUE(table.add({1, rule}, tag(TagMetric::kPackets, 99), 100, kNow));
    }
    EXPECT_FALSE(table.add({1, 100}, tag(TagMetric::kPackets, 99), 100, kNow + 5));
    EXPECT_FALSE(table.renew({1, 100}, kNow + 5)) << "it was not taken";
    EXPECT_TRUE(table.renew({1, 0}, kNow + 5)) << "and cost none its place";
}

TEST(TagTable, IdleTagsAreOver) {
    TagTable table(kOneGroup, 1, 600);
    table.add({1, 10}, tag(TagMetric::kPackets, 99), 100, kNow);
    EXPECT_EQ(run(table, 1, {600, 1200, 1801, 1801}), "PP..");
    for (std::uint32_t i = 0; i < kOneGroup; ++i) {
        table.add({i + 1, 10}, tag(TagMetric::kPackets, 99), 100, kNow);
    }
    EXPECT_FALSE(table.renew({1, 10}, kNow + 601));
    EXPECT_TRUE(table.add({99, 10}, tag(TagMetric::kPackets, 99), 100, kNow + 601))
        << "none gave way that still held";
}

TEST(TagTable, ForgetTakesAllOfAnOwner) {
    TagTable table(kOneGroup, 1, 0);
    table.add({1, 10}, tag(TagMetric::kPackets, 99), 100, kNow);
    table.add({2, 10}, tag(TagMetric::kPackets, 99), 100, kNow);
    table.add({1, 11}, tag(TagMetric::kPackets, 99), 100, kNow);
    table.forget(1);
    EXPECT_FALSE(table.count(1, 100, kNow));
    EXPECT_TRUE(table.count(2, 100, kNow));
    table.forget(2);
    EXPECT_TRUE(table.empty());
}

// What several workers do to one table at once leaves as many places taken as there are (tsan
// looks on).
TEST(TagTable, AnyThread) {
    TagTable table(2 * kOneGroup, 1, 0);
    constexpr std::uint64_t kOwners = 24;
    std::vector<std::thread> workers;
    for (std::uint32_t w = 0; w < 4; ++w) {
        workers.emplace_back([&table, w] {
            for (std::uint32_t i = 0; i < 20000; ++i) {
                const std::uint64_t owner = (i * 7 + w) % kOwners;
                const TagKey key{owner, i % 3};
                if (!table.renew(key, kNow)) {
                    table.add(key, tag(TagMetric::kPackets, 5), 100, kNow);
                }
                table.count((i * 5 + w) % kOwners, 100, kNow);
                if (i % 64 == 0) {
                    table.forget(owner);
                }
            }
        });
    }
    for (std::thread& t : workers) {
        t.join();
    }
    for (std::uint64_t owner = 0; owner < kOwners; ++owner) {
        table.forget(owner);
    }
    EXPECT_TRUE(table.empty());
}

}  // namespace
}  // namespace sluice::verdict
