// SPDX-License-Identifier: Apache-2.0
#include "dataplane/verdict/verdict_stage.h"

#include "dataplane/verdict/reset_builder.h"

#include <algorithm>

namespace sluice::verdict {

namespace {

using abi::EventVerdict;
using packet::Reason;

template <std::size_t N>
std::uint8_t copy_text(std::array<char, N>& out, Bytes text) {
    static_assert(N <= 255);
    const std::size_t n = std::min(N, text.size());
    if (n != 0) {
        std::memcpy(out.data(), text.data(), n);
    }
    return static_cast<std::uint8_t>(n);
}

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
    r.ip_version = p.ip_version;
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
    r.ip_proto = f.key.ip_proto;
    r.ip_version = f.key.client.is_v4() ? 4 : 6;
    r.direction = d;
    r.wall_ns = now.wall.count;
    r.src = to_server ? f.key.client.bytes : f.key.server.bytes;
    r.dst = to_server ? f.key.server.bytes : f.key.client.bytes;
    r.src_port = to_server ? f.key.client_port : f.key.server_port;
    r.dst_port = to_server ? f.key.server_port : f.key.client_port;
}

void copy_flow(abi::EventRecord& r, const flow::Flow& f) {
    r.flow_id = f.flow_id;
    r.app = f.app;
    r.flow_start_ns = f.first_seen.count;
    r.flow_bytes = f.bytes;
    r.flow_packets = f.packets;
}

// Texts one after the other, each cut to what a certificate or a host can sensibly need.
abi::TlsFields fields_of(const app::TlsSummary& tls) {
    constexpr std::size_t kLongest = 256;
    abi::TlsFields out;
    out.version = tls.version;
    out.has_certificate = !tls.serial.empty() || !tls.fingerprint.empty();
    out.not_before = static_cast<std::int64_t>(tls.not_before);
    out.not_after = static_cast<std::int64_t>(tls.not_after);
    const std::array<Bytes, abi::TlsFields::kTexts> texts = {
        tls.sni,      tls.subject,   tls.issuer, tls.serial,      tls.fingerprint,
        tls.ja3_hash, tls.ja3s_hash, tls.ja4,    tls.ja3s_string, tls.ja3_string};
    std::size_t at = 0;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        const std::size_t n = std::min({texts[i].size(), kLongest, out.text.size() - at});
        std::copy_n(texts[i].begin(), n, out.text.begin() + static_cast<std::ptrdiff_t>(at));
        out.length[i] = static_cast<std::uint16_t>(n);
        at += n;
    }
    return out;
}

}  // namespace

VerdictStage::VerdictStage(const VerdictConfig& config, abi::EventRing& events)
    : config_(config), events_(events), thresholds_(config.threshold_entries) {}

void VerdictStage::install(const bundle::Model* model, std::uint64_t version) {
    model_ = model;
    version_ = version;
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

void VerdictStage::emit(const Subject& s, const detect::Match& m, EventVerdict verdict,
                        packet::ReasonCounters& reasons) {
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
    r.method_len = copy_text(r.method, s.http.method);
    r.url_len = copy_text(r.url, s.http.uri);
    r.host_len = copy_text(r.host, s.http.host);
    r.agent_len = copy_text(r.agent, s.http.user_agent);
    r.http_status = s.http.status;
    if (s.flow != nullptr && s.flow->app == AppProto::kTls && s.flow->flow_id == tls_flow_) {
        r.tls = tls_;
    }
    ++stats_.alerts;
    if (!events_.push(r)) {
        packet::count(reasons, Reason::event_ring_full);
    }
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

void VerdictStage::block(const Subject& s, const bundle::Rule& rule,
                         packet::ReasonCounters& reasons) {
    const bool reject = rule.action == bundle::Action::kReject;
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
    } else if (reject && p.depth == 0 && rule.reject_to != bundle::RejectTo::kDestination) {
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
        s.flow->closing |= flow::kClosingReset;
    }
}

void VerdictStage::refuse(const Subject& s, Reason why) {
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
        ThresholdSubject subject;
        if (s.packet != nullptr) {
            subject = {s.packet->src, s.packet->dst, 0};
        } else if (s.flow != nullptr) {
            subject = {s.flow->key.client, s.flow->key.server, 0};
        }
        subject.flow_id = s.flow != nullptr ? s.flow->flow_id : 0;
        const ThresholdResult result =
            thresholds_.check(rule, subject, s.packet != nullptr ? s.packet->wall : s.now.wall);
        if (result == ThresholdResult::kIgnore) {
            ++stats_.suppressed;
            continue;
        }
        if (rule.action == bundle::Action::kPass) {
            if (s.flow != nullptr) {
                s.flow->verdict = flow::FlowVerdict::kPass;
                ++stats_.flows_passed;
            }
            return;  // pass ends the judgement: later rules stay quiet
        }
        if (blocks(rule.action)) {
            block(s, rule, reasons);
        }
        if (result == ThresholdResult::kSilent || (rule.flow_flags & bundle::kRuleNoAlert) != 0) {
            stats_.suppressed += result == ThresholdResult::kSilent ? 1 : 0;
            continue;
        }
        emit(s, *it, verdict_of(rule.action, config_.inline_mode, s.packet != nullptr), reasons);
    }
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
    if (!events_.push(r)) {
        packet::count(reasons, Reason::event_ring_full);
    }
}

void VerdictStage::report_drop(const Subject& s, packet::ReasonCounters& reasons) {
    if (!told_drops_.may_tell(s.packet->reason, config_.drop_events_per_second, s.now.time)) {
        return;
    }
    abi::EventRecord r = record_of(s);
    r.type = abi::EventType::kDrop;
    r.verdict = EventVerdict::kDrop;
    r.reason = static_cast<std::uint8_t>(s.packet->reason);
    if (!events_.push(r)) {
        packet::count(reasons, Reason::event_ring_full);
    }
}

void VerdictStage::note_tls(const flow::Flow& flow, const app::TlsSummary& tls) {
    tls_ = fields_of(tls);
    tls_flow_ = flow.flow_id;
}

void VerdictStage::report_tls(const Subject& s, packet::ReasonCounters& reasons) {
    abi::EventRecord r = record_of(s);
    const std::int64_t received = r.wall_ns;
    copy_endpoints(r, *s.flow, Direction::kToServer, s.now);
    if (s.packet != nullptr) {
        r.wall_ns = received;
    }
    r.type = abi::EventType::kTls;
    r.tls = tls_;
    if (!events_.push(r)) {
        packet::count(reasons, Reason::event_ring_full);
    }
}

}  // namespace sluice::verdict
