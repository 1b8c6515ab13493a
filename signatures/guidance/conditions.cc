// SPDX-License-Identifier: Apache-2.0
#include "signatures/guidance/conditions.h"

#include "signatures/guidance/condition_writer.h"
#include "signatures/guidance/field.h"
#include "signatures/guidance/operand.h"
#include "signatures/guidance/rule_options.h"
#include "signatures/guidance/text.h"
#include "signatures/lang/text.h"

namespace sluice::guidance {

namespace {

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
            r.options = options_.in_order();
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
        OptionGroup& g = options_.group(base_->sticky, locate.at);
        const bool first = g.chain.empty();
        g.chain.push_back(make_option(locate.at, "content", content_text(literal.bytes)));
        if (!first) {
            g.chain.push_back(make_option(locate.at, "distance", "0"));
        }
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
                out.anchored = options_.located();
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
        const auto fault =
            write_condition(t, target, operand, route_.carrier == Carrier::kTcp, options_);
        if (fault) {
            fail(fault->at, fault->keyword, fault->reason, fault->unsupported);
        }
    }

    static void lower(Operand& operand) {
        for (auto& bytes : operand.choices) {
            for (std::uint8_t& b : bytes) {
                b = static_cast<std::uint8_t>(lang::to_lower(static_cast<char>(b)));
            }
        }
    }

    const Document& document_;
    const Route& route_;
    const std::string& file_;
    std::vector<lang::Problem>& problems_;
    RuleOptions options_;
    const Buffer* base_ = nullptr;
    bool failed_ = false;
};

}  // namespace

ConditionsResult build_conditions(const Document& document, const Route& route,
                                  const std::string& file, std::vector<lang::Problem>& problems) {
    return Builder(document, route, file, problems).run();
}

}  // namespace sluice::guidance
