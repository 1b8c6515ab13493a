// SPDX-License-Identifier: Apache-2.0
// Guidance texts around one trigger, and views of the rule that comes out. The text has fixed
// places: see text_with().
#pragma once

#include "signatures/lang/ast.h"

#include <string>
#include <string_view>

namespace sluice::guidance {

inline constexpr const char* kHttpToServer =
    "kind='protocol'\nprotocol='http'\ndirection='to_server'";
inline constexpr const char* kTcp = "kind='protocol'\nprotocol='tcp'\ndirection='to_server'";
inline constexpr const char* kUdp = "kind='protocol'\nprotocol='udp'\ndirection='to_server'";

// Lines 1 to 3: the top. Line 4: [delivery]; with one of the texts above the trigger's field is in
// line 9.
inline std::string text_with(const std::string& delivery, const std::string& triggers) {
    return "format = \"guidance/1\"\ncve = \"CVE-2026-10001\"\npublic_text = "
           "\"text\"\n[delivery]\n" +
           delivery + "\n[[trigger]]\n" + triggers + "\n";
}

inline std::string value_of(const lang::RuleAst& rule, std::string_view name) {
    for (const lang::Option& o : rule.options) {
        if (o.name == name) {
            return o.value;
        }
    }
    return {};
}

// What a rule says between flow and reference.
inline std::string conditions_of(const lang::RuleAst& rule) {
    const std::size_t flow = rule.text.find("flow:");
    const std::size_t begin = rule.text.find("; ", flow) + 2;
    const std::size_t end = rule.text.find(" reference:cve,");
    return rule.text.substr(begin, end - begin);
}

}  // namespace sluice::guidance
