// SPDX-License-Identifier: Apache-2.0
// Structured guidance for one CVE (TOML, "guidance/1"; see README.md) -> rules in the form of
// signatures/lang, as a rule author would write them. Hostile input is normal: size, line length
// and nesting are capped before anything parses it. Results own their text. Never throws. Any
// thread. What cannot be expressed is a Problem with line and column, never a weaker rule.
#pragma once

#include "signatures/lang/ast.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::guidance {

inline constexpr std::size_t kMaxGuidanceBytes = std::size_t{64} << 10U;
inline constexpr std::uint32_t kMaxRulesPerGuidance =
    16;  // sids sid_base .. sid_base + 15 may be used

struct GuidanceResult {
    std::vector<lang::RuleAst> rules;  // one per carrier and direction
    std::vector<lang::Problem>
        problems;     // 'unsupported': well-formed, cannot be expressed by this version
    std::string cve;  // "" when the text does not say
    // As in bundle::CveCoverage: covered | partial | not-network-detectable |
    // insufficient-information | pending. pending: the text has errors that its author must mend.
    std::string status = "pending";
    bool required = false;  // signature = "required"
};

GuidanceResult compile_guidance(std::string_view toml, const std::string& file,
                                std::uint32_t sid_base);

}  // namespace sluice::guidance
