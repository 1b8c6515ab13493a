// SPDX-License-Identifier: Apache-2.0
// Bodies: RFC 9112 sections 6 and 7.
#include "dataplane/app/http1.h"
#include "dataplane/app/http1_text.h"

#include <algorithm>
#include <cstring>

namespace sluice::app {
namespace {

using packet::Reason;

constexpr std::uint64_t kMaxChunk = std::uint64_t{1} << 59;
constexpr std::size_t kUsualRatio = 4;  // of decoded bytes to bytes sent: sizes the window
constexpr std::size_t kMinDecoded = 1024;
constexpr std::size_t kMaxWindow =
    std::size_t{32} * 1024;  // capacity: body_history and as much room behind it

}  // namespace

Http1::Step Http1::length_body() {
    HttpHalf& h = *half_;
    const std::uint64_t n = std::min<std::uint64_t>(unread().size(), h.left);
    if (h.copied_body) {
        return copied_length_body(unread().first(static_cast<std::size_t>(n)));
    }
    take(n);
    h.left -= n;
    h.body_total += n;
    new_body_ += n;
    if (h.left != 0) {
        return Step::kNeedMore;
    }
    h.state = HalfState::kStart;
    return Step::kMessageEnd;
}

Http1::Step Http1::copied_length_body(Bytes in) {
    HttpHalf& h = *half_;
    const std::uint64_t before = h.consumed;
    const Step step = copy_body(in);
    h.left -= h.consumed - before;
    if (h.left != 0 || step == Step::kDamaged || decoder_owes()) {
        return step;
    }
    h.state = HalfState::kStart;
    return Step::kMessageEnd;
}

Http1::Step Http1::until_close_body() {
    HttpHalf& h = *half_;
    const Bytes in = unread();
    if (h.copied_body) {
        return copy_body(in);
    }
    take(in.size());
    h.body_total += in.size();
    new_body_ += in.size();
    return Step::kNeedMore;
}

// Identity body that a status line ends.
Http1::Step Http1::stray_body() {
    constexpr std::string_view kStatusLine = "http/";
    HttpHalf& h = *half_;
    const Bytes in = unread();
    std::size_t pos = 0;
    bool found = false;
    bool wait = false;
    while (pos < in.size() && !found && !wait) {
        if (h.line == LineState::kEmpty) {
            const std::size_t n = std::min(in.size() - pos, kStatusLine.size());
            const bool same = equals_nocase(in.subspan(pos, n), kStatusLine.substr(0, n));
            found = same && n == kStatusLine.size();
            wait = same && !found;
            if (!same) {
                h.line = LineState::kText;
                h.state = h.stray_once ? HalfState::kUntilClose : h.state;
                pos = h.stray_once ? in.size() : pos;
            }
            continue;
        }
        const void* lf = std::memchr(in.data() + pos, '\n', in.size() - pos);
        pos = lf == nullptr
                  ? in.size()
                  : static_cast<std::size_t>(static_cast<const std::uint8_t*>(lf) - in.data()) + 1;
        h.line = lf == nullptr ? h.line : LineState::kEmpty;
    }
    take(pos);
    h.body_total += pos;
    new_body_ += pos;
    if (found) {
        h.state = HalfState::kStart;
        return Step::kMessageEnd;
    }
    return Step::kNeedMore;
}

std::optional<std::uint64_t> Http1::plain_body() const {
    const HttpHalf& h = *half_;
    const bool whole = h.state == HalfState::kUntilClose ||
                       (h.state == HalfState::kLength && h.left >= chunk_.fresh);
    const bool unread = h.consumed + chunk_.fresh == chunk_.offset + chunk_.window.size();
    return whole && unread && !h.copied_body && chunk_.fresh != 0 ? std::optional(h.body_start)
                                                                  : std::nullopt;
}

void Http1::start_copied_body() {
    HttpHalf& h = *half_;
    h.copied_body = true;
    h.body_size = 0;
    h.left = 0;
    h.chunk_digits = h.chunk_extension = false;
}

// One line: blanks, hexadecimal digits, anything, LF. 'left' collects the number.
Http1::Step Http1::chunk_size() {
    const Bytes in = unread();
    if (in.empty()) {
        return Step::kNeedMore;
    }
    if (half_->chunk_extension) {
        return chunk_size_line(in);
    }
    HttpHalf& h = *half_;
    std::size_t pos = 0;
    while (!h.chunk_digits && pos < in.size() && is_space(in[pos])) {
        ++pos;
    }
    for (; pos < in.size(); ++pos) {
        const int digit = hex_value(in[pos]);
        if (digit < 0) {
            break;
        }
        h.chunk_digits = true;
        h.left = std::min(h.left * 16 + static_cast<std::uint64_t>(digit), kMaxChunk);
    }
    take(pos);
    if (pos == in.size()) {
        return Step::kNeedMore;
    }
    h.chunk_extension = true;
    if (h.chunk_digits && h.left < kMaxChunk) {
        if (in[pos] == ';' && chunk_.direction == Direction::kToServer) {
            h.events.add(AppEvent::http_request_chunk_extension);
        }
        return Step::kGoOn;
    }
    note(AppEvent::http_invalid_request_chunk_len, AppEvent::http_invalid_response_chunk_len);
    if (chunk_.direction == Direction::kToServer) {
        return damaged(Reason::http_malformed);
    }
    // Clients show the rest as it is, and so must we see it.
    count(Reason::http_malformed);
    h.state = HalfState::kUntilClose;
    return Step::kGoOn;
}

Http1::Step Http1::chunk_size_line(Bytes in) {
    HttpHalf& h = *half_;
    const void* lf = std::memchr(in.data(), '\n', in.size());
    if (lf == nullptr) {
        take(in.size());
        return Step::kNeedMore;
    }
    take(static_cast<std::size_t>(static_cast<const std::uint8_t*>(lf) - in.data()) + 1);
    h.chunk_digits = h.chunk_extension = false;
    h.state = h.left == 0 ? HalfState::kTrailers : HalfState::kChunkData;
    h.body_end = h.left == 0 ? h.consumed : 0;
    h.line = LineState::kEmpty;
    return Step::kGoOn;
}

Http1::Step Http1::chunk_data() {
    HttpHalf& h = *half_;
    const Bytes in = unread();
    const std::uint64_t before = h.consumed;
    const Step step =
        copy_body(in.first(static_cast<std::size_t>(std::min<std::uint64_t>(in.size(), h.left))));
    h.left -= h.consumed - before;
    if (h.left != 0 || step == Step::kDamaged || decoder_owes()) {
        return step;
    }
    h.state = HalfState::kChunkEnd;
    return step == Step::kShow ? step : Step::kGoOn;
}

Http1::Step Http1::chunk_end() {
    const Bytes in = unread();
    const void* lf = in.empty() ? nullptr : std::memchr(in.data(), '\n', in.size());
    if (lf == nullptr) {
        take(in.size());
        return Step::kNeedMore;
    }
    take(static_cast<std::size_t>(static_cast<const std::uint8_t*>(lf) - in.data()) + 1);
    half_->state = HalfState::kChunkSize;
    return Step::kGoOn;
}

// Trailer fields are passed over, up to a limit: rules see them in the raw stream.
Http1::Step Http1::trailers() {
    HttpHalf& h = *half_;
    const std::uint64_t before = h.consumed;
    const bool complete = find_block_end();
    h.left += h.consumed - before;
    if (h.left > config_.max_header_bytes) {
        return damaged(Reason::http_header_limit);
    }
    if (!complete) {
        return Step::kNeedMore;
    }
    h.state = HalfState::kStart;
    return Step::kMessageEnd;
}

// Appends to the window what fits, at most 'in'.
Http1::Step Http1::copy_body(Bytes in) {
    HttpHalf& h = *half_;
    if (h.decoder != DecoderPool::kNone) {
        return decode_body(in);
    }
    if (in.empty()) {
        return Step::kNeedMore;
    }
    if (!make_room(in.size())) {
        return damaged(Reason::http_store_full);
    }
    const MutableBytes window = arena_.bytes(h.body);
    const std::size_t capacity = std::min(window.size(), kMaxWindow);
    const std::size_t n = std::min(in.size(), capacity - h.body_size);
    std::memcpy(window.data() + h.body_size, in.data(), n);
    h.body_size += static_cast<std::uint32_t>(n);
    h.body_total += n;
    new_body_ += n;
    take(n);
    return n < in.size() ? Step::kShow : Step::kNeedMore;
}

// The same for a body with a content coding: what comes out goes into the window.
Http1::Step Http1::decode_body(Bytes in) {
    HttpHalf& h = *half_;
    ContentDecoder& decoder = decoders_[h.decoder];
    if (in.empty() && !decoder.owes()) {
        return Step::kNeedMore;
    }
    if (!make_room(std::clamp(in.size() * kUsualRatio, kMinDecoded, kMaxWindow))) {
        return damaged(Reason::http_store_full);
    }
    const MutableBytes window = arena_.bytes(h.body);
    const std::size_t capacity = std::min(window.size(), kMaxWindow);
    const Inflater::Step s = decoder.run(in, window.subspan(h.body_size, capacity - h.body_size));
    h.body_size += static_cast<std::uint32_t>(s.made);
    h.body_total += s.made;
    new_body_ += s.made;
    take(s.used);
    if (decoder.out_of_memory() && !decoder.memory_counted) {
        decoder.memory_counted = decoder.damage_counted = true;
        count(Reason::http_inflate_full);
    }
    if (decoder.damaged() && !decoder.damage_counted) {
        decoder.damage_counted = true;
        h.events.add(AppEvent::http_gzip_decompression_failed);
        count(Reason::http_inflate_error);
    }
    if (decoder.over_limit() && !decoder.limit_counted) {
        decoder.limit_counted = true;
        h.events.add(AppEvent::http_compression_bomb);
        count(Reason::http_inflate_limit);
    }
    return s.used < in.size() || decoder.owes() ? Step::kShow : Step::kNeedMore;
}

bool Http1::decoder_owes() {
    return half_->decoder != DecoderPool::kNone && decoders_[half_->decoder].owes();
}

// No state left: the body is shown as sent.
void Http1::start_decoding() {
    HttpHalf& h = *half_;
    if (facts_.codings.count == 0) {
        return;
    }
    h.decoder = decoders_.take();
    if (h.decoder == DecoderPool::kNone) {
        count(Reason::http_inflate_full);
        return;
    }
    decoders_[h.decoder].start(facts_.codings, config_, decoders_.memory());
    h.copied_body = true;
    h.body_size = 0;
}

// Grows the window, or drops its oldest bytes when nothing new is in it. False: no memory at all.
bool Http1::make_room(std::size_t bytes) {
    HttpHalf& h = *half_;
    const std::size_t want = std::min(h.body_size + bytes, kMaxWindow);
    // A window smaller than wanted does as well: the pieces shown get smaller.
    if (!arena_.grow(h.body, h.body_size, want) && !arena_.grow(h.body, h.body_size, 1)) {
        return false;
    }
    const MutableBytes window = arena_.bytes(h.body);
    const std::size_t capacity = std::min(window.size(), kMaxWindow);
    if (bytes <= capacity - h.body_size || new_body_ != 0) {
        return true;
    }
    const std::size_t history = std::min<std::size_t>(config_.body_history, capacity / 2);
    if (h.body_size > history) {
        std::memmove(window.data(), window.data() + h.body_size - history, history);
        h.body_size = static_cast<std::uint32_t>(history);
    }
    return true;
}

}  // namespace sluice::app
