// SPDX-License-Identifier: Apache-2.0
// The whole Emerging Threats Open ruleset of 2023-05-15: every enabled rule is good rule text, and
// most of them compile. Needs the shared data folder (environment variable SLUICE_SHARED) and
// zstdcat.
#include "signatures/compile/semantic.h"
#include "signatures/lang/parser.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sluice::compile {
namespace {

std::string run(const std::string& command) {
    std::string out;
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
    std::array<char, 65536> buffer{};
    while (pipe != nullptr) {
        const std::size_t n = fread(buffer.data(), 1, buffer.size(), pipe.get());
        if (n == 0) {
            break;
        }
        out.append(buffer.data(), n);
    }
    return out;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void print_top(const std::map<std::string, int>& counts) {
    std::vector<std::pair<int, std::string>> rows;
    for (const auto& [name, n] : counts) {
        rows.emplace_back(n, name);
    }
    std::sort(rows.rbegin(), rows.rend());
    rows.resize(std::min<std::size_t>(rows.size(), 15));
    for (const auto& [n, name] : rows) {
        std::cout << "  " << n << "  " << name << "\n";
    }
}

TEST(EmergingThreats, EveryRuleIsValidAndMostCompile) {
    const char* shared = std::getenv("SLUICE_SHARED");
    const std::string path = std::string(shared == nullptr ? "" : shared) +
                             "/data/rules/emerging-all-2023-05-15.rules.zst";
    if (shared == nullptr || !std::filesystem::exists(path)) {
        GTEST_SKIP() << "SLUICE_SHARED is not set or has no rules";
    }
    const std::string text = run("zstdcat '" + path + "'");
    const auto start = std::chrono::steady_clock::now();
    const lang::ParseResult parsed = lang::parse_rules(text, "emerging-all.rules");
    const double parse_seconds = seconds_since(start);
    EXPECT_EQ(parsed.rules.size(), 31996U);
    EXPECT_TRUE(parsed.problems.empty());

    bundle::Model model;
    Semantic semantic(default_compile_options(), model);
    std::vector<lang::Problem> problems;
    int compiled = 0;
    for (const lang::RuleAst& ast : parsed.rules) {
        compiled += semantic.compile(ast, problems).empty() ? 0 : 1;
    }
    std::map<std::string, int> unsupported;
    for (const lang::Problem& p : problems) {
        EXPECT_TRUE(p.unsupported) << p.sid << " " << p.keyword << ": " << p.reason;
        ++unsupported[p.keyword.empty() ? p.reason : p.keyword];
    }
    std::cout << parsed.rules.size() << " rules parsed in " << parse_seconds << " s, " << compiled
              << " compiled ("
              << 100.0 * static_cast<double>(compiled) / static_cast<double>(parsed.rules.size())
              << " %) after " << seconds_since(start) << " s; not compiled:\n";
    print_top(unsupported);
    EXPECT_EQ(static_cast<std::size_t>(compiled) + problems.size(), parsed.rules.size());
    EXPECT_GE(100 * static_cast<std::size_t>(compiled), 69 * parsed.rules.size());
}

}  // namespace
}  // namespace sluice::compile
