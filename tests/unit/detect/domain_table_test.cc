// SPDX-License-Identifier: Apache-2.0
// The table names every text that a name ends with, and hardly anything else.
#include "dataplane/detect/domain_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::detect {
namespace {

Bytes bytes_of(std::string_view s) {
    return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}

DomainTable table_of(const std::vector<std::string>& texts) {
    std::vector<DomainTable::Entry> entries;
    for (const std::string& t : texts) {
        entries.push_back({bytes_of(t), static_cast<std::uint32_t>(entries.size())});
    }
    return DomainTable(entries);
}

std::vector<std::uint32_t> found(const DomainTable& table, std::string_view name) {
    std::vector<std::uint32_t> out;
    table.find(bytes_of(name), [&](std::uint32_t v) { out.push_back(v); });
    std::sort(out.begin(), out.end());
    return out;
}

using Values = std::vector<std::uint32_t>;

TEST(DomainTable, FindsTextsAtTheEnd) {
    const DomainTable table =
        table_of({"evil.com", ".evil.com", "Evil.COM", "com", "a.evil.com", std::string(255, 'x')});
    EXPECT_EQ(found(table, "evil.com"), (Values{0, 1, 2, 3}));
    EXPECT_EQ(found(table, "EVIL.com"), (Values{0, 1, 2, 3}));
    EXPECT_EQ(found(table, "notevil.com"), (Values{0, 2, 3}));
    EXPECT_EQ(found(table, "a.evil.com"), (Values{0, 1, 2, 3, 4}));
    EXPECT_EQ(found(table, "com"), (Values{3}));
    EXPECT_EQ(found(table, "evil.com."), Values{});
    EXPECT_EQ(found(table, "evil.comx"), Values{});
    EXPECT_EQ(found(table, ""), Values{});
    EXPECT_EQ(found(table, std::string(300, 'X')), (Values{5}));
    EXPECT_EQ(found(table, std::string(254, 'x')), Values{});
}

TEST(DomainTable, EmptyFindsNothing) {
    const DomainTable none;
    EXPECT_TRUE(none.empty());
    EXPECT_EQ(found(none, "evil.com"), Values{});
}

// Against comparing with every text.
TEST(DomainTable, AgreesWithSearching) {
    std::mt19937 random(4);
    const auto name = [&random](std::size_t most) {
        std::string out;
        for (std::size_t n = 1 + random() % most; n != 0; --n) {
            out += "ab.C"[random() % 4];
        }
        return out;
    };
    std::vector<std::string> texts;
    for (int i = 0; i < 3000; ++i) {
        texts.push_back(name(12));
    }
    const DomainTable table = table_of(texts);
    const auto lower = [](std::string s) {
        std::transform(s.begin(), s.end(), s.begin(), [](char c) { return c == 'C' ? 'c' : c; });
        return s;
    };
    std::vector<std::string> lowered(texts.size());
    std::transform(texts.begin(), texts.end(), lowered.begin(), lower);
    for (int i = 0; i < 500; ++i) {
        const std::string n = lower(name(20));
        Values expected;
        for (std::uint32_t k = 0; k < texts.size(); ++k) {
            if (n.ends_with(lowered[k]) || "." + n == lowered[k]) {
                expected.push_back(k);
            }
        }
        ASSERT_EQ(found(table, n), expected) << n;
    }
}

}  // namespace
}  // namespace sluice::detect
