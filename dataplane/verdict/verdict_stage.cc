// SPDX-License-Identifier: Apache-2.0
#include "dataplane/verdict/verdict_stage.h"

#include "dataplane/verdict/event_fields.h"
#include "dataplane/verdict/reset_builder.h"

#include <algorithm>

namespace sluice::verdict {

namespace {

using abi::EventVerdict;
using packet::Reason;

constexpr std::uint16_t kEthernetHeaderBytes = 14;

bool blocks(bundle::Action a) {
    return a == bundle::Action::kDrop || a == bundle::Action::kReject;
}

EventVerdict verdict_of(bundle::Action a, bool inline_mode, bool has_packet) {
    switch (a) {
        case bundle::Action::kPass:
            return EventVerdict::kPass;
        case bundle::Action::kDrop:
            return inline_mode && has_packet ? EventVerdict::kDrop : EventVerdict::kWouldBlock;
        case bundle::Action::kReject:
            return inline_mode && has_packet ? EventVerdict::kReject : EventVerdict::kWouldBlock;
        case bundle::Action::kAlert:
            break;
    }
    return EventVerdict::kForward;
}

void copy_packet(abi::EventRecord& r, const packet::Packet& p) {
    r.ip_proto = p.ip_proto;
    // Of a packet refused behind its IP header the addresses are known (l4_off), but not inspected.
    r.ip_version = p.ip_version != 0 || p.l4_off == 0 ? p.ip_version : p.src.is_v4() ? 4 : 6;
    r.direction = p.direction;
    r.wall_ns = p.wall.count;
    r.packet_number = p.number;
    r.src = p.src.bytes;
    r.dst = p.dst.bytes;
    r.src_port = p.src_port;
    r.dst_port = p.dst_port;
    r.in_port = p.in_port.value;
    r.icmp_type = p.icmp_type;
    r.icmp_code = p.icmp_code;
    r.vlan_count = p.vlan_count;
    r.vlan = p.vlan;
    r.packet_len = p.len;
}

// At the end of a flow there is no packet: the addresses are the flow's, seen from the direction of
// the match.
void copy_endpoints(abi::EventRecord& r, const flow::Flow& f, Direction d, const Now& now) {
    const bool to_server = d == Direction::kToServer;
    r.ip_proto = f.ip_proto;
    r.ip_version = f.client().is_v4() ? 4 : 6;
    r.direction = d;
    r.wall_ns = now.wall.count;
    r.src = to_server ? f.client().bytes : f.server().bytes;
    r.dst = to_server ? f.server().bytes : f.client().bytes;
    r.src_port = to_server ? f.client_port : f.server_port;
    r.dst_port = to_server ? f.server_port : f.client_port;
}

void copy_dns(abi::EventRecord& r, const app::DnsSummary& dns) {
    static_assert(std::tuple_size_v<decltype(r.data)> >= app::DnsSummary::kRoom);
    r.data_len = dns.size;
    std::copy_n(dns.bytes.begin(), dns.size, r.data.begin());
}

void copy_frame(abi::EventRecord& r, const packet::Packet& p) {
    const Bytes frame = p.frame();
    r.data_len = static_cast<std::uint16_t>(std::min(frame.size(), r.data.size()));
    std::copy_n(frame.begin(), r.data_len, r.data.begin());
    const bool link = p.depth == 0 || p.l3_off != 0;  // what a tunnel carries may be bare IP
    r.link = !link                             ? abi::EventLink::kRawIp
             : p.l3_off < kEthernetHeaderBytes ? abi::EventLink::kPpp
                                               : abi::EventLink::kEthernet;
}

void copy_flow(abi::EventRecord& r, const flow::Flow& f) {
    r.flow_id = f.rest().flow_id;
    r.app = f.app;
    r.flow_start_ns = f.rest().first_seen.count;
    r.flow_bytes = {f.bytes(0), f.bytes(1)};
    r.flow_packets = {f.packets(0), f.packets(1)};
}

}  // namespace

VerdictStage::VerdictStage(const VerdictConfig& config, abi::EventRing& events)
    : config_(config),
      events_(events),
      thresholds_(config.threshold_entries),
      tagger_(config.flow_tag_entries, config.host_tags),
      requests_(config.http_events) {}

void VerdictStage::install(const bundle::Model* model, std::uint64_t version) {
    model_ = model;
    version_ = version;
    tagging_ = config_.packet_events && model != nullptr &&
               std::any_of(model->rules.begin(), model->rules.end(),
                           [](const bundle::Rule& r) { return !r.tags.empty(); });
}

abi::EventRecord VerdictStage::record_of(const Subject& s) const {
    abi::EventRecord r;
    r.snapshot_version = version_;
    if (s.packet != nullptr) {
        copy_packet(r, *s.packet);
    }
    if (s.flow != nullptr) {
        copy_flow(r, *s.flow);
    }
    return r;
}

// Its source is the client, whoever sent the packet.
abi::EventRecord VerdictStage::client_record_of(const Subject& s) const {
    abi::EventRecord r = record_of(s);
    const std::int64_t received = r.wall_ns;
    copy_endpoints(r, *s.flow, Direction::kToServer, s.now);
    if (s.packet != nullptr) {
        r.wall_ns = received;
    }
    return r;
}

void VerdictStage::push(const abi::EventRecord& r, packet::ReasonCounters& reasons) {
    if (!events_.push(r)) {
        packet::count(reasons, Reason::event_ring_full);
    }
}

void VerdictStage::emit(const Subject& s, const detect::Match& m, EventVerdict verdict,
                        packet::ReasonCounters& reasons) {
    ++stats_.alerts;
    if (s.flow != nullptr) {
        s.flow->rest().alerted = true;
    }
    if (!config_.alert_events) {
        return;
    }
    abi::EventRecord r = record_of(s);
    if (s.packet == nullptr && s.flow != nullptr) {
        copy_endpoints(r, *s.flow, m.direction, s.now);
    }
    r.type = abi::EventType::kAlert;
    r.verdict = verdict;
    r.has_rule = true;
    r.rule_index = m.rule;
    r.has_tx = m.has_tx;
    r.tx_id = m.tx_id;
    if (verdict == EventVerdict::kDrop || verdict == EventVerdict::kReject) {
        r.reason = static_cast<std::uint8_t>(s.packet->reason);
    } else if (verdict == EventVerdict::kWouldBlock) {
        r.reason = static_cast<std::uint8_t>(Reason::rule_would_block);
    }
    if (const abi::HttpFields* http = s.https == nullptr ? nullptr : s.https->find(m)) {
        r.http = *http;
    }
    if (s.flow != nullptr && s.flow->app == AppProto::kTls && s.flow->rest().flow_id == tls_flow_) {
        r.tls = tls_;
    }
    if (s.dns != nullptr && m.has_tx && s.dns->tx_id == m.tx_id) {
        copy_dns(r, *s.dns);
    }
    push(r, reasons);
}

template <typename Build>
bool VerdictStage::queue_frame(PortId port, const packet::Packet& packet, Build build) {
    OutFrame* frame = out_.reserve();
    if (frame == nullptr) {
        ++stats_.resets_lost;
        return false;
    }
    const std::size_t n = build(packet, MutableBytes(frame->bytes));
    if (n == 0) {
        return false;
    }
    frame->len = static_cast<std::uint16_t>(n);
    frame->port = port;
    out_.commit();
    ++stats_.resets;
    return true;
}

bool VerdictStage::reset_both(const packet::Packet& p) {
    if (p.depth != 0) {
        return false;  // the way back through the tunnel is not ours to know
    }
    const PortId other{static_cast<std::uint16_t>(p.in_port.value ^ 1U)};
    const bool sender = queue_frame(p.in_port, p, build_reset_to_sender);
    return queue_frame(other, p, build_reset_to_receiver) && sender;
}

void VerdictStage::block(const Subject& s, bundle::Action action, bundle::RejectTo reject_to,
                         packet::ReasonCounters& reasons) {
    const bool reject = action == bundle::Action::kReject;
    if (!config_.inline_mode || s.packet == nullptr) {
        packet::count(reasons, Reason::rule_would_block);
        return;
    }
    packet::Packet& p = *s.packet;
    const bool first =
        !p.dropped() && (s.flow == nullptr || s.flow->verdict != flow::FlowVerdict::kDrop);
    p.drop(reject ? Reason::rule_reject : Reason::rule_drop);
    if (!first) {
        return;
    }
    packet::count(reasons, p.reason);
    if (p.ip_proto == packet::kProtoTcp) {
        block_connection(s, reject || config_.reset_on_drop);
    } else if (reject && p.depth == 0 && reject_to != bundle::RejectTo::kDestination) {
        queue_frame(p.in_port, p, build_unreachable);
    }
}

void VerdictStage::block_connection(const Subject& s, bool reset) {
    if (s.flow != nullptr) {
        // A retransmission would deliver what was just stopped, so a TCP flow is blocked as a
        // whole.
        s.flow->verdict = flow::FlowVerdict::kDrop;
        ++stats_.flows_blocked;
    }
    // Both ends of a TCP connection are told: the one that is left out would retransmit for
    // minutes.
    if (reset && reset_both(*s.packet) && s.flow != nullptr) {
        // No end has the connection any more, so a SYN on its ports begins another one.
        s.flow->closing = (s.flow->closing | flow::kClosingReset) & flow::kClosingBits;
    }
}

void VerdictStage::refuse(const Subject& s, Reason why) {
    if (!config_.inline_mode) {
        return;  // a tap stops nothing, and goes on looking at what its receivers get
    }
    s.packet->drop(why);
    if (s.packet->ip_proto == packet::kProtoTcp) {
        block_connection(s, config_.reset_on_drop);
    }
}

void VerdictStage::judge(const Subject& s, const detect::MatchList& matches,
                         packet::ReasonCounters& reasons) {
    if (matches.size() == 0 || model_ == nullptr) {
        return;
    }
    std::array<detect::Match, detect::MatchList::kCapacity> ordered;
    std::copy(matches.begin(), matches.end(), ordered.begin());
    const auto end = ordered.begin() + static_cast<std::ptrdiff_t>(matches.size());
    std::sort(ordered.begin(), end, [](const auto& a, const auto& b) {
        return a.rule != b.rule ? a.rule < b.rule : a.tx_id < b.tx_id;
    });
    for (auto it = ordered.begin(); it != end; ++it) {
        const bundle::Rule& rule = model_->rules[it->rule];
        if (it->untold) {
            tag(s, *it);
            continue;
        }
        ThresholdSubject subject;
        if (s.packet != nullptr) {
            subject = {s.packet->src, s.packet->dst, 0};
        } else if (s.flow != nullptr) {
            subject = {s.flow->client(), s.flow->server(), 0};
        }
        subject.flow_id = s.flow != nullptr ? s.flow->rest().flow_id : 0;
        const Judgement judged =
            thresholds_.check(rule, subject, s.packet != nullptr ? s.packet->wall : s.now.wall);
        const ThresholdResult result = judged.result;
        if (result == ThresholdResult::kIgnore) {
            ++stats_.suppressed;
            continue;
        }
        tag(s, *it);
        if (judged.action == bundle::Action::kPass) {
            // Not by an ICMP error about it, which anybody may send.
            const bool own =
                s.packet == nullptr || s.flow == nullptr || s.packet->ip_proto == s.flow->ip_proto;
            if (s.flow != nullptr && own) {
                s.flow->verdict = flow::FlowVerdict::kPass;
                ++stats_.flows_passed;
            }
            if (result == ThresholdResult::kAlert && (rule.flow_flags & bundle::kRuleTold) != 0) {
                emit(s, *it, EventVerdict::kPass, reasons);
            }
            return;  // pass ends the judgement: later rules stay quiet
        }
        if (blocks(judged.action)) {
            block(s, judged.action, rule.reject_to, reasons);
        }
        if (result == ThresholdResult::kSilent || (rule.flow_flags & bundle::kRuleNoAlert) != 0) {
            stats_.suppressed += result == ThresholdResult::kSilent ? 1 : 0;
            continue;
        }
        emit(s, *it, verdict_of(judged.action, config_.inline_mode, s.packet != nullptr), reasons);
    }
}

void VerdictStage::tag(const Subject& s, const detect::Match& m) {
    const bundle::Rule& rule = model_->rules[m.rule];
    if (!tagging_ || rule.tags.empty()) [[likely]] {
        return;
    }
    if (s.packet == nullptr && s.flow != nullptr) {
        const bool up = m.direction == Direction::kToServer;
        tagger_.ask(rule, up ? s.flow->client() : s.flow->server(),
                    up ? s.flow->server() : s.flow->client(), nullptr);
    } else if (s.packet != nullptr && s.packet->ip_version != 0) {
        tagger_.ask(rule, s.packet->src, s.packet->dst, s.flow);
    }
}

void VerdictStage::settle_tags(const Now& now) {
    tagger_.settle(now.wall);
    stats_.tags_lost = tagger_.lost();
}

bool VerdictStage::account_tags(const packet::Packet& packet) {
    const bool tagged = tagger_.account(packet);
    stats_.tags_lost = tagger_.lost();
    return tagged;
}

void VerdictStage::report_tagged(const Subject& s, packet::ReasonCounters& reasons) {
    ++stats_.tagged_packets;
    abi::EventRecord r = record_of(s);
    r.type = abi::EventType::kPacket;
    copy_frame(r, *s.packet);
    push(r, reasons);
}

void VerdictStage::report_dns(const Subject& s, packet::ReasonCounters& reasons) {
    abi::EventRecord r = client_record_of(s);
    r.type = abi::EventType::kDns;
    r.tx_id = s.dns->tx_id;
    copy_dns(r, *s.dns);
    push(r, reasons);
}

void VerdictStage::report_http(const Subject& s, Direction direction, std::uint64_t tx_id,
                               bool answered, packet::ReasonCounters& reasons) {
    if (direction == Direction::kToServer && answered) {
        return;
    }
    abi::EventRecord r = client_record_of(s);
    r.type = abi::EventType::kHttp;
    r.has_tx = true;
    r.tx_id = tx_id;
    if (direction == Direction::kToServer) {
        fill(s.http, r.http);
        bool displaced = false;
        abi::EventRecord& place = requests_.place(r.flow_id, tx_id, displaced);
        if (displaced) {
            push(place, reasons);
        }
        place = r;
        return;
    }
    if (const abi::EventRecord* request = requests_.take(r.flow_id, tx_id); request != nullptr) {
        add_response(request->http, s.http, r.http);
    } else {
        fill(s.http, r.http);
    }
    push(r, reasons);
}

void VerdictStage::report_flow(const Subject& s, packet::ReasonCounters& reasons) {
    const flow::Flow& f = *s.flow;
    if (f.app == AppProto::kHttp1) {
        while (const abi::EventRecord* request = requests_.take_any(f.rest().flow_id)) {
            abi::EventRecord r = *request;
            r.packet_number = 0;
            r.wall_ns = s.now.wall.count;
            push(r, reasons);
        }
    }
    if (!config_.flow_events) {
        return;
    }
    abi::EventRecord r = client_record_of(s);
    r.type = abi::EventType::kFlow;
    r.vlan_count = f.vlan != 0 ? 1 : 0;
    r.vlan[0] = f.vlan;
    r.icmp_type = f.rest().icmp_type;
    r.icmp_code = f.rest().icmp_code;
    fill(f, s.now, r.flow);
    push(r, reasons);
}

bool VerdictStage::Told::may_tell(Reason reason, std::uint32_t limit, Nanos now) {
    const std::int64_t this_second = now.count / seconds(1).count;
    if (this_second != second) {
        second = this_second;
        events.fill(0);
    }
    std::uint32_t& told = events[static_cast<std::size_t>(reason)];
    if (told >= limit) {
        return false;
    }
    ++told;
    return true;
}

void VerdictStage::report_anomaly(const Subject& s, Reason reason,
                                  packet::ReasonCounters& reasons) {
    if (!told_anomalies_.may_tell(reason, config_.anomaly_events_per_second, s.now.time)) {
        return;
    }
    abi::EventRecord r = record_of(s);
    r.type = abi::EventType::kAnomaly;
    r.reason = static_cast<std::uint8_t>(reason);
    push(r, reasons);
}

void VerdictStage::report_drop(const Subject& s, packet::ReasonCounters& reasons) {
    if (!told_drops_.may_tell(s.packet->reason, config_.drop_events_per_second, s.now.time)) {
        return;
    }
    abi::EventRecord r = record_of(s);
    r.type = abi::EventType::kDrop;
    r.verdict = EventVerdict::kDrop;
    r.reason = static_cast<std::uint8_t>(s.packet->reason);
    push(r, reasons);
}

void VerdictStage::note_tls(const flow::Flow& flow, const app::TlsSummary& tls) {
    tls_ = fields_of(tls);
    tls_flow_ = flow.rest().flow_id;
}

void VerdictStage::report_tls(const Subject& s, packet::ReasonCounters& reasons) {
    abi::EventRecord r = client_record_of(s);
    r.type = abi::EventType::kTls;
    r.tls = tls_;
    push(r, reasons);
}

}  // namespace sluice::verdict
