// SPDX-License-Identifier: Apache-2.0
#include "signatures/guidance/condition_writer.h"

#include "signatures/guidance/text.h"

#include <bit>

namespace sluice::guidance {

namespace {

constexpr std::uint32_t kMaxPosition = 65535;

std::string repeat(std::uint32_t n) {
    return n == 0 ? std::string() : ".{" + std::to_string(n) + "}";
}

std::string alternatives(const std::vector<std::vector<std::uint8_t>>& choices) {
    std::string out;
    for (const auto& bytes : choices) {
        out += out.empty() ? "" : "|";
        out += regex_text(bytes);
    }
    return "(?:" + out + ")";
}

const char* order_text(Op op) {
    switch (op) {
        case Op::kLt:
            return "<";
        case Op::kLe:
            return "<=";
        case Op::kGt:
            return ">";
        case Op::kGe:
            return ">=";
        case Op::kNe:
            return "!=";
        case Op::kMask:
            return "&";
        case Op::kEq:
        case Op::kIn:
        case Op::kContains:
        case Op::kPcre:
        case Op::kLength:
        case Op::kCrc:
            return "=";
    }
    return "=";
}

class ConditionWriter {
  public:
    ConditionWriter(bool stream, RuleOptions& out) : stream_(stream), out_(out) {}

    std::optional<OperandFault> run(const Trigger& t, const Target& target, const Operand& o) {
        const bool text = target.buffer->whole && !target.has_index && !target.anchored;
        if (text && o.type.kind == TypeKind::kInteger) {
            fail(t.type.at, "trigger.type",
                 "a number needs a place, as in " + t.field.text + "[0]");
        } else if (!target.header.empty()) {
            header_line(t, target, o);
        } else if (text) {
            whole_field(t, target, o);
        } else {
            byte_field(t, target, o);
        }
        return std::move(fault_);
    }

  private:
    void fail(Place at, const char* keyword, std::string reason, bool unsupported = false) {
        fault_ = OperandFault{at, keyword, std::move(reason), unsupported};
    }

    // A complete value: http.uri, a header with a buffer of its own.
    void whole_field(const Trigger& t, const Target& target, const Operand& o) {
        std::vector<lang::Option>& out = out_.group(target.buffer->sticky, t.field.at).absolute;
        const Place at = t.value.at;
        switch (o.op) {
            case Op::kEq:
                out.push_back(make_option(at, "content", content_text(o.choices[0])));
                out.push_back(make_option(at, "bsize", std::to_string(o.choices[0].size())));
                break;
            case Op::kNe:
                out.push_back(make_option(
                    at, "pcre", pcre_text("^(?!" + regex_text(o.choices[0]) + "\\z)", "")));
                break;
            case Op::kIn:
                out.push_back(
                    make_option(at, "pcre", pcre_text("^" + alternatives(o.choices) + "\\z", "")));
                break;
            case Op::kContains:
                out.push_back(make_option(at, "content", content_text(o.choices[0])));
                break;
            case Op::kPcre:
                out.push_back(make_option(at, "pcre", pcre_text(o.expression, "")));
                break;
            case Op::kLength:
                if (o.length.least == o.length.most) {
                    out.push_back(make_option(at, "bsize", std::to_string(*o.length.least)));
                    break;
                }
                if (o.length.least.value_or(0) > 0) {
                    out.push_back(
                        make_option(at, "bsize", ">" + std::to_string(*o.length.least - 1)));
                }
                if (o.length.most) {
                    out.push_back(
                        make_option(at, "bsize", "<" + std::to_string(*o.length.most + 1)));
                }
                break;
            case Op::kLt:
            case Op::kLe:
            case Op::kGt:
            case Op::kGe:
            case Op::kMask:
            case Op::kCrc:
                break;  // read_operand() lets these pass for integers only
        }
    }

    // A header without a buffer of its own is a line of http.header: "Name: value\r\n".
    void header_line(const Trigger& t, const Target& target, const Operand& o) {
        std::string expression = "^(?i:" + regex_text(bytes_of(target.header)) + "):[ \\t]*+";
        const std::string end = "[ \\t]*+\\r?$";
        switch (o.op) {
            case Op::kEq:
            case Op::kIn:
                expression += alternatives(o.choices) + end;
                break;
            case Op::kNe:
                expression += "(?!" + regex_text(o.choices[0]) + end + ")";
                break;
            case Op::kContains:
                expression += "[^\\r\\n]*?" + regex_text(o.choices[0]);
                break;
            case Op::kPcre:
                if (has_anchor(o.expression)) {
                    fail(t.value.at, "trigger.value",
                         "^ and $ cannot be used in a header without a buffer of its own", true);
                    return;
                }
                expression += "[^\\r\\n]*?(?:" + o.expression + ")";
                break;
            case Op::kLength:
                expression += "[^\\r\\n]{" + std::to_string(o.length.least.value_or(0)) + "," +
                              (o.length.most ? std::to_string(*o.length.most) : "") + "}\\r?$";
                break;
            case Op::kLt:
            case Op::kLe:
            case Op::kGt:
            case Op::kGe:
            case Op::kMask:
            case Op::kCrc:
                break;  // as above
        }
        std::vector<lang::Option>& out = out_.group(target.buffer->sticky, t.field.at).absolute;
        out.push_back(
            make_option(t.field.at, "content", content_text(bytes_of(target.header + ":"))));
        out.push_back(make_option(t.field.at, "nocase", ""));
        out.push_back(make_option(t.value.at, "pcre", pcre_text(expression, "m")));
    }

    // payload[8], buffer[8], http.request_body, ...
    void byte_field(const Trigger& t, const Target& target, const Operand& o) {
        const bool floats = o.op == Op::kContains || o.op == Op::kPcre || o.op == Op::kLength;
        if (!target.has_index && !floats) {
            fail(t.field.at, "trigger.field",
                 "'" + trigger_op(o.op) + "' needs a place, as in " + t.field.text + "[0]");
            return;
        }
        if (o.type.kind == TypeKind::kNone && o.op != Op::kPcre && o.op != Op::kLength) {
            fail(t.at, "trigger.type", "key is missing");
            return;
        }
        const std::size_t size = o.choices.empty() ? o.type.width : o.choices[0].size();
        if (target.index + size > kMaxPosition) {
            fail(t.field.at, "trigger.field", "beyond byte 65535");
            return;
        }
        switch (o.op) {
            case Op::kEq:
                pin(t, target, o.choices[0]);
                break;
            case Op::kLt:
            case Op::kLe:
            case Op::kGt:
            case Op::kGe:
            case Op::kMask:
                compare(t, target, o);
                break;
            case Op::kNe:
                if (o.type.kind == TypeKind::kInteger) {
                    compare(t, target, o);
                } else {
                    look(t, target, false,
                         "(?!" + regex_text(o.choices[0]) +
                             ")(?s:" + repeat(static_cast<std::uint32_t>(size)) + ")");
                }
                break;
            case Op::kIn:
                look(t, target, false, alternatives(o.choices));
                break;
            case Op::kContains:
                contains(t, target, o);
                break;
            case Op::kPcre:
                expression(t, target, o);
                break;
            case Op::kLength:
                length(t, target, o);
                break;
            case Op::kCrc:
                break;  // refused by read_operand()
        }
    }

    static std::string trigger_op(Op op) {
        return op == Op::kEq ? "==" : op == Op::kIn ? "in" : order_text(op);
    }

    void pin(const Trigger& t, const Target& target, const std::vector<std::uint8_t>& bytes) {
        OptionGroup& g = out_.group(target.buffer->sticky, t.field.at);
        if (target.anchored) {
            g.pinned.push_back(Pinned{target.index, bytes, t.value.at});
            return;
        }
        g.absolute.push_back(make_option(t.value.at, "content", content_text(bytes)));
        g.absolute.push_back(make_option(t.value.at, "offset", std::to_string(target.index)));
        g.absolute.push_back(make_option(t.value.at, "depth", std::to_string(bytes.size())));
    }

    // byte_test. A bitmask there shifts the result down to its lowest bit, and so must what it is
    // compared with.
    void compare(const Trigger& t, const Target& target, const Operand& o) {
        const std::uint64_t value = o.equals ? *o.equals >> std::countr_zero(o.number) : o.number;
        std::string text = std::to_string(o.type.width) + "," +
                           (o.equals ? "=" : order_text(o.op)) + "," + std::to_string(value) + "," +
                           std::to_string(target.index);
        text += target.anchored ? ",relative" : "";
        text += o.type.little && o.type.width > 1 ? ",little" : "";
        if (o.equals) {
            constexpr std::string_view kHex = "0123456789abcdef";
            std::string digits;
            for (std::uint64_t m = o.number; m != 0; m >>= 4U) {
                digits.insert(digits.begin(), kHex[m & 15U]);
            }
            text += ",bitmask 0x" + digits;
        }
        steady(t, target, make_option(t.value.at, "byte_test", std::move(text)));
    }

    void steady(const Trigger& t, const Target& target, lang::Option o) {
        OptionGroup& g = out_.group(target.buffer->sticky, t.field.at);
        (target.anchored ? g.steady : g.absolute).push_back(std::move(o));
    }

    // 'body' at the index, or anywhere from it on. Relative ones are a look-ahead, which leaves the
    // position where it is.
    void look(const Trigger& t, const Target& target, bool floating, const std::string& body) {
        const std::string before = repeat(target.index) + (floating ? ".*?" : "");
        std::string e = (before.empty() ? "" : "(?s:" + before + ")") + body;
        e = target.anchored ? "^(?=" + e + ")" : "^" + e;
        steady(t, target,
               make_option(t.value.at, "pcre", pcre_text(e, target.anchored ? "R" : "")));
    }

    void contains(const Trigger& t, const Target& target, const Operand& o) {
        if (target.anchored) {
            look(t, target, true, regex_text(o.choices[0]));
            return;
        }
        OptionGroup& g = out_.group(target.buffer->sticky, t.field.at);
        g.absolute.push_back(make_option(t.value.at, "content", content_text(o.choices[0])));
        if (target.index != 0) {
            g.absolute.push_back(make_option(t.value.at, "offset", std::to_string(target.index)));
        }
    }

    void expression(const Trigger& t, const Target& target, const Operand& o) {
        if (!target.anchored && target.index == 0) {
            steady(t, target, make_option(t.value.at, "pcre", pcre_text(o.expression, "")));
        } else if (has_anchor(o.expression)) {
            fail(t.value.at, "trigger.value",
                 "^ and $ mean the ends of the buffer and cannot be used behind an offset", true);
        } else {
            look(t, target, true, "(?:" + o.expression + ")");
        }
    }

    // isdataat: absolute N means "byte N is there", relative N "N more bytes are there".
    void length(const Trigger& t, const Target& target, const Operand& o) {
        if (o.length.most && stream_) {
            fail(t.value.at, "trigger.value", "a TCP stream has no upper length", true);
            return;
        }
        const std::uint32_t first = target.anchored ? 0 : 1;
        const std::string tail = target.anchored ? ",relative" : "";
        const std::uint32_t least = target.index + o.length.least.value_or(0);
        const std::uint32_t most = target.index + o.length.most.value_or(0) + 1;
        if (least > kMaxPosition || most > kMaxPosition) {
            fail(t.field.at, "trigger.field", "beyond byte 65535");
            return;
        }
        if (o.length.least && least > 0) {
            steady(t, target,
                   make_option(t.value.at, "isdataat", std::to_string(least - first) + tail));
        }
        if (o.length.most) {
            steady(t, target,
                   make_option(t.value.at, "isdataat", "!" + std::to_string(most - first) + tail));
        }
    }

    bool stream_;
    RuleOptions& out_;
    std::optional<OperandFault> fault_;
};

}  // namespace

std::optional<OperandFault> write_condition(const Trigger& trigger, const Target& target,
                                            const Operand& operand, bool stream, RuleOptions& out) {
    return ConditionWriter(stream, out).run(trigger, target, operand);
}

}  // namespace sluice::guidance
