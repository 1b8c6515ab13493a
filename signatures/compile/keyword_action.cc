// SPDX-License-Identifier: Apache-2.0
// What a rule asks of the engine that runs it: requires, prefilter; and what Sluice will not do for
// a rule, with the reason: replace, bypass, geoip, lua.
#include "signatures/compile/keyword_handlers.h"
#include "signatures/compile/keyword_number.h"
#include "signatures/lang/text.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

namespace sluice::compile {
namespace {

// The compiler chooses the prefilter; that the rule could have one is all that counts here.
void read_prefilter(RuleDraft& draft, const Argument& arg) {
    bool any = !draft.header.empty();
    for (const DraftBuffer& b : draft.buffers) {
        any = any || !b.items.empty();
    }
    if (!any) {
        draft.invalid(arg.option, "prefilter needs a match before it");
    }
}

using Version = std::array<std::uint64_t, 3>;

constexpr Version kLanguage{7, 0, 10};  // the Suricata whose rules these are

std::optional<Version> parse_version(std::string_view s) {
    const auto parts = split(s, '.');
    Version v{};
    if (parts.empty() || parts.size() > v.size()) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < parts.size(); ++i) {
        // "7.0.3-dev" is 7.0.3
        const auto n = parse_decimal(parts[i].substr(0, parts[i].find('-')), UINT16_MAX);
        if (!n) {
            return std::nullopt;
        }
        v.at(i) = *n;
    }
    return v;
}

// ">= 7.0.3 < 8": all of them; '|' between alternatives.
std::optional<bool> version_fits(std::string_view text) {
    bool any = false;
    for (std::string_view alternative : split(text, '|')) {
        bool all = !alternative.empty();
        while (!alternative.empty()) {
            const std::size_t digit = alternative.find_first_of("0123456789");
            if (digit == std::string_view::npos) {
                return std::nullopt;
            }
            const std::string_view op = lang::trim(alternative.substr(0, digit));
            const std::size_t end =
                std::min(alternative.find_first_of(" \t<>=", digit), alternative.size());
            const auto v = parse_version(alternative.substr(digit, end - digit));
            if (!v || (op != ">=" && op != ">" && op != "<=" && op != "<")) {
                return std::nullopt;
            }
            all = all && (op == ">="  ? kLanguage >= *v
                          : op == ">" ? kLanguage > *v
                          : op == "<" ? kLanguage < *v
                                      : kLanguage <= *v);
            alternative = lang::trim(alternative.substr(end));
        }
        any = any || all;
    }
    return any;
}

// A rule that asks for more than this version has is left out, and listed.
void read_requires(RuleDraft& draft, const Argument& arg) {
    for (const std::string_view part : split(arg.value, ',')) {
        const std::size_t blank = part.find_first_of(" \t");
        const std::string_view word = part.substr(0, blank);
        const std::string_view value =
            blank == std::string_view::npos ? "" : lang::trim(part.substr(blank));
        const std::string what = "the rule requires " + std::string(part);
        if (word == "version") {
            const auto fits = version_fits(value);
            if (!fits) {
                draft.invalid(arg.option, "versions like '>= 7.0.3 < 8' expected");
            } else if (!*fits) {
                draft.unsupported(arg.option, what + "; these are the rules of Suricata 7.0.10");
            }
        } else if (word == "keyword" && !value.empty()) {
            if (lang::find_keyword(lang::lower(value)) == nullptr) {
                draft.unsupported(arg.option, what + ", which is no keyword of Suricata 7.0.10");
            }
        } else {
            draft.unsupported(arg.option, what + ", which this version does not have");
        }
    }
}

struct Refusal {
    std::string_view keyword;
    std::string_view why;
};

constexpr std::array kRefusals{
    Refusal{"bypass", "leaving a flow uninspected is the site's policy, not a rule's"},
    Refusal{"geoip", "no database of countries is read by this version"},
    Refusal{"lua", "rules cannot bring code of their own"},
    Refusal{"nfq_set_mark", "there is no netfilter queue here"},
    Refusal{"replace", "packets are forwarded or dropped, never rewritten by a rule"},
};

void read_refused(RuleDraft& draft, const Argument& arg) {
    for (const Refusal& r : kRefusals) {
        if (r.keyword == arg.keyword.canonical) {
            draft.unsupported(arg.option, arg.option.name + ": " + std::string(r.why));
        }
    }
}

constexpr std::array kRows{
    HandlerRow{"bypass", read_refused},
    HandlerRow{"geoip", read_refused, Quotes::kOptional},
    HandlerRow{"lua", read_refused, Quotes::kOptional},
    HandlerRow{"nfq_set_mark", read_refused},
    HandlerRow{"prefilter", read_prefilter},
    HandlerRow{"replace", read_refused, Quotes::kMandatory},
    HandlerRow{"requires", read_requires},
};

}  // namespace

std::span<const HandlerRow> action_handlers() {
    return kRows;
}

}  // namespace sluice::compile
