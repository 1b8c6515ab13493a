// SPDX-License-Identifier: Apache-2.0
#include "signatures/guidance/rule_options.h"

#include "signatures/guidance/text.h"

#include <algorithm>

namespace sluice::guidance {

namespace {

void append(std::vector<lang::Option>& to, const std::vector<lang::Option>& from) {
    to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

lang::Option make_option(Place at, std::string name, std::string value) {
    lang::Option o;
    o.name = std::move(name);
    o.has_value = !value.empty();
    o.value = std::move(value);
    o.line = at.line;
    o.column = at.column;
    o.value_column = at.column;
    return o;
}

OptionGroup& RuleOptions::group(std::string_view sticky, Place at) {
    for (OptionGroup& g : groups_) {
        if (g.sticky == sticky) {
            return g;
        }
    }
    OptionGroup& g = groups_.emplace_back();
    g.sticky = sticky;
    g.at = at;
    return g;
}

bool RuleOptions::located() const {
    return std::any_of(groups_.begin(), groups_.end(),
                       [](const OptionGroup& g) { return !g.chain.empty(); });
}

std::vector<lang::Option> RuleOptions::in_order() {
    // The payload is what options mean before the first sticky buffer.
    std::stable_sort(groups_.begin(), groups_.end(),
                     [](const OptionGroup& a, const OptionGroup& b) {
                         return a.sticky.empty() && !b.sticky.empty();
                     });
    std::vector<lang::Option> out;
    for (const OptionGroup& g : groups_) {
        if (!g.sticky.empty()) {
            out.push_back(make_option(g.at, std::string(g.sticky), ""));
        }
        append(out, g.absolute);
        append(out, g.chain);
        append(out, g.steady);
        std::int64_t position = 0;
        for (const Pinned& p : g.pinned) {
            out.push_back(make_option(p.at, "content", content_text(p.bytes)));
            out.push_back(
                make_option(p.at, "distance", std::to_string(std::int64_t{p.index} - position)));
            out.push_back(make_option(p.at, "within", std::to_string(p.bytes.size())));
            position = std::int64_t{p.index} + static_cast<std::int64_t>(p.bytes.size());
        }
    }
    return out;
}

}  // namespace sluice::guidance
