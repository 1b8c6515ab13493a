// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/dpdk/eal.h"

#include "dataplane/io/dpdk/rss.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sluice::io {
namespace {

bool has(const std::vector<std::string>& args, const std::string& arg) {
    return std::find(args.begin(), args.end(), arg) != args.end();
}

TEST(Eal, ProbesNoPciDeviceUnlessOneIsNamed) {
    const std::vector<std::string> args = eal_arguments({}, false, {0, 1});
    EXPECT_TRUE(has(args, "--no-pci"));
    EXPECT_FALSE(has(args, "-a"));
    EXPECT_TRUE(has(args, "--no-huge"));
    EXPECT_FALSE(has(args, "--in-memory")) << "excluded by --no-huge";
    EXPECT_TRUE(has(args, "--lcores=0@(0,1)"));
}

TEST(Eal, AllowsExactlyTheNamedDevices) {
    EalConfig config;
    config.pci_allow = {"0000:01:00.0", "0000:01:00.1"};
    config.telemetry = false;
    const std::vector<std::string> args = eal_arguments(config, true, {3});
    EXPECT_FALSE(has(args, "--no-pci"));
    EXPECT_EQ(std::count(args.begin(), args.end(), "-a"), 2);
    EXPECT_TRUE(has(args, "0000:01:00.1"));
    EXPECT_TRUE(has(args, "--in-memory"));
    EXPECT_TRUE(has(args, "--no-telemetry"));
}

TEST(Rss, OurKeyIsSymmetricAndAnOrdinaryOneIsNot) {
    EXPECT_TRUE(rss_key_is_symmetric(symmetric_rss_key()));
    auto key = symmetric_rss_key();
    key[3] ^= 1;
    EXPECT_FALSE(rss_key_is_symmetric(key));
}

}  // namespace
}  // namespace sluice::io
