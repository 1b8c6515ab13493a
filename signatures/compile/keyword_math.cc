// SPDX-License-Identifier: Apache-2.0
// byte_math: a number out of the bytes, and a variable made of it.
#include "signatures/compile/keyword_handlers.h"
#include "signatures/compile/keyword_number.h"
#include "signatures/lang/text.h"

#include <array>
#include <string>

namespace sluice::compile {
namespace {

using bundle::ItemKind;
using bundle::MathOp;

constexpr std::int64_t kMaxPosition = 65535;
constexpr std::uint64_t kMaxBytes = 10;  // of digits; a binary number has 8 at most

// Words that have been seen, for "given twice" and "missing".
enum Seen : std::uint32_t {
    kBytes = 1U << 0,
    kOffset = 1U << 1,
    kOper = 1U << 2,
    kRvalue = 1U << 3,
    kResult = 1U << 4,
    kEndian = 1U << 5,
    kString = 1U << 6,
    kBitmask = 1U << 7,
    kRelative = 1U << 8,
    kNeeded = kBytes | kOffset | kOper | kRvalue | kResult,
};

struct Operator {
    std::string_view text;
    MathOp op;
};

constexpr std::array kOperators{
    Operator{"+", MathOp::kAdd},        Operator{"-", MathOp::kSubtract},
    Operator{"*", MathOp::kMultiply},   Operator{"/", MathOp::kDivide},
    Operator{"<<", MathOp::kShiftLeft}, Operator{">>", MathOp::kShiftRight},
};

class MathReader {
  public:
    MathReader(RuleDraft& draft, const Argument& arg) : draft_(draft), arg_(arg) {}

    // False: a problem was left.
    bool read() {
        item_.kind = ItemKind::kByteMath;
        for (const std::string_view part : split(arg_.value, ',')) {
            const std::size_t blank = part.find_first_of(" \t");
            const std::string_view word = part.substr(0, blank);
            const std::string_view value =
                blank == std::string_view::npos ? "" : lang::trim(part.substr(blank));
            if (!take(word, value)) {
                if (!draft_.broken()) {
                    fail("'" + std::string(part) + "' is not understood here");
                }
                return false;
            }
        }
        if ((seen_ & kNeeded) != kNeeded) {
            return fail("bytes, offset, oper, rvalue and result are all needed");
        }
        if ((item_.flags & bundle::kString) == 0 && item_.nbytes > 8) {
            return fail("more than 8 bytes need 'string'");
        }
        return true;
    }

    const bundle::Item& item() const { return item_; }

    bool relative() const { return (item_.flags & bundle::kRelative) != 0; }

    std::string_view result() const { return result_; }

  private:
    bool fail(std::string reason) {
        draft_.invalid(arg_.option, std::move(reason));
        return false;
    }

    bool once(Seen what) {
        const bool fresh = (seen_ & what) == 0;
        seen_ |= what;
        return fresh || fail("an option is given twice");
    }

    bool take(std::string_view word, std::string_view value) {
        if (word == "bytes") {
            const auto n = parse_decimal(value, kMaxBytes);
            item_.nbytes = static_cast<std::uint8_t>(n.value_or(0));
            return once(kBytes) && item_.nbytes != 0;
        }
        if (word == "offset") {
            const auto n = parse_integer(value, -kMaxPosition, kMaxPosition);
            item_.offset = static_cast<std::int32_t>(n.value_or(0));
            return once(kOffset) && n.has_value();
        }
        if (word == "result") {
            result_ = value;
            return once(kResult) && !value.empty();
        }
        if (word == "relative") {
            item_.flags |= bundle::kRelative;
            return once(kRelative) && value.empty();
        }
        return word == "oper"     ? take_operator(value)
               : word == "rvalue" ? take_rvalue(value)
                                  : take_form(word, value);
    }

    bool take_operator(std::string_view value) {
        for (const Operator& row : kOperators) {
            if (row.text == value) {
                item_.hi = static_cast<std::int64_t>(row.op);
                return once(kOper);
            }
        }
        return false;
    }

    bool take_rvalue(std::string_view value) {
        if (const auto n = parse_decimal(value, UINT32_MAX)) {
            item_.lo = static_cast<std::int64_t>(*n);
            return once(kRvalue);
        }
        const auto slot = draft_.find_var(value);
        if (!slot) {
            return fail("unknown variable '" + std::string(value) + "'");
        }
        item_.distance = static_cast<std::int32_t>(*slot);
        item_.flags |= bundle::kDistanceVar;
        return once(kRvalue);
    }

    // How the number is written.
    bool take_form(std::string_view word, std::string_view value) {
        if (word == "endian" && (value == "big" || value == "little")) {
            item_.flags |= value == "little" ? bundle::kLittleEndian : 0U;
            return once(kEndian);
        }
        if (word == "string" && (value == "hex" || value == "dec" || value == "oct")) {
            item_.flags |= bundle::kString;
            item_.base = value == "hex" ? 16 : value == "dec" ? 10 : 8;
            return once(kString);
        }
        if (word != "bitmask") {
            return false;
        }
        if (value.starts_with("0x") || value.starts_with("0X")) {
            value.remove_prefix(2);
        }
        const auto mask = parse_unsigned("0x" + std::string(value));
        item_.mask = mask.value_or(0);
        return once(kBitmask) && mask && *mask <= UINT32_MAX;
    }

    RuleDraft& draft_;
    const Argument& arg_;
    bundle::Item item_;
    std::string_view result_;
    std::uint32_t seen_ = 0;
};

void read_byte_math(RuleDraft& draft, const Argument& arg) {
    MathReader in(draft, arg);
    if (!in.read()) {
        return;
    }
    DraftBuffer* where = nullptr;
    if (draft.sticky() && in.relative() &&
        draft.last(kind_bit(ItemKind::kContent) | kind_bit(ItemKind::kPcre)) == nullptr) {
        draft.invalid(arg.option, "relative needs a content or pcre before it");
        return;
    }
    if (draft.sticky() || !in.relative() || draft.last(kByteKinds, &where) == nullptr) {
        where = &draft.here(arg.option);
    }
    if (draft.find_var(in.result())) {
        draft.unsupported(arg.option,
                          "a variable that is set twice is not compiled by this version");
        return;
    }
    const auto slot = draft.add_var(in.result());
    if (!slot) {
        draft.unsupported(arg.option,
                          "more than " + std::to_string(bundle::kMaxVars) + " variables");
        return;
    }
    DraftItem& d = draft.append(*where, ItemKind::kByteMath, arg.option);
    d.item = in.item();
    d.item.var = *slot;
}

constexpr std::array kRows{
    HandlerRow{"byte_math", read_byte_math},
};

}  // namespace

std::span<const HandlerRow> math_handlers() {
    return kRows;
}

}  // namespace sluice::compile
