// SPDX-License-Identifier: Apache-2.0
// StreamStage, taking segments in: compares with what came before, holds what came too early, notes
// the FIN.
#include "dataplane/stream/stream_stage.h"

#include <algorithm>
#include <cstring>

namespace sluice::stream {

using flow::Flow;
using flow::kNoIndex;
using flow::TcpHalf;
using packet::ExceptionCause;
using packet::ExceptionPolicy;
using packet::Packet;
using packet::Reason;

namespace {

// Sequence number after the last in-order data byte: a FIN counts one, but is no byte.
SeqNum data_end(const TcpHalf& h) {
    return h.fin ? h.next.plus(0xffffffff) : h.next;
}

std::size_t bytes_between(SeqNum from, SeqNum to) {
    return static_cast<std::size_t>(to.distance_from(from));
}

}  // namespace

void StreamStage::take_segment(Packet& p) {
    Flow& f = *p.flow;
    const Direction d = p.direction;
    TcpHalf& h = f.half[index_of(d)];
    const bool syn = (p.tcp.flags & packet::kTcpSyn) != 0;
    const bool fin = (p.tcp.flags & packet::kTcpFin) != 0;
    const SeqNum seq = syn ? p.tcp.seq.plus(1) : p.tcp.seq;
    const Bytes bytes = p.payload();
    const SeqNum end = seq.plus(p.payload_len);
    stats_.segments += !bytes.empty();
    note_one_sided(f, d);
    if (h.broken) {
        stats_.bytes_uninspected += bytes.size();
        if (!bytes.empty()) {
            p.except(ExceptionCause::window_full, ExceptionPolicy::kPass, bytes.size());
        }
        if (end.after(h.next) && !h.fin) {
            h.next = end;
        }
        if (fin && !h.fin) {
            f.rest().fin_seq[index_of(d)] = h.next;
            finish_fin(d);
        }
        return;
    }
    if (fin && !fin_fits(p, end)) {
        return;
    }
    if (!bytes.empty()) {
        take_data(p, seq, bytes);
    }
    if (fin && !h.fin && !p.dropped()) {
        f.rest().fin_seq[index_of(d)] = end;
        h.fin_pending = true;
        work_.drain[index_of(d)] = true;
    }
}

// Judged by what flow has counted for a whole batch, so a little early or late.
void StreamStage::note_one_sided(Flow& f, Direction d) {
    if (!f.one_sided && f.silent(index_of(opposite(d))) &&
        f.packets(index_of(d)) >= kOneSidedPackets) {
        f.one_sided = true;
        packet::count(*counters_, Reason::tcp_asymmetric);
    }
}

void StreamStage::take_data(Packet& p, SeqNum seq, Bytes bytes) {
    Flow& f = *p.flow;
    const Direction d = p.direction;
    TcpHalf& h = f.half[index_of(d)];
    const SeqNum end = seq.plus(p.payload_len);
    const SeqNum have = data_end(h);
    p.reassembled = true;
    if ((h.fin && end.after(have)) || (h.fin_pending && end.after(f.rest().fin_seq[index_of(d)]))) {
        refuse(p, Reason::tcp_after_fin);
        return;
    }
    const StreamState* s = state_of(f, d);
    const bool holds = s != nullptr && s->held_count != 0;
    if ((seq.before(have) || holds) && overlap_differs(f, d, seq, bytes)) {
        ++stats_.overlaps_differ;
        refuse(p, Reason::tcp_overlap_differs);
        if (p.dropped()) {
            return;
        }
    }
    if (seq.before(have)) {
        stats_.bytes_retransmitted += std::min(bytes.size(), bytes_between(seq, have));
    }
    if (!end.after(have)) {
        return;
    }
    constexpr std::uint8_t kSynAck = packet::kTcpSyn | packet::kTcpAck;
    if ((p.tcp.flags & kSynAck) == packet::kTcpSyn) {
        if (!admit_syn_data(p, end)) {
            return;
        }
        if (!config_.inline_mode) {
            hold(p, seq, bytes);  // until it is acknowledged
            return;
        }
    }
    const TcpHalf& o = f.half[index_of(opposite(d))];
    if (o.seen && o.window == 0) {
        packet::count(*counters_, Reason::tcp_window_probe);
    }
    if (seq.after(have) && !work_.skip_holes[index_of(d)] && seq.after(h.acked)) {
        hold(p, seq, bytes);
        return;
    }
    work_.own_seq = seq;
    work_.own = bytes;
    work_.drain[index_of(d)] = true;
}

// Anyone can send SYNs with data from any address, and none of the connections need ever open: they
// get a small share of the memory, or a flood of them would leave none to those that are open.
// Beyond it such a SYN is dropped, whatever the exception policy says: the client sends it again
// without the data (RFC 7413 section 4.1.3), and nobody gets past inspection by filling the share.
bool StreamStage::admit_syn_data(Packet& p, SeqNum end) {
    Flow& f = *p.flow;
    if (f.state != flow::FlowState::kNew) {
        return true;
    }
    const bool fits = end.distance_from(f.rest().isn[index_of(p.direction)].plus(1)) <= kMaxSynData;
    if (fits && (f.syn_data || stats_.syn_data_flows < max_syn_data_flows_)) {
        stats_.syn_data_flows += f.syn_data ? 0U : 1U;
        f.syn_data = true;
        return true;
    }
    p.reassembled = false;
    refuse(p, Reason::tcp_syn_data_full);
    if (!p.dropped()) {
        p.except(ExceptionCause::window_full, ExceptionPolicy::kPass, p.payload_len);
        stats_.bytes_uninspected += p.payload_len;
    }
    return false;
}

// Judges a FIN at sequence number 'at'. False: the packet is refused.
bool StreamStage::fin_fits(Packet& p, SeqNum at) {
    const Flow& f = *p.flow;
    const std::size_t d = index_of(p.direction);
    const TcpHalf& h = f.half[d];
    if (h.fin || h.fin_pending) {
        if (at == f.rest().fin_seq[d]) {
            return true;
        }
        refuse(p, h.fin && at.after(f.rest().fin_seq[d]) ? Reason::tcp_after_fin
                                                         : Reason::tcp_overlap_differs);
        return false;
    }
    const StreamState* s = state_of(f, p.direction);
    const bool holds = s != nullptr && s->held_count != 0;
    if (at.before(h.next) || (holds && held_.end_of_last(*s).after(at))) {
        refuse(p, Reason::tcp_overlap_differs);  // the sender has sent bytes after it
        return false;
    }
    return true;
}

void StreamStage::hold(Packet& p, SeqNum seq, Bytes bytes) {
    const Direction d = p.direction;
    StreamState* s = open_state(d);
    if (s != nullptr && held_.insert(*s, seq, bytes)) {
        ++stats_.ooo_segments;
        stats_.ooo_bytes += bytes.size();
        return;
    }
    if (!config_.inline_mode && s != nullptr) {
        // A tap missed the bytes for good, as it seems: go on after the hole.
        work_.skip_holes[index_of(d)] = work_.drain[index_of(d)] = true;
        work_.own_seq = seq;
        work_.own = bytes;
        return;
    }
    p.reassembled = false;
    packet::count(*counters_, Reason::tcp_copy_store_full);
    // A sender that fills its own stream's share is not let past inspection by that: TCP sends
    // again what is dropped here, and others are not concerned. Only want of memory is a matter of
    // policy.
    const bool own_limit = s != nullptr && held_.stream_is_full(*s, bytes.size());
    if (own_limit) {
        p.drop(Reason::tcp_copy_store_full);
        return;
    }
    const ExceptionPolicy policy = policy_for(ExceptionCause::copy_store, *p.flow);
    p.except(ExceptionCause::copy_store, policy, bytes.size());
    if (policy == ExceptionPolicy::kDrop) {
        p.drop(Reason::tcp_copy_store_full);
        return;
    }
    if (policy == ExceptionPolicy::kBypass) {
        bypass(*p.flow, ExceptionCause::copy_store);
    }
    // Forwarded uninspected; when its bytes are acknowledged, they count as a gap.
    stats_.bytes_uninspected += bytes.size();
}

// Compares with the first copy what the receiver may still take: bytes that it has not
// acknowledged.
bool StreamStage::overlap_differs(Flow& f, Direction d, SeqNum seq, Bytes bytes) {
    const TcpHalf& h = f.half[index_of(d)];
    const StreamState* state = state_of(f, d);
    if (state == nullptr) {
        return false;
    }
    const StreamState& s = *state;
    if (s.held_count != 0 && held_.differs(s, seq, bytes)) {
        return true;
    }
    const SeqNum have = data_end(h);
    const SeqNum end = seq.plus(static_cast<std::uint32_t>(bytes.size()));
    SeqNum from = seq.before(h.acked) ? h.acked : seq;
    const SeqNum to = end.before(have) ? end : have;
    const SeqNum oldest = have.plus(0U - s.length);
    if (from.before(oldest) && from.before(to)) {
        const SeqNum stop = to.before(oldest) ? to : oldest;
        stats_.bytes_unverified += bytes_between(from, stop);
        packet::count(*counters_, Reason::tcp_overlap_unverified);
        from = stop;
    }
    return from.before(to) &&
           std::memcmp(s.data + bytes_between(oldest, from),
                       bytes.data() + bytes_between(seq, from), bytes_between(from, to)) != 0;
}

}  // namespace sluice::stream
