// SPDX-License-Identifier: Apache-2.0
// How the parser gets at bytes, and how points are made.
#include "dataplane/app/http1.h"
#include "dataplane/app/http1_text.h"

#include <algorithm>
#include <cstring>

namespace sluice::app {
namespace {

using packet::Reason;

bool keeps_block(HalfState s) {
    return s == HalfState::kLine || s == HalfState::kMaybeFields || s == HalfState::kFields;
}

}  // namespace

void Http1::begin(HttpFlow& state, const stream::StreamChunk& chunk,
                  packet::ReasonCounters& reasons) {
    if (flow_ != nullptr) {
        settle(*flow_);
    }
    flow_ = &state;
    half_ = &state.half[index_of(chunk.direction)];
    chunk_ = chunk;
    reasons_ = &reasons;
    new_ = {};
    new_body_ = 0;
    gave_up_ = false;
    done_ = false;
    form_owes_ = false;
    unasked_ = false;
    HttpHalf& h = *half_;
    if (h.state < HalfState::kLeave && lost_bytes(chunk, h.consumed)) {
        h.state = HalfState::kAbandon;
    }
}

bool Http1::next(InspectionPoint& point) {
    if (form_owes_) [[unlikely]] {
        const bool end = read_form(owed_end_);
        fill(point, end);
        return true;
    }
    if (unasked_) [[unlikely]] {
        show_unasked(point);
        return true;
    }
    while (!done_) {
        Step s = step();
        if (s == Step::kGoOn) {
            continue;
        }
        if (s == Step::kNeedMore) {
            s = end_of_chunk();
            done_ = s == Step::kNeedMore;
        }
        done_ = done_ || half_->state == HalfState::kOff;
        bool end = s == Step::kMessageEnd || s == Step::kDamaged;
        if (shows_line(s) && !build(first_line_bytes(), false)) {
            done_ = true;
        }
        if (half_->form != kNoSlab) [[unlikely]] {
            end = read_form(end);
        }
        if (anything_new() || (end && half_->announced)) {
            fill(point, end);
            return true;
        }
        if (end) {
            end_message();  // nobody has heard of it
        }
    }
    return false;
}

// The chunk is used up: close what the end of the stream closes, or keep what the next chunk needs.
Http1::Step Http1::end_of_chunk() {
    if (chunk_.end && half_->state != HalfState::kOff) {
        return at_end();
    }
    if (keeps_block(half_->state) && !stash()) {
        return damaged(stash_failure());
    }
    return Step::kNeedMore;
}

// Whether a first line that is complete must be shown before the headers are. An interim response
// never is.
bool Http1::shows_line(Step s) const {
    const HttpHalf& h = *half_;
    if (h.line_size == 0 || h.line_shown || h.ended || gave_up_ ||
        (s != Step::kNeedMore && s != Step::kDamaged)) {
        return false;
    }
    if (chunk_.direction == Direction::kToServer) {
        return true;
    }
    return !is_interim(parse_status_line(chomp(first_line_bytes())).status);
}

// Keeps the read part of the header block for the next chunk. False: over the limit, or no memory.
bool Http1::stash() {
    HttpHalf& h = *half_;
    const std::uint64_t size = h.consumed - h.block_start;
    if (size == h.raw_size) {
        return true;
    }
    if (size > config_.max_header_bytes ||
        !arena_.grow(h.raw, h.raw_size, static_cast<std::size_t>(size))) {
        return false;
    }
    const std::uint64_t from = h.block_start + h.raw_size - chunk_.offset;
    const std::size_t extra = static_cast<std::size_t>(size) - h.raw_size;
    const Bytes part = chunk_.window.subspan(static_cast<std::size_t>(from), extra);
    std::memcpy(arena_.bytes(h.raw).data() + h.raw_size, part.data(), part.size());
    h.raw_size = static_cast<std::uint32_t>(size);
    return true;
}

Reason Http1::stash_failure() const {
    return half_->consumed - half_->block_start > config_.max_header_bytes
               ? Reason::http_header_limit
               : Reason::http_store_full;
}

// The header block up to where the parser has read, in one piece; null if it cannot be had.
Bytes Http1::block() {
    HttpHalf& h = *half_;
    const std::uint64_t size = h.consumed - h.block_start;
    if (size > config_.max_header_bytes) {
        return {};
    }
    if (h.raw_size != 0) {
        return stash() ? Bytes(arena_.bytes(h.raw)).first(h.raw_size) : Bytes{};
    }
    return chunk_.window.subspan(static_cast<std::size_t>(h.block_start - chunk_.offset),
                                 static_cast<std::size_t>(size));
}

// REQUIRES: the first line is complete
Bytes Http1::first_line_bytes() const {
    const HttpHalf& h = *half_;
    if (h.raw_size >= h.line_size) {
        return Bytes(arena_.bytes(h.raw)).first(h.line_size);
    }
    if (h.raw_size != 0 || h.line_size > config_.max_header_bytes) {
        return {};
    }
    return chunk_.window.subspan(static_cast<std::size_t>(h.block_start - chunk_.offset),
                                 h.line_size);
}

void Http1::fill(InspectionPoint& point, bool end) {
    HttpHalf& h = *half_;
    const Direction d = chunk_.direction;
    point = InspectionPoint{};
    point.flow = chunk_.flow;
    point.direction = d;
    point.tx_id = h.tx_id;
    point.tx_start = !h.announced;
    point.tx_end = end;
    point.buffers = &views_;
    h.announced = true;
    if (h.store != kNoSlab) {
        const MutableBytes slab = arena_.bytes(h.store);
        const StoredMessage& m = stored(slab);
        point.present = m.present;
        for (BufferMask left = m.present; !left.empty(); left.drop_first()) {
            const std::size_t i = index_of(left.first());
            views_[i] =
                BufferView{slab.subspan(m.at[i].offset, m.at[i].length), 0, m.at[i].length, true};
        }
        show_each(m, point);
    }
    point.fresh = new_ & point.present;
    point.resolved = (h.line_shown ? line_buffers(d) : BufferMask{}) |
                     (h.headers_shown ? header_buffers(d) : BufferMask{});
    if (h.body_total != 0) {
        show_body(point, end);
    }
    show_events(point);
    if (end) {
        point.resolved |= all_buffers(d);
        end_message();
    }
    new_ = {};
    new_body_ = 0;
}

void Http1::show_each(const StoredMessage& m, InspectionPoint& point) {
    if (m.each.empty()) {
        return;
    }
    const BufferId id = chunk_.direction == Direction::kToServer
                            ? BufferId::kHttpRequestHeaderEach
                            : BufferId::kHttpResponseHeaderEach;
    BufferView& view = views_[index_of(id)];
    view = BufferView{m.each[0], 0, static_cast<std::uint32_t>(m.each[0].size()), true};
    view.more = m.each.subspan(1);
    point.present |= mask_of(id);
}

// A transaction's events are seen in both directions, as in Suricata; those of a request that was
// overtaken by two others are not.
void Http1::show_events(InspectionPoint& point) {
    HttpHalf& h = *half_;
    const HttpHalf& request = flow_->half[index_of(Direction::kToServer)];
    if (chunk_.direction == Direction::kToClient && request.tx_id == h.tx_id) {
        h.events.all |= request.events.all;
    } else if (chunk_.direction == Direction::kToClient && flow_->request_before.tx_id == h.tx_id &&
               request.tx_id > h.tx_id) {
        h.events.all |= flow_->request_before.events;
    }
    event_views_.show(h.events, point, views_[index_of(BufferId::kAppEvents)]);
}

// A response that nothing asked for belongs to a transaction whose request never came; its events
// are seen in that direction, too.
void Http1::show_unasked(InspectionPoint& point) {
    unasked_ = false;
    HttpHalf& request = flow_->half[index_of(Direction::kToServer)];
    point = InspectionPoint{};
    point.flow = chunk_.flow;
    point.direction = Direction::kToServer;
    point.tx_id = request.next_tx++;
    point.tx_start = point.tx_end = true;
    point.buffers = &views_;
    event_views_.show(half_->events.all, true, point, views_[index_of(BufferId::kAppEvents)]);
    point.resolved = BufferMask::all();
}

BufferView Http1::body_view(bool end) const {
    const HttpHalf& h = *half_;
    const auto fresh = static_cast<std::uint32_t>(new_body_);
    if (h.copied_body) {
        const std::size_t size =
            std::min<std::size_t>(h.body_size, std::size_t{config_.body_history} + fresh);
        const Bytes window =
            h.body == kNoSlab ? Bytes{} : Bytes(arena_.bytes(h.body)).first(h.body_size).last(size);
        return {window, h.body_total - window.size(), fresh, end};
    }
    const std::uint64_t stop = h.body_start + h.body_total;
    const std::uint64_t from = std::min(std::max(h.body_start, chunk_.offset), stop);
    if (from < chunk_.offset) {
        return {{}, h.body_total, fresh, end};
    }
    const Bytes window = chunk_.window.subspan(static_cast<std::size_t>(from - chunk_.offset),
                                               static_cast<std::size_t>(stop - from));
    return {window, from - h.body_start, fresh, end};
}

void Http1::end_message() {
    HttpHalf& h = *half_;
    if (!h.ended && !h.stray_unnumbered) {
        h.next_tx = h.tx_id + 1;
    }
    h.ended = true;
    h.announced = false;
    decoders_.give(h.decoder);
}

void Http1::drop_message(HttpHalf& h) {
    arena_.give(h.raw);
    arena_.give(h.store);
    arena_.give(h.body);
    arena_.give(h.form);
    decoders_.give(h.decoder);
    h.raw_size = 0;
    h.body_size = 0;
}

// Gives back what finished messages hold, when nobody can look at their views any more. A request
// keeps its store until it is answered: events about the response name its URI.
void Http1::settle(HttpFlow& state) {
    HttpHalf& request = state.half[index_of(Direction::kToServer)];
    HttpHalf& response = state.half[index_of(Direction::kToClient)];
    if (request.ended && (response.next_tx > request.tx_id || response.state == HalfState::kOff)) {
        drop_message(request);
    }
    if (request.ended) {
        arena_.give(request.form);
    }
    if (response.ended) {
        drop_message(response);
    }
}

void Http1::release(HttpFlow& state) {
    drop_message(state.half[0]);
    drop_message(state.half[1]);
    if (flow_ == &state) {
        flow_ = nullptr;
        done_ = true;
    }
}

void Http1::restart(HttpFlow& state) {
    release(state);
    for (HttpHalf& h : state.half) {
        const std::uint64_t consumed = h.consumed;
        h = HttpHalf{};
        h.consumed = consumed;
    }
    state.request_before = {};
    state.switched = Switched::kNo;
    state.h2c = false;
    ++state.depth;
}

Bytes Http1::stored_text(const HttpHalf& half, BufferId id) const {
    if (half.store == kNoSlab) {
        return {};
    }
    const MutableBytes slab = arena_.bytes(half.store);
    const StoredMessage& m = stored(slab);
    const Extent e = m.at[index_of(id)];
    return !m.present.has(id) ? Bytes{} : slab.subspan(e.offset, e.length);
}

HttpSummary Http1::summary(const HttpFlow& state, Direction direction) const {
    const HttpHalf& request = state.half[index_of(Direction::kToServer)];
    const HttpHalf& response = state.half[index_of(Direction::kToClient)];
    HttpSummary out;
    if (direction == Direction::kToClient) {
        out.response = true;
        out.status = response.status;
        if (response.headers_shown) {
            const std::uint64_t end =
                response.body_end != 0 ? response.body_end : response.consumed;
            out.length = end - std::min(end, response.body_start);
        }
        out.content_type = stored_text(response, BufferId::kHttpResponseContentType);
        out.location = stored_text(response, BufferId::kHttpLocation);
        if (request.tx_id != response.tx_id) {
            return out;
        }
    }
    out.method = stored_text(request, BufferId::kHttpMethod);
    out.uri = stored_text(request, BufferId::kHttpUriRaw);
    out.host = stored_text(request, BufferId::kHttpHost);
    out.host_raw = stored_text(request, BufferId::kHttpHostRaw);
    out.user_agent = stored_text(request, BufferId::kHttpUserAgent);
    out.referer = stored_text(request, BufferId::kHttpReferer);
    out.protocol = stored_text(request, BufferId::kHttpProtocol);
    return out;
}

}  // namespace sluice::app
