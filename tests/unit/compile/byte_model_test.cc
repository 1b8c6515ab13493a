// SPDX-License-Identifier: Apache-2.0
#include "signatures/compile/byte_model.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::compile {
namespace {

TEST(ByteModel, OrdinaryTextIsMoreFrequentThanOdd) {
    EXPECT_GT(occurrences_per_byte("script", false, Traffic::kText),
              100 * occurrences_per_byte("xqzvjk", false, Traffic::kText));
    EXPECT_GT(occurrences_per_byte("<div c", false, Traffic::kText),
              occurrences_per_byte("%u9090", false, Traffic::kText));
}

TEST(ByteModel, ZerosAreUsualInBinaryOnly) {
    const std::string zeros(6, '\0');
    EXPECT_GT(occurrences_per_byte(zeros, false, Traffic::kBinary), 0.01);
    EXPECT_LT(occurrences_per_byte(zeros, false, Traffic::kText), 0.001);
}

TEST(ByteModel, NocaseSumsTheVariants) {
    const double both = occurrences_per_byte("aB", true, Traffic::kText);
    double sum = 0;
    for (const char* variant : {"ab", "aB", "Ab", "AB"}) {
        sum += occurrences_per_byte(variant, false, Traffic::kText);
    }
    EXPECT_NEAR(both, sum, 1e-12);
}

TEST(ByteModel, FirstByteIsADistribution) {
    for (const Traffic traffic : {Traffic::kText, Traffic::kBinary}) {
        double sum = 0;
        for (int c = 0; c < 256; ++c) {
            sum += occurrences_per_byte(std::string(1, static_cast<char>(c)), false, traffic);
        }
        // Steps of a quarter bit are off by up to 9 % each.
        EXPECT_NEAR(sum, 1.0, 0.1);
    }
}

TEST(ByteModel, EmptyIsEverywhereAndLongIsNeverNegative) {
    EXPECT_EQ(occurrences_per_byte("", false, Traffic::kText), 1.0);
    EXPECT_GE(occurrences_per_byte(std::string(4000, 'q'), true, Traffic::kText), 0.0);
}

}  // namespace
}  // namespace sluice::compile
