// SPDX-License-Identifier: Apache-2.0
// A trigger's operator, type and value, checked against each other and turned into bytes and
// numbers. Any thread.
#pragma once

#include "signatures/guidance/document.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::guidance {

enum class Op : std::uint8_t {
    kEq,
    kNe,
    kLt,
    kLe,
    kGt,
    kGe,
    kIn,
    kMask,
    kContains,
    kPcre,
    kLength,
    kCrc
};

std::optional<Op> parse_op(std::string_view text);

enum class TypeKind : std::uint8_t { kNone, kInteger, kBytes, kUtf8, kUtf16, kVarint };

struct Type {
    TypeKind kind = TypeKind::kNone;
    std::uint8_t width = 0;  // kInteger: bytes
    bool little = false;
};

std::optional<Type> parse_type(std::string_view text);

// Inclusive; absent: no bound.
struct LengthBounds {
    std::optional<std::uint32_t> least;
    std::optional<std::uint32_t> most;
};

struct Operand {
    Op op = Op::kEq;
    Type type;
    std::vector<std::vector<std::uint8_t>> choices;  // bytes as on the wire: one, or for "in" all
    std::uint64_t number = 0;                        // comparisons; mask
    std::optional<std::uint64_t> equals;             // mask with { mask, equals }
    std::string expression;                          // pcre
    LengthBounds length;
};

struct OperandFault {
    Place at;
    const char* keyword = "";
    std::string reason;
    bool unsupported = false;
};

struct OperandResult {
    Operand operand;
    std::optional<OperandFault> fault;
};

OperandResult read_operand(const Trigger& trigger);

}  // namespace sluice::guidance
