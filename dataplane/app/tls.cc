// SPDX-License-Identifier: Apache-2.0
// Records, and the bytes of handshake messages in them.
#include "dataplane/app/tls.h"

#include <algorithm>
#include <cstring>

namespace sluice::app {
namespace {

using packet::Reason;

constexpr std::size_t kRecordHeader = 5;
constexpr std::size_t kSsl2Header = 3;  // two bytes of length and the type of the message
// A record of 2^14 bytes may grow by 2048 when encrypted (RFC 5246 section 6.2.3).
constexpr std::size_t kMaxRecord = 16384 + 2048;

enum ContentType : std::uint8_t {
    kChangeCipherSpec = 20,
    kAlert = 21,
    kHandshake = 22,
    kApplicationData = 23,
    kHeartbeat = 24,
};

enum MessageType : std::uint8_t {
    kClientHello = 1,
    kServerHello = 2,
    kCertificate = 11,
};

constexpr std::uint8_t kSsl2ClientHello = 1;
constexpr std::uint8_t kSsl2ClientMasterKey = 2;

}  // namespace

Tls::Tls(const AppConfig& config)
    : config_(config), arena_(config.tls_slabs), scratch_(new std::uint8_t[kTextBytes]) {}

void Tls::begin(TlsFlow& state, const stream::StreamChunk& chunk, packet::ReasonCounters& reasons) {
    flow_ = &state;
    half_ = &state.half[index_of(chunk.direction)];
    chunk_ = chunk;
    reasons_ = &reasons;
    gave_up_ = false;
    done_ = half_->ended;
    certs_left_ = alt_names_left_ = alpn_left_ = {};
    if (half_->state != TlsHalfState::kOff &&
        (lost_bytes(chunk, half_->consumed) || chunk.flow->encrypted)) {
        half_->state = TlsHalfState::kOff;
    }
}

bool Tls::next(InspectionPoint& point) {
    if (more_values()) {
        next_values();
        fill(point, false);
        return true;
    }
    while (!done_) {
        switch (step()) {
            case Step::kGoOn:
                break;
            case Step::kShow:
                next_values();
                fill(point, false);
                return true;
            case Step::kNeedMore:
                done_ = true;
                return chunk_.end && finish(point);
            case Step::kEnd:
                done_ = true;
                return finish(point);
        }
    }
    return false;
}

Tls::Step Tls::step() {
    switch (half_->state) {
        case TlsHalfState::kStart:
            return start();
        case TlsHalfState::kRecord:
            return record();
        case TlsHalfState::kBody:
            return body();
        case TlsHalfState::kSsl2Record:
            return ssl2_record();
        case TlsHalfState::kOff:
            return Step::kEnd;
    }
    return Step::kEnd;
}

// The first record of a direction may be one of SSL 2: the upper bit of its length is set, and no
// record of SSL 3 begins so.
Tls::Step Tls::start() {
    const Bytes in = unread();
    if (in.empty()) {
        return Step::kNeedMore;
    }
    half_->state = (in[0] & 0x80) != 0 ? TlsHalfState::kSsl2Record : TlsHalfState::kRecord;
    return Step::kGoOn;
}

Tls::Step Tls::record() {
    Cursor c(unread());
    if (c.remaining() < kRecordHeader) {
        return Step::kNeedMore;
    }
    TlsHalf& h = *half_;
    h.record_type = c.u8();
    h.record_version = c.be16().host();
    h.record_left = c.be16().host();
    const bool odd_type = h.record_type < kChangeCipherSpec || h.record_type > kHeartbeat;
    const bool odd_version = (h.record_version >> 8) != 3;
    if (odd_type || odd_version || h.record_left > kMaxRecord) {
        note(odd_type      ? AppEvent::tls_invalid_record_type
             : odd_version ? AppEvent::tls_invalid_record_version
                           : AppEvent::tls_invalid_ssl_record);
        note(AppEvent::tls_invalid_ssl_record);
        return damaged(Reason::tls_malformed);
    }
    take(kRecordHeader);
    // Early data (RFC 8446 section 2.3) comes before the ServerHello, and is no sign of an end.
    if (h.record_type == kApplicationData && flow_->server_hello) {
        chunk_.flow->encrypted = true;
        h.state = TlsHalfState::kOff;
        return Step::kEnd;
    }
    h.state = TlsHalfState::kBody;
    return Step::kGoOn;
}

Tls::Step Tls::body() {
    TlsHalf& h = *half_;
    const Bytes in = unread();
    const Bytes piece = in.first(std::min<std::size_t>(in.size(), h.record_left));
    if (h.record_left == 0) {
        return end_of_record();
    }
    if (piece.empty()) {
        return Step::kNeedMore;
    }
    if (h.record_type == kHandshake && (!h.ciphered || flow_->retry)) {
        return handshake(piece);
    }
    take(piece.size());
    h.record_left -= static_cast<std::uint32_t>(piece.size());
    return Step::kGoOn;
}

Tls::Step Tls::end_of_record() {
    TlsHalf& h = *half_;
    h.state = TlsHalfState::kRecord;
    if (h.record_type == kChangeCipherSpec) {
        h.ciphered = true;
    }
    // An alert in the place of a hello is all that tells the version.
    if (h.record_type == kAlert && h.version == 0) {
        nothing_new();
        return set_version(h.record_version) ? Step::kShow : damaged(Reason::tls_store_full);
    }
    return Step::kGoOn;
}

// Bytes of handshake messages, which know nothing of records: a message may lie in many, a record
// may hold many, and a message's header may be cut.
Tls::Step Tls::handshake(Bytes piece) {
    TlsHalf& h = *half_;
    const auto pass = [&](std::size_t n) {
        take(n);
        h.record_left -= static_cast<std::uint32_t>(n);
    };
    if (h.head_have < h.head.size()) {
        h.head[h.head_have++] = piece[0];
        pass(1);
        if (h.head_have < h.head.size()) {
            return Step::kGoOn;
        }
        h.message_size = static_cast<std::uint32_t>(h.head[1] << 16 | h.head[2] << 8 | h.head[3]);
        h.message_have = 0;
        h.keep_message = begin_message();
        piece = {};
        if (h.message_size != 0) {
            return Step::kGoOn;
        }
    }
    const std::size_t n = std::min<std::size_t>(piece.size(), h.message_size - h.message_have);
    pass(n);
    return message_bytes(piece.first(n));
}

// Whether the message is of a kind that is read, and not too long.
bool Tls::begin_message() {
    const bool from_client = chunk_.direction == Direction::kToServer;
    const std::uint8_t type = half_->head[0];
    if (type != kCertificate && type != (from_client ? kClientHello : kServerHello)) {
        return false;
    }
    if (half_->message_size > config_.max_tls_message) {
        count(Reason::tls_message_limit);
        return false;
    }
    return true;
}

Tls::Step Tls::message_bytes(Bytes piece) {
    TlsHalf& h = *half_;
    const auto have = static_cast<std::uint32_t>(h.message_have + piece.size());
    const bool complete = have == h.message_size;
    const bool whole = h.message_have == 0 && complete;
    if (h.keep_message && !whole) {
        if (!arena_.grow(h.message, h.message_have, have)) {
            return damaged(Reason::tls_store_full);
        }
        std::copy(piece.begin(), piece.end(), arena_.bytes(h.message).data() + h.message_have);
    }
    h.message_have = have;
    if (!complete) {
        return Step::kGoOn;
    }
    h.head_have = 0;
    Bytes all = piece;
    if (h.keep_message && !whole) {
        all = Bytes(arena_.bytes(h.message)).first(have);
    }
    return message(h.keep_message ? all : Bytes{});
}

// Nothing is read of SSL 2 but its version and when the secret part begins. A hello of SSL 2 may
// offer later versions (RFC 5246 appendix E.2): what follows it is in records of SSL 3 then.
Tls::Step Tls::ssl2_record() {
    TlsHalf& h = *half_;
    Cursor c(unread());
    if (h.record_left != 0) {
        const std::size_t n = std::min<std::size_t>(c.remaining(), h.record_left);
        take(n);
        h.record_left -= static_cast<std::uint32_t>(n);
        return h.record_left == 0 ? Step::kGoOn : Step::kNeedMore;
    }
    if (h.leaves_ssl2) {
        h.state = TlsHalfState::kRecord;
        return Step::kGoOn;
    }
    if (c.remaining() < kSsl2Header + 2) {
        return Step::kNeedMore;
    }
    const bool from_client = chunk_.direction == Direction::kToServer;
    const std::uint16_t first = c.be16().host();
    const std::uint8_t type = c.u8();
    const std::uint16_t offered = c.be16().host();
    if (h.hello) {
        // Behind the server's hello, and behind the client's key, all is encrypted.
        if (!from_client || h.ciphered) {
            chunk_.flow->encrypted = flow_->server_hello;
            h.state = TlsHalfState::kOff;
            return Step::kEnd;
        }
        h.ciphered = type == kSsl2ClientMasterKey;
        h.record_left = (first & 0x7fff) + 2U;
        return Step::kGoOn;
    }
    if ((first & 0x8000) == 0 || (from_client && type != kSsl2ClientHello)) {
        return damaged(Reason::tls_malformed);
    }
    h.hello = h.hello_resolved = true;
    h.record_left = (first & 0x7fff) + 2U;
    flow_->server_hello = flow_->server_hello || !from_client;
    nothing_new();
    h.leaves_ssl2 = from_client && offered >= kSsl3;
    return set_version(kSsl2) && set_state(from_client ? kTlsClientHello : kTlsServerHello)
               ? Step::kShow
               : damaged(Reason::tls_store_full);
}

Tls::Step Tls::damaged(Reason reason) {
    count(reason);
    gave_up_ =
        reason == Reason::tls_store_full || !(flow_->half[0].announced || flow_->half[1].announced);
    half_->state = TlsHalfState::kOff;
    return Step::kEnd;
}

void Tls::release(TlsFlow& state) {
    for (TlsHalf& h : state.half) {
        arena_.give(h.message);
        arena_.give(h.store);
    }
    if (flow_ == &state) {
        flow_ = nullptr;
        done_ = true;
        certs_left_ = alt_names_left_ = alpn_left_ = {};
    }
}

}  // namespace sluice::app
