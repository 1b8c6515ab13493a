// SPDX-License-Identifier: Apache-2.0
// Compiles one rule from its text for the tests of semantic.h. Owns the model. One thread.
#pragma once

#include "signatures/bundle/model.h"
#include "signatures/compile/semantic.h"
#include "signatures/lang/parser.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::compile {

enum class Verdict : std::uint8_t { kGood, kInvalid, kUnsupported };

struct Compiled {
    bundle::Model model;
    std::vector<bundle::Rule> rules;
    std::vector<lang::Problem> problems;

    Verdict verdict() const {
        if (problems.empty()) {
            return Verdict::kGood;
        }
        return problems[0].unsupported ? Verdict::kUnsupported : Verdict::kInvalid;
    }

    std::string reason() const {
        return problems.empty() ? "" : problems[0].keyword + ": " + problems[0].reason;
    }

    // Items of the first rule's engine over 'buffer'; empty when it has none.
    std::vector<bundle::Item> items(BufferId buffer) const {
        for (const bundle::Engine& e : rules.at(0).engines) {
            if (e.buffer == buffer) {
                return e.items;
            }
        }
        return {};
    }

    std::string bytes(const bundle::Item& item) const {
        return std::string(model.blob.begin() + item.data,
                           model.blob.begin() + item.data + item.data_len);
    }
};

// 'header' up to the options, "" for a tcp rule; sid is added.
inline Compiled compile_rule(const std::string& options, std::string header = {}) {
    if (header.empty()) {
        header = "alert tcp any any -> any any";
    }
    Compiled out;
    auto parsed = lang::parse_rules(header + " (" + options + " sid:1;)", "t");
    out.problems = std::move(parsed.problems);
    Semantic semantic(default_compile_options(), out.model);
    for (const lang::RuleAst& ast : parsed.rules) {
        out.rules = semantic.compile(ast, out.problems);
    }
    return out;
}

inline constexpr const char* kHttp = "alert http any any -> any any";

struct RuleCase {
    const char* options;
    Verdict verdict;
};

inline void check_cases(const std::vector<RuleCase>& cases, const char* header = "") {
    for (const RuleCase& c : cases) {
        const Compiled r = compile_rule(c.options, header);
        EXPECT_EQ(r.verdict(), c.verdict) << c.options << "\n  " << r.reason();
        EXPECT_EQ(r.rules.empty(), c.verdict != Verdict::kGood) << c.options;
        EXPECT_LE(r.problems.size(), 1U) << c.options;
    }
}

}  // namespace sluice::compile
