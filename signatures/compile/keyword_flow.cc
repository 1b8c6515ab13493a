// SPDX-License-Identifier: Apache-2.0
// What is known of the flow: flow, flowbits, app-layer-protocol, flow.age, noalert.
#include "signatures/compile/app_protocols.h"
#include "signatures/compile/keyword_handlers.h"
#include "signatures/compile/keyword_number.h"
#include "signatures/lang/text.h"

#include <array>
#include <string>

namespace sluice::compile {
namespace {

using bundle::FlowbitOp;
using bundle::ItemKind;

struct FlowWord {
    std::string_view word;
    std::uint32_t flag;
    std::uint32_t excludes;  // flags that cannot be together with it; its own: given twice
};

constexpr std::uint32_t kDirections = bundle::kFlowToServer | bundle::kFlowToClient;
constexpr std::uint32_t kStates =
    bundle::kFlowEstablished | bundle::kFlowNotEstablished | bundle::kFlowStateless;
constexpr std::uint32_t kViews = bundle::kFlowOnlyStream | bundle::kFlowNoStream;

constexpr std::array kFlowWords{
    FlowWord{"to_server", bundle::kFlowToServer, kDirections},
    FlowWord{"from_client", bundle::kFlowToServer, kDirections},
    FlowWord{"to_client", bundle::kFlowToClient, kDirections},
    FlowWord{"from_server", bundle::kFlowToClient, kDirections},
    FlowWord{"established", bundle::kFlowEstablished, kStates},
    FlowWord{"not_established", bundle::kFlowNotEstablished, kStates},
    FlowWord{"stateless", bundle::kFlowStateless, kStates},
    FlowWord{"only_stream", bundle::kFlowOnlyStream, kViews},
    FlowWord{"no_stream", bundle::kFlowNoStream, kViews},
};

bool add_flow_word(RuleDraft& draft, const Argument& arg, std::string_view word) {
    if (lang::equal_nocase(word, "no_frag") || lang::equal_nocase(word, "only_frag")) {
        draft.unsupported(arg.option,
                          "flow:" + std::string(word) + " is not compiled by this version");
        return true;
    }
    for (const FlowWord& row : kFlowWords) {
        if (!lang::equal_nocase(row.word, word)) {
            continue;
        }
        if ((draft.rule.flow_flags & row.excludes) != 0) {
            draft.invalid(arg.option,
                          "'" + std::string(word) + "' contradicts or repeats what is before it");
            return false;
        }
        draft.rule.flow_flags |= row.flag;
        return true;
    }
    draft.invalid(arg.option, "unknown option '" + std::string(word) + "'");
    return false;
}

void read_flow(RuleDraft& draft, const Argument& arg) {
    const auto words = split(arg.value, ',');
    if (draft.has_flow) {
        // Suricata takes some pairs and refuses others.
        draft.unsupported(arg.option, "flow is given twice");
        return;
    }
    draft.has_flow = true;
    if (words.size() > 3) {
        draft.invalid(arg.option, "more than three options");
        return;
    }
    for (const std::string_view word : words) {
        if (!add_flow_word(draft, arg, word)) {
            return;
        }
    }
    draft.needs_stream =
        draft.needs_stream || (draft.rule.flow_flags & bundle::kFlowOnlyStream) != 0;
    draft.needs_packet = draft.needs_packet || (draft.rule.flow_flags & bundle::kFlowNoStream) != 0;
}

struct BitCommand {
    std::string_view word;
    FlowbitOp op;
};

constexpr std::array kBitCommands{
    BitCommand{"set", FlowbitOp::kSet},       BitCommand{"unset", FlowbitOp::kUnset},
    BitCommand{"isset", FlowbitOp::kIsSet},   BitCommand{"isnotset", FlowbitOp::kIsNotSet},
    BitCommand{"toggle", FlowbitOp::kToggle},
};

void put_bits(RuleDraft& draft, const Argument& arg, FlowbitOp op, std::string_view names) {
    DraftItem& d = draft.append_header(ItemKind::kFlowbits, arg.option);
    d.item.op = static_cast<bundle::CompareOp>(op);
    for (const std::string_view name : split(names, '|')) {
        if (name.empty() || name.find_first_of(" \t") != std::string_view::npos) {
            draft.invalid(arg.option, "'" + std::string(names) + "' is not a flowbit name");
            return;
        }
        d.names.emplace_back(name);
    }
    d.item.data_len = static_cast<std::uint32_t>(d.names.size());
    const bool tests = op == FlowbitOp::kIsSet || op == FlowbitOp::kIsNotSet;
    if (!tests && d.names.size() > 1) {
        draft.unsupported(arg.option, "a list of names works with isset and isnotset only");
    }
}

void read_flowbits(RuleDraft& draft, const Argument& arg) {
    const std::size_t comma = arg.value.find(',');
    const std::string_view command = arg.value.substr(0, comma);
    if (comma == std::string_view::npos) {
        if (command != "noalert") {
            draft.invalid(arg.option, "command and name expected");
            return;
        }
        draft.rule.flow_flags |= bundle::kRuleNoAlert;
        return;
    }
    for (const BitCommand& row : kBitCommands) {
        if (row.word == command) {
            put_bits(draft, arg, row.op, lang::trim(arg.value.substr(comma + 1)));
            return;
        }
    }
    draft.invalid(arg.option, "unknown command '" + std::string(command) + "'");
}

void read_app_protocol(RuleDraft& draft, const Argument& arg) {
    std::string_view name = arg.value;
    const bool negated = name.starts_with('!');
    if (negated) {
        name.remove_prefix(1);
    }
    const lang::Protocol* p = lang::find_protocol(lang::lower(name));
    const bool failed = lang::equal_nocase(name, "failed");
    if (!failed && (p == nullptr || p->kind != lang::ProtocolKind::kApp)) {
        draft.invalid(arg.option, "unknown application protocol '" + std::string(name) + "'");
        return;
    }
    if (draft.app != AppProto::kUnknown || draft.foreign_app) {
        draft.invalid(arg.option, "the rule names its application protocol already");
        return;
    }
    const AppProtocol* app = failed ? nullptr : find_app_protocol(p->name);
    if (!failed && app == nullptr) {
        draft.unsupported(
            arg.option, "protocol " + std::string(p->name) + " is not recognised by this version");
        return;
    }
    bundle::Item& item = draft.append_header(ItemKind::kAppProto, arg.option).item;
    item.lo = static_cast<std::int64_t>(failed ? AppProto::kNone : app->app);
    item.flags = negated ? bundle::kNegated : 0U;
}

void read_noalert(RuleDraft& draft, const Argument&) {
    draft.rule.flow_flags |= bundle::kRuleNoAlert;
}

// Undoes a noalert before it; has the matches of a pass rule told.
void read_alert(RuleDraft& draft, const Argument& arg) {
    if (draft.rule.action == bundle::Action::kPass) {
        draft.rule.flow_flags |= bundle::kRuleTold;
        return;
    }
    if ((draft.rule.flow_flags & bundle::kRuleNoAlert) == 0) {
        draft.invalid(arg.option, "alert only undoes a noalert before it");
        return;
    }
    draft.rule.flow_flags &= ~std::uint32_t{bundle::kRuleNoAlert};
}

void read_flow_age(RuleDraft& draft, const Argument& arg) {
    const auto range = parse_range(arg.value, UINT32_MAX);
    if (!range) {
        draft.invalid(arg.option, "seconds or a range of seconds expected");
        return;
    }
    put_range(*range, draft.append_header(ItemKind::kFlowAge, arg.option).item);
}

constexpr std::array kRows{
    HandlerRow{"alert", read_alert},
    HandlerRow{"app-layer-protocol", read_app_protocol, Quotes::kOptional},
    HandlerRow{"flow", read_flow},
    HandlerRow{"flow.age", read_flow_age},
    HandlerRow{"flowbits", read_flowbits},
    HandlerRow{"noalert", read_noalert},
};

}  // namespace

std::span<const HandlerRow> flow_handlers() {
    return kRows;
}

}  // namespace sluice::compile
