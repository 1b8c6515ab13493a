// SPDX-License-Identifier: Apache-2.0
// What guidance makes, the compiler takes: each case, the shipped guidance and the demonstration
// rules become a bundle that the reader accepts.
#include "signatures/bundle/reader.h"
#include "signatures/bundle/writer.h"
#include "signatures/compile/compiler.h"
#include "tests/unit/guidance/guidance_cases.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace sluice::guidance {

namespace {

compile::CompileOutput compiled(std::string text, compile::SourceKind kind) {
    compile::CompileInput input;
    input.sources = {{"source", std::move(text), kind}};
    input.manifest.version = 1;
    input.threads = 1;
    return compile::compile_sources(input);
}

void expect_good(const compile::CompileOutput& out, std::size_t rules, const std::string& name) {
    for (const lang::Problem& p : out.problems) {
        ADD_FAILURE() << name << ": " << p.where.line << ":" << p.where.column << " " << p.keyword
                      << ": " << p.reason;
    }
    EXPECT_FALSE(out.failed) << name;
    EXPECT_EQ(out.model.rules.size(), rules) << name;
    const bundle::SecretKey key = bundle::SecretKey::generate();
    const Result<std::vector<std::uint8_t>> bytes = bundle::write_bundle(out.model, key);
    ASSERT_TRUE(bytes.ok()) << name << ": " << bytes.error().to_string();
    bundle::ReadOptions options;
    options.trusted = {key.public_key()};
    const Result<bundle::Model> back = bundle::read_bundle(bytes.value(), options);
    ASSERT_TRUE(back.ok()) << name << ": " << back.error().to_string();
    EXPECT_TRUE(back.value() == out.model) << name;
}

std::string file_text(const std::string& path) {
    std::ifstream in(std::string(SLUICE_SOURCE_DIR) + "/" + path, std::ios::binary);
    return std::string((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
}

TEST(GuidanceCompile, HttpCases) {
    for (const Case& c : kHttp) {
        expect_good(compiled(text_with(c.delivery, c.triggers), compile::SourceKind::kGuidance), 1,
                    c.name);
    }
}

TEST(GuidanceCompile, PayloadCases) {
    for (const Case& c : kPayload) {
        expect_good(compiled(text_with(c.delivery, c.triggers), compile::SourceKind::kGuidance), 1,
                    c.name);
    }
}

TEST(GuidanceCompile, ShippedFiles) {
    const compile::CompileOutput sample = compiled(
        file_text("signatures/rules/guidance/cve-2021-31166.toml"), compile::SourceKind::kGuidance);
    expect_good(sample, 1, "cve-2021-31166.toml");
    ASSERT_EQ(sample.model.rules.size(), 1U);
    EXPECT_TRUE(sample.model.rules[0].required);
    EXPECT_EQ(sample.model.rules[0].cves, std::vector<std::string>{"CVE-2021-31166"});
    ASSERT_EQ(sample.model.coverage.size(), 1U);
    EXPECT_EQ(sample.model.coverage[0].status, "covered");
    expect_good(compiled(file_text("signatures/rules/demo.rules"), compile::SourceKind::kRules), 4,
                "demo.rules");
}

}  // namespace

}  // namespace sluice::guidance
