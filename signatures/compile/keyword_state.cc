// SPDX-License-Identifier: Apache-2.0
// State that outlives one match: xbits and hostbits (of an address or a pair of them) and flowint
// (a number of the flow). What changes state is done after the rest of the rule has matched.
#include "signatures/compile/keyword_handlers.h"
#include "signatures/compile/keyword_number.h"
#include "signatures/compile/words.h"
#include "signatures/lang/text.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

namespace sluice::compile {
namespace {

using bundle::BitOwner;
using bundle::CompareOp;
using bundle::FlowbitOp;
using bundle::FlowintOp;
using bundle::ItemKind;

constexpr std::uint32_t kDefaultExpire = 300;  // seconds, as in Suricata

constexpr std::array kBitCommands{
    Word<FlowbitOp>{"set", FlowbitOp::kSet},
    Word<FlowbitOp>{"unset", FlowbitOp::kUnset},
    Word<FlowbitOp>{"isset", FlowbitOp::kIsSet},
    Word<FlowbitOp>{"isnotset", FlowbitOp::kIsNotSet},
    Word<FlowbitOp>{"toggle", FlowbitOp::kToggle},
};

constexpr std::array kXbitOwners{
    Word<BitOwner>{"ip_src", BitOwner::kSource},
    Word<BitOwner>{"ip_dst", BitOwner::kDestination},
    Word<BitOwner>{"ip_pair", BitOwner::kPair},
};

constexpr std::array kHostbitOwners{
    Word<BitOwner>{"src", BitOwner::kSource},
    Word<BitOwner>{"dst", BitOwner::kDestination},
};

struct Xbit {
    FlowbitOp op = FlowbitOp::kSet;
    BitOwner owner = BitOwner::kSource;
    std::uint32_t expire = kDefaultExpire;
};

void put_xbit(RuleDraft& draft, const Argument& arg, const Xbit& bit, std::string_view name) {
    DraftItem& d = draft.append_header(ItemKind::kXbits, arg.option);
    d.item.op = static_cast<CompareOp>(bit.op);
    d.item.var = static_cast<std::uint32_t>(bit.owner);
    d.item.lo = bit.expire;
    d.item.data_len = 1;
    d.names.emplace_back(name);
}

// "track ip_src" -> "ip_src"
std::string_view after(std::string_view part, std::string_view word) {
    if (!part.starts_with(word) || part.size() == word.size() ||
        !lang::is_blank(part[word.size()])) {
        return {};
    }
    return lang::trim(part.substr(word.size()));
}

// The command stands before the comma without a blank.
bool command_is_tight(std::string_view value) {
    const std::size_t comma = value.find(',');
    return comma != 0 && comma != std::string_view::npos && !lang::is_blank(value[comma - 1]);
}

// "set,name,track ip_src,expire 30"
void read_xbits(RuleDraft& draft, const Argument& arg) {
    const auto parts = split(arg.value, ',');
    Xbit bit;
    bool good =
        parts.size() >= 3 && parts.size() <= 4 && !parts[1].empty() && command_is_tight(arg.value);
    const auto op = find(kBitCommands, parts[0]);
    const auto owner = good ? find(kXbitOwners, after(parts[2], "track")) : std::nullopt;
    good = good && op && owner;
    if (good && parts.size() == 4) {
        const auto seconds = parse_decimal(after(parts[3], "expire"), UINT32_MAX);
        good = seconds && *seconds != 0;
        bit.expire = static_cast<std::uint32_t>(seconds.value_or(0));
    }
    if (!good) {
        draft.invalid(
            arg.option,
            "set, unset, toggle, isset or isnotset, a name, 'track ip_src|ip_dst|ip_pair' "
            "and perhaps 'expire SECONDS' expected");
        return;
    }
    bit.op = *op;
    bit.owner = *owner;
    put_xbit(draft, arg, bit, parts[1]);
}

// "set,name,src"
void read_hostbits(RuleDraft& draft, const Argument& arg) {
    if (arg.value == "noalert") {
        draft.rule.flow_flags |= bundle::kRuleNoAlert;
        return;
    }
    const auto parts = split(arg.value, ',');
    const auto op = find(kBitCommands, parts[0]);
    const auto owner =
        parts.size() == 3 ? find(kHostbitOwners, parts[2]) : std::optional(BitOwner::kSource);
    if (parts.size() < 2 || parts.size() > 3 || parts[1].empty() || !op || !owner) {
        draft.invalid(arg.option,
                      "set, unset, toggle, isset or isnotset, a name, and perhaps src or dst "
                      "expected");
        return;
    }
    put_xbit(draft, arg, {*op, *owner, kDefaultExpire}, parts[1]);
}

constexpr std::array kComparisons{
    Word<CompareOp>{"<", CompareOp::kLt},  Word<CompareOp>{">", CompareOp::kGt},
    Word<CompareOp>{"<=", CompareOp::kLe}, Word<CompareOp>{">=", CompareOp::kGe},
    Word<CompareOp>{"==", CompareOp::kEq}, Word<CompareOp>{"!=", CompareOp::kNe},
};

constexpr std::array kChanges{
    Word<FlowintOp>{"+", FlowintOp::kAdd},
    Word<FlowintOp>{"-", FlowintOp::kSubtract},
    Word<FlowintOp>{"=", FlowintOp::kSet},
};

constexpr std::array kExistence{
    Word<FlowintOp>{"isset", FlowintOp::kIsSet},
    Word<FlowintOp>{"notset", FlowintOp::kIsNotSet},
    Word<FlowintOp>{"isnotset", FlowintOp::kIsNotSet},
};

// A letter and at least one more of letters, digits, '_', '.', '/'.
bool is_flowint_name(std::string_view s) {
    const auto is_letter = [](char c) {
        c = lang::to_lower(c);
        return c >= 'a' && c <= 'z';
    };
    return s.size() >= 2 && is_letter(s[0]) && std::all_of(s.begin(), s.end(), [&](char c) {
               return is_letter(c) || lang::is_digit(c) || c == '_' || c == '.' || c == '/';
           });
}

bool read_operand(RuleDraft& draft, const Argument& arg, std::string_view text, DraftItem& d) {
    if (const auto n = parse_decimal(text, UINT32_MAX)) {
        d.item.lo = static_cast<std::int64_t>(*n);
        return true;
    }
    if (!is_flowint_name(text)) {
        draft.invalid(arg.option,
                      "'" + std::string(text) + "' is neither a number of 32 bits nor a name");
        return false;
    }
    d.item.flags |= bundle::kValueVar;
    d.names.emplace_back(text);
    return true;
}

// "name, +, 1", "name,>=,other", "name,isset"
void read_flowint(RuleDraft& draft, const Argument& arg) {
    const auto parts = split(arg.value, ',');
    if (parts.size() < 2 || parts.size() > 3 || !is_flowint_name(parts[0])) {
        draft.invalid(arg.option, "name (two letters at least), operator and value expected");
        return;
    }
    DraftItem& d = draft.append_header(ItemKind::kFlowint, arg.option);
    d.names.emplace_back(parts[0]);
    auto op = find(kExistence, parts[1]);
    const auto comparison = find(kComparisons, parts[1]);
    const bool takes_value = !op;
    op = op ? op : find(kChanges, parts[1]);
    if (!op && !comparison) {
        draft.invalid(arg.option, "unknown operator '" + std::string(parts[1]) + "'");
        return;
    }
    d.item.nbytes = static_cast<std::uint8_t>(op.value_or(FlowintOp::kTest));
    d.item.op = comparison.value_or(CompareOp::kEq);
    const std::string_view value = parts.size() == 3 ? parts[2] : std::string_view();
    if (takes_value ? !read_operand(draft, arg, value, d) : !value.empty()) {
        draft.invalid(arg.option, "isset and notset take no value");
        return;
    }
    d.item.data_len = static_cast<std::uint32_t>(d.names.size());
}

constexpr std::array kRows{
    HandlerRow{"flowint", read_flowint},
    HandlerRow{"hostbits", read_hostbits},
    HandlerRow{"xbits", read_xbits},
};

}  // namespace

std::span<const HandlerRow> state_handlers() {
    return kRows;
}

}  // namespace sluice::compile
