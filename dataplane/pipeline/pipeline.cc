// SPDX-License-Identifier: Apache-2.0
#include "dataplane/pipeline/pipeline.h"

#include "dataplane/flow/icmp_error.h"

namespace sluice::pipeline {

namespace {

using packet::ExceptionCause;
using packet::ExceptionPolicy;
using packet::Reason;

// Stages behind stream say by a reason that they had no room; what follows is done here, as the
// bytes were taken in already.
struct LateException {
    Reason reason;
    ExceptionCause cause;
};

constexpr std::array kLate = {
    LateException{Reason::http_store_full, ExceptionCause::app_store},
    LateException{Reason::http_inflate_full, ExceptionCause::app_store},
    LateException{Reason::tls_store_full, ExceptionCause::app_store},
    LateException{Reason::ssh_store_full, ExceptionCause::app_store},
    LateException{Reason::dns_store_full, ExceptionCause::app_store},
    LateException{Reason::smtp_store_full, ExceptionCause::app_store},
    LateException{Reason::ftp_store_full, ExceptionCause::app_store},
    LateException{Reason::detect_state_full, ExceptionCause::detect_state},
};

// Limits that one sender reaches alone, and could reach to hide what follows: no policy lets it by.
constexpr std::array kRefused = {Reason::http_header_limit, Reason::http_inflate_limit};

constexpr packet::ReasonSet late_reasons() {
    packet::ReasonSet set;
    for (const Reason reason : kRefused) {
        set.add(reason);
    }
    for (const LateException& late : kLate) {
        set.add(late.reason);
    }
    return set;
}

// What is worth an event of its own: not normal, and not told otherwise.
constexpr packet::ReasonSet anomalies() {
    packet::ReasonSet set;
    for (std::size_t i = 0; i < packet::kReasonCount; ++i) {
        const auto reason = static_cast<Reason>(i);
        if (packet::info(reason).severity != packet::Severity::kInfo &&
            reason != Reason::rule_would_block && reason != Reason::event_ring_full) {
            set.add(reason);
        }
    }
    return set;
}

flow::FlowConfig flow_config_of(const PipelineConfig& config) {
    flow::FlowConfig out = config.flow;
    out.note_packets = out.note_packets || config.verdict.flow_events;
    return out;
}

constexpr packet::ReasonSet kLateReasons = late_reasons();
constexpr packet::ReasonSet kAnomalies = anomalies();

// What became of the inside became of the packet.
void absorb(packet::Packet& packet, const packet::Packet& inner) {
    if (inner.exception != ExceptionCause::kNone) {
        packet.except(inner.exception, inner.applied, inner.uninspected);
    }
}

}  // namespace

// rx -> decode -> flow -> (per packet) defrag -> stream -> app -> detect -> verdict -> tx.
// Decode and flow run over the whole batch, so that header and flow-entry cache misses overlap. The
// rest runs packet by packet to the end: the next packet of a flow must already see the verdict on
// this one, and its bytes are still in L1.
void Pipeline::process(packet::Batch& batch, const Now& now) {
    decode_.process(batch, reasons_, &watch_);
    flow_.process(batch, now, reasons_);
    reasons_.recent = {};  // of the whole batch; each packet knows its own (Packet::odd)
    for (packet::Packet& packet : batch) {
        detect_.begin_packet();
        inspect(packet, now);
        if (packet.is_fragment || packet.tunnel != packet::Tunnel::kNone) {
            inspect_within(packet, now);
        }
        settle(packet, now);
    }
}

void Pipeline::inspect(packet::Packet& packet, const Now& now) {
    if (packet.dropped()) {
        tell_events(packet, now);
        verdict_.report_drop({&packet, packet.flow, {}, now}, reasons_);  // by decode or flow
        return;
    }
    if (packet.ip_version == 0) {
        tell_events(packet, now);
        ++stats_.not_ip_packets;
        stats_.not_ip_bytes += packet.len;
        return;
    }
    if (packet.flow != nullptr && packet.flow->verdict != flow::FlowVerdict::kInspect) {
        if (packet.flow->verdict == flow::FlowVerdict::kDrop) {
            packet.drop(packet::Reason::flow_dropped);
            packet::count(reasons_, packet::Reason::flow_dropped);
            verdict_.report_drop({&packet, packet.flow, {}, now}, reasons_);
        } else {
            skip_trusted(packet, now);
        }
        return;
    }
    matches_.clear();
    watch_.begin(reasons_);
    if (packet.flow != nullptr && packet.ip_proto == packet::kProtoTcp) {
        const flow::FlowState before = packet.flow->state;
        stream_.begin(packet, now, reasons_);
        packet.opened =
            before == flow::FlowState::kNew && packet.flow->state == flow::FlowState::kEstablished;
        if (stream_.began_anew()) [[unlikely]] {
            app_.restart(*packet.flow);
            detect_.restart(*packet.flow);
        }
        if (stream_.busy()) {
            inspect_chunks(&packet, now);
        }
        if (packet.flow->state != before) {
            flow_.state_changed(*packet.flow);
        }
    }
    if (packet.flow != nullptr && packet.ip_proto == packet::kProtoUdp && packet.payload_len != 0 &&
        app::AppStage::wants_datagrams(*packet.flow)) {
        app_.begin(packet, reasons_);
        detect_.begin_datagram(packet);
        inspect_points(*packet.flow, packet.direction, &packet, now);
    } else if (flow::is_icmp_error(packet)) {
        flow_.relate(packet, reasons_);
    }
    packet.outside_stream = packet.ip_proto == packet::kProtoTcp && !packet.reassembled;
    // What a tap would have refused went on to the receiver: nobody knows what became of it, so it
    // is judged alone.
    if (!packet.dropped() || !config_.inline_mode) {
        detect_.inspect_packet(packet, matches_, reasons_);
    }
    packet.events |= watch_.since(reasons_);
    if (!packet.events.empty()) {
        detect_.inspect_events(packet, matches_, reasons_);
    }
    if (matches_.size() != 0) {
        verdict_.judge({&packet, packet.flow, {}, now, &dns_, &http_}, matches_, reasons_);
        forget_summaries();
    }
    if (detect_.take_undecided()) [[unlikely]] {
        refuse_undecided(packet, now);
    }
    if (!(reasons_.recent & kLateReasons).empty()) [[unlikely]] {
        apply_late_exceptions(packet, now);
    }
    if (packet.dropped()) {
        verdict_.report_drop({&packet, packet.flow, {}, now}, reasons_);
    }
    if (verdict_.tagging() && verdict_.account_tags(packet)) [[unlikely]] {
        verdict_.report_tagged({&packet, packet.flow, {}, now}, reasons_);
    }
}

// A trusted flow ends too, and is accounted for.
void Pipeline::skip_trusted(packet::Packet& packet, const Now& now) {
    if (packet.flow->exception != 0) {
        const auto cause = static_cast<ExceptionCause>(packet.flow->exception - 1);
        packet.except(cause, ExceptionPolicy::kPass, packet.payload_len);
    } else {
        ++stats_.trusted_packets;
        stats_.trusted_bytes += packet.payload_len;
    }
    const flow::FlowState before = packet.flow->state;
    stream_.begin(packet, now, reasons_);
    if (packet.flow->state != before) {
        flow_.state_changed(*packet.flow);
    }
}

void Pipeline::apply_late_exceptions(packet::Packet& packet, const Now& now) {
    flow::Flow* f = packet.flow;
    for (const Reason reason : kRefused) {
        if (reasons_.recent.has(reason) && !packet.dropped()) {
            verdict_.refuse({&packet, f, {}, now}, reason);
        }
    }
    for (const LateException& late : kLate) {
        if (!reasons_.recent.has(late.reason) || packet.dropped() ||
            (f != nullptr && f->verdict != flow::FlowVerdict::kInspect)) {
            continue;
        }
        const ExceptionPolicy policy = config_.exceptions.of(late.cause, packet.segment());
        packet.except(late.cause, policy, 0);
        if (policy == ExceptionPolicy::kDrop) {
            verdict_.refuse({&packet, f, {}, now}, late.reason);
        } else if (policy == ExceptionPolicy::kBypass && f != nullptr) {
            f->verdict = flow::FlowVerdict::kPass;
            f->exception = static_cast<std::uint8_t>(static_cast<unsigned>(late.cause) + 1);
            packet::count(reasons_, Reason::exception_bypass);
        }
    }
    seen_ = seen_ | reasons_.recent;
    reasons_.recent = {};  // what the packet within does is its own
}

// A rule that would drop gave up. Its sender made it do so, and could hide anything behind that.
void Pipeline::refuse_undecided(packet::Packet& packet, const Now& now) {
    const bool open = packet.flow == nullptr || packet.flow->verdict == flow::FlowVerdict::kInspect;
    if (open && !packet.dropped()) {
        verdict_.refuse({&packet, packet.flow, {}, now}, Reason::pcre_limit);
    }
}

// Rules on events alone, for a packet that is inspected no further.
void Pipeline::tell_events(packet::Packet& packet, const Now& now) {
    if (!packet.events.empty()) {
        matches_.clear();
        detect_.inspect_events(packet, matches_, reasons_);
        verdict_.judge({&packet, packet.flow, {}, now}, matches_, reasons_);
        if (verdict_.tagging()) [[unlikely]] {
            verdict_.settle_tags(now);
        }
    }
}

// What the packet carries (the inside of a tunnel), or completes (a datagram in fragments), is
// judged as a packet of its own before the outer one goes on; a loop, not recursion, and bounded.
void Pipeline::inspect_within(packet::Packet& packet, const Now& now) {
    packet::Packet* outer = &packet;
    std::size_t used = 0;
    for (packet::Packet& inner : within_) {
        if ((packet.dropped() && config_.inline_mode) || outer->ip_version == 0) {
            break;
        }
        if (!outer->is_fragment && outer->tunnel == packet::Tunnel::kNone) {
            break;
        }
        inner = {};
        ++used;
        watch_.begin(reasons_);
        const bool found = outer->is_fragment ? put_together(*outer, inner, now)
                                              : decode_.enter(*outer, inner, reasons_);
        packet::Packet& noted = found && !outer->is_fragment ? inner : *outer;
        noted.events = watch_.since(reasons_);
        if (&noted == outer) {
            tell_events(*outer, now);  // the packet itself was judged before
        }
        if (!found) {
            const packet::Packet& refused = outer->is_fragment ? *outer : inner;
            if (refused.dropped()) {
                packet.drop(refused.reason);
                verdict_.report_drop({&packet, packet.flow, {}, now}, reasons_);
            }
            break;
        }
        flow_.process_within(inner, now, reasons_);
        inspect(inner, now);
        if (inner.dropped()) {
            packet.drop(inner.reason);
        }
        outer = &inner;
    }
    for (std::size_t i = 0; i < used; ++i) {
        absorb(packet, within_[i]);
    }
    defrag_.settle(packet.dropped(), now);
}

// False: nothing to inspect yet, or the fragment was dropped.
bool Pipeline::put_together(packet::Packet& fragment, packet::Packet& whole, const Now& now) {
    if (!defrag_.take(fragment, now, reasons_, whole)) {
        return false;
    }
    decode_.decode_one(whole, reasons_);
    if (whole.is_fragment && config_.inline_mode) {  // IPv6: a fragment header behind another
        packet::count(reasons_, packet::Reason::ipv6_ext_limit);
        whole.drop(packet::Reason::ipv6_ext_limit);
    }
    return true;
}

void Pipeline::inspect_chunks(packet::Packet* packet, const Now& now) {
    stream::StreamChunk chunk;
    while (stream_.next(chunk)) {
        // What came before in this very chunk was readable.
        const bool encrypted = chunk.flow->encrypted;
        app_.begin(chunk, reasons_);
        if (encrypted) {
            packet::count(reasons_, packet::Reason::tls_encrypted);
            stats_.encrypted_bytes += chunk.fresh;
            detect_.pass_stream();
        } else {
            detect_.inspect_stream(chunk, packet, matches_, reasons_, app_.plain_body());
        }
        inspect_points(*chunk.flow, chunk.direction, packet, now);
    }
}

void Pipeline::inspect_points(flow::Flow& flow, Direction direction, packet::Packet* packet,
                              const Now& now) {
    app::InspectionPoint point;
    while (next_point(flow, point)) {
        const std::size_t before = matches_.size();
        detect_.inspect_app(point, packet, matches_, reasons_);
        if (matches_.size() != before) {
            http_.note(point.tx_id, app_.summary(flow, direction));
            if (flow.app == AppProto::kDns) {
                dns_.set(point.tx_id, app_.dns_message());
            }
        }
        if (tells_transactions_) {
            report_transaction(point, packet, now);
        }
    }
    if (flow.app == AppProto::kTls) {
        tell_of_tls(flow, packet, now);
    }
}

bool Pipeline::next_point(flow::Flow& flow, app::InspectionPoint& point) {
    const bool shown = app_.next(point);
    if (app_.take_anew()) [[unlikely]] {
        detect_.end_transactions(flow);
    }
    return shown;
}

// What alerts of this packet tell of the handshake, and the handshake's own event.
void Pipeline::tell_of_tls(flow::Flow& flow, packet::Packet* packet, const Now& now) {
    const bool event = config_.verdict.tls_events && app_.take_tls_event(flow);
    if (!event && matches_.size() == 0) {
        return;
    }
    // None when the handshake is long over: what was told of it then still holds.
    if (const app::TlsSummary tls = app_.tls_summary(flow); tls.version != 0) {
        verdict_.note_tls(flow, tls);
    }
    if (event) {
        verdict_.report_tls({packet, &flow, {}, now}, reasons_);
    }
}

void Pipeline::report_transaction(const app::InspectionPoint& point, packet::Packet* packet,
                                  const Now& now) {
    flow::Flow& flow = *point.flow;
    if (config_.verdict.http_events && flow.app == AppProto::kHttp1 && point.tx_end) {
        verdict_.report_http({packet, &flow, app_.summary(flow, point.direction), now},
                             point.direction, point.tx_id, app_.http_answered(flow, point.tx_id),
                             reasons_);
    }
    // A message that cannot be read has only its events to show.
    if (!config_.verdict.dns_events || flow.app != AppProto::kDns || app_.dns_message().empty()) {
        return;
    }
    app::DnsSummary message;
    message.set(point.tx_id, app_.dns_message());
    verdict_.report_dns({packet, &flow, {}, now, &message}, reasons_);
}

void Pipeline::settle(packet::Packet& packet, const Now& now) {
    seen_ = seen_ | reasons_.recent;
    reasons_.recent = {};
    if (config_.verdict.anomaly_events_per_second != 0) {
        tell_anomalies(packet, now);
    }
    seen_ = {};
    ++stats_.packets;
    stats_.bytes += packet.len;
    if (!config_.inline_mode && packet.dropped()) {
        packet.verdict =
            packet::Verdict::kForward;  // a tap only tells; the reason stays on the packet
    }
    ++(packet.dropped() ? stats_.dropped : stats_.forwarded);
    if (packet.exception != ExceptionCause::kNone) [[unlikely]] {
        count_exception(packet);
    }
}

void Pipeline::count_exception(const packet::Packet& packet) {
    packet::ExceptionCount& c = exceptions_[static_cast<std::size_t>(packet.exception)];
    c.flows += packet.applied == ExceptionPolicy::kBypass ? 1U : 0U;
    if (packet.dropped()) {
        c.dropped += packet.applied == ExceptionPolicy::kDrop ? 1U : 0U;
        return;
    }
    ++c.packets;
    c.bytes += packet.uninspected;
}

// Of packets that go on; a drop has its own event.
void Pipeline::tell_anomalies(packet::Packet& packet, const Now& now) {
    if (packet.odd != Reason::none) {
        seen_.add(packet.odd);
    }
    const packet::ReasonSet odd = seen_ & kAnomalies;
    if (odd.empty() || packet.dropped()) [[likely]] {
        return;
    }
    for (std::size_t i = 0; i < packet::kReasonCount; ++i) {
        if (odd.has(static_cast<Reason>(i))) {
            verdict_.report_anomaly({&packet, packet.flow, {}, now}, static_cast<Reason>(i),
                                    reasons_);
        }
    }
}

Uninspected Pipeline::uninspected() const {
    Uninspected sum{stats_.trusted_packets + stats_.not_ip_packets,
                    stats_.trusted_bytes + stats_.not_ip_bytes};
    for (const packet::ExceptionCount& c : exceptions()) {
        sum.packets += c.packets;
        sum.bytes += c.bytes;
    }
    return sum;
}

packet::ExceptionCounters Pipeline::exceptions() const {
    packet::ExceptionCounters all = exceptions_;
    all[static_cast<std::size_t>(ExceptionCause::window_full)].bytes +=
        stream_.stats().bytes_uninspected_late;
    return all;
}

void Pipeline::flow_ended(flow::Flow& flow, Now now) {
    matches_.clear();
    if (flow.verdict == flow::FlowVerdict::kInspect && flow.ip_proto == packet::kProtoTcp) {
        detect_.begin_packet();
        for (const Direction d : {Direction::kToServer, Direction::kToClient}) {
            stream_.end_flow(flow, d);
            inspect_chunks(nullptr, now);
        }
        verdict_.judge({nullptr, &flow, {}, now, &dns_, &http_}, matches_, reasons_);
        forget_summaries();
    }
    if (tells_flows_) {
        verdict_.report_flow({nullptr, &flow, {}, now}, reasons_);
    }
    if (verdict_.tagging()) [[unlikely]] {
        verdict_.settle_tags(now);
        verdict_.forget(flow);
    }
    (void)detect_.take_undecided();  // there is nothing left to refuse
    detect_.release(flow);
    app_.release(flow);
    stream_.release(flow);
}

Pipeline::Pipeline(const PipelineConfig& config, abi::EventRing& events)
    : config_(config),
      decode_(config.decode),
      defrag_(config.defrag),
      flow_(flow_config_of(config), *this),
      stream_(config.stream),
      app_(config.app),
      detect_(config.detect),
      verdict_(config.verdict, events),
      tells_transactions_(config.verdict.dns_events || config.verdict.http_events),
      tells_flows_(config.verdict.flow_events || config.verdict.http_events) {}

void Pipeline::install(const detect::Ruleset& ruleset, detect::WorkerScratch& scratch) {
    detect_.install(&ruleset, &scratch);
    verdict_.install(&ruleset.model(), ruleset.version());
    watch_.watch(ruleset.watched());
}

void Pipeline::expire(const Now& now, std::size_t budget) {
    flow_.expire(now, budget);
    defrag_.expire(now, budget, reasons_);
}

void Pipeline::end_all(const Now& now) {
    flow_.end_all(now);
}

}  // namespace sluice::pipeline
