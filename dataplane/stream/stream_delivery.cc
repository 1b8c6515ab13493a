// SPDX-License-Identifier: Apache-2.0
// StreamStage, handing chunks on. All progress is in TcpHalf::next, so each call works
// out afresh what comes next: a held copy first (first copy wins), then the packet's own bytes,
// then what lies beyond an acknowledged hole.
#include "dataplane/stream/stream_stage.h"

#include <algorithm>

namespace sluice::stream {

using flow::Flow;
using flow::FlowState;
using flow::kNoIndex;
using flow::TcpHalf;
using packet::ExceptionCause;
using packet::ExceptionPolicy;
using packet::Reason;

bool StreamStage::next(StreamChunk& out) {
    if (work_.flow == nullptr) {
        return false;
    }
    const Direction own = work_.own_direction;
    for (const Direction d : {opposite(own), own}) {
        if (work_.drain[index_of(d)]) {
            if (produce(d, out)) {
                return true;
            }
            work_.drain[index_of(d)] = false;
        }
    }
    for (const Direction d : {own, opposite(own)}) {
        if (work_.end[index_of(d)]) {
            work_.end[index_of(d)] = false;
            if (produce_end(d, out)) {
                return true;
            }
        }
    }
    finish();
    return false;
}

bool StreamStage::produce(Direction d, StreamChunk& out) {
    Flow& f = *work_.flow;
    TcpHalf& h = f.half[index_of(d)];
    Piece piece;
    if (h.broken || h.fin || !pick(d, piece)) {
        if (!h.broken && h.fin_pending && h.next == f.rest().fin_seq[index_of(d)]) {
            finish_fin(d);
        }
        return false;
    }
    StreamState* s = open_state(d);
    const std::uint32_t n = s == nullptr ? 0 : windows_.append(*s, piece.bytes);
    if (n == 0) {
        out_of_memory(d);
        return false;
    }
    h.next = h.next.plus(n);
    if (piece.held && n == piece.bytes.size()) {
        held_.pop(*s);
    }
    stats_.bytes_inspected += n;
    out.flow = &f;
    out.direction = d;
    out.window = windows_.view(*s, n);
    out.fresh = n;
    out.offset = s->end_offset - out.window.size();
    out.gap = s->gap;
    out.whole_segment = !piece.held && work_.packet != nullptr && n == work_.packet->payload_len;
    out.end = h.fin_pending && h.next == f.rest().fin_seq[index_of(d)];
    s->gap = false;
    if (out.end) {
        h.end_sent = true;
        finish_fin(d);
    }
    return true;
}

// The bytes at TcpHalf::next, from wherever they are. Gives up holes on the way.
bool StreamStage::pick(Direction d, Piece& out) {
    const TcpHalf& h = work_.flow->half[index_of(d)];
    do {
        const HeldSegment* head = nullptr;
        if (StreamState* s = state_of(*work_.flow, d); s != nullptr) {
            trim_held(*s, h.next);
            head = held_.head(*s);
        }
        if (head != nullptr && !head->seq.after(h.next)) {
            out.bytes =
                head->bytes().subspan(static_cast<std::size_t>(h.next.distance_from(head->seq)));
            out.held = true;
            return true;
        }
        const std::int32_t done = h.next.distance_from(work_.own_seq);
        if (d == work_.own_direction && done >= 0 &&
            static_cast<std::size_t>(done) < work_.own.size()) {
            Bytes rest = work_.own.subspan(static_cast<std::size_t>(done));
            if (head != nullptr) {
                const auto until = static_cast<std::size_t>(head->seq.distance_from(h.next));
                rest = rest.first(std::min(rest.size(), until));
            }
            out.bytes = rest;
            out.held = false;
            return true;
        }
    } while (skip_hole(d));
    return false;
}

void StreamStage::trim_held(StreamState& s, SeqNum next) {
    while (s.held_count != 0 && !held_.head(s)->end().after(next)) {
        held_.pop(s);
    }
}

// What the receiver acknowledged without our having seen it will not come any more. False: nothing
// to go on with.
bool StreamStage::skip_hole(Direction d) {
    TcpHalf& h = work_.flow->half[index_of(d)];
    const StreamState* state = state_of(*work_.flow, d);
    const HeldSegment* head = state == nullptr ? nullptr : held_.head(*state);
    const bool own = d == work_.own_direction && !work_.own.empty() && work_.own_seq.after(h.next);
    if (head == nullptr && !own) {
        return false;
    }
    const SeqNum to =
        own && (head == nullptr || work_.own_seq.before(head->seq)) ? work_.own_seq : head->seq;
    if (to.after(h.acked) && !work_.skip_holes[index_of(d)]) {
        return false;
    }
    StreamState* s = open_state(d);
    if (s == nullptr) {
        return false;
    }
    const auto missing = static_cast<std::uint64_t>(to.distance_from(h.next));
    windows_.skip(*s, missing);
    h.next = to;
    ++stats_.gaps;
    stats_.gap_bytes += missing;
    if (counters_ != nullptr) {
        packet::count(*counters_, Reason::tcp_gap);
    }
    return true;
}

StreamState* StreamStage::open_state(Direction d) {
    Flow& f = *work_.flow;
    if (f.stream_state(index_of(d)) == kNoIndex) {
        f.set_stream_state(index_of(d), windows_.open(f, d));
    }
    return state_of(f, d);
}

// No window for these bytes: the exception policy decides (design decision 11).
void StreamStage::out_of_memory(Direction d) {
    TcpHalf& h = work_.flow->half[index_of(d)];
    const bool own = d == work_.own_direction;
    if (counters_ != nullptr) {
        packet::count(*counters_, Reason::stream_window_full);
    }
    const ExceptionPolicy policy = policy_for(ExceptionCause::window_full, *work_.flow);
    if (policy == ExceptionPolicy::kDrop && work_.packet != nullptr) {
        work_.packet->except(ExceptionCause::window_full, policy, work_.own.size());
        work_.packet->drop(Reason::stream_window_full);  // sent again later, when there may be room
        if (!own) {
            // What the receiver has acknowledged is not sent again, and cannot be inspected.
            work_.flow->verdict = flow::FlowVerdict::kDrop;
        }
        return;
    }
    SeqNum end = h.next;
    if (own && !work_.own.empty()) {
        end = work_.own_seq.plus(static_cast<std::uint32_t>(work_.own.size()));
    }
    if (const StreamState* s = state_of(*work_.flow, d); s != nullptr && s->held_count != 0) {
        const SeqNum last = held_.end_of_last(*s);
        end = last.after(end) ? last : end;
    }
    const auto bytes = static_cast<std::size_t>(std::max(end.distance_from(h.next), 0));
    stats_.bytes_uninspected += bytes;
    if (work_.packet != nullptr) {
        work_.packet->except(ExceptionCause::window_full, policy, bytes);
    } else {
        stats_.bytes_uninspected_late += bytes;
    }
    close_state(*work_.flow, index_of(d));
    h.next = end.after(h.next) ? end : h.next;
    h.broken = true;
    if (policy == ExceptionPolicy::kBypass && work_.packet != nullptr) {
        bypass(*work_.flow, ExceptionCause::window_full);
    }
    if (h.fin_pending) {
        finish_fin(d);
    }
}

// The FIN is next in order.
void StreamStage::finish_fin(Direction d) {
    Flow& f = *work_.flow;
    TcpHalf& h = f.half[index_of(d)];
    h.fin_pending = false;
    h.fin = true;
    h.next = h.next.plus(1);
    work_.end[index_of(d)] = true;
    if (f.half[0].fin && f.half[1].fin) {
        f.state = FlowState::kClosed;
    }
}

bool StreamStage::produce_end(Direction d, StreamChunk& out) {
    Flow& f = *work_.flow;
    TcpHalf& h = f.half[index_of(d)];
    const StreamState* s = state_of(f, d);
    if (h.end_sent || s == nullptr) {
        return false;
    }
    h.end_sent = true;
    out = StreamChunk{};
    out.flow = &f;
    out.direction = d;
    out.window = windows_.view(*s, 0);
    out.offset = s->end_offset - out.window.size();
    out.gap = s->gap;
    out.end = true;
    return true;
}

// A closed connection whose bytes have all arrived has nothing left to compare: its memory goes at
// once.
void StreamStage::finish() {
    Flow& f = *work_.flow;
    work_.flow = nullptr;
    if (f.state != FlowState::kClosed) {
        return;
    }
    const bool all_acked =
        !f.half[0].acked.before(f.half[0].next) && !f.half[1].acked.before(f.half[1].next);
    if (tcp_state(f) == TcpState::kReset || all_acked) {
        release(f);
    }
}

void StreamStage::end_flow(Flow& f, Direction d) {
    if (work_.flow != nullptr) {
        finish();
    }
    work_ = Work{};
    work_.flow = &f;
    work_.own_direction = d;
    work_.drain[index_of(d)] = work_.skip_holes[index_of(d)] = true;
    work_.end[index_of(d)] = true;
}

void StreamStage::release(Flow& f) {
    if (work_.flow == &f) {
        work_ = Work{};
    }
    close_state(f, 0);
    close_state(f, 1);
    end_syn_data(f, stats_);
}

void StreamStage::close_state(Flow& f, std::size_t d) {
    if (const std::uint32_t index = f.stream_state(d); index != kNoIndex) {
        held_.clear(windows_[index]);
        windows_.close(index);
        f.set_stream_state(d, kNoIndex);
    }
}

}  // namespace sluice::stream
