// SPDX-License-Identifier: Apache-2.0
// Rule text in the grammar of Suricata 7 -> RuleAst. Knows the form of a rule, not what keywords
// mean (signatures/compile does). Never throws on bad input; work is linear in the text. One
// Problem per bad rule, then goes on with the next. Results own their text. Any thread.
#pragma once

#include "signatures/lang/ast.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::lang {

inline constexpr std::size_t kMaxRuleBytes = 65535;
inline constexpr std::size_t kMaxOptions = 1024;  // per rule

struct ParseResult {
    std::vector<RuleAst> rules;  // in the order of the text, without duplicates
    std::vector<Problem> problems;
};

// 'file_name' goes into every SourceLocation. Of two rules with the same gid and sid the one with
// the higher rev stays; when that is the earlier one, or both have the same, the later one is a
// Problem.
ParseResult parse_rules(std::string_view text, const std::string& file_name);

}  // namespace sluice::lang
