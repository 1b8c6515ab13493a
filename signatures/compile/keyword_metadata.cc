// SPDX-License-Identifier: Apache-2.0
// What a rule says about itself: msg, classtype, reference, metadata, priority, rev, gid, sid,
// target.
#include "signatures/compile/keyword_handlers.h"
#include "signatures/compile/keyword_number.h"
#include "signatures/lang/text.h"

#include <algorithm>
#include <array>
#include <string>

namespace sluice::compile {
namespace {

// "CVE-2021-31166", "CVE_2021_31166" or "2021-31166" -> "CVE-2021-31166"; "" when it is none of
// these.
std::string normal_cve(std::string_view s) {
    s = lang::trim(s);
    if (s.size() > 4 && lang::equal_nocase(s.substr(0, 3), "cve")) {
        s.remove_prefix(4);
    }
    const std::size_t dash = s.find_first_of("-_");
    if (dash != 4 || s.size() < 6) {
        return {};
    }
    for (std::size_t i = 0; i < s.size(); ++i) {
        if (i != dash && !lang::is_digit(s[i])) {
            return {};
        }
    }
    std::string number(s.substr(dash + 1));
    while (number.size() < 4) {
        number.insert(number.begin(), '0');
    }
    return "CVE-" + std::string(s.substr(0, 4)) + "-" + number;
}

void add_cve(bundle::Rule& rule, std::string_view s) {
    std::string cve = normal_cve(s);
    if (!cve.empty() && std::find(rule.cves.begin(), rule.cves.end(), cve) == rule.cves.end()) {
        rule.cves.push_back(std::move(cve));
    }
}

void read_msg(RuleDraft& draft, const Argument& arg) {
    if (draft.has_msg) {
        draft.invalid(arg.option, "msg is given twice");
        return;
    }
    draft.has_msg = true;
    bool escaped = false;
    for (const char c : arg.value) {
        if (c == '\\' && !escaped) {
            escaped = true;
            continue;
        }
        if (escaped && c != ':' && c != ';' && c != '\\' && c != '"') {
            draft.rule.msg += '\\';
        }
        escaped = false;
        draft.rule.msg += c;
    }
    if (escaped) {
        draft.rule.msg += '\\';
    }
}

// Of several, the class with the highest priority counts.
void read_classtype(RuleDraft& draft, const Argument& arg) {
    const std::string name = lang::lower(arg.value);
    if (name.find_first_of(" \t") != std::string::npos) {
        draft.invalid(arg.option, "a class name has no blanks");
        return;
    }
    const auto& known = draft.options.classifications;
    const auto at = known.find(name);
    const std::uint32_t priority = at == known.end() ? 3 : at->second.priority;
    if (draft.has_classtype && (at == known.end() || priority >= draft.rule.priority)) {
        return;
    }
    draft.has_classtype = true;
    draft.rule.classtype = name;
    draft.rule.category = at == known.end() ? "" : at->second.text;
    if (!draft.has_priority) {
        draft.rule.priority = priority;
    }
}

void read_priority(RuleDraft& draft, const Argument& arg) {
    const auto n = parse_decimal(arg.value, UINT32_MAX);
    if (!n) {
        draft.invalid(arg.option, "number expected");
        return;
    }
    const auto priority = static_cast<std::uint32_t>(*n);
    draft.rule.priority = draft.has_priority ? std::min(draft.rule.priority, priority) : priority;
    draft.has_priority = true;
}

void read_reference(RuleDraft& draft, const Argument& arg) {
    const std::size_t comma = arg.value.find(',');
    const std::string_view value =
        comma == std::string_view::npos ? "" : lang::trim(arg.value.substr(comma + 1));
    if (value.empty() || comma == 0) {
        draft.invalid(arg.option, "type and value expected");
        return;
    }
    const std::string type = lang::lower(lang::trim(arg.value.substr(0, comma)));
    draft.rule.references.push_back(type + "," + std::string(value));
    if (type == "cve") {
        add_cve(draft.rule, value);
    }
}

void read_metadata(RuleDraft& draft, const Argument& arg) {
    for (const std::string_view part : split(arg.value, ',')) {
        if (part.empty()) {
            continue;
        }
        const std::size_t blank = part.find_first_of(" \t");
        const std::string_view key = part.substr(0, blank);
        const std::string_view value =
            blank == std::string_view::npos ? "" : lang::trim(part.substr(blank));
        draft.rule.metadata.emplace_back(key, value);
        if (lang::equal_nocase(key, "cve")) {
            add_cve(draft.rule, value);
        }
    }
}

void read_rev(RuleDraft& draft, const Argument& arg) {
    // The parser refused what is not a number.
    draft.rule.rev = static_cast<std::uint32_t>(parse_decimal(arg.value, UINT32_MAX).value_or(0));
}

void read_gid(RuleDraft& draft, const Argument& arg) {
    const auto n = parse_decimal(arg.value, UINT32_MAX);
    if (!n) {
        draft.invalid(arg.option, "number expected");
        return;
    }
    draft.rule.gid = static_cast<std::uint32_t>(*n);
}

void read_sid(RuleDraft&, const Argument&) {}  // the parser put it into the rule

void read_target(RuleDraft& draft, const Argument& arg) {
    if (arg.value != "src_ip" && arg.value != "dest_ip") {
        draft.invalid(arg.option, "src_ip or dest_ip expected");
        return;
    }
    for (const auto& [key, value] : draft.rule.metadata) {
        if (key == "target" && value != arg.value) {
            draft.invalid(arg.option, "target is given twice");
            return;
        }
    }
    draft.rule.metadata.emplace_back("target", arg.value);
}

constexpr std::array kRows{
    HandlerRow{"classtype", read_classtype},
    HandlerRow{"gid", read_gid},
    HandlerRow{"metadata", read_metadata},
    HandlerRow{"msg", read_msg, Quotes::kMandatory},
    HandlerRow{"priority", read_priority},
    HandlerRow{"reference", read_reference},
    HandlerRow{"rev", read_rev},
    HandlerRow{"sid", read_sid},
    HandlerRow{"target", read_target},
};

}  // namespace

std::span<const HandlerRow> metadata_handlers() {
    return kRows;
}

}  // namespace sluice::compile
