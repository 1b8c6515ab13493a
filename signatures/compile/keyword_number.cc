// SPDX-License-Identifier: Apache-2.0
#include "signatures/compile/keyword_number.h"

#include "signatures/lang/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace sluice::compile {
namespace {

using bundle::CompareOp;

std::optional<std::uint64_t> parse_base(std::string_view s, int base) {
    std::uint64_t v = 0;
    const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), v, base);
    if (s.empty() || error != std::errc() || end != s.data() + s.size()) {
        return std::nullopt;
    }
    return v;
}

struct Symbol {
    std::string_view text;
    CompareOp op;
};

// Longer ones first.
constexpr std::array kSymbols{
    Symbol{">=", CompareOp::kGe}, Symbol{"<=", CompareOp::kLe}, Symbol{"!=", CompareOp::kNe},
    Symbol{">", CompareOp::kGt},  Symbol{"<", CompareOp::kLt},  Symbol{"!", CompareOp::kNe},
    Symbol{"=", CompareOp::kEq},
};

std::optional<NumberRange> parse_interval(std::string_view s, std::uint64_t max,
                                          std::uint64_t gap) {
    NumberRange r;
    r.op = CompareOp::kRange;
    if (!s.empty() && s.front() == '!') {
        r.negated = true;
        s = lang::trim_left(s.substr(1));
    }
    std::size_t at = s.find("<>");
    std::size_t length = 2;
    if (at == std::string_view::npos) {
        at = s.find('-');
        length = 1;
    }
    if (at == std::string_view::npos || at == 0) {
        return std::nullopt;
    }
    const auto lo = parse_decimal(lang::trim(s.substr(0, at)), max);
    const auto hi = parse_decimal(lang::trim(s.substr(at + length)), max);
    if (!lo || !hi || *lo >= *hi || *hi - *lo < gap) {
        return std::nullopt;
    }
    r.lo = *lo;
    r.hi = *hi;
    return r;
}

std::int64_t clamp_signed(std::uint64_t v) {
    constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    return static_cast<std::int64_t>(std::min(v, kMax));
}

}  // namespace

std::optional<std::uint64_t> parse_decimal(std::string_view s, std::uint64_t max) {
    const auto v = parse_base(s, 10);
    return v && *v <= max ? v : std::nullopt;
}

std::optional<std::uint64_t> parse_unsigned(std::string_view s) {
    s = lang::trim(s);
    if (!s.empty() && s.front() == '+') {
        s.remove_prefix(1);
    }
    if (s.size() > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
        return parse_base(s.substr(2), 16);
    }
    if (s.size() > 1 && s[0] == '0') {
        return parse_base(s.substr(1), 8);
    }
    return parse_base(s, 10);
}

std::optional<std::int64_t> parse_integer(std::string_view s, std::int64_t min, std::int64_t max) {
    s = lang::trim(s);
    const bool negative = !s.empty() && s.front() == '-';
    if (negative) {
        s.remove_prefix(1);
        if (!s.empty() && s.front() == '+') {
            return std::nullopt;
        }
    }
    const auto magnitude = parse_unsigned(s);
    constexpr std::uint64_t kLimit = std::uint64_t{1} << 62U;
    if (!magnitude || *magnitude > kLimit) {
        return std::nullopt;
    }
    const auto v = static_cast<std::int64_t>(*magnitude) * (negative ? -1 : 1);
    return v >= min && v <= max ? std::optional(v) : std::nullopt;
}

std::optional<NumberRange> parse_range(std::string_view s, std::uint64_t max, std::uint64_t gap) {
    s = lang::trim(s);
    if (auto interval = parse_interval(s, max, gap)) {
        return interval;
    }
    NumberRange r;
    for (const Symbol& symbol : kSymbols) {
        if (s.starts_with(symbol.text)) {
            r.op = symbol.op;
            s = lang::trim_left(s.substr(symbol.text.size()));
            break;
        }
    }
    const auto v = parse_decimal(s, max);
    if (!v) {
        return std::nullopt;
    }
    r.lo = *v;
    return r;
}

void put_range(const NumberRange& r, bundle::Item& item) {
    item.op = r.op;
    item.lo = clamp_signed(r.lo);
    item.hi = clamp_signed(r.hi);
    if (r.negated) {
        item.flags |= bundle::kNegated;
    }
}

std::vector<std::string_view> split(std::string_view s, char separator) {
    std::vector<std::string_view> parts;
    while (true) {
        const std::size_t at = s.find(separator);
        parts.push_back(lang::trim(s.substr(0, at)));
        if (at == std::string_view::npos) {
            return parts;
        }
        s.remove_prefix(at + 1);
    }
}

}  // namespace sluice::compile
