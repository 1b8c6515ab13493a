// SPDX-License-Identifier: Apache-2.0
// TcpTracker: follows the state of a TCP connection (RFC 9293 section 3.10, RFC 5961, RFC 7323) in
// its Flow and says what is to be done with a segment. Knows sequence numbers, not bytes. Stateless
// but for its settings. One worker thread.
#pragma once

#include "dataplane/base/proto.h"
#include "dataplane/flow/flow.h"
#include "dataplane/packet/packet.h"
#include "dataplane/packet/reason.h"
#include "dataplane/stream/stream_config.h"
#include "dataplane/stream/tcp_half.h"

#include <cstdint>

namespace sluice::stream {

// The flow's SYN data are those of an open connection from now on, or gone.
inline void end_syn_data(flow::Flow& f, StreamStats& stats) {
    if (f.syn_data) {
        f.syn_data = false;
        --stats.syn_data_flows;
    }
}

// Flow::tcp_state.
enum class TcpState : std::uint8_t {
    kNone,         // no segment yet
    kSynSent,      // SYN seen
    kSynReceived,  // both SYNs seen
    kEstablished,  // handshake complete, or picked up midstream; stays so through FINs
    kReset,        // a valid RST was seen
    kIgnored,      // midstream, and that is not wanted
};

constexpr TcpState tcp_state(const flow::Flow& f) {
    return static_cast<TcpState>(f.tcp_state);
}

enum class TcpAction : std::uint8_t {
    kAccept,  // take payload and FIN
    kIgnore,  // forward; nothing for reassembly
    kRefuse,  // must not reach the receiver (inline); not taken (tap)
    kReset,   // a valid RST: both directions end
    kResync,  // a new connection began: what was held and remembered is void; then as kAccept
};

struct TcpOutcome {
    TcpAction action = TcpAction::kAccept;
    packet::Reason reason = packet::Reason::none;  // to be counted; with kRefuse, why
};

class TcpTracker {
  public:
    TcpTracker(const StreamConfig& config, StreamStats& stats) : config_(config), stats_(stats) {}

    TcpOutcome track(flow::Flow& f, const packet::Packet& p);

    // The commonest packet: an ACK alone, on an open connection of which both sides were seen, with
    // nothing missing before it or before what it acknowledges. True: taken as by track(), which
    // would accept it without a reason, and nothing is left to do. False: nothing was changed.
    bool take_quiet_ack(flow::Flow& f, const packet::Packet& p) const {
        flow::TcpHalf& h = f.half[index_of(p.direction)];
        flow::TcpHalf& o = f.half[index_of(opposite(p.direction))];
        if (!is_plain_ack(f, p) || h.syn_window || !o.seen || f.state == flow::FlowState::kClosed) {
            return false;
        }
        if (p.tcp.seq != h.next || h.next.after(h.acked) || p.tcp.ack.before(o.acked) ||
            p.tcp.ack.after(o.next)) {
            return false;
        }
        if (p.tcp.has_timestamp && h.ts_on && o.ts_on) {
            flow::FlowRest& r = f.rest();
            if (is_older(p.tcp.ts_value, r.ts_recent[index_of(p.direction)])) {
                return false;
            }
            r.ts_recent[index_of(p.direction)] = p.tcp.ts_value;
            r.ts_age[index_of(p.direction)] = ts_age_of(f);
        }
        o.acked = p.tcp.ack;
        h.window = p.tcp.window;
        return true;
    }

    // No flags but ACK and PSH, no payload, connection open: track_open() has the same outcome as
    // track().
    bool is_plain_ack(const flow::Flow& f, const packet::Packet& p) const {
        constexpr std::uint8_t kMask =
            packet::kTcpSyn | packet::kTcpFin | packet::kTcpRst | packet::kTcpAck;
        const flow::TcpHalf& h = f.half[index_of(p.direction)];
        return p.payload_len == 0 && (p.tcp.flags & kMask) == packet::kTcpAck &&
               tcp_state(f) == TcpState::kEstablished && h.seen && !h.syn_unanswered;
    }

    TcpOutcome track_open(flow::Flow& f, const packet::Packet& p) {
        if (!in_window(f, p)) {
            return {TcpAction::kRefuse, packet::Reason::tcp_out_of_window};
        }
        if (p.tcp.has_timestamp && !take_timestamp(f, p)) {
            return {TcpAction::kRefuse, packet::Reason::tcp_old_timestamp};
        }
        if (!take_ack(f, p)) {
            return {TcpAction::kRefuse, packet::Reason::tcp_bad_ack};
        }
        if (is_keepalive(f, p)) {
            return {TcpAction::kAccept, packet::Reason::tcp_keepalive};
        }
        return {};
    }

  private:
    static constexpr std::int32_t kMaxReceiveWindow = 1 << 30;  // RFC 7323 section 2.3
    static constexpr std::uint32_t kUnknownWindow = 1 << 20;    // the receiver has said nothing yet
    static constexpr std::int8_t kMaxShift = 14;

    TcpOutcome on_reset(flow::Flow& f, const packet::Packet& p);
    TcpOutcome on_syn(flow::Flow& f, const packet::Packet& p);
    TcpOutcome on_syn_ack(flow::Flow& f, const packet::Packet& p);
    TcpOutcome on_first(flow::Flow& f, const packet::Packet& p);
    TcpOutcome on_unanswered(flow::Flow& f, const packet::Packet& p);
    static TcpOutcome on_ignored(flow::Flow& f);
    static bool acks_syn(const flow::Flow& f, const packet::Packet& p);
    void pick_up(flow::Flow& f, const packet::Packet& p);
    void establish(flow::Flow& f);

    // RFC 7323 section 5.2: modulo 2^32.
    static bool is_older(std::uint32_t ts_value, std::uint32_t ts_recent) {
        return static_cast<std::int32_t>(ts_value - ts_recent) < 0;
    }

    // Data and probes that the receiver would look at: RFC 9293 section 3.10.7.4, with slack.
    bool in_window(const flow::Flow& f, const packet::Packet& p) const {
        const flow::TcpHalf& h = f.half[index_of(p.direction)];
        const flow::TcpHalf& o = f.half[index_of(opposite(p.direction))];
        const std::int32_t ahead = p.tcp.seq.distance_from(h.next);
        if (ahead < -kMaxReceiveWindow || ahead > kMaxReceiveWindow) {
            return false;
        }
        // Without the receiver's acknowledgements (asymmetric path, lossy tap) the in-order point
        // stands for them.
        const bool trust_acks = o.seen && config_.inline_mode;
        const SeqNum left = trust_acks || h.acked.after(h.next) ? h.acked : h.next;
        const std::int64_t room =
            std::int64_t{o.seen ? o.window_bytes() : kUnknownWindow} + config_.window_slack;
        return p.tcp.seq.plus(p.payload_len).distance_from(left) <= room;
    }

    // PAWS (RFC 7323 section 5.3). ts_recent is the receiver's TS.Recent as far as we can know it:
    // taken from segments at or before the left edge only (section 4.3 (2)), so that segments that
    // overtake each other are not harmed. Pure ACKs always pass: late ones are harmless. False: an
    // old duplicate, which the receiver discards.
    bool take_timestamp(flow::Flow& f, const packet::Packet& p) const {
        const flow::TcpHalf& h = f.half[index_of(p.direction)];
        if (!h.ts_on || !f.half[index_of(opposite(p.direction))].ts_on) {
            return true;
        }
        flow::FlowRest& r = f.rest();
        if (is_older(p.tcp.ts_value, r.ts_recent[index_of(p.direction)]) &&
            !ts_recent_expired(f, p.direction)) {
            return (p.payload_len == 0 && (p.tcp.flags & packet::kTcpFin) == 0) ||
                   !config_.normalize.timestamps;
        }
        if (!p.tcp.seq.after(h.acked)) {
            r.ts_recent[index_of(p.direction)] = p.tcp.ts_value;
            r.ts_age[index_of(p.direction)] = ts_age_of(f);
        }
        return true;
    }

    // RFC 9293 section 3.8.4: one before the next, with or without a garbage byte, all
    // acknowledged.
    static bool is_keepalive(const flow::Flow& f, const packet::Packet& p) {
        const flow::TcpHalf& h = f.half[index_of(p.direction)];
        return p.tcp.seq.plus(1) == h.next && h.acked == h.next && p.payload_len <= 1 && !h.fin &&
               (p.tcp.flags & packet::kTcpFin) == 0;
    }

    // False: acknowledges bytes far beyond any that the other side can have sent.
    bool take_ack(flow::Flow& f, const packet::Packet& p) const {
        flow::TcpHalf& h = f.half[index_of(p.direction)];
        flow::TcpHalf& o = f.half[index_of(opposite(p.direction))];
        if (!o.seen) {
            o.acked = p.tcp.ack;
        } else {
            const std::int32_t advance = p.tcp.ack.distance_from(o.acked);
            if (advance < 0) {
                return true;  // old: an overtaken packet; its window is old too
            }
            const std::int64_t room = std::int64_t{h.window_bytes()} + config_.window_slack;
            if (config_.inline_mode && p.tcp.ack.distance_from(o.next) > room) {
                return false;
            }
            o.acked = p.tcp.ack;
        }
        h.window = p.tcp.window;
        h.syn_window = false;
        return true;
    }

    StreamConfig config_;
    StreamStats& stats_;
};

}  // namespace sluice::stream
