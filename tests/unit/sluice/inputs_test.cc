// SPDX-License-Identifier: Apache-2.0
#include "tools/sluice/inputs.h"

#include "tests/unit/sluice/temp_folder.h"

#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

using testing::TempFolder;

TEST(Inputs, FolderGivesRulesAndGuidanceInOrder) {
    const TempFolder t;
    t.write("f/b.rules", "1");
    t.write("f/a/c.rules", "2");
    t.write("f/g.toml", "3");
    t.write("f/readme.txt", "4");
    const auto sources = read_sources({t / "f"});
    ASSERT_TRUE(sources.ok());
    ASSERT_EQ(sources.value().size(), 3U);
    EXPECT_EQ(sources.value()[0].text, "2");
    EXPECT_EQ(sources.value()[1].text, "1");
    EXPECT_EQ(sources.value()[2].kind, compile::SourceKind::kGuidance);
}

TEST(Inputs, WhatCannotBeReadIsAnErrorWithAPlace) {
    const TempFolder t;
    t.write("empty/readme.txt", "");
    for (const std::string& path : {t / "missing.rules", t / "empty", t.write("x.rules.zst", "zz"),
                                    t.write("x.sigb", "zz")}) {
        const auto sources = read_sources({path});
        ASSERT_FALSE(sources.ok()) << path;
        EXPECT_FALSE(sources.error().where.file.empty()) << path;
    }
}

TEST(Inputs, VariablesByName) {
    compile::CompileOptions options;
    EXPECT_TRUE(set_variable("$HOME_NET=[10.0.0.0/8,!10.1.0.0/16]", options).ok());
    EXPECT_TRUE(set_variable("HTTP_PORTS=80", options).ok());
    EXPECT_EQ(options.address_vars.at("HOME_NET"), "[10.0.0.0/8,!10.1.0.0/16]");
    EXPECT_EQ(options.port_vars.at("HTTP_PORTS"), "80");
    for (const char* bad : {"", "=", "A", "A=", "=1", "A B=1"}) {
        EXPECT_FALSE(set_variable(bad, options).ok()) << bad;
    }
}

}  // namespace
}  // namespace sluice::cli
