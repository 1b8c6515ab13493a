// SPDX-License-Identifier: Apache-2.0
#include "signatures/compile/byte_model.h"

#include <array>
#include <cmath>
#include <cstddef>

namespace sluice::compile {
namespace {

#include "signatures/compile/byte_model.inc"

constexpr bool rows_are_whole(const std::array<std::string_view, 257>& model) {
    for (const std::string_view row : model) {
        if (row.size() != 256) {
            return false;
        }
    }
    return true;
}

static_assert(rows_are_whole(kTextModel) && rows_are_whole(kBinaryModel));

// Level of one character of the tables: '#' is 0, '?' and '\\' are not used.
constexpr int level_of(char c) {
    return c - '#' - (c > '?' ? 1 : 0) - (c > '\\' ? 1 : 0);
}

// 2^(-level / 4)
double probability(char c) {
    static const auto kPowers = [] {
        std::array<double, 96> powers{};
        for (std::size_t i = 0; i < powers.size(); ++i) {
            powers[i] = std::exp2(-static_cast<double>(i) / 4.0);
        }
        return powers;
    }();
    return kPowers[static_cast<std::size_t>(level_of(c))];
}

struct Variants {
    std::array<std::uint8_t, 2> byte{};
    std::size_t count = 1;
};

Variants variants_of(char c, bool nocase) {
    Variants v;
    v.byte[0] = static_cast<std::uint8_t>(c);
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (nocase && letter) {
        v.byte[1] = v.byte[0] ^ 0x20U;
        v.count = 2;
    }
    return v;
}

}  // namespace

// Sums over all case variants by carrying one probability per variant of the last byte.
double occurrences_per_byte(std::string_view literal, bool nocase, Traffic traffic) {
    if (literal.empty()) {
        return 1.0;
    }
    const auto& table = traffic == Traffic::kText ? kTextModel : kBinaryModel;
    Variants previous = variants_of(literal[0], nocase);
    std::array<double, 2> sum{};
    for (std::size_t i = 0; i < previous.count; ++i) {
        sum[i] = probability(table[0][previous.byte[i]]);
    }
    for (const char c : literal.substr(1)) {
        const Variants next = variants_of(c, nocase);
        std::array<double, 2> next_sum{};
        for (std::size_t n = 0; n < next.count; ++n) {
            for (std::size_t p = 0; p < previous.count; ++p) {
                const std::string_view row = table[1 + std::size_t{previous.byte[p]}];
                next_sum[n] += sum[p] * probability(row[next.byte[n]]);
            }
        }
        previous = next;
        sum = next_sum;
    }
    return sum[0] + sum[1];
}

}  // namespace sluice::compile
