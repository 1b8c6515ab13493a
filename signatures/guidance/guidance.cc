// SPDX-License-Identifier: Apache-2.0
#include "signatures/guidance/guidance.h"

#include "signatures/guidance/conditions.h"
#include "signatures/guidance/document.h"
#include "signatures/guidance/rule_options.h"
#include "signatures/guidance/text.h"
#include "signatures/lang/parser.h"

#include <algorithm>
#include <optional>
#include <string>

namespace sluice::guidance {

namespace {

std::optional<Carrier> carrier_named(std::string_view name) {
    if (name == "http") {
        return Carrier::kHttp;
    }
    if (name == "tcp") {
        return Carrier::kTcp;
    }
    if (name == "udp") {
        return Carrier::kUdp;
    }
    return std::nullopt;
}

const char* name_of(Carrier carrier) {
    switch (carrier) {
        case Carrier::kHttp:
            return "http";
        case Carrier::kTcp:
            return "tcp";
        case Carrier::kUdp:
            return "udp";
    }
    return "";
}

lang::Expr any_at(Place at) {
    lang::Expr e;
    e.text = "any";
    e.line = at.line;
    e.column = at.column;
    return e;
}

lang::Expr ports_at(const std::vector<std::uint16_t>& ports, Place at) {
    lang::Expr list = any_at(at);
    if (ports.empty()) {
        return list;
    }
    list.kind = lang::Expr::Kind::kList;
    list.text.clear();
    for (std::uint16_t port : ports) {
        lang::Expr e = any_at(at);
        e.kind = lang::Expr::Kind::kLiteral;
        e.text = std::to_string(port);
        list.items.push_back(e);
    }
    return list.items.size() == 1 ? list.items[0] : list;
}

std::string text_of(const lang::Expr& e) {
    switch (e.kind) {
        case lang::Expr::Kind::kAny:
            return "any";
        case lang::Expr::Kind::kLiteral:
            return e.text;
        case lang::Expr::Kind::kVariable:
            return "$" + e.text;
        case lang::Expr::Kind::kList:
            break;
    }
    std::string out;
    for (const lang::Expr& item : e.items) {
        out += (out.empty() ? "[" : ",") + item.text;  // ports only: no list within the list
    }
    return out + "]";
}

std::string text_of(const lang::RuleAst& rule) {
    std::string out = rule.action == lang::Action::kDrop ? "drop " : "alert ";
    out += rule.proto + " " + text_of(rule.src) + " " + text_of(rule.src_ports) + " -> " +
           text_of(rule.dst) + " " + text_of(rule.dst_ports) + " (";
    for (const lang::Option& o : rule.options) {
        out += o.name;
        if (o.has_value) {
            out += ':';
            for (char c : o.value) {
                out += c == ';' ? "\\;" : std::string(1, c);
            }
        }
        out += "; ";
    }
    out.back() = ')';
    return out;
}

class Compiler {
  public:
    Compiler(const Document& document, const std::string& file, std::uint32_t sid_base)
        : document_(document), file_(file), sid_(sid_base) {}

    void run(GuidanceResult& result) {
        for (const Route& route : routes(result.problems)) {
            ConditionsResult conditions =
                build_conditions(document_, route, file_, result.problems);
            if (conditions.complete) {
                add_rule(rule(route, std::move(conditions.options)), result);
            }
        }
    }

  private:
    std::vector<Route> routes(std::vector<lang::Problem>& problems) const {
        const Delivery& d = document_.delivery;
        const bool is_file = d.kind.text == "file";
        const bool to_client = d.direction.text.empty() ? is_file : d.direction.text != "to_server";
        const bool to_server =
            d.direction.text.empty() ? !is_file : d.direction.text != "to_client";
        std::vector<Route> out;
        for (const Text& name : is_file ? d.carriers : std::vector<Text>{d.protocol}) {
            const auto carrier = carrier_named(name.text);
            if (!carrier || (is_file && *carrier != Carrier::kHttp)) {
                problems.push_back(lang::Problem{
                    .where = {.file = file_, .line = name.at.line, .column = name.at.column},
                    .keyword = is_file ? "delivery.carriers" : "delivery.protocol",
                    .reason = "'" + name.text + "' is not read by this version",
                    .unsupported = true});
                continue;
            }
            if (to_server) {
                out.push_back(Route{*carrier, true});
            }
            if (to_client) {
                out.push_back(Route{*carrier, false});
            }
        }
        return out;
    }

    void add_rule(lang::RuleAst rule, GuidanceResult& result) const {
        const char* fault = nullptr;
        if (result.rules.size() == kMaxRulesPerGuidance) {
            fault = "more carriers than one guidance may have rules";
        } else if (rule.text.size() > lang::kMaxRuleBytes ||
                   rule.options.size() > lang::kMaxOptions) {
            fault = "longer than a rule may be";
        }
        if (fault == nullptr) {
            result.rules.push_back(std::move(rule));
            return;
        }
        result.problems.push_back(lang::Problem{.where = rule.where,
                                                .sid = rule.sid,
                                                .keyword = "trigger",
                                                .reason = fault,
                                                .unsupported = true});
    }

    lang::RuleAst rule(const Route& route, std::vector<lang::Option> conditions) {
        const Place at = document_.delivery.at;
        const Place cve = document_.cve.at;
        lang::RuleAst r;
        r.action = document_.action == "block" ? lang::Action::kDrop : lang::Action::kAlert;
        r.proto = name_of(route.carrier);
        r.src = any_at(at);
        r.dst = any_at(at);
        r.src_ports =
            ports_at(route.to_server ? std::vector<std::uint16_t>{} : document_.delivery.ports, at);
        r.dst_ports =
            ports_at(route.to_server ? document_.delivery.ports : std::vector<std::uint16_t>{}, at);
        r.sid = sid_++;
        r.where = {.file = file_, .line = cve.line, .column = cve.column};
        r.from_guidance = true;
        // Until both ends have spoken a UDP flow is not established, and the first datagram may be
        // the exploit.
        const std::string established = route.carrier == Carrier::kUdp ? "" : "established,";
        r.options.push_back(
            make_option(document_.public_text.at, "msg", message_text(document_.public_text.text)));
        r.options.push_back(
            make_option(at, "flow", established + (route.to_server ? "to_server" : "to_client")));
        r.options.insert(r.options.end(), conditions.begin(), conditions.end());
        r.options.push_back(make_option(cve, "reference", "cve," + document_.cve.text.substr(4)));
        r.options.push_back(make_option(cve, "classtype", "attempted-admin"));
        r.options.push_back(
            make_option(cve, "metadata", "cve " + document_.cve.text + ", source guidance"));
        r.options.push_back(make_option(cve, "sid", std::to_string(r.sid)));
        r.options.push_back(make_option(cve, "rev", std::to_string(document_.revision)));
        r.text = text_of(r);
        return r;
    }

    const Document& document_;
    const std::string& file_;
    std::uint32_t sid_;
};

// The same fault of a trigger shows once per route.
void remove_repeats(std::vector<lang::Problem>& problems) {
    std::vector<lang::Problem> once;
    for (lang::Problem& p : problems) {
        const bool known = std::any_of(once.begin(), once.end(), [&p](const lang::Problem& q) {
            return q.where.line == p.where.line && q.where.column == p.where.column &&
                   q.reason == p.reason;
        });
        if (!known) {
            once.push_back(std::move(p));
        }
    }
    problems = std::move(once);
}

bool malformed(const std::vector<lang::Problem>& problems) {
    return std::any_of(problems.begin(), problems.end(),
                       [](const lang::Problem& p) { return !p.unsupported; });
}

const char* status_of(const GuidanceResult& result, const Document& document) {
    if (result.rules.empty()) {
        return "not-network-detectable";
    }
    return !result.problems.empty() || document.network_detectable == "partial" ? "partial"
                                                                                : "covered";
}

}  // namespace

GuidanceResult compile_guidance(std::string_view toml, const std::string& file,
                                std::uint32_t sid_base) {
    GuidanceResult result;
    const Document document = load_document(toml, file, result.problems);
    result.cve = document.cve.text;
    result.required = document.required;
    if (!result.problems.empty()) {
        return result;  // pending
    }
    if (document.network_detectable == "no") {
        result.status = "not-network-detectable";
        return result;
    }
    if (document.triggers.empty()) {
        result.problems.push_back(lang::Problem{
            .where = {.file = file, .line = document.cve.at.line, .column = document.cve.at.column},
            .keyword = "trigger",
            .reason = "no [[trigger]]: nothing says what an attack looks like",
            .unsupported = true});
        result.status = "insufficient-information";
        return result;
    }
    Compiler(document, file, sid_base).run(result);
    remove_repeats(result.problems);
    if (malformed(result.problems)) {
        result.rules.clear();
        return result;  // pending
    }
    result.status = status_of(result, document);
    return result;
}

}  // namespace sluice::guidance
