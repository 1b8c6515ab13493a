// SPDX-License-Identifier: Apache-2.0
#include "dataplane/detect/byte_keywords.h"

#include "dataplane/detect/header_items.h"

#include <algorithm>
#include <bit>

namespace sluice::detect {
namespace {

using bundle::Item;

constexpr std::size_t kMaxTextDigits = 23;
constexpr std::size_t kMaxBinaryBytes = 8;
constexpr std::uint64_t kMaxIsDataAt = 100000000;  // Suricata's limit for a value out of a variable

bool has(const Item& item, std::uint32_t flag) {
    return (item.flags & flag) != 0;
}

std::int64_t position(const Item& item, std::int64_t pos, const Vars& vars) {
    const auto slot = static_cast<std::size_t>(item.offset) % vars.size();
    // Only the low 32 bits of a variable serve as an offset, signed.
    const std::int64_t offset =
        has(item, bundle::kOffsetVar)
            ? static_cast<std::int32_t>(static_cast<std::uint32_t>(vars[slot]))
            : item.offset;
    return has(item, bundle::kRelative) ? pos + offset : offset;
}

struct Number {
    StepOutcome outcome = StepOutcome::kFail;
    std::uint64_t value = 0;
    std::int64_t at = 0;    // where it starts
    std::int64_t size = 0;  // bytes it takes
};

StepOutcome out_of_view(const EvalView& view) {
    return view.complete ? StepOutcome::kFail : StepOutcome::kShort;
}

// No length given: as many digits as there are, within the view (Suricata reads on behind it).
void read_open_number(const Item& item, const EvalView& view, Number& n) {
    const std::size_t left =
        n.at < view.end() ? static_cast<std::size_t>(view.end() - n.at) : std::size_t{0};
    const std::size_t length = std::min(left, kMaxTextDigits);
    const TextNumber t = parse_number(view.bytes.last(left).first(length), item.base);
    if (t.used == length && length < kMaxTextDigits && !view.complete) {
        n.outcome = StepOutcome::kShort;  // another digit may follow
        return;
    }
    if (t.used == 0) {
        n.outcome = length < kMaxTextDigits ? out_of_view(view) : StepOutcome::kFail;
        return;
    }
    n.value = t.value;
    n.size = static_cast<std::int64_t>(t.used);
    n.outcome = StepOutcome::kOk;
}

Number read_number(const Item& item, const EvalView& view, std::int64_t pos, const Vars& vars) {
    Number n;
    n.at = position(item, pos, vars);
    const bool text = has(item, bundle::kString);
    const std::uint64_t wanted =
        has(item, bundle::kNbytesVar) ? vars[item.nbytes % vars.size()] : item.nbytes;
    if (wanted > (text ? kMaxTextDigits : kMaxBinaryBytes) || n.at < view.base) {
        return n;
    }
    n.size = static_cast<std::int64_t>(wanted);
    // A relative number must start before the end, even when it has no bytes.
    if (n.at + n.size > view.end() || view.bytes.empty() ||
        (has(item, bundle::kRelative) && n.at >= view.end())) {
        n.outcome = out_of_view(view);
        return n;
    }
    if (text && wanted == 0) {
        read_open_number(item, view, n);
        return n;
    }
    const Bytes raw = view.bytes.subspan(static_cast<std::size_t>(n.at - view.base), wanted);
    if (text) {
        const TextNumber t = parse_number(raw, item.base);
        if (t.used == 0) {
            return n;
        }
        n.value = t.value;
        n.size = static_cast<std::int64_t>(t.used);
    } else {
        const bool little = has(item, bundle::kLittleEndian);
        for (std::size_t i = 0; i < raw.size(); ++i) {
            n.value = (n.value << 8) | raw[little ? raw.size() - 1 - i : i];
        }
    }
    n.outcome = StepOutcome::kOk;
    return n;
}

// Suricata shifts the masked value down by the mask's trailing zeros.
std::uint64_t masked(const Item& item, std::uint64_t v) {
    if (item.mask == 0) {
        return v;
    }
    return (v & item.mask) >> std::countr_zero(item.mask);
}

std::uint64_t aligned(const Item& item, std::uint64_t v) {
    const std::uint64_t unit = has(item, bundle::kAlign4) ? 4 : has(item, bundle::kAlign2) ? 2 : 1;
    return v % unit == 0 ? v : v + (unit - v % unit);
}

bool compare_unsigned(std::uint64_t v, bundle::CompareOp op, std::uint64_t a, std::uint64_t b) {
    using Op = bundle::CompareOp;
    switch (op) {
        case Op::kEq:
            return v == a;
        case Op::kNe:
            return v != a;
        case Op::kLt:
            return v < a;
        case Op::kGt:
            return v > a;
        case Op::kLe:
            return v <= a;
        case Op::kGe:
            return v >= a;
        case Op::kAnd:
            return (v & a) != 0;
        case Op::kOr:
            return (v ^ a) != 0;
        case Op::kNand:
            return (v & a) == 0;
        case Op::kNor:
            return v == a;
        case Op::kRange:
            return v > a && v < b;
        case Op::kRangeInclusive:
            return v >= a && v <= b;
    }
    return false;
}

// 64 bits that wrap around; all bits are gone when shifted by more than there are.
// REQUIRES: b is not 0 for a division
std::uint64_t calculate(std::uint64_t a, bundle::MathOp op, std::uint64_t b) {
    constexpr std::uint64_t kBits = 64;
    switch (op) {
        case bundle::MathOp::kAdd:
            return a + b;
        case bundle::MathOp::kSubtract:
            return a - b;
        case bundle::MathOp::kMultiply:
            return a * b;
        case bundle::MathOp::kDivide:
            return a / b;
        case bundle::MathOp::kShiftLeft:
            return b < kBits ? a << b : 0;
        case bundle::MathOp::kShiftRight:
            return b < kBits ? a >> b : 0;
    }
    return 0;
}

unsigned digit_of(std::uint8_t c) {
    if (c >= '0' && c <= '9') {
        return c - unsigned{'0'};
    }
    const unsigned lower = c | 0x20U;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 255;
}

bool is_blank(std::uint8_t c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

}  // namespace

TextNumber parse_number(Bytes text, unsigned base) {
    std::size_t i = 0;
    while (i < text.size() && is_blank(text[i])) {
        ++i;
    }
    bool minus = false;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) {
        minus = text[i] == '-';
        ++i;
    }
    const bool hex_prefix = i + 2 < text.size() && text[i] == '0' && (text[i + 1] | 0x20U) == 'x' &&
                            digit_of(text[i + 2]) < 16;
    if ((base == 0 || base == 16) && hex_prefix) {
        i += 2;
        base = 16;
    } else if (base == 0) {
        base = i < text.size() && text[i] == '0' ? 8 : 10;
    }
    TextNumber n;
    const std::size_t first = i;
    for (; i < text.size() && digit_of(text[i]) < base; ++i) {
        if (__builtin_mul_overflow(n.value, std::uint64_t{base}, &n.value) ||
            __builtin_add_overflow(n.value, std::uint64_t{digit_of(text[i])}, &n.value)) {
            return {};
        }
    }
    n.used = i == first ? 0 : i;
    n.value = minus ? 0 - n.value : n.value;
    return n;
}

StepOutcome byte_test(const Item& item, const EvalView& view, std::int64_t pos, const Vars& vars) {
    const Number n = read_number(item, view, pos, vars);
    if (n.outcome != StepOutcome::kOk) {
        return n.outcome;
    }
    const std::uint64_t want = has(item, bundle::kValueVar) ? vars[item.var % vars.size()]
                                                            : static_cast<std::uint64_t>(item.lo);
    const bool hit =
        compare_unsigned(masked(item, n.value), item.op, want, static_cast<std::uint64_t>(item.hi));
    return hit != has(item, bundle::kNegated) ? StepOutcome::kOk : StepOutcome::kFail;
}

StepOutcome byte_jump(const Item& item, const EvalView& view, std::int64_t& pos, const Vars& vars) {
    const Number n = read_number(item, view, pos, vars);
    if (n.outcome != StepOutcome::kOk) {
        return n.outcome;
    }
    if (has(item, bundle::kFromEnd) && !view.complete) {
        return StepOutcome::kShort;
    }
    const std::uint64_t jump = aligned(item, masked(item, n.value) * item.multiplier) +
                               static_cast<std::uint64_t>(std::int64_t{item.post_offset});
    const std::int64_t from = has(item, bundle::kFromBeginning) ? 0
                              : has(item, bundle::kFromEnd)     ? view.end()
                                                                : n.at + n.size;
    std::int64_t target = 0;
    if (__builtin_add_overflow(from, static_cast<std::int64_t>(jump), &target)) {
        return StepOutcome::kFail;
    }
    target = target < 0 ? 0 : target;
    if (target >= view.end()) {
        return out_of_view(view);
    }
    pos = target;
    return StepOutcome::kOk;
}

StepOutcome byte_extract(const Item& item, const EvalView& view, std::int64_t& pos, Vars& vars) {
    const Number n = read_number(item, view, pos, vars);
    if (n.outcome != StepOutcome::kOk) {
        return n.outcome;
    }
    vars[item.var % vars.size()] = aligned(item, masked(item, n.value) * item.multiplier);
    pos = n.at + n.size;
    return StepOutcome::kOk;
}

StepOutcome byte_math(const Item& item, const EvalView& view, std::int64_t& pos, Vars& vars) {
    const Number n = read_number(item, view, pos, vars);
    if (n.outcome != StepOutcome::kOk) {
        return n.outcome;
    }
    const std::uint64_t operand = has(item, bundle::kDistanceVar)
                                      ? vars[static_cast<std::size_t>(item.distance) % vars.size()]
                                      : static_cast<std::uint64_t>(item.lo);
    const auto op = static_cast<bundle::MathOp>(item.hi);
    if (op == bundle::MathOp::kDivide && operand == 0) {
        return StepOutcome::kFail;
    }
    vars[item.var % vars.size()] = masked(item, calculate(n.value, op, operand));
    pos = n.at + n.size;
    return StepOutcome::kOk;
}

StepOutcome is_data_at(const Item& item, const EvalView& view, std::int64_t pos, const Vars& vars) {
    std::int64_t offset = item.offset;
    if (has(item, bundle::kOffsetVar)) {
        const std::uint64_t v = vars[static_cast<std::size_t>(item.offset) % vars.size()];
        offset = static_cast<std::int64_t>(v < kMaxIsDataAt ? v : kMaxIsDataAt);
    }
    // Absolute: the byte at 'offset'. Relative: 'offset' bytes after the position.
    const std::int64_t needed = has(item, bundle::kRelative) ? pos + offset : offset + 1;
    const bool there = needed <= view.end();
    if (has(item, bundle::kNegated)) {
        return there ? StepOutcome::kFail : view.complete ? StepOutcome::kOk : StepOutcome::kShort;
    }
    return there ? StepOutcome::kOk : out_of_view(view);
}

StepOutcome buffer_size(const Item& item, const EvalView& view) {
    using Op = bundle::CompareOp;
    const std::int64_t size = view.end();
    const bool hit = compare(size, item.op, item.lo, item.hi) != has(item, bundle::kNegated);
    if (view.complete) {
        return hit ? StepOutcome::kOk : StepOutcome::kFail;
    }
    // The buffer only grows: a lower bound that holds stays, an upper bound that is passed is lost.
    if ((item.op == Op::kGt || item.op == Op::kGe) && !has(item, bundle::kNegated)) {
        return hit ? StepOutcome::kOk : StepOutcome::kShort;
    }
    const std::int64_t limit =
        item.op == Op::kRange || item.op == Op::kRangeInclusive ? item.hi : item.lo;
    const bool bounded = item.op == Op::kEq || item.op == Op::kLt || item.op == Op::kLe ||
                         item.op == Op::kRange || item.op == Op::kRangeInclusive;
    return bounded && !has(item, bundle::kNegated) && size > limit ? StepOutcome::kFail
                                                                   : StepOutcome::kShort;
}

}  // namespace sluice::detect
