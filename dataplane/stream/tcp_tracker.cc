// SPDX-License-Identifier: Apache-2.0
#include "dataplane/stream/tcp_tracker.h"

#include "dataplane/stream/tcp_half.h"

namespace sluice::stream {

using flow::Flow;
using flow::FlowState;
using flow::TcpHalf;
using packet::Packet;
using packet::Reason;

namespace {

void set_state(Flow& f, TcpState s) {
    f.tcp_state = static_cast<std::uint8_t>(s) & 7U;
}

TcpOutcome noting_data(TcpOutcome outcome, const Packet& p, Reason reason) {
    if (p.payload_len != 0 && outcome.reason == Reason::none) {
        outcome.reason = reason;
    }
    return outcome;
}

}  // namespace

TcpOutcome TcpTracker::track(Flow& f, const Packet& p) {
    const std::uint8_t flags = p.tcp.flags;
    if ((flags & packet::kTcpRst) != 0) {
        return noting_data(on_reset(f, p), p, Reason::tcp_rst_data);
    }
    if (tcp_state(f) == TcpState::kIgnored) {
        return on_ignored(f);
    }
    if ((flags & packet::kTcpSyn) != 0) {
        const bool answer = (flags & packet::kTcpAck) != 0;
        return noting_data(answer ? on_syn_ack(f, p) : on_syn(f, p), p, Reason::tcp_syn_data);
    }
    if ((flags & packet::kTcpAck) == 0) {
        // RFC 9293 section 3.10.7.4, fifth: "if the ACK bit is off, drop the segment".
        return {TcpAction::kRefuse, Reason::tcp_bad_flags};
    }
    switch (tcp_state(f)) {
        case TcpState::kNone:
            return on_first(f, p);
        case TcpState::kSynSent:
            return on_unanswered(f, p);
        case TcpState::kReset:
            return p.payload_len == 0 ? TcpOutcome{TcpAction::kIgnore, Reason::none}
                                      : TcpOutcome{TcpAction::kRefuse, Reason::tcp_after_rst};
        case TcpState::kSynReceived:
        case TcpState::kEstablished:
        case TcpState::kIgnored:
            break;
    }
    TcpHalf& h = f.half[index_of(p.direction)];
    if (!h.seen) {
        adopt_half(f, p, kMaxShift);
    }
    TcpOutcome outcome = track_open(f, p);
    if (outcome.action == TcpAction::kAccept && tcp_state(f) == TcpState::kSynReceived &&
        acks_syn(f, p)) {
        establish(f);
    }
    if (h.syn_unanswered && outcome.action == TcpAction::kAccept) {
        // Both sides of a simultaneous open send a SYN/ACK (RFC 9293 figure 7); this one did not.
        h.syn_unanswered = false;
        outcome.reason = Reason::tcp_split_handshake;
    }
    return outcome;
}

// RFC 5961 section 3.2: only an RST at exactly the next byte resets; a receiver answers others in
// the window with a challenge ACK. Those are forwarded, and FlowStage has noted that a SYN may
// begin a new connection.
TcpOutcome TcpTracker::on_reset(Flow& f, const Packet& p) {
    const TcpHalf& h = f.half[index_of(p.direction)];
    const TcpHalf& o = f.half[index_of(opposite(p.direction))];
    const TcpState state = tcp_state(f);
    if (state == TcpState::kReset) {
        return {TcpAction::kIgnore, Reason::none};
    }
    bool valid = state == TcpState::kNone || state == TcpState::kIgnored;
    if (!valid && h.seen) {
        const std::int32_t ahead = p.tcp.seq.distance_from(h.next);
        valid = ahead == 0;
        const std::int64_t room =
            std::int64_t{o.seen ? o.window_bytes() : kUnknownWindow} + config_.window_slack;
        const bool within = !p.tcp.seq.before(h.acked) && ahead <= room;
        if (!valid && within) {
            return {TcpAction::kIgnore, Reason::none};
        }
    } else if (!valid && f.midstream) {
        // Nothing of this direction was seen, so nothing speaks against the RST: both ends must
        // hear that an old connection is dead, but what goes on is still inspected.
        return {TcpAction::kIgnore, Reason::none};
    } else if (!valid) {
        // The answer to a SYN: must acknowledge it (RFC 9293 section 3.10.7.3).
        valid = (p.tcp.flags & packet::kTcpAck) != 0 && acks_syn(f, p) && !p.tcp.ack.after(o.next);
    }
    if (!valid) {
        return {TcpAction::kRefuse, Reason::tcp_invalid_rst};
    }
    set_state(f, TcpState::kReset);
    f.state = FlowState::kClosed;
    ++stats_.resets;
    return {TcpAction::kReset, Reason::none};
}

TcpOutcome TcpTracker::on_syn(Flow& f, const Packet& p) {
    const std::size_t d = index_of(p.direction);
    TcpHalf& h = f.half[d];
    const TcpState state = tcp_state(f);
    if (f.state == FlowState::kClosed) {
        // FlowStage starts a new flow with the next SYN: let the client try again.
        return {TcpAction::kRefuse, Reason::tcp_syn_differs};
    }
    if (!h.seen && state != TcpState::kEstablished) {
        begin_half(f, p, kMaxShift);
        if (state == TcpState::kNone) {
            set_state(f, TcpState::kSynSent);
            return {};
        }
        agree_on_options(f, p);  // simultaneous open, RFC 9293 section 3.5
        h.syn_unanswered = true;
        set_state(f, TcpState::kSynReceived);
        return {TcpAction::kAccept, Reason::tcp_simultaneous_open};
    }
    if (h.seen && p.tcp.seq == f.rest().isn[d]) {
        return p.payload_len == 0 ? TcpOutcome{TcpAction::kIgnore, Reason::none} : TcpOutcome{};
    }
    if (state == TcpState::kSynSent) {
        begin_half(f, p, kMaxShift);
        return {TcpAction::kResync, Reason::tcp_syn_differs};
    }
    // An open connection stays as it is (RFC 5961 section 4) unless the other side accepts the new
    // one.
    f.rest().resyn = p.tcp.seq;
    f.rest().resyn_seen = true;
    if (p.payload_len != 0) {
        return {TcpAction::kRefuse, Reason::tcp_syn_differs};
    }
    return {TcpAction::kIgnore, Reason::tcp_syn_differs};
}

TcpOutcome TcpTracker::on_syn_ack(Flow& f, const Packet& p) {
    const std::size_t d = index_of(p.direction);
    TcpHalf& h = f.half[d];
    TcpHalf& o = f.half[index_of(opposite(p.direction))];
    const TcpState state = tcp_state(f);
    if (state == TcpState::kReset) {
        return {TcpAction::kIgnore, Reason::none};
    }
    if (h.seen && p.tcp.seq == f.rest().isn[d]) {
        h.syn_unanswered = false;
        const bool half_open = state == TcpState::kSynReceived && acks_syn(f, p);
        if (half_open && p.direction == Direction::kToServer) {
            establish(f);  // simultaneous open
        }
        return p.payload_len == 0 ? TcpOutcome{TcpAction::kIgnore, Reason::none} : TcpOutcome{};
    }
    if (state == TcpState::kSynSent && !h.seen) {
        // A tap counts the data of a SYN as sent only once it is acknowledged.
        if (!acks_syn(f, p) || (config_.inline_mode && p.tcp.ack.after(o.next))) {
            return {TcpAction::kRefuse, Reason::tcp_bad_ack};
        }
        begin_half(f, p, kMaxShift);
        agree_on_options(f, p);
        o.acked = p.tcp.ack;
        set_state(f, TcpState::kSynReceived);
        return {};
    }
    if (f.rest().resyn_seen && p.tcp.ack == f.rest().resyn.plus(1) &&
        f.state != FlowState::kClosed) {
        const std::size_t c = index_of(opposite(p.direction));
        begin_half(f, p, kMaxShift);
        f.rest().isn[c] = f.rest().resyn;
        o.next = o.acked = p.tcp.ack;
        o.seen = true;
        o.wscale = h.wscale < 0 ? std::int8_t{0}
                                : kMaxShift;  // the second SYN's offer was not kept: be generous
        agree_on_answer(f, p);
        o.ts_on = false;  // nor were its timestamps
        o.fin = o.fin_pending = o.end_sent = f.rest().resyn_seen = false;
        f.state = FlowState::kNew;
        set_state(f, TcpState::kSynReceived);
        ++stats_.resyncs;
        return {TcpAction::kResync, Reason::none};
    }
    if (state == TcpState::kNone) {
        return on_first(f, p);
    }
    return {TcpAction::kRefuse, Reason::tcp_syn_differs};
}

// The connection began before we looked, or its SYN took another path.
TcpOutcome TcpTracker::on_first(Flow& f, const Packet& p) {
    f.midstream = true;
    ++stats_.midstream;
    if (!config_.midstream) {
        set_state(f, TcpState::kIgnored);
        return {TcpAction::kIgnore, Reason::tcp_midstream};
    }
    if ((p.tcp.flags & packet::kTcpSyn) == 0) {
        pick_up(f, p);
        return {TcpAction::kAccept, Reason::tcp_midstream};
    }
    const std::size_t c = index_of(opposite(p.direction));
    begin_half(f, p, kMaxShift);
    TcpHalf& o = f.half[c];
    f.rest().isn[c] = p.tcp.ack.plus(0xffffffff);
    o.next = o.acked = p.tcp.ack;
    o.wscale = p.tcp.wscale < 0 ? std::int8_t{0} : kMaxShift;
    o.seen = true;
    agree_on_answer(f, p);
    o.window = 0xffff;  // until it speaks, the largest that it can mean
    o.syn_window = false;
    set_state(f, TcpState::kSynReceived);
    return {TcpAction::kAccept, Reason::tcp_midstream};
}

void TcpTracker::pick_up(Flow& f, const Packet& p) {
    adopt_half(f, p, kMaxShift);
    TcpHalf& o = f.half[index_of(opposite(p.direction))];
    if (!o.seen) {
        o.acked = p.tcp.ack;
    }
    establish(f);
}

// After a SYN without its SYN/ACK: asymmetric path, lost in the tap, or an old connection's
// challenge ACK.
TcpOutcome TcpTracker::on_unanswered(Flow& f, const Packet& p) {
    const TcpHalf& h = f.half[index_of(p.direction)];
    const bool from_opener = h.seen;
    if (from_opener && !in_window(f, p)) {
        return {TcpAction::kRefuse, Reason::tcp_out_of_window};
    }
    if (!from_opener && !acks_syn(f, p)) {
        return p.payload_len == 0 ? TcpOutcome{TcpAction::kIgnore, Reason::none}
                                  : TcpOutcome{TcpAction::kRefuse, Reason::tcp_out_of_window};
    }
    if (!from_opener && p.payload_len == 0 && (p.tcp.flags & packet::kTcpFin) == 0) {
        // Perhaps the first step of a handshake split in four, whose SYN comes yet.
        return {TcpAction::kIgnore, Reason::none};
    }
    if (!config_.midstream) {
        // The opener's bytes are inspected all the same; an answer without a handshake is not one.
        if (from_opener) {
            (void)take_ack(f, p);
            return {};
        }
        return p.payload_len == 0 ? TcpOutcome{TcpAction::kIgnore, Reason::none}
                                  : TcpOutcome{TcpAction::kRefuse, Reason::tcp_out_of_window};
    }
    f.midstream = true;
    ++stats_.midstream;
    if (from_opener) {
        establish(f);
    } else {
        pick_up(f, p);
    }
    (void)take_ack(f, p);
    return {TcpAction::kAccept, Reason::tcp_midstream};
}

TcpOutcome TcpTracker::on_ignored(Flow& f) {
    if ((f.closing & flow::kClosingBothFins) == flow::kClosingBothFins) {
        f.state = FlowState::kClosed;
    }
    return {TcpAction::kIgnore, Reason::none};
}

bool TcpTracker::acks_syn(const Flow& f, const Packet& p) {
    const std::size_t o = index_of(opposite(p.direction));
    return f.half[o].seen && p.tcp.ack.after(f.rest().isn[o]) &&
           p.tcp.ack.distance_from(f.half[o].next) <= static_cast<std::int32_t>(kUnknownWindow);
}

void TcpTracker::establish(Flow& f) {
    set_state(f, TcpState::kEstablished);
    f.state = FlowState::kEstablished;
    ++stats_.established;
    end_syn_data(f, stats_);
}

}  // namespace sluice::stream
