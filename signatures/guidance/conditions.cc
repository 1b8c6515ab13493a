// SPDX-License-Identifier: Apache-2.0
#include "signatures/guidance/conditions.h"

#include "signatures/guidance/field.h"
#include "signatures/guidance/operand.h"
#include "signatures/guidance/text.h"
#include "signatures/lang/text.h"

#include <algorithm>
#include <bit>

namespace sluice::guidance {

namespace {

constexpr std::uint32_t kMaxPosition = 65535;

// What must stand at a place that hangs on the last located literal and has a fixed length.
struct Pinned {
    std::uint32_t index = 0;
    std::vector<std::uint8_t> bytes;
    Place at;
};

// All options over one buffer. Emitted in this order: 'absolute' do not care what matched before;
// 'chain' finds the literals of the parse path; 'steady' look relative to its end and do not move
// it; each 'pinned' moves it by a known amount.
struct Group {
    std::string_view sticky;
    Place at;
    std::vector<lang::Option> absolute;
    std::vector<lang::Option> chain;
    std::vector<lang::Option> steady;
    std::vector<Pinned> pinned;
};

// Where one trigger looks.
struct Target {
    const Buffer* buffer = nullptr;
    std::string header;  // a line in http.header, by name
    std::uint32_t index = 0;
    bool has_index = false;
    bool anchored = false;  // index counts from the end of the last located literal
};

lang::Option option(Place at, std::string name, std::string value) {
    lang::Option o;
    o.name = std::move(name);
    o.has_value = !value.empty();
    o.value = std::move(value);
    o.line = at.line;
    o.column = at.column;
    o.value_column = at.column;
    return o;
}

std::string repeat(std::uint32_t n) {
    return n == 0 ? std::string() : ".{" + std::to_string(n) + "}";
}

std::string alternatives(const std::vector<std::vector<std::uint8_t>>& choices) {
    std::string out = "(?:";
    for (const auto& bytes : choices) {
        out += (out.size() > 3 ? "|" : "") + regex_text(bytes);
    }
    return out + ")";
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

class Builder {
  public:
    Builder(const Document& document, const Route& route, const std::string& file,
            std::vector<lang::Problem>& problems)
        : document_(document), route_(route), file_(file), problems_(problems) {}

    ConditionsResult run() {
        locate();
        for (const Trigger& t : document_.triggers) {
            trigger(t);
        }
        ConditionsResult r;
        r.complete = !failed_;
        if (!failed_) {
            r.options = emit();
        }
        return r;
    }

  private:
    void fail(Place at, const char* keyword, std::string reason, bool unsupported = false) {
        failed_ = true;
        problems_.push_back(
            lang::Problem{.where = {.file = file_, .line = at.line, .column = at.column},
                          .keyword = keyword,
                          .reason = std::move(reason),
                          .unsupported = unsupported});
    }

    Group& group(std::string_view sticky, Place at) {
        for (Group& g : groups_) {
            if (g.sticky == sticky) {
                return g;
            }
        }
        Group& g = groups_.emplace_back();
        g.sticky = sticky;
        g.at = at;
        return g;
    }

    // Null, and a problem, when these bytes are not on this route.
    const Buffer* usable(const Buffer* buffer, const Text& name, const char* keyword) {
        if (buffer == nullptr) {
            fail(name.at, keyword, "'" + name.text + "' is not a field that this version reads",
                 true);
            return nullptr;
        }
        const bool payload = buffer->sticky.empty();
        if (payload != (route_.carrier != Carrier::kHttp)) {
            fail(name.at, keyword,
                 payload ? "the payload is for protocol tcp or udp; name a field of the protocol"
                         : "'" + name.text + "' is not in this protocol");
            return nullptr;
        }
        if ((buffer->sides & (route_.to_server ? 1U : 2U)) == 0) {
            fail(name.at, keyword,
                 "'" + name.text + "' is not sent " +
                     (route_.to_server ? "to the server" : "to the client"));
            return nullptr;
        }
        return buffer;
    }

    const Buffer* base_named(const Text& name) {
        std::string_view field = name.text;
        if (field == "tcp.payload" || field == "udp.payload") {
            if ((field == "tcp.payload") != (route_.carrier == Carrier::kTcp) ||
                route_.carrier == Carrier::kHttp) {
                fail(name.at, "parse.locate", "'" + name.text + "' is not in this protocol");
                return nullptr;
            }
            field = "payload";
        }
        return usable(find_buffer(field), name, "parse.locate");
    }

    const Buffer* default_base() const {
        if (route_.carrier != Carrier::kHttp) {
            return find_buffer("payload");
        }
        return document_.delivery.kind.text == "file" ? find_buffer("file.data") : nullptr;
    }

    void locate() {
        base_ = default_base();
        for (std::size_t i = 0; i < document_.steps.size(); ++i) {
            const ParseStep& s = document_.steps[i];
            if (s.step != i + 1) {
                fail(s.at, "parse.step", "steps are numbered 1, 2, ... in order");
                return;
            }
            if (!s.locate.text.starts_with("after:")) {
                if (i != 0) {
                    fail(s.locate.at, "parse.locate",
                         "only the first step may name a field; then follows after:LITERAL");
                    return;
                }
                base_ = base_named(s.locate);
            } else {
                after(s.locate);
            }
        }
    }

    void after(const Text& locate) {
        if (base_ == nullptr) {
            if (!failed_) {
                fail(locate.at, "parse.locate", "the first step must name a field");
            }
            return;
        }
        const LiteralResult literal = parse_literal(std::string_view(locate.text).substr(6));
        if (!literal.fault.empty()) {
            fail(locate.at, "parse.locate", literal.fault);
            return;
        }
        Group& g = group(base_->sticky, locate.at);
        const bool first = g.chain.empty();
        g.chain.push_back(option(locate.at, "content", content_text(literal.bytes)));
        if (!first) {
            g.chain.push_back(option(locate.at, "distance", "0"));
        }
    }

    bool located() const {
        return std::any_of(groups_.begin(), groups_.end(),
                           [](const Group& g) { return !g.chain.empty(); });
    }

    bool find_target(const Trigger& t, Target& out) {
        FieldResult parsed = parse_field(t.field.text);
        if (!parsed.fault.empty()) {
            fail(t.field.at, "trigger.field", std::move(parsed.fault));
            return false;
        }
        Field& f = parsed.field;
        out.has_index = f.index.has_value();
        out.index = f.index.value_or(0);
        switch (f.kind) {
            case Field::Kind::kNamed:
                out.buffer = usable(find_buffer(f.name), t.field, "trigger.field");
                break;
            case Field::Kind::kHeader:
                out.buffer = find_header_buffer(f.name, route_.to_server);
                if (out.buffer == nullptr) {
                    out.header = f.name;
                }
                out.buffer = usable(out.buffer == nullptr ? &header_lines() : out.buffer, t.field,
                                    "trigger.field");
                break;
            case Field::Kind::kLocated:
                out.buffer = base_;
                out.anchored = located();
                if (base_ == nullptr && !failed_) {
                    fail(t.field.at, "trigger.field",
                         "'buffer' needs a [[parse]] step that names a field");
                }
                break;
        }
        return out.buffer != nullptr;
    }

    void trigger(const Trigger& t) {
        Target target;
        if (!find_target(t, target)) {
            failed_ = true;
            return;
        }
        OperandResult read = read_operand(t);
        if (read.fault) {
            fail(read.fault->at, read.fault->keyword, read.fault->reason, read.fault->unsupported);
            return;
        }
        Operand& operand = read.operand;
        if (target.buffer->sticky == "http.host") {
            lower(operand);  // the host buffer is in lower case
        }
        const bool text = target.buffer->whole && !target.has_index && !target.anchored;
        if (text && operand.type.kind == TypeKind::kInteger) {
            fail(t.type.at, "trigger.type",
                 "a number needs a place, as in " + t.field.text + "[0]");
        } else if (!target.header.empty()) {
            header_line(t, target, operand);
        } else if (text) {
            whole_field(t, target, operand);
        } else {
            byte_field(t, target, operand);
        }
    }

    static void lower(Operand& operand) {
        for (auto& bytes : operand.choices) {
            for (std::uint8_t& b : bytes) {
                b = static_cast<std::uint8_t>(lang::to_lower(static_cast<char>(b)));
            }
        }
    }

    // A complete value: http.uri, a header with a buffer of its own.
    void whole_field(const Trigger& t, const Target& target, const Operand& o) {
        std::vector<lang::Option>& out = group(target.buffer->sticky, t.field.at).absolute;
        const Place at = t.value.at;
        switch (o.op) {
            case Op::kEq:
                out.push_back(option(at, "content", content_text(o.choices[0])));
                out.push_back(option(at, "bsize", std::to_string(o.choices[0].size())));
                break;
            case Op::kNe:
                out.push_back(
                    option(at, "pcre", pcre_text("^(?!" + regex_text(o.choices[0]) + "\\z)", "")));
                break;
            case Op::kIn:
                out.push_back(
                    option(at, "pcre", pcre_text("^" + alternatives(o.choices) + "\\z", "")));
                break;
            case Op::kContains:
                out.push_back(option(at, "content", content_text(o.choices[0])));
                break;
            case Op::kPcre:
                out.push_back(option(at, "pcre", pcre_text(o.expression, "")));
                break;
            case Op::kLength:
                if (o.length.least == o.length.most) {
                    out.push_back(option(at, "bsize", std::to_string(*o.length.least)));
                    break;
                }
                if (o.length.least.value_or(0) > 0) {
                    out.push_back(option(at, "bsize", ">" + std::to_string(*o.length.least - 1)));
                }
                if (o.length.most) {
                    out.push_back(option(at, "bsize", "<" + std::to_string(*o.length.most + 1)));
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
        std::vector<lang::Option>& out = group(target.buffer->sticky, t.field.at).absolute;
        out.push_back(option(t.field.at, "content", content_text(bytes_of(target.header + ":"))));
        out.push_back(option(t.field.at, "nocase", ""));
        out.push_back(option(t.value.at, "pcre", pcre_text(expression, "m")));
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
        Group& g = group(target.buffer->sticky, t.field.at);
        if (target.anchored) {
            g.pinned.push_back(Pinned{target.index, bytes, t.value.at});
            return;
        }
        g.absolute.push_back(option(t.value.at, "content", content_text(bytes)));
        g.absolute.push_back(option(t.value.at, "offset", std::to_string(target.index)));
        g.absolute.push_back(option(t.value.at, "depth", std::to_string(bytes.size())));
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
        steady(t, target, option(t.value.at, "byte_test", std::move(text)));
    }

    void steady(const Trigger& t, const Target& target, lang::Option o) {
        Group& g = group(target.buffer->sticky, t.field.at);
        (target.anchored ? g.steady : g.absolute).push_back(std::move(o));
    }

    // 'body' at the index, or anywhere from it on. Relative ones are a look-ahead, which leaves the
    // position where it is.
    void look(const Trigger& t, const Target& target, bool floating, const std::string& body) {
        const std::string before = repeat(target.index) + (floating ? ".*?" : "");
        std::string e = (before.empty() ? "" : "(?s:" + before + ")") + body;
        e = target.anchored ? "^(?=" + e + ")" : "^" + e;
        steady(t, target, option(t.value.at, "pcre", pcre_text(e, target.anchored ? "R" : "")));
    }

    void contains(const Trigger& t, const Target& target, const Operand& o) {
        if (target.anchored) {
            look(t, target, true, regex_text(o.choices[0]));
            return;
        }
        Group& g = group(target.buffer->sticky, t.field.at);
        g.absolute.push_back(option(t.value.at, "content", content_text(o.choices[0])));
        if (target.index != 0) {
            g.absolute.push_back(option(t.value.at, "offset", std::to_string(target.index)));
        }
    }

    void expression(const Trigger& t, const Target& target, const Operand& o) {
        if (!target.anchored && target.index == 0) {
            steady(t, target, option(t.value.at, "pcre", pcre_text(o.expression, "")));
        } else if (has_anchor(o.expression)) {
            fail(t.value.at, "trigger.value",
                 "^ and $ mean the ends of the buffer and cannot be used behind an offset", true);
        } else {
            look(t, target, true, "(?:" + o.expression + ")");
        }
    }

    // isdataat: absolute N means "byte N is there", relative N "N more bytes are there".
    void length(const Trigger& t, const Target& target, const Operand& o) {
        if (o.length.most && route_.carrier == Carrier::kTcp) {
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
            steady(t, target, option(t.value.at, "isdataat", std::to_string(least - first) + tail));
        }
        if (o.length.most) {
            steady(t, target,
                   option(t.value.at, "isdataat", "!" + std::to_string(most - first) + tail));
        }
    }

    static void append(std::vector<lang::Option>& to, const std::vector<lang::Option>& from) {
        to.insert(to.end(), from.begin(), from.end());
    }

    std::vector<lang::Option> emit() {
        // The payload is what options mean before the first sticky buffer.
        std::stable_sort(groups_.begin(), groups_.end(), [](const Group& a, const Group& b) {
            return a.sticky.empty() && !b.sticky.empty();
        });
        std::vector<lang::Option> out;
        for (const Group& g : groups_) {
            if (!g.sticky.empty()) {
                out.push_back(option(g.at, std::string(g.sticky), ""));
            }
            append(out, g.absolute);
            append(out, g.chain);
            append(out, g.steady);
            std::int64_t position = 0;
            for (const Pinned& p : g.pinned) {
                out.push_back(option(p.at, "content", content_text(p.bytes)));
                out.push_back(
                    option(p.at, "distance", std::to_string(std::int64_t{p.index} - position)));
                out.push_back(option(p.at, "within", std::to_string(p.bytes.size())));
                position = std::int64_t{p.index} + static_cast<std::int64_t>(p.bytes.size());
            }
        }
        return out;
    }

    const Document& document_;
    const Route& route_;
    const std::string& file_;
    std::vector<lang::Problem>& problems_;
    std::vector<Group> groups_;
    const Buffer* base_ = nullptr;
    bool failed_ = false;
};

}  // namespace

ConditionsResult build_conditions(const Document& document, const Route& route,
                                  const std::string& file, std::vector<lang::Problem>& problems) {
    return Builder(document, route, file, problems).run();
}

}  // namespace sluice::guidance
