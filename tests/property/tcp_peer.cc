// SPDX-License-Identifier: Apache-2.0
#include "tests/property/tcp_peer.h"

#include <algorithm>

namespace sluice::test {

namespace {

constexpr std::uint8_t kFin = packet::kTcpFin;
constexpr std::uint8_t kSyn = packet::kTcpSyn;
constexpr std::uint8_t kRst = packet::kTcpRst;
constexpr std::uint8_t kPsh = packet::kTcpPsh;
constexpr std::uint8_t kAck = packet::kTcpAck;
constexpr Time kDelayedAck = 40 * kMs;
constexpr Time kKeepalive = 400 * kMs;

std::int32_t signed_distance(std::uint32_t from, std::uint32_t to) {
    return static_cast<std::int32_t>(to - from);
}

}  // namespace

TcpPeer::TcpPeer(const Habits& habits, std::string to_send, std::size_t peer_size, Rng& rng)
    : habits_(habits), text_(std::move(to_send)), peer_size_(peer_size), rng_(rng) {
    right_ = habits_.buffer;
}

void TcpPeer::connect(Time now) {
    client_ = true;
    state_ = State::kSynSent;
    send_syn(now);
}

// Never less than was announced before (RFC 9293 section 3.8.6.2.1: do not shrink the window).
std::size_t TcpPeer::window(Time now) {
    if (paused_reading_ && now >= read_again_at_) {
        read();
    }
    const std::size_t unread = paused_reading_ ? received_.size() - read_ : 0;
    const std::size_t room = habits_.buffer - std::min(habits_.buffer, unread);
    right_ = std::max(right_, received_.size() + room);
    return right_ - received_.size();
}

TcpSegment TcpPeer::segment(std::uint32_t seq, std::uint8_t flags, Time now) {
    TcpSegment s;
    s.seq = seq;
    s.flags = flags;
    const std::size_t room = window(now);
    const int shift = s.has(kSyn) ? 0 : own_wscale_;
    s.window = static_cast<std::uint16_t>(std::min<std::size_t>(room >> shift, 65535));
    if (s.has(kAck)) {
        s.ack = peer_isn_ + 1 + static_cast<std::uint32_t>(received_.size()) + (fin_taken_ ? 1 : 0);
        last_ack_sent_ = s.ack;
        ack_at_ = kNever;
    }
    if (ts_on_ || (s.has(kSyn) && !s.has(kAck) && habits_.timestamps)) {
        s.timestamps = {habits_.ts_base + static_cast<std::uint32_t>(now / kMs),
                        s.has(kAck) ? ts_recent_ : 0};
    }
    return s;
}

void TcpPeer::send_syn(Time now) {
    TcpSegment s = segment(habits_.isn, client_ ? kSyn : kSyn | kAck, now);
    s.mss = static_cast<int>(habits_.mss);
    s.wscale = client_ || scaled_ ? habits_.wscale : -1;
    s.sack_permitted = client_ ? habits_.sack : sack_on_;
    out.push_back(s);
    rto_at_ = now + (Time{1} << std::min(failures_, 4)) * kRto;
}

void TcpPeer::take(const TcpSegment& s, Time now) {
    if (state_ == State::kReset) {
        return;
    }
    failures_ = 0;
    if (s.has(kRst)) {
        take_reset(s, now);
        return;
    }
    if (s.has(kSyn)) {
        take_syn(s, now);
        return;
    }
    if (state_ == State::kClosed || state_ == State::kSynSent || !s.has(kAck)) {
        return;
    }
    if (too_old(s)) {
        send_ack(now);
        return;
    }
    const std::size_t before = received_.size();
    const bool had_fin = fin_taken_;
    take_ack(s, now);
    if (state_ != State::kOpen) {
        return;  // does not acknowledge our SYN
    }
    take_data(s);
    deliver(now);
    if (!s.payload.empty() || s.has(kFin) ||
        signed_distance(s.seq, peer_isn_ + 1 + static_cast<std::uint32_t>(received_.size())) > 0) {
        acknowledge(s, received_.size() != before || fin_taken_ != had_fin, now);
    }
    pump(now);
}

void TcpPeer::take_syn(const TcpSegment& s, Time now) {
    const bool answer = s.has(kAck);
    if (state_ == State::kClosed && !client_ && !answer) {
        agree(s);
        state_ = State::kSynReceived;
        send_syn(now);
    } else if (state_ == State::kSynReceived && !answer && s.seq == peer_isn_) {
        send_syn(now);
    } else if (state_ == State::kSynSent && answer && s.ack == habits_.isn + 1) {
        agree(s);
        state_ = State::kOpen;
        rto_at_ = kNever;
        keepalive_at_ = now + kKeepalive;
        peer_right_ = s.window;
        send_ack(now);
        pump(now);
    } else if (state_ == State::kOpen) {
        send_ack(now);  // RFC 5961 section 4
    }
}

void TcpPeer::agree(const TcpSegment& s) {
    peer_isn_ = s.seq;
    ts_on_ = habits_.timestamps && s.timestamps.has_value();
    ts_recent_ = s.timestamps ? s.timestamps->first : 0;
    sack_on_ = habits_.sack && s.sack_permitted;
    scaled_ = habits_.wscale >= 0 && s.wscale >= 0;
    own_wscale_ = scaled_ ? habits_.wscale : 0;
    peer_wscale_ = scaled_ ? s.wscale : 0;
    peer_right_ = s.window;
}

// RFC 5961 section 3.2.
void TcpPeer::take_reset(const TcpSegment& s, Time now) {
    const std::uint32_t expected =
        peer_isn_ + 1 + static_cast<std::uint32_t>(received_.size()) + (fin_taken_ ? 1 : 0);
    if (state_ == State::kOpen && s.seq == expected) {
        state_ = State::kReset;
    } else if (state_ == State::kOpen) {
        send_ack(now);
    }
}

// RFC 7323 section 5.3.
bool TcpPeer::too_old(const TcpSegment& s) {
    if (!ts_on_ || !s.timestamps) {
        return false;
    }
    if (signed_distance(ts_recent_, s.timestamps->first) < 0) {
        return true;
    }
    if (signed_distance(last_ack_sent_, s.seq) <= 0) {
        ts_recent_ = s.timestamps->first;
    }
    return false;
}

void TcpPeer::take_ack(const TcpSegment& s, Time now) {
    const std::int32_t ahead = signed_distance(stream_seq(0), s.ack);
    if (ahead < 0 || static_cast<std::size_t>(ahead) > std::max(next_, everything())) {
        return;
    }
    if (state_ == State::kSynReceived) {
        state_ = State::kOpen;
        rto_at_ = kNever;
        keepalive_at_ = now + kKeepalive;
    }
    const auto acked = static_cast<std::size_t>(ahead);
    const std::size_t right = acked + (std::size_t{s.window} << peer_wscale_);
    const bool opened = right > peer_right_;
    peer_right_ = std::max(peer_right_, right);
    if (acked > una_) {
        acked_more(acked, now);
    } else if (acked == una_ && una_ < next_ && s.payload.empty() && !opened &&
               ++duplicate_acks_ == 3 && recover_ <= una_) {
        recover_ = next_;
        send_at(una_, habits_.mss, now);
    }
}

void TcpPeer::acked_more(std::size_t una, Time now) {
    una_ = una;
    duplicate_acks_ = 0;
    keepalive_at_ = now + kKeepalive;
    rto_at_ = una_ < next_ ? now + kRto : kNever;
    if (una_ < recover_) {
        send_at(una_, habits_.mss, now);  // a partial ACK: the next hole (RFC 6582)
    }
}

void TcpPeer::take_data(const TcpSegment& s) {
    const std::int32_t begin = signed_distance(peer_isn_ + 1, s.seq);
    for (std::size_t i = 0; i < s.payload.size(); ++i) {
        const std::int32_t at = begin + static_cast<std::int32_t>(i);
        if (at < static_cast<std::int32_t>(received_.size()) ||
            at >= static_cast<std::int32_t>(right_)) {
            continue;
        }
        const auto place = static_cast<std::size_t>(at);
        if (habits_.last_copy_wins) {
            early_[place] = s.payload[i];
        } else {
            early_.emplace(place, s.payload[i]);
        }
    }
    const std::int32_t end = begin + static_cast<std::int32_t>(s.payload.size());
    if (s.has(kFin) && end >= 0 && end <= static_cast<std::int32_t>(right_)) {
        fin_at_ = static_cast<std::size_t>(end);
    }
}

void TcpPeer::deliver(Time now) {
    while (!early_.empty() && early_.begin()->first == received_.size()) {
        received_ += early_.begin()->second;
        early_.erase(early_.begin());
    }
    fin_taken_ = fin_taken_ || received_.size() == fin_at_;
    if (!paused_reading_ && received_.size() >= habits_.pause_reading_at) {
        paused_reading_ = true;
        read_ = received_.size();
        read_again_at_ = now + habits_.pause;
        habits_.pause_reading_at = ~std::size_t{0};
    }
}

// At once, or, as RFC 9293 section 3.8.6.3 allows, for every second segment.
void TcpPeer::acknowledge(const TcpSegment& s, bool in_order, Time now) {
    if (!habits_.delayed_acks || !in_order || !early_.empty() || s.has(kFin) || ack_at_ != kNever) {
        send_ack(now);
        return;
    }
    ack_at_ = now + kDelayedAck;
}

void TcpPeer::send_ack(Time now) {
    TcpSegment s = segment(stream_seq(next_), kAck, now);
    if (sack_on_ && !early_.empty()) {
        std::uint32_t begin = static_cast<std::uint32_t>(early_.begin()->first);
        std::uint32_t end = begin;
        for (const auto& [at, byte] : early_) {
            if (at != end) {
                break;
            }
            ++end;
        }
        s.sacks.emplace_back(peer_isn_ + 1 + begin, peer_isn_ + 1 + end);
    }
    out.push_back(s);
}

bool TcpPeer::may_close() const {
    switch (habits_.farewell) {
        case Farewell::kFin:
            return true;
        case Farewell::kFinAfterPeer:
            return fin_taken_;
        case Farewell::kReset:
            return false;
    }
    return false;
}

// Whatever may be sent now.
void TcpPeer::pump(Time now) {
    if (state_ != State::kOpen || received_.size() < habits_.speak_after || now < send_again_at_) {
        return;
    }
    for (std::size_t in_flight = 0; in_flight < habits_.burst; ++in_flight) {
        const std::size_t limit = std::min(text_.size(), std::max(peer_right_, next_));
        if (next_ >= limit || next_ - una_ >= habits_.burst * habits_.mss) {
            break;
        }
        if (!paused_sending_ && next_ >= habits_.pause_sending_at) {
            paused_sending_ = true;
            send_again_at_ = now + habits_.pause;
            return;
        }
        send_at(next_, limit - next_, now);
    }
    if (next_ == text_.size() && !fin_sent_ && may_close()) {
        send_at(next_, 0, now);
    }
    if (habits_.farewell == Farewell::kReset && una_ == text_.size() &&
        received_.size() == peer_size_ && (fin_taken_ || below(rng_, 2) == 0)) {
        out.push_back(segment(stream_seq(next_), kRst | kAck, now));
        state_ = State::kReset;
    }
    if (next_ < text_.size() && una_ == next_ && rto_at_ == kNever) {
        rto_at_ = now + kRto;  // the window is closed: to be probed
    }
}

// A segment of at most 'most' bytes from there on, with the FIN where that comes next.
void TcpPeer::send_at(std::size_t at, std::size_t most, Time now) {
    std::size_t n = 0;
    if (at < text_.size()) {
        const std::size_t allowed = std::max(next_, peer_right_) - at;
        n = std::min({most, habits_.mss, text_.size() - at, allowed});
    }
    if (habits_.random_cuts && n > 1) {
        n = 1 + below(rng_, n);
    }
    TcpSegment s = segment(stream_seq(at), kAck, now);
    s.payload = text_.substr(std::min(at, text_.size()), n);
    const bool last = at + n >= text_.size();
    if (last && n != 0) {
        s.flags |= kPsh;
    }
    std::size_t end = at + n;
    if (last && (fin_sent_ || (may_close() && (n == 0 || below(rng_, 2) == 0)))) {
        s.flags |= kFin;
        fin_sent_ = true;
        end = text_.size() + 1;
    }
    next_ = std::max(next_, end);
    if (rto_at_ == kNever) {
        rto_at_ = now + (Time{1} << std::min(failures_, 4)) * kRto;
    }
    out.push_back(s);
}

Time TcpPeer::next_timer() const {
    if (state_ == State::kReset || gave_up()) {
        return kNever;
    }
    Time t = std::min({rto_at_, ack_at_, read_again_at_});
    if (state_ == State::kOpen) {
        if (paused_sending_ && next_ < text_.size() && send_again_at_ != 0) {
            t = std::min(t, send_again_at_);
        }
        if (una_ == next_ && !fin_sent_) {
            t = std::min(t, keepalive_at_);
        }
    }
    return t;
}

void TcpPeer::tick(Time now) {
    if (now >= ack_at_) {
        send_ack(now);
    }
    if (now >= read_again_at_) {
        read();
        send_ack(now);  // the window is open again
    }
    if (now >= send_again_at_ && send_again_at_ != 0) {
        send_again_at_ = 0;
        pump(now);
    }
    if (now >= rto_at_) {
        time_out(now);
    }
    if (now >= keepalive_at_ && state_ == State::kOpen && una_ == next_ && !fin_sent_) {
        keepalive(now);
    }
}

void TcpPeer::read() {
    paused_reading_ = false;
    read_again_at_ = kNever;
}

void TcpPeer::keepalive(Time now) {
    TcpSegment s = segment(stream_seq(next_) - 1, kAck, now);
    if (habits_.keepalive_garbage) {
        s.payload = std::string(1, '\0');
    }
    out.push_back(s);
    keepalive_at_ = now + kKeepalive;
    ++failures_;  // until something is heard
}

void TcpPeer::time_out(Time now) {
    rto_at_ = kNever;
    ++failures_;
    if (state_ == State::kSynSent || state_ == State::kSynReceived) {
        send_syn(now);
        return;
    }
    if (una_ < next_) {
        recover_ = next_;
        send_at(una_, habits_.mss, now);
    } else if (next_ < text_.size() && next_ < peer_right_) {
        pump(now);
    } else if (next_ < text_.size()) {  // a closed window
        TcpSegment s = segment(stream_seq(next_) - (habits_.probe_with_data ? 0 : 1), kAck, now);
        if (habits_.probe_with_data) {
            s.payload = text_.substr(next_, 1);
            ++next_;
        }
        out.push_back(s);
        rto_at_ = now + (Time{1} << std::min(failures_, 4)) * kRto;
    }
}

bool TcpPeer::done() const {
    if (state_ == State::kReset) {
        return true;
    }
    return fin_sent_ && una_ == everything() && fin_taken_;
}

}  // namespace sluice::test
