// SPDX-License-Identifier: Apache-2.0
// Guidance TOML: nothing crashes, and each rule that comes out is rule text that the rule parser
// reads back to the same options: no value has broken out of its quotes.
#include "signatures/guidance/guidance.h"
#include "signatures/lang/parser.h"

#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void check_rule(const sluice::lang::RuleAst& rule) {
    const sluice::lang::ParseResult parsed = sluice::lang::parse_rules(rule.text, "rule");
    if (!parsed.problems.empty() || parsed.rules.size() != 1 || parsed.rules[0].sid != rule.sid ||
        parsed.rules[0].options.size() != rule.options.size()) {
        std::abort();
    }
    for (std::size_t i = 0; i < rule.options.size(); ++i) {
        const sluice::lang::Option& a = rule.options[i];
        const sluice::lang::Option& b = parsed.rules[0].options[i];
        if (a.name != b.name || a.value != b.value || a.has_value != b.has_value) {
            std::abort();
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string toml(data, data + size);
    const sluice::guidance::GuidanceResult result =
        sluice::guidance::compile_guidance(toml, "fuzz", 1000);
    for (const sluice::lang::RuleAst& rule : result.rules) {
        check_rule(rule);
    }
    return 0;
}
