// SPDX-License-Identifier: Apache-2.0
#include "signatures/compile/semantic.h"

#include "signatures/compile/app_protocols.h"
#include "signatures/compile/keyword_handlers.h"
#include "signatures/compile/semantic_draft.h"
#include "signatures/compile/semantic_finish.h"
#include "signatures/compile/semantic_network.h"
#include "signatures/compile/semantic_pools.h"
#include "signatures/lang/keywords.h"
#include "signatures/lang/text.h"

#include <string_view>
#include <unordered_map>
#include <utility>

namespace sluice::compile {

std::vector<HandlerRow> all_handler_rows() {
    std::vector<HandlerRow> all;
    for (const auto rows :
         {action_handlers(),   buffer_handlers(),   byte_handlers(),   content_handlers(),
          decode_handlers(),   dns_handlers(),      event_handlers(),  file_handlers(),
          flow_handlers(),     ftp_handlers(),      header_handlers(), math_handlers(),
          metadata_handlers(), packet_handlers(),   pcre_handlers(),   size_handlers(),
          ssh_handlers(),      state_handlers(),    tag_handlers(),    threshold_handlers(),
          tls_handlers(),      transform_handlers()}) {
        all.insert(all.end(), rows.begin(), rows.end());
    }
    return all;
}

namespace {

using Handlers = std::unordered_map<std::string_view, HandlerRow>;

Handlers all_handlers() {
    Handlers out;
    for (const HandlerRow& row : all_handler_rows()) {
        out.emplace(row.keyword, row);
    }
    return out;
}

// ---- header

struct HeaderRow {
    std::string_view name;
    bundle::HeaderProto proto;
    std::uint32_t flags = 0;
};

constexpr HeaderRow kHeaders[] = {
    {"tcp", bundle::HeaderProto::kTcp},
    {"tcp-pkt", bundle::HeaderProto::kTcp},
    {"tcp-stream", bundle::HeaderProto::kTcp},
    {"udp", bundle::HeaderProto::kUdp},
    {"icmp", bundle::HeaderProto::kIcmp},
    {"icmpv4", bundle::HeaderProto::kIcmp, bundle::kRuleIcmp4Only},
    {"icmpv6", bundle::HeaderProto::kIcmp, bundle::kRuleIcmp6Only},
    {"sctp", bundle::HeaderProto::kSctp},
    {"ip", bundle::HeaderProto::kIp},
    {"ipv4", bundle::HeaderProto::kIp, bundle::kRuleIpv4Only},
    {"ip4", bundle::HeaderProto::kIp, bundle::kRuleIpv4Only},
    {"ipv6", bundle::HeaderProto::kIp, bundle::kRuleIpv6Only},
    {"ip6", bundle::HeaderProto::kIp, bundle::kRuleIpv6Only},
};

void read_protocol(RuleDraft& draft) {
    const std::string& name = draft.ast.proto;
    const lang::Protocol* known = lang::find_protocol(name);
    if (known == nullptr) {
        draft.invalid("unknown protocol '" + name + "'");
        return;
    }
    draft.rule.proto = bundle::HeaderProto::kTcp;
    if (const AppProtocol* p = find_app_protocol(name); p != nullptr) {
        draft.app = p->app;
        draft.rule.proto = p->transport;
        return;
    }
    if (known->kind == lang::ProtocolKind::kDecoder) {
        draft.rule.proto = bundle::HeaderProto::kIp;
        return;
    }
    if (known->kind != lang::ProtocolKind::kTransport) {
        draft.foreign_app = known->kind == lang::ProtocolKind::kApp;
        draft.unsupported("protocol " + name + " is not inspected by this version");
        return;
    }
    for (const HeaderRow& row : kHeaders) {
        if (row.name == name) {
            draft.rule.proto = row.proto;
            draft.rule.flow_flags |= row.flags;
        }
    }
    draft.needs_packet = name == "tcp-pkt";
    draft.needs_stream = name == "tcp-stream";
}

void read_action(RuleDraft& draft) {
    bundle::Rule& rule = draft.rule;
    switch (draft.ast.action) {
        case lang::Action::kAlert:
            rule.action = bundle::Action::kAlert;
            return;
        case lang::Action::kDrop:
            rule.action = bundle::Action::kDrop;
            return;
        case lang::Action::kPass:
            rule.action = bundle::Action::kPass;
            return;
        case lang::Action::kReject:
        case lang::Action::kRejectSrc:
            rule.action = bundle::Action::kReject;
            rule.reject_to = bundle::RejectTo::kSource;
            return;
        case lang::Action::kRejectDst:
            rule.action = bundle::Action::kReject;
            rule.reject_to = bundle::RejectTo::kDestination;
            return;
        case lang::Action::kRejectBoth:
            rule.action = bundle::Action::kReject;
            rule.reject_to = bundle::RejectTo::kBoth;
            return;
    }
}

struct Network {
    bundle::AddressExpr src;
    bundle::AddressExpr dst;
    bundle::PortSet src_ports;
    bundle::PortSet dst_ports;
};

// ---- options

bool check_presence(RuleDraft& draft, const lang::Option& o, const lang::Keyword& k) {
    if (k.value == lang::KeywordValue::kRequired && o.value.empty()) {
        draft.invalid(o, "keyword " + o.name + " needs a value");
        return false;
    }
    if (k.value == lang::KeywordValue::kNone && !o.value.empty()) {
        draft.invalid(o, "keyword " + o.name + " takes no value");
        return false;
    }
    return true;
}

// Takes '!' and quotes off as the keyword's row says.
bool prepare(RuleDraft& draft, const HandlerRow& row, Argument& arg) {
    if (row.negatable && arg.value.starts_with('!')) {
        arg.negated = true;
        arg.value = lang::trim_left(arg.value.substr(1));
    }
    const bool quoted = arg.value.starts_with('"');
    if (!quoted) {
        if (row.quotes == Quotes::kMandatory) {
            draft.invalid(arg.option, "value must be in double quotes");
        }
        return row.quotes != Quotes::kMandatory;
    }
    if (row.quotes == Quotes::kForbidden) {
        draft.invalid(arg.option, "value must not be in quotes");
        return false;
    }
    if (arg.value.size() < 3 || !arg.value.ends_with('"')) {
        draft.invalid(arg.option,
                      arg.value == "\"\""
                          ? "value is empty"
                          : "closing quote expected at the end of the value (a ';' in it "
                            "has to be escaped)");
        return false;
    }
    arg.value = arg.value.substr(1, arg.value.size() - 2);
    return true;
}

std::string unsupported_reason(const lang::Option& o, const lang::Keyword& k) {
    std::string reason = "keyword " + o.name + ": ";
    if (!k.protocol.empty() && k.protocol != "http") {
        return reason + "protocol " + std::string(k.protocol) + " is not inspected by this version";
    }
    return reason + "not compiled by this version";
}

void read_foreign(RuleDraft& draft, const lang::Option& o, const lang::Keyword& k) {
    draft.unsupported(o, unsupported_reason(o, k));
    // What follows is about a buffer that this version does not have: read on, to find what is
    // invalid.
    if (k.kind == lang::KeywordClass::kStickyBuffer || k.canonical == "frame") {
        draft.open_sticky(k.canonical, o);
    }
}

void read_option(RuleDraft& draft, const Handlers& handlers, const lang::Option& o) {
    const lang::Keyword* k = lang::find_keyword(o.name);
    if (k == nullptr) {
        draft.invalid(o, "unknown keyword '" + o.name + "'");
        return;
    }
    if (!check_presence(draft, o, *k)) {
        return;
    }
    const auto row = handlers.find(k->canonical);
    if (row == handlers.end()) {
        read_foreign(draft, o, *k);
        return;
    }
    Argument arg{o, *k, o.value, false};
    if (arg.value.empty() || prepare(draft, row->second, arg)) {
        row->second.handler(draft, arg);
    }
}

}  // namespace

struct Semantic::State {
    State(const CompileOptions& o, bundle::Model& model)
        : options(o), network(options), pools(model), handlers(all_handlers()) {}

    Network read_network(RuleDraft& draft);
    bundle::Item commit(const DraftItem& d);
    bundle::TransformStep commit(const DraftTransform& t);
    bundle::Rule commit(const RuleDraft& draft, const Network& where,
                        std::optional<Direction> direction);

    CompileOptions options;
    NetworkReader network;
    Pools pools;
    Handlers handlers;
    PcreVerdicts pcre_verdicts;
};

Network Semantic::State::read_network(RuleDraft& draft) {
    NetworkFault fault;
    Network out;
    const lang::RuleAst& ast = draft.ast;
    out.src = network.addresses(ast.src, fault);
    out.src_ports = fault.reason.empty() ? network.ports(ast.src_ports, fault) : bundle::PortSet();
    out.dst = fault.reason.empty() ? network.addresses(ast.dst, fault) : bundle::AddressExpr();
    out.dst_ports = fault.reason.empty() ? network.ports(ast.dst_ports, fault) : bundle::PortSet();
    if (!fault.reason.empty()) {
        lang::Option at;
        at.line = fault.line;
        at.column = fault.column;
        draft.invalid(at, std::move(fault.reason));
    }
    return out;
}

bundle::Item Semantic::State::commit(const DraftItem& d) {
    bundle::Item item = d.item;
    switch (item.kind) {
        case bundle::ItemKind::kContent:
            item.data = pools.content(d.bytes);
            break;
        case bundle::ItemKind::kPcre:
            item.data = pools.pcre(d.pcre);
            break;
        case bundle::ItemKind::kFlowbits:
        case bundle::ItemKind::kXbits:
        case bundle::ItemKind::kFlowint:
        case bundle::ItemKind::kEvent:
            item.data = pools.bit_names(d.names);
            break;
        case bundle::ItemKind::kIsDataAt:
        case bundle::ItemKind::kByteTest:
        case bundle::ItemKind::kByteJump:
        case bundle::ItemKind::kByteExtract:
        case bundle::ItemKind::kBsize:
        case bundle::ItemKind::kUrilen:
        case bundle::ItemKind::kDsize:
        case bundle::ItemKind::kTtl:
        case bundle::ItemKind::kTcpFlags:
        case bundle::ItemKind::kItype:
        case bundle::ItemKind::kIcode:
        case bundle::ItemKind::kIpProto:
        case bundle::ItemKind::kSameIp:
        case bundle::ItemKind::kIpId:
        case bundle::ItemKind::kTcpAck:
        case bundle::ItemKind::kTcpSeq:
        case bundle::ItemKind::kTcpWindow:
        case bundle::ItemKind::kIcmpId:
        case bundle::ItemKind::kIcmpSeq:
        case bundle::ItemKind::kStreamSize:
        case bundle::ItemKind::kAppProto:
        case bundle::ItemKind::kFragBits:
        case bundle::ItemKind::kFragOffset:
        case bundle::ItemKind::kTos:
        case bundle::ItemKind::kTcpMss:
        case bundle::ItemKind::kByteMath:
        case bundle::ItemKind::kBase64Decode:
        case bundle::ItemKind::kAsn1:
        case bundle::ItemKind::kIpOpts:
        case bundle::ItemKind::kIcmp6Mtu:
        case bundle::ItemKind::kFlowAge:
        case bundle::ItemKind::kChecksum:
            break;
    }
    return item;
}

bundle::TransformStep Semantic::State::commit(const DraftTransform& t) {
    switch (t.kind) {
        case bundle::Transform::kPcreXform:
            return {t.kind, pools.pcre(t.pcre)};
        case bundle::Transform::kXor:
            return {t.kind, pools.content(t.key), static_cast<std::uint32_t>(t.key.size())};
        case bundle::Transform::kDotPrefix:
        case bundle::Transform::kStripWhitespace:
        case bundle::Transform::kCompressWhitespace:
        case bundle::Transform::kToLowercase:
        case bundle::Transform::kToUppercase:
        case bundle::Transform::kUrlDecode:
        case bundle::Transform::kToMd5:
        case bundle::Transform::kToSha1:
        case bundle::Transform::kToSha256:
        case bundle::Transform::kStripPseudoHeaders:
        case bundle::Transform::kHeaderLowercase:
            break;
    }
    return t.kind;
}

bundle::Rule Semantic::State::commit(const RuleDraft& draft, const Network& where,
                                     std::optional<Direction> direction) {
    bundle::Rule rule = draft.rule;
    rule.src = pools.addresses(where.src);
    rule.dst = pools.addresses(where.dst);
    rule.src_ports = pools.ports(where.src_ports);
    rule.dst_ports = pools.ports(where.dst_ports);
    if (direction) {
        rule.flow_flags |=
            *direction == Direction::kToServer ? bundle::kFlowToServer : bundle::kFlowToClient;
    }
    if (!draft.header.empty()) {
        bundle::Engine& engine = rule.engines.emplace_back();
        engine.buffer = BufferId::kPacketHeader;
        for (const DraftItem& d : draft.header) {
            engine.items.push_back(commit(d));
        }
    }
    // The payload first: what users of the model rely on.
    for (const bool payload : {true, false}) {
        for (const DraftBuffer& b : draft.buffers) {
            if ((b.keyword == "pkt_data") != payload) {
                continue;
            }
            bundle::Engine& engine = rule.engines.emplace_back();
            engine.buffer = b.spec->of(direction.value_or(Direction::kToServer));
            for (const DraftTransform& t : b.transforms) {
                engine.transforms.push_back(commit(t));
            }
            for (const DraftItem& d : b.items) {
                engine.items.push_back(commit(d));
            }
        }
    }
    return rule;
}

Semantic::Semantic(const CompileOptions& options, bundle::Model& model)
    : state_(std::make_unique<State>(options, model)) {}

Semantic::~Semantic() = default;

std::vector<bundle::Rule> Semantic::compile(const lang::RuleAst& ast,
                                            std::vector<lang::Problem>& problems) {
    RuleDraft draft(ast, state_->options, state_->pcre_verdicts);
    draft.rule.sid = ast.sid;
    read_action(draft);
    read_protocol(draft);
    const Network where = state_->read_network(draft);
    for (const lang::Option& o : ast.options) {
        if (draft.broken()) {
            break;
        }
        read_option(draft, state_->handlers, o);
    }
    const auto directions = finish(draft);
    std::vector<bundle::Rule> rules;
    if (!draft.fine()) {
        problems.push_back(draft.problem());
        return rules;
    }
    for (const auto direction : directions) {
        rules.push_back(state_->commit(draft, where, direction));
    }
    return rules;
}

}  // namespace sluice::compile
