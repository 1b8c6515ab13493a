// SPDX-License-Identifier: Apache-2.0
#include "dataplane/base/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace sluice {
namespace {

TEST(Result, HoldsAValueOrAnError) {
    Result<int> good = 7;
    EXPECT_TRUE(good.ok());
    EXPECT_EQ(good.value(), 7);
    const Result<int> bad = Error{ErrorCode::kIo, "disk full", {}, {}};
    EXPECT_FALSE(bad);
    EXPECT_EQ(bad.error().code, ErrorCode::kIo);
}

TEST(Result, GivesUpAMoveOnlyValue) {
    Result<std::unique_ptr<int>> r = std::make_unique<int>(3);
    const std::unique_ptr<int> taken = std::move(r).value();
    EXPECT_EQ(*taken, 3);
}

TEST(Error, SaysWhereAndWhatNext) {
    EXPECT_EQ((Error{ErrorCode::kInvalid, "bad", {"a.rules", 3, 9}, "fix it"}).to_string(),
              "a.rules:3:9: bad (fix it)");
    EXPECT_EQ((Error{ErrorCode::kInvalid, "bad", {"a.rules", 3, 0}, {}}).to_string(),
              "a.rules:3: bad");
    EXPECT_EQ((Error{ErrorCode::kInvalid, "bad", {"a.rules", 0, 0}, {}}).to_string(),
              "a.rules: bad");
    EXPECT_EQ((Error{ErrorCode::kInvalid, "bad", {}, {}}).to_string(), "bad");
}

}  // namespace
}  // namespace sluice
