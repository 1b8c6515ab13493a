// SPDX-License-Identifier: Apache-2.0
#include "dataplane/base/crew.h"

#include <gtest/gtest.h>

#include <vector>

namespace sluice {
namespace {

void count(void* context, std::size_t index) {
    ++(*static_cast<std::vector<int>*>(context))[index];
}

TEST(Crew, EveryJobIsDoneOnce) {
    for (const std::size_t helpers : {0U, 1U, 3U, 100U}) {
        for (const std::size_t jobs : {0U, 1U, 2U, 1000U}) {
            std::vector<int> done(jobs, 0);
            Crew(jobs, &count, &done, helpers).finish();
            EXPECT_EQ(done, std::vector<int>(jobs, 1)) << helpers << " helpers";
        }
    }
}

TEST(Crew, NobodyWorksOnAfterItsEnd) {
    std::vector<int> done(500, 0);
    { const Crew crew(done.size(), &count, &done); }
    EXPECT_EQ(done, std::vector<int>(500, 1));
}

TEST(Crew, FinishMayBeCalledAgain) {
    std::vector<int> done(10, 0);
    Crew crew(done.size(), &count, &done);
    crew.finish();
    crew.finish();
    EXPECT_EQ(done, std::vector<int>(10, 1));
}

}  // namespace
}  // namespace sluice
