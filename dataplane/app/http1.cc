// SPDX-License-Identifier: Apache-2.0
#include "dataplane/app/http1.h"

#include "dataplane/app/detector.h"
#include "dataplane/app/http1_text.h"

#include <algorithm>

namespace sluice::app {
namespace {

using packet::Reason;

// Bytes of a header name that maybe_fields() waits for: the stream window certainly keeps that
// many.
constexpr std::size_t kMaxProbe = 60;

constexpr std::string_view kResponseMark = "http";

}  // namespace

Http1::Http1(const AppConfig& config)
    : config_(config), arena_(config.slabs), decoders_(config), builder_(config) {}

Http1::Step Http1::step() {
    switch (half_->state) {
        case HalfState::kStart:
            return start();
        case HalfState::kLine:
            return first_line();
        case HalfState::kMaybeFields:
            return maybe_fields();
        case HalfState::kFields:
            return fields();
        case HalfState::kLength:
            return length_body();
        case HalfState::kUntilClose:
            return until_close_body();
        case HalfState::kStray:
            return stray_body();
        case HalfState::kChunkSize:
            return chunk_size();
        case HalfState::kChunkData:
            return chunk_data();
        case HalfState::kChunkEnd:
            return chunk_end();
        case HalfState::kTrailers:
            return trailers();
        case HalfState::kTunnelWait:
            return before_answer();
        case HalfState::kTunnel:
        case HalfState::kOff:
            return Step::kNeedMore;
        case HalfState::kLeave:
            half_->state = HalfState::kTunnel;
            return Step::kMessageEnd;
        case HalfState::kAbandon:
            half_->state = HalfState::kOff;
            return Step::kMessageEnd;
    }
    return Step::kNeedMore;
}

Http1::Step Http1::start() {
    if (flow_->switched != Switched::kNo) {
        half_->state = HalfState::kTunnel;
        return Step::kNeedMore;
    }
    Bytes in = unread();
    std::size_t blank = 0;
    while (blank < in.size() && (in[blank] == '\n' || in[blank] == '\r')) {
        ++blank;
    }
    take(blank);
    in = in.subspan(blank);
    if (in.empty()) {
        return Step::kNeedMore;
    }
    return chunk_.direction == Direction::kToServer ? start_request(in) : start_response(in);
}

// Behind a CONNECT that was not answered yet. A request is one whatever the answer will be, and not
// to be forwarded unread; other bytes wait.
Http1::Step Http1::before_answer() {
    if (detect_protocol(Direction::kToServer, unread()) != AppProto::kHttp1) {
        return Step::kNeedMore;
    }
    half_->state = HalfState::kStart;
    return Step::kGoOn;
}

Http1::Step Http1::start_request(Bytes in) {
    if (!is_token_char(in.front()) && !is_space(in.front())) {
        return damaged(Reason::http_malformed);
    }
    open_message();
    half_->state = HalfState::kLine;
    return Step::kGoOn;
}

Http1::Step Http1::start_response(Bytes in) {
    std::size_t blank = 0;
    while (blank < in.size() && is_lws(in[blank])) {
        ++blank;
    }
    const std::size_t n = std::min(in.size() - blank, kResponseMark.size());
    if (blank <= kMaxProbe && equals_nocase(in.subspan(blank, n), kResponseMark.substr(0, n))) {
        if (n < kResponseMark.size()) {
            return Step::kNeedMore;
        }
        open_message();
        half_->state = HalfState::kLine;
        return Step::kGoOn;
    }
    return start_stray(in);
}

// What does not begin with "HTTP". At first: an HTTP/0.9 body, or junk before the status line that
// clients pass over when the next line is one. Later: clients add it to the body of the response
// before (a body longer than its Content-Length, one after a 304 or a 100), as libhtp does.
Http1::Step Http1::start_stray(Bytes in) {
    HttpHalf& h = *half_;
    if (h.understood) {
        count(Reason::http_malformed);
        drop_message(h);
        h.ended = false;
        h.announced = false;
        h.body_end = 0;
        h.stray_unnumbered = h.next_tx == h.tx_id;
        h.stray_once = false;
        if (h.copied_body) {
            h.copied_body = false;
            h.body_start = h.consumed;
            h.body_total = 0;
        }
        // Line ends before it were passed over; they belong to the body now.
        const auto here = static_cast<std::uint64_t>(in.data() - chunk_.window.data());
        const std::uint64_t passed = h.consumed - h.body_start - h.body_total;
        h.body_total += passed;
        new_body_ += std::min(passed, here);
    } else {
        open_message();
        h.understood = true;
        h.stray_unnumbered = h.stray_once = true;
        h.line_shown = h.headers_shown = true;  // there are none
        h.body_start = h.consumed;
    }
    h.line = LineState::kText;
    h.state = HalfState::kStray;
    return Step::kGoOn;
}

void Http1::open_message() {
    HttpHalf& h = *half_;
    drop_message(h);
    if (chunk_.direction == Direction::kToServer) {
        flow_->request_before = {h.tx_id, h.events.all};
    }
    // What is odd about an interim response belongs to the one that counts.
    h.events = h.tx_id == h.next_tx ? ShownEvents{h.events.all, {}} : ShownEvents{};
    h.tx_id = h.next_tx;
    h.block_start = h.consumed;
    h.body_total = 0;
    h.body_end = 0;
    h.line_size = 0;
    h.status = 0;
    h.line = LineState::kText;
    h.copied_body = false;
    h.file = chunk_.direction == Direction::kToServer ? FileKind::kNone : FileKind::kBody;
    h.file_named = false;
    h.line_shown = h.headers_shown = false;
    h.announced = false;
    h.ended = false;
    h.stray_unnumbered = false;
    facts_ = MessageFacts{};
}

Http1::Step Http1::first_line() {
    const Bytes in = unread();
    const std::size_t lf = find_lf(in);
    if (lf == in.size()) {
        take(lf);
        return Step::kNeedMore;
    }
    take(lf + 1);
    const Bytes line = block();
    if (line.data() == nullptr) {
        return damaged(stash_failure());
    }
    HttpHalf& h = *half_;
    h.line_size = static_cast<std::uint32_t>(line.size());
    h.line = LineState::kEmpty;
    h.understood = true;
    if (chunk_.direction == Direction::kToClient) {
        // A CR alone ends a line of a response for clients, the first one, too.
        const Bytes text = chomp(line);
        const auto cr = std::find(text.begin(), text.end(), '\r');
        if (cr != text.end()) {
            h.line_size = static_cast<std::uint32_t>(cr - text.begin()) + 1;
        }
        h.line = text.size() + 1 == line.size() ? LineState::kBareLf : LineState::kEmpty;
        h.state = HalfState::kFields;
        return Step::kGoOn;
    }
    const RequestLine request = parse_request_line(chomp(line));
    if (!std::all_of(request.method.begin(), request.method.end(), is_token_char)) {
        return damaged(Reason::http_malformed);
    }
    h.method = request.kind;
    flow_->push_method(request.kind);
    h.state = request.protocol.data() == nullptr ? HalfState::kMaybeFields : HalfState::kFields;
    return Step::kGoOn;
}

Http1::Step Http1::maybe_fields() {
    const Bytes in = unread();
    std::size_t n = 0;
    while (n < in.size() && n <= kMaxProbe && is_token_char(in[n])) {
        ++n;
    }
    if (n == in.size() && n <= kMaxProbe) {
        return Step::kNeedMore;
    }
    if (n > 0 && n <= kMaxProbe && in[n] == ':') {
        half_->state = HalfState::kFields;
        return Step::kGoOn;
    }
    // HTTP/0.9: whatever follows the request is not HTTP.
    if (!build(block(), true)) {
        return Step::kDamaged;
    }
    half_->state = HalfState::kOff;
    return Step::kMessageEnd;
}

// The line state behind 'c'. False: the block ended before 'c' already.
bool Http1::line_step(LineState& line, std::uint8_t c, Direction d) {
    const bool lf = c == '\n';
    const bool cr = c == '\r';
    switch (line) {
        case LineState::kEmpty:
        case LineState::kBareLf:
            if (cr) {
                line = line == LineState::kBareLf ? LineState::kLfCr : LineState::kCr;
                return true;
            }
            if (is_lws(c) && d == Direction::kToClient) {
                line = LineState::kBlank;
                return true;
            }
            break;
        case LineState::kLfCr:
            if (cr) {
                line = LineState::kLfCrCr;
                return true;
            }
            break;
        case LineState::kLfCrCr:
            line = lf ? LineState::kLfCrCrLf : LineState::kText;
            return true;
        case LineState::kLfCrCrLf:
            line = LineState::kLastCr;
            return cr;
        case LineState::kBlank:
            line = lf ? LineState::kBlankLine : LineState::kText;
            return true;
        case LineState::kLastCr:
        case LineState::kBlankLine:
            line = LineState::kDone;
            return lf;
        case LineState::kCr:
        case LineState::kText:
        case LineState::kDone:
            break;
    }
    line = lf ? LineState::kDone : LineState::kText;
    return true;
}

// Moves to just behind the empty line, or to the end of the chunk. Odd line ends in responses count
// as for libhtp: clients take them, and there begins what they show.
bool Http1::find_block_end() {
    HttpHalf& h = *half_;
    const Bytes in = unread();
    std::size_t pos = 0;
    bool done = false;
    while (pos < in.size() && !done) {
        if (h.line != LineState::kText) {
            const bool belongs = line_step(h.line, in[pos], chunk_.direction);
            pos += belongs ? 1 : 0;
            done = !belongs || h.line == LineState::kDone;
            continue;
        }
        pos += find_lf(in.subspan(pos));
        if (pos < in.size()) {
            h.line = ends_bare(pos) ? LineState::kBareLf : LineState::kEmpty;
            ++pos;
        }
    }
    take(pos);
    return done;
}

// Whether no CR precedes the LF at unread()[pos] of a response.
bool Http1::ends_bare(std::size_t pos) const {
    const std::uint64_t at = half_->consumed - chunk_.offset + pos;
    return chunk_.direction == Direction::kToClient && at > 0 &&
           chunk_.window[static_cast<std::size_t>(at - 1)] != '\r';
}

Http1::Step Http1::fields() {
    if (!find_block_end()) {
        return Step::kNeedMore;
    }
    return build(block(), true) ? headers_complete() : Step::kDamaged;
}

bool Http1::build(Bytes bytes, bool with_headers) {
    HttpHalf& h = *half_;
    const Direction d = chunk_.direction;
    const StoreBuilder::Input in{d, bytes, h.line_size, with_headers, asked_for()};
    if (bytes.data() == nullptr) {
        (void)damaged(stash_failure());
        return false;
    }
    const BuildResult r = builder_.build(in, arena_, h.store, facts_);
    if (r != BuildResult::kOk) {
        if (r == BuildResult::kLimit) {
            note(AppEvent::http_request_too_many_headers, AppEvent::http_response_too_many_headers);
        }
        (void)damaged(r == BuildResult::kLimit ? Reason::http_header_limit
                                               : Reason::http_store_full);
        return false;
    }
    h.status = facts_.status;
    h.events.all |= facts_.events;
    new_ |= h.line_shown ? BufferMask{} : line_buffers(d);
    h.line_shown = true;
    if (with_headers) {
        new_ |= header_buffers(d);
        h.headers_shown = true;
        arena_.give(h.raw);
        h.raw_size = 0;
    }
    return true;
}

Http1::Step Http1::headers_complete() {
    half_->body_start = half_->consumed;
    if (facts_.anomaly) {
        count(Reason::http_malformed);
    }
    return chunk_.direction == Direction::kToServer ? request_body(facts_) : response_body(facts_);
}

Http1::Step Http1::request_body(const MessageFacts& facts) {
    HttpHalf& h = *half_;
    const bool body = facts.body == BodyKind::kLength || facts.body == BodyKind::kChunked;
    if (body && !start_file()) {
        return damaged(Reason::http_store_full);
    }
    switch (facts.body) {
        case BodyKind::kLength:
            h.left = static_cast<std::uint64_t>(facts.length);
            h.state = HalfState::kLength;
            start_decoding();
            return Step::kGoOn;
        case BodyKind::kChunked:
            start_copied_body();
            start_decoding();
            h.state = HalfState::kChunkSize;
            return Step::kGoOn;
        case BodyKind::kInvalid:
            // Counted as an anomaly already. Nobody can tell where the body ends.
            h.state = h.method == MethodKind::kConnect ? HalfState::kTunnelWait : HalfState::kOff;
            return Step::kMessageEnd;
        case BodyKind::kUntilClose:
        case BodyKind::kNone:
            h.state = h.method == MethodKind::kConnect ? HalfState::kTunnelWait : HalfState::kStart;
            return Step::kMessageEnd;
    }
    return Step::kMessageEnd;
}

Http1::Step Http1::response_body(const MessageFacts& facts) {
    HttpHalf& h = *half_;
    const std::uint16_t status = facts.status;
    if (is_interim(status)) {
        // An interim response; the one that counts follows.
        new_ = {};
        h.second_continue = h.second_continue || (h.saw_continue && status == 100);
        h.saw_continue = h.saw_continue || status == 100;
        h.ended = true;
        h.state = HalfState::kStart;
        return Step::kGoOn;
    }
    if (h.second_continue) {
        h.events.add(AppEvent::http_100_continue_already_seen);
    }
    h.saw_continue = h.second_continue = false;
    if (!flow_->awaits_response()) {
        h.events.add(AppEvent::http_unable_to_match_response_to_request);
    }
    const MethodKind method = flow_->front_method();
    flow_->pop_method();
    if (status == 101) {
        if (facts.to_h2c) {
            upgrade_to_h2c();
        }
        return switch_protocol(Switched::kUpgrade);
    }
    if (method == MethodKind::kConnect && status >= 200 && status < 300) {
        return switch_protocol(Switched::kConnect);
    }
    HttpHalf& request = flow_->half[index_of(Direction::kToServer)];
    if (method == MethodKind::kConnect && request.state == HalfState::kTunnelWait) {
        request.state = HalfState::kStart;
    }
    h.state = HalfState::kStart;
    if (method == MethodKind::kHead || status == 204 || status == 304) {
        return Step::kMessageEnd;
    }
    return begin_response_body(facts);
}

Http1::Step Http1::begin_response_body(const MessageFacts& facts) {
    HttpHalf& h = *half_;
    if (facts.bad_range && facts.body != BodyKind::kNone) {
        h.events.add(AppEvent::http_range_invalid);
    }
    switch (facts.body) {
        case BodyKind::kLength:
            h.left = static_cast<std::uint64_t>(facts.length);
            h.state = HalfState::kLength;
            start_decoding();
            return Step::kGoOn;
        case BodyKind::kChunked:
            start_copied_body();
            start_decoding();
            h.state = HalfState::kChunkSize;
            return Step::kGoOn;
        case BodyKind::kUntilClose:
        case BodyKind::kInvalid:
            start_decoding();
            h.state = HalfState::kUntilClose;
            return Step::kGoOn;
        case BodyKind::kNone:
            return Step::kMessageEnd;
    }
    return Step::kMessageEnd;
}

// The response at hand says that what follows is not this HTTP any more. The client's side follows
// when its request is over; a CONNECT has no body, whatever it says (RFC 9110 section 9.3.6).
Http1::Step Http1::switch_protocol(Switched why) {
    HttpHalf& request = flow_->half[index_of(Direction::kToServer)];
    if (request.state == HalfState::kOff || request.state == HalfState::kAbandon) {
        half_->state = HalfState::kOff;
        return Step::kMessageEnd;
    }
    half_->state = HalfState::kTunnel;
    flow_->switched = why;
    if (request.ended) {
        request.state = HalfState::kTunnel;
    } else if (why == Switched::kConnect && request.method == MethodKind::kConnect &&
               request.headers_shown) {
        request.consumed = request.body_start;
        request.state = HalfState::kLeave;
    }
    return Step::kMessageEnd;
}

// A server that speaks HTTP where it announced another protocol, and with the first thing that it
// says goes on to HTTP/2, does more than Suricata follows.
void Http1::upgrade_to_h2c() {
    HttpHalf& h = *half_;
    const HttpHalf& request = flow_->half[index_of(Direction::kToServer)];
    const bool unasked = h.events.all.has(AppEvent::http_unable_to_match_response_to_request);
    if (flow_->depth != 0 && h.tx_id == 0 && unasked && request.ended && request.next_tx == 0) {
        h.events.add(AppEvent::http_failed_protocol_change);
        unasked_ = true;
    } else {
        flow_->h2c = true;
    }
}

Handover Http1::handover(const HttpFlow& state) {
    const bool upgrade = state.switched == Switched::kUpgrade;
    return {state.switched != Switched::kNo &&
                state.half[index_of(Direction::kToServer)].state == HalfState::kTunnel,
            state.h2c ? AppProto::kHttp2 : AppProto::kUnknown,
            upgrade ? AppProto::kHttp1 : AppProto::kNone};
}

// The connection ends here: what is there is all there will be.
Http1::Step Http1::at_end() {
    HttpHalf& h = *half_;
    const HalfState before = h.state;
    h.state = HalfState::kOff;
    switch (before) {
        case HalfState::kLine:
        case HalfState::kMaybeFields:
        case HalfState::kFields: {
            const Bytes all = block();
            if (before == HalfState::kLine) {
                h.line_size = static_cast<std::uint32_t>(all.size());
            }
            return build(all, true) ? Step::kMessageEnd : Step::kDamaged;
        }
        case HalfState::kStart:
            if (!unread().empty() && chunk_.direction == Direction::kToClient && !h.understood) {
                open_message();  // a response shorter than "HTTP"
                h.understood = true;
                h.line_shown = h.headers_shown = true;
                h.body_start = h.consumed;
                (void)until_close_body();
                return Step::kMessageEnd;
            }
            if (!unread().empty() && chunk_.direction == Direction::kToClient) {
                (void)start_stray(unread());
                h.state = HalfState::kOff;
                (void)until_close_body();
                return Step::kMessageEnd;
            }
            return Step::kNeedMore;
        case HalfState::kStray:
            (void)until_close_body();
            return Step::kMessageEnd;
        case HalfState::kLength:
        case HalfState::kUntilClose:
        case HalfState::kChunkSize:
        case HalfState::kChunkData:
        case HalfState::kChunkEnd:
        case HalfState::kTrailers:
        case HalfState::kLeave:
        case HalfState::kAbandon:
            return Step::kMessageEnd;
        case HalfState::kTunnelWait:
        case HalfState::kTunnel:
        case HalfState::kOff:
            return Step::kNeedMore;
    }
    return Step::kNeedMore;
}

Http1::Step Http1::damaged(Reason reason) {
    count(reason);
    if (reason == Reason::http_header_limit) {
        note(AppEvent::http_request_field_too_long, AppEvent::http_response_field_too_long);
    }
    gave_up_ = gave_up_ || reason == Reason::http_store_full ||
               !(flow_->half[0].understood || flow_->half[1].understood);
    half_->state = HalfState::kOff;
    return Step::kDamaged;
}

}  // namespace sluice::app
