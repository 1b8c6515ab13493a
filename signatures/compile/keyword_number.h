// SPDX-License-Identifier: Apache-2.0
// Numbers and number ranges as Suricata's keywords write them. Pure functions; any thread.
#pragma once

#include "signatures/bundle/model.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace sluice::compile {

// Decimal digits only.
std::optional<std::uint64_t> parse_decimal(std::string_view s, std::uint64_t max);

// As strtoll with base 0: sign, 0x and 0 prefixes.
std::optional<std::int64_t> parse_integer(std::string_view s, std::int64_t min, std::int64_t max);

// As strtoull with base 0.
std::optional<std::uint64_t> parse_unsigned(std::string_view s);

struct NumberRange {
    bundle::CompareOp op = bundle::CompareOp::kEq;  // kRange: between the ends, without them
    bool negated = false;                           // of kRange
    std::uint64_t lo = 0;
    std::uint64_t hi = 0;
};

// "5", "=5", "!5", "!=5", "<5", ">=5", "2<>7", "2-7", "!2-7". The ends of a range are at least
// 'gap' apart.
std::optional<NumberRange> parse_range(std::string_view s, std::uint64_t max,
                                       std::uint64_t gap = 2);

void put_range(const NumberRange& r, bundle::Item& item);

// Parts between commas, blanks around them trimmed.
std::vector<std::string_view> split(std::string_view s, char separator);

}  // namespace sluice::compile
