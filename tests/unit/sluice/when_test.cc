// SPDX-License-Identifier: Apache-2.0
#include "tools/sluice/when.h"

#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

constexpr std::int64_t kNow = 1700000000;  // 2023-11-14 22:13:20 UTC

TEST(When, DaysAndDates) {
    EXPECT_EQ(parse_expiry("1", kNow).value(), kNow + 86400);
    EXPECT_EQ(parse_expiry("2024-02-29", kNow).value(), 1709164800);
}

TEST(When, RefusesThePastAndNonsense) {
    for (const char* bad : {"", "0", "-1", "2023-11-14", "2023-02-29", "2024-2-9", "2024-13-01",
                            "tomorrow", "99999999999", "12x"}) {
        EXPECT_FALSE(parse_expiry(bad, kNow).ok()) << bad;
    }
}

TEST(When, FormatsUtc) {
    EXPECT_EQ(format_utc(kNow), "2023-11-14 22:13:20 UTC");
}

}  // namespace
}  // namespace sluice::cli
