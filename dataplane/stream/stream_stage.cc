// SPDX-License-Identifier: Apache-2.0
// What is to be done with a packet. Taking its bytes in is in stream_intake.cc, handing chunks on
// in stream_delivery.cc.
#include "dataplane/stream/stream_stage.h"

#include "dataplane/stream/normalizer.h"

#include <algorithm>

namespace sluice::stream {

using flow::Flow;
using flow::FlowState;
using flow::FlowVerdict;
using flow::kNoIndex;
using flow::TcpHalf;
using packet::ExceptionCause;
using packet::ExceptionPolicy;
using packet::Packet;
using packet::Reason;

StreamStage::StreamStage(const StreamConfig& config)
    : config_(config),
      max_syn_data_flows_(
          std::max<std::size_t>(std::min(config.arena_bytes / kSynDataShare / kMaxSynData,
                                         config.max_streams / kSynDataShare),
                                1)),
      arena_(config.arena_bytes),
      windows_(config, arena_, stats_),
      held_(config, arena_, stats_),
      tracker_(config, stats_) {}

void StreamStage::begin(Packet& p, Now now, packet::ReasonCounters& counters) {
    began_anew_ = false;
    if (work_.flow != nullptr) {
        finish();
    }
    counters_ = &counters;
    if (p.flow == nullptr || p.ip_proto != packet::kProtoTcp || p.dropped()) {
        return;
    }
    Flow& f = *p.flow;
    if (f.verdict != FlowVerdict::kInspect) {
        pass_uninspected(p);
        return;
    }
    if (is_odd(p.tcp, f.tcp_options)) [[unlikely]] {
        const Reason why =
            normalize(p, config_.normalize, config_.inline_mode, f.tcp_options, counters);
        if (why != Reason::none) {
            refuse(p, why);
            return;
        }
    }
    if (tracker_.take_quiet_ack(f, p)) {
        return;
    }
    windows_.set_second(static_cast<std::uint32_t>(now.time.count / 1'000'000'000));
    if (tracker_.is_plain_ack(f, p)) {
        const TcpHalf& o = f.half[index_of(opposite(p.direction))];
        const TcpOutcome outcome = tracker_.track_open(f, p);
        // Nothing more to do unless a hole was acknowledged, or the last byte of a closed
        // connection, or the path may turn out to be one-sided.
        const bool quiet =
            f.state != FlowState::kClosed && (o.seen || f.one_sided) &&
            (!o.acked.after(o.next) || state_of(f, opposite(p.direction)) == nullptr);
        if (outcome.action == TcpAction::kAccept && outcome.reason == Reason::none && quiet) {
            return;
        }
        apply(outcome, p);
        return;
    }
    apply(tracker_.track(f, p), p);
}

void StreamStage::apply(const TcpOutcome& outcome, Packet& p) {
    Flow& f = *p.flow;
    if (outcome.reason != Reason::none && outcome.action != TcpAction::kRefuse) {
        packet::count(*counters_, outcome.reason);
    }
    switch (outcome.action) {
        case TcpAction::kIgnore:
            if (tcp_state(f) == TcpState::kIgnored) {
                ignore_midstream(p, outcome.reason == Reason::tcp_midstream);
            }
            return;
        case TcpAction::kRefuse:
            refuse(p, outcome.reason);
            return;
        case TcpAction::kReset:
            reset(f);
            return;
        case TcpAction::kResync:
            resync(f);
            break;
        case TcpAction::kAccept:
            break;
    }
    forget_refused_syn_data(p);
    work_ = Work{};
    work_.flow = &f;
    work_.packet = &p;
    work_.own_direction = p.direction;
    const TcpHalf& o = f.half[index_of(opposite(p.direction))];
    work_.drain[index_of(opposite(p.direction))] =
        o.acked.after(o.next) && state_of(f, opposite(p.direction)) != nullptr;
    take_segment(p);
}

// Inline such a packet is not forwarded; a tap can only not believe it.
void StreamStage::refuse(Packet& p, Reason why) {
    packet::count(*counters_, why);
    if (config_.inline_mode) {
        p.drop(why);
    }
}

// A tap believes the data of a SYN only once it is acknowledged: the server may have thrown it
// away, and the client sends it again then, perhaps as something else (RFC 7413 section 4.2).
// Inline the first copy is inspected before the server gets it, and a later one may not differ.
void StreamStage::forget_refused_syn_data(const Packet& p) {
    constexpr std::uint8_t kSynAck = packet::kTcpSyn | packet::kTcpAck;
    const TcpHalf& o = p.flow->half[index_of(opposite(p.direction))];
    StreamState* s = state_of(*p.flow, opposite(p.direction));
    if ((p.tcp.flags & kSynAck) == kSynAck && !config_.inline_mode && s != nullptr &&
        o.acked == o.next) {
        held_.clear(*s);
    }
}

// A tap has nothing that it could drop.
ExceptionPolicy StreamStage::policy_for(ExceptionCause cause, const Flow& f) const {
    const ExceptionPolicy policy = config_.exceptions.of(cause, flow::segment_of(f));
    return policy == ExceptionPolicy::kDrop && !config_.inline_mode ? ExceptionPolicy::kPass
                                                                    : policy;
}

// A connection that began before we looked, where these are not inspected.
void StreamStage::ignore_midstream(Packet& p, bool first) {
    const ExceptionPolicy policy =
        first ? policy_for(ExceptionCause::midstream, *p.flow) : ExceptionPolicy::kPass;
    p.except(ExceptionCause::midstream, policy, p.payload_len);
    if (policy == ExceptionPolicy::kDrop) {
        p.flow->verdict = FlowVerdict::kDrop;
        p.drop(Reason::tcp_midstream);
        return;
    }
    if (policy == ExceptionPolicy::kBypass) {
        bypass(*p.flow, ExceptionCause::midstream);
    }
    stats_.bytes_uninspected += p.payload_len;
}

// From here on the flow is trusted (ExceptionPolicy::kBypass).
void StreamStage::bypass(Flow& f, ExceptionCause cause) {
    f.verdict = FlowVerdict::kPass;
    f.exception = static_cast<std::uint8_t>(static_cast<unsigned>(cause) + 1);
    if (counters_ != nullptr) {
        packet::count(*counters_, Reason::exception_bypass);
    }
}

// A flow that is blocked or trusted as a whole: only its end still matters.
void StreamStage::pass_uninspected(Packet& p) {
    Flow& f = *p.flow;
    stats_.bytes_uninspected += f.verdict == FlowVerdict::kPass ? p.payload_len : 0U;
    if ((f.closing & flow::kClosingReset) != 0 ||
        (f.closing & flow::kClosingBothFins) == flow::kClosingBothFins) {
        f.state = FlowState::kClosed;
    }
    if (f.has_stream_state()) {
        release(f);
    }
    f.half[0].broken = f.half[1].broken = true;
}

// What is held never became contiguous: the receiver's application did not get it either.
void StreamStage::reset(Flow& f) {
    work_ = Work{};
    work_.flow = &f;
    for (const std::size_t d : {0U, 1U}) {
        if (const std::uint32_t index = f.stream_state(d); index != kNoIndex) {
            held_.clear(windows_[index]);
        }
    }
    work_.end = {true, true};
}

// Another connection between the same ports: its streams begin at offset 0.
void StreamStage::resync(Flow& f) {
    close_state(f, 0);
    close_state(f, 1);
    began_anew_ = true;
    packet::count(*counters_, Reason::tcp_gap);
    ++stats_.gaps;
}

}  // namespace sluice::stream
