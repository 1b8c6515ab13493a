// SPDX-License-Identifier: Apache-2.0
// How points are made, and what events are told.
#include "dataplane/app/tls.h"

#include <algorithm>

namespace sluice::app {
namespace {

using packet::Reason;

template <std::size_t N>
constexpr BufferMask masks_of(const std::array<BufferId, N>& ids) {
    BufferMask m;
    for (const BufferId id : ids) {
        m |= mask_of(id);
    }
    return m;
}

constexpr BufferMask kOfHello = masks_of(std::array{
    BufferId::kTlsSni, BufferId::kTlsVersion, BufferId::kTlsAlpn, BufferId::kTlsRandom,
    BufferId::kTlsRandomTime, BufferId::kTlsRandomBytes, BufferId::kJa3Hash, BufferId::kJa3String,
    BufferId::kJa3sHash, BufferId::kJa3sString, BufferId::kJa4Hash});

constexpr BufferMask kOfCertificate = masks_of(
    std::array{BufferId::kTlsCertSubject, BufferId::kTlsCertIssuer, BufferId::kTlsCertSerial,
               BufferId::kTlsCertFingerprint, BufferId::kTlsCerts, BufferId::kTlsSubjectAltName,
               BufferId::kTlsCertChainLen, BufferId::kTlsCertNotBefore, BufferId::kTlsCertNotAfter,
               BufferId::kTlsCertValidity});

}  // namespace

void Tls::pass(BufferId id, Bytes bytes) {
    views_[index_of(id)] = {bytes, 0, static_cast<std::uint32_t>(bytes.size()), true};
    passing_ |= mask_of(id);
}

// Makes the next values of the message at hand visible: one certificate, one alternative name, one
// protocol name. With each certificate all else of its message is fresh again, so that a rule that
// looks for something in a later certificate is found by what it wants of the first.
void Tls::next_values() {
    passing_ = {};
    if (values_shown_ != 0 && certs_left_.empty()) {
        fresh_ = {};
    }
    if (!certs_left_.empty()) {
        Cursor c(certs_left_);
        const std::size_t high = c.u8();
        const Bytes der = c.take(high << 16 | c.be16().host());
        certs_left_ = c.rest();
        pass(BufferId::kTlsCerts, der);
    }
    if (const Bytes name = next_alt_name(alt_names_left_, address_text_); !name.empty()) {
        pass(BufferId::kTlsSubjectAltName, name);
    }
    if (const Bytes name = next_alpn(alpn_left_); !name.empty()) {
        pass(BufferId::kTlsAlpn, name);
    }
    if (++values_shown_ == kMaxValues && more_values()) {
        count(Reason::tls_message_limit);
        certs_left_ = alt_names_left_ = alpn_left_ = {};
    }
}

void Tls::fill(InspectionPoint& point, bool end) {
    TlsHalf& h = *half_;
    point = InspectionPoint{};
    point.flow = chunk_.flow;
    point.direction = chunk_.direction;
    point.tx_start = !h.announced;
    point.tx_end = end;
    point.buffers = &views_;
    h.announced = true;
    if (h.store != kNoSlab) {
        const Bytes slab = arena_.bytes(h.store);
        for (std::size_t i = 0; i < kTlsStored.size(); ++i) {
            if ((h.stored & (1U << i)) != 0) {
                const TlsHalf::Place p = h.at[i];
                views_[index_of(kTlsStored[i])] = {slab.subspan(p.offset, p.length), 0, p.length,
                                                   true};
                point.present |= mask_of(kTlsStored[i]);
            }
        }
    }
    point.present |= passing_;
    point.fresh = (fresh_ & point.present) | passing_;
    point.resolved = (h.hello_resolved ? kOfHello : BufferMask{}) |
                     (h.cert_resolved ? kOfCertificate : BufferMask{});
    event_views_.show(flow_->events[index_of(chunk_.direction)], point,
                      views_[index_of(BufferId::kAppEvents)]);
    if (end) {
        point.resolved = BufferMask::all();
    }
}

// The last point of the direction, if there was one before. False: there was none.
bool Tls::finish(InspectionPoint& point) {
    TlsHalf& h = *half_;
    const bool tell = h.announced && !h.ended;
    h.ended = true;
    h.state = TlsHalfState::kOff;
    arena_.give(h.message);
    if (!tell) {
        return false;
    }
    nothing_new();
    passing_ = {};
    if (chunk_.direction == Direction::kToClient && !has(BufferId::kTlsCertChainLen)) {
        (void)store_number(BufferId::kTlsCertChainLen, 0, sizeof(std::uint32_t));
    }
    fill(point, true);
    return true;
}

TlsSummary Tls::summary(const TlsFlow& state) const {
    const auto get = [&](Direction d, BufferId id) {
        const TlsHalf& h = state.half[index_of(d)];
        for (std::size_t i = 0; i < kTlsStored.size(); ++i) {
            if (kTlsStored[i] == id && (h.stored & (1U << i)) != 0) {
                return Bytes(arena_.bytes(h.store)).subspan(h.at[i].offset, h.at[i].length);
            }
        }
        return Bytes{};
    };
    const auto number = [&](BufferId id) {
        const Bytes b = get(Direction::kToClient, id);
        return b.size() == 8 ? Cursor(b).be64().host() : std::uint64_t{0};
    };
    TlsSummary out;
    const std::uint16_t version = state.half[index_of(Direction::kToClient)].version;
    out.version = version != 0 ? version : state.half[index_of(Direction::kToServer)].version;
    out.sni = get(Direction::kToServer, BufferId::kTlsSni);
    out.ja3_hash = get(Direction::kToServer, BufferId::kJa3Hash);
    out.ja3_string = get(Direction::kToServer, BufferId::kJa3String);
    out.ja4 = get(Direction::kToServer, BufferId::kJa4Hash);
    out.ja3s_hash = get(Direction::kToClient, BufferId::kJa3sHash);
    out.ja3s_string = get(Direction::kToClient, BufferId::kJa3sString);
    out.subject = get(Direction::kToClient, BufferId::kTlsCertSubject);
    out.issuer = get(Direction::kToClient, BufferId::kTlsCertIssuer);
    out.serial = get(Direction::kToClient, BufferId::kTlsCertSerial);
    out.fingerprint = get(Direction::kToClient, BufferId::kTlsCertFingerprint);
    out.not_before = number(BufferId::kTlsCertNotBefore);
    out.not_after = number(BufferId::kTlsCertNotAfter);
    return out;
}

bool Tls::take_event(TlsFlow& state) {
    const TlsHalf& server = state.half[index_of(Direction::kToClient)];
    const bool ready = server.cert_resolved || (state.server_without_cert && server.ended);
    if (state.told || !ready) {
        return false;
    }
    state.told = true;
    return true;
}

}  // namespace sluice::app
