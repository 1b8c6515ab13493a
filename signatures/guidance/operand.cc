// SPDX-License-Identifier: Apache-2.0
#include "signatures/guidance/operand.h"

#include "signatures/guidance/field.h"
#include "signatures/guidance/text.h"
#include "signatures/lang/text.h"

#include <array>
#include <charconv>

namespace sluice::guidance {

namespace {

constexpr std::size_t kMaxBytes = 255;
constexpr std::uint32_t kMaxLength = 65535;

struct OpRow {
    std::string_view text;
    Op op;
};

constexpr std::array kOps = {
    OpRow{"==", Op::kEq},     OpRow{"!=", Op::kNe},         OpRow{"<", Op::kLt},
    OpRow{"<=", Op::kLe},     OpRow{">", Op::kGt},          OpRow{">=", Op::kGe},
    OpRow{"in", Op::kIn},     OpRow{"mask", Op::kMask},     OpRow{"contains", Op::kContains},
    OpRow{"pcre", Op::kPcre}, OpRow{"length", Op::kLength}, OpRow{"crc", Op::kCrc}};

struct TypeRow {
    std::string_view text;
    Type type;
};

constexpr std::array kTypes = {TypeRow{"u8", {TypeKind::kInteger, 1, false}},
                               TypeRow{"u16le", {TypeKind::kInteger, 2, true}},
                               TypeRow{"u16be", {TypeKind::kInteger, 2, false}},
                               TypeRow{"u32le", {TypeKind::kInteger, 4, true}},
                               TypeRow{"u32be", {TypeKind::kInteger, 4, false}},
                               TypeRow{"u64le", {TypeKind::kInteger, 8, true}},
                               TypeRow{"u64be", {TypeKind::kInteger, 8, false}},
                               TypeRow{"bytes", {TypeKind::kBytes, 0, false}},
                               TypeRow{"utf8", {TypeKind::kUtf8, 0, false}},
                               TypeRow{"utf16le", {TypeKind::kUtf16, 0, false}},
                               TypeRow{"varint", {TypeKind::kVarint, 0, false}}};

OperandFault bad_value(const Value& v, std::string reason) {
    return OperandFault{v.at, "trigger.value", std::move(reason), false};
}

bool is_order(Op op) {
    return op == Op::kLt || op == Op::kLe || op == Op::kGt || op == Op::kGe;
}

std::optional<std::uint64_t> parse_number(std::string_view s, int base) {
    std::uint64_t v = 0;
    const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), v, base);
    if (s.empty() || error != std::errc() || end != s.data() + s.size()) {
        return std::nullopt;
    }
    return v;
}

bool fits(std::uint64_t v, const Type& type) {
    return type.width == 8 || v >> (8U * type.width) == 0;
}

// TOML's integers end at 2^63 - 1: above, hex text does.
std::optional<std::uint64_t> number_of(const Value& v, const Type& type) {
    std::optional<std::uint64_t> n;
    if (v.kind == Value::Kind::kInteger) {
        n = v.integer;
    } else if (v.kind == Value::Kind::kText && v.text.starts_with("0x")) {
        n = parse_number(std::string_view(v.text).substr(2), 16);
    }
    return n && fits(*n, type) ? n : std::nullopt;
}

std::vector<std::uint8_t> wire_bytes(std::uint64_t v, const Type& type) {
    std::vector<std::uint8_t> out;
    for (unsigned i = 0; i < type.width; ++i) {
        const unsigned shift = type.little ? i : type.width - 1U - i;
        out.push_back(static_cast<std::uint8_t>(v >> (8U * shift)));
    }
    return out;
}

class OperandReader {
  public:
    explicit OperandReader(const Trigger& trigger) : trigger_(trigger) {}

    OperandResult run() {
        read();
        return OperandResult{std::move(out_), std::move(fault_)};
    }

  private:
    void read() {
        const auto op = parse_op(trigger_.op.text);
        if (!op) {
            fault_ = OperandFault{trigger_.op.at, "trigger.op",
                                  "unknown operator '" + trigger_.op.text + "'", false};
            return;
        }
        out_.op = *op;
        const auto type =
            trigger_.type.text.empty() ? std::optional(Type{}) : parse_type(trigger_.type.text);
        if (!type) {
            fault_ = bad_type("unknown type '" + trigger_.type.text + "'");
            return;
        }
        out_.type = *type;
        if (out_.op == Op::kCrc) {
            fault_ = OperandFault{trigger_.op.at, "trigger.op",
                                  "crc: no rule can compute a checksum", true};
        } else if (out_.type.kind == TypeKind::kVarint) {
            fault_ = bad_type("varint: no rule can decode a number of variable length");
            fault_->unsupported = true;
        } else {
            read_value();
        }
    }

    OperandFault bad_type(std::string reason) const {
        return OperandFault{trigger_.type.at, "trigger.type", std::move(reason), false};
    }

    void read_value() {
        const bool integer = out_.type.kind == TypeKind::kInteger;
        if (out_.op == Op::kPcre || out_.op == Op::kLength) {
            if (integer) {
                fault_ = bad_type(trigger_.op.text + " looks at bytes, not at a number");
            } else if (out_.op == Op::kPcre) {
                expression();
            } else {
                length();
            }
        } else if (is_order(out_.op) || out_.op == Op::kMask) {
            if (!integer) {
                fault_ = bad_type("'" + trigger_.op.text + "' needs an integer type");
            } else {
                number();
            }
        } else if (integer && out_.op == Op::kContains) {
            fault_ = bad_type("contains needs bytes, utf8 or utf16le");
        } else {
            choices();
        }
    }

    void expression() {
        const Value& v = trigger_.value;
        if (v.kind != Value::Kind::kText) {
            fault_ = bad_value(v, "an expression is a text");
            return;
        }
        if (std::string reason = regex_fault(v.text); !reason.empty()) {
            fault_ = bad_value(v, std::move(reason));
        }
        out_.expression = v.text;
    }

    void number() {
        const Value& v = trigger_.value;
        if (out_.op == Op::kMask && v.kind == Value::Kind::kMask) {
            out_.number = v.integer;
            out_.equals = v.equals;
            if (v.integer == 0 || !fits(v.integer, out_.type) || (v.equals & ~v.integer) != 0) {
                fault_ = bad_value(
                    v, "mask is not 0 and fits the type; equals has bits of the mask only");
            }
            return;
        }
        const auto n = number_of(v, out_.type);
        if (!n || (out_.op == Op::kMask && *n == 0)) {
            fault_ = bad_value(v, "not a number that fits " + trigger_.type.text);
        }
        out_.number = n.value_or(0);
    }

    void choices() {
        const Value& v = trigger_.value;
        if (out_.op != Op::kIn) {
            choice(v);
            return;
        }
        if (v.kind != Value::Kind::kList) {
            fault_ = bad_value(v, "'in' needs an array of values");
            return;
        }
        for (const Value& item : v.list) {
            choice(item);
        }
    }

    void choice(const Value& v) {
        if (out_.type.kind == TypeKind::kInteger) {
            const auto n = number_of(v, out_.type);
            if (!n) {
                fault_ = bad_value(v, "not a number that fits " + trigger_.type.text);
                return;
            }
            out_.number = *n;
            out_.choices.push_back(wire_bytes(*n, out_.type));
            return;
        }
        if (v.kind != Value::Kind::kText) {
            fault_ = bad_value(v, "a text expected; for a number, give an integer type");
            return;
        }
        bytes(v);
    }

    void bytes(const Value& v) {
        std::vector<std::uint8_t> out;
        if (out_.type.kind == TypeKind::kBytes) {
            LiteralResult literal = parse_literal(v.text);
            if (!literal.fault.empty()) {
                fault_ = bad_value(v, std::move(literal.fault));
            }
            out = std::move(literal.bytes);
        } else {
            out = out_.type.kind == TypeKind::kUtf16 ? utf16le_of(v.text) : bytes_of(v.text);
        }
        if (!fault_ && (out.empty() || out.size() > kMaxBytes)) {
            fault_ = bad_value(v, "1 to 255 bytes expected");
        }
        out_.choices.push_back(std::move(out));
    }

    // 8, ">= 8", "< 8", "8-16"
    void length() {
        const Value& v = trigger_.value;
        if (v.kind == Value::Kind::kInteger) {
            bounds(Op::kEq, v.integer);
            return;
        }
        std::string_view s =
            v.kind == Value::Kind::kText ? std::string_view(v.text) : std::string_view();
        const std::size_t dash = s.find('-');
        if (dash != std::string_view::npos) {
            const auto least = parse_number(lang::trim(s.substr(0, dash)), 10);
            const auto most = parse_number(lang::trim(s.substr(dash + 1)), 10);
            if (least && most && *least <= *most) {
                bounds(Op::kGe, *least);
                bounds(Op::kLe, *most);
                return;
            }
        }
        for (std::size_t width : {std::size_t{2}, std::size_t{1}}) {
            const auto op = parse_op(s.substr(0, width));
            const auto n = parse_number(lang::trim(s.substr(std::min(width, s.size()))), 10);
            if (op && n && (is_order(*op) || *op == Op::kEq)) {
                bounds(*op, *n);
                return;
            }
        }
        fault_ =
            bad_value(v, "a length is a number, or a text such as \">= 8\", \"< 8\" or \"8-16\"");
    }

    void bounds(Op op, std::uint64_t n) {
        const bool impossible = n > kMaxLength || (op == Op::kLt && n == 0);
        if (impossible ||
            (op == Op::kGe && n == 0 && trigger_.value.text.find('-') == std::string::npos)) {
            fault_ = bad_value(trigger_.value, "length is out of range, or always so");
            return;
        }
        const auto v = static_cast<std::uint32_t>(n);
        if (op == Op::kEq || op == Op::kGe || op == Op::kGt) {
            out_.length.least = op == Op::kGt ? v + 1 : v;
        }
        if (op == Op::kEq || op == Op::kLe || op == Op::kLt) {
            out_.length.most = op == Op::kLt ? v - 1 : v;
        }
    }

    const Trigger& trigger_;
    Operand out_;
    std::optional<OperandFault> fault_;
};

}  // namespace

std::optional<Op> parse_op(std::string_view text) {
    for (const OpRow& row : kOps) {
        if (row.text == text) {
            return row.op;
        }
    }
    return std::nullopt;
}

std::optional<Type> parse_type(std::string_view text) {
    for (const TypeRow& row : kTypes) {
        if (row.text == text) {
            return row.type;
        }
    }
    return std::nullopt;
}

OperandResult read_operand(const Trigger& trigger) {
    return OperandReader(trigger).run();
}

}  // namespace sluice::guidance
