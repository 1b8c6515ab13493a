// SPDX-License-Identifier: Apache-2.0
// What handshake messages say, and how it is kept.
#include "dataplane/app/tls.h"
#include "dataplane/base/digest.h"
#include "dataplane/base/writer.h"

#include <algorithm>

namespace sluice::app {
namespace {

using packet::Reason;

enum MessageType : std::uint8_t {
    kClientHello = 1,
    kServerHello = 2,
    kCertificate = 11,
    kServerKeyExchange = 12,
    kClientKeyExchange = 16,
};

constexpr std::size_t kRandomTime = 4;
constexpr std::uint32_t kNotStored = 32;

constexpr std::uint32_t index_in_store(BufferId id) {
    for (std::uint32_t i = 0; i < kTlsStored.size(); ++i) {
        if (kTlsStored[i] == id) {
            return i;
        }
    }
    return kNotStored;
}

std::array<std::uint8_t, 2 * Md5::kSize> md5_text(Bytes in) {
    std::array<std::uint8_t, 2 * Md5::kSize> out;
    std::size_t at = 0;
    for (const std::uint8_t b : Md5::of(in)) {
        out[at++] = static_cast<std::uint8_t>("0123456789abcdef"[b >> 4]);
        out[at++] = static_cast<std::uint8_t>("0123456789abcdef"[b & 15]);
    }
    return out;
}

// Certificates of a Certificate message (RFC 5246 section 7.4.2): each behind three bytes of
// length.
Bytes take_certificate(Bytes& list) {
    Cursor c(list);
    const std::size_t high = c.u8();
    const Bytes der = c.take(high << 16 | c.be16().host());
    list = c.rest();
    return der;
}

}  // namespace

bool Tls::has(BufferId id) const {
    return (half_->stored & (1U << index_in_store(id))) != 0;
}

// Keeps a value; one of the same size takes the place of the old one.
bool Tls::store(BufferId id, Bytes bytes) {
    TlsHalf& h = *half_;
    const std::uint32_t i = index_in_store(id);
    TlsHalf::Place& place = h.at[i];
    if (!has(id) || place.length != bytes.size()) {
        const std::size_t size = h.store_size + bytes.size();
        if (!arena_.grow(h.store, h.store_size, size)) {
            return false;
        }
        place = {h.store_size, static_cast<std::uint32_t>(bytes.size())};
        h.store_size = static_cast<std::uint32_t>(size);
    }
    std::copy(bytes.begin(), bytes.end(), arena_.bytes(h.store).data() + place.offset);
    h.stored |= 1U << i;
    fresh_ |= mask_of(id);
    return true;
}

// The more significant byte first.
bool Tls::store_number(BufferId id, std::uint64_t value, std::size_t bytes) {
    std::array<std::uint8_t, sizeof value> wire;
    Writer(wire).be64(value);
    return store(id, Bytes(wire).last(bytes));
}

bool Tls::set_version(std::uint16_t version) {
    if (version == half_->version) {
        return true;
    }
    half_->version = version;
    return store_number(BufferId::kTlsVersion, version, sizeof version);
}

bool Tls::set_state(std::uint8_t bit) {
    return store_number(BufferId::kTlsState, bit, 1);
}

Tls::Step Tls::message(Bytes body) {
    nothing_new();
    const bool from_client = chunk_.direction == Direction::kToServer;
    switch (half_->head[0]) {
        case kClientHello:
        case kServerHello:
            return half_->keep_message ? hello(body) : Step::kGoOn;
        case kCertificate:
            return half_->keep_message ? certificate(body) : Step::kGoOn;
        case kServerKeyExchange:
        case kClientKeyExchange:
            break;
        default:
            return Step::kGoOn;
    }
    if (from_client != (half_->head[0] == kClientKeyExchange)) {
        return Step::kGoOn;
    }
    if (!set_state(from_client ? kTlsClientKeyx : kTlsServerKeyx)) {
        return damaged(Reason::tls_store_full);
    }
    return Step::kShow;
}

Tls::Step Tls::hello(Bytes body) {
    TlsHalf& h = *half_;
    const bool from_server = chunk_.direction == Direction::kToClient;
    const TlsHello hello = parse_hello(from_server, body);
    if (!hello.complete) {
        note(AppEvent::tls_invalid_handshake_message);
        count(Reason::tls_malformed);
    }
    note_sni(hello);
    if (from_server) {
        flow_->server_hello = true;
        flow_->retry = hello.retry;
        flow_->server_without_cert = hello.version > kTls12;
    }
    if (!store_hello(hello)) {
        return damaged(Reason::tls_store_full);
    }
    alpn_left_ = hello.alpn;
    h.hello = h.hello_resolved = true;
    return Step::kShow;
}

// A second hello's name is one too many to Suricata, even where a HelloRetryRequest asked for it.
void Tls::note_sni(const TlsHello& hello) {
    if (hello.bad_sni_type) {
        note(AppEvent::tls_invalid_sni_type);
    }
    if (hello.bad_sni_length) {
        note(AppEvent::tls_invalid_sni_length);
    }
    if (hello.two_snis || (!hello.from_server && !hello.sni.empty() && has(BufferId::kTlsSni))) {
        note(AppEvent::tls_multiple_sni_extensions);
    }
}

// Of a name and of fingerprints the first hello's count, as in Suricata: a second one answers a
// HelloRetryRequest and repeats them.
bool Tls::store_hello(const TlsHello& hello) {
    if (!set_version(hello.version) ||
        !set_state(hello.from_server ? kTlsServerHello : kTlsClientHello)) {
        return false;
    }
    if (!hello.random.empty() &&
        (!store(BufferId::kTlsRandom, hello.random) ||
         !store(BufferId::kTlsRandomTime, hello.random.first(kRandomTime)) ||
         !store(BufferId::kTlsRandomBytes, hello.random.subspan(kRandomTime)))) {
        return false;
    }
    if (!hello.from_server && !hello.sni.empty() && !has(BufferId::kTlsSni) &&
        !store(BufferId::kTlsSni, hello.sni)) {
        return false;
    }
    return half_->hello || !hello.complete || store_ja3(hello);
}

bool Tls::store_ja3(const TlsHello& hello) {
    Writer text({scratch_.get(), kTextBytes});
    if (!write_ja3(hello, text)) {
        count(Reason::tls_message_limit);
        return true;
    }
    const auto hash = md5_text(text.written());
    if (hello.from_server) {
        return store(BufferId::kJa3sString, text.written()) && store(BufferId::kJa3sHash, hash);
    }
    if (!store(BufferId::kJa3String, text.written()) || !store(BufferId::kJa3Hash, hash)) {
        return false;
    }
    Writer ja4({scratch_.get(), kTextBytes});
    if (!write_ja4(hello, ja4)) {
        count(Reason::tls_message_limit);
        return true;
    }
    return store(BufferId::kJa4Hash, ja4.written());
}

// The fields are those of the first certificate that can be read.
Tls::Step Tls::certificate(Bytes body) {
    Cursor c(body);
    const std::size_t high = c.u8();
    const std::size_t size = high << 16 | c.be16().host();
    if (!c.ok() || size > c.remaining()) {
        note(AppEvent::tls_certificate_invalid_length);
        count(Reason::tls_malformed);
        return Step::kGoOn;
    }
    const Bytes list = c.take(size);
    std::uint32_t chain = 0;
    for (Bytes left = list; !left.empty();) {
        const Bytes der = take_certificate(left);
        chain += der.empty() ? 0U : 1U;
        X509 x;
        if (has(BufferId::kTlsCertSerial)) {
            continue;
        }
        if (!parse_x509(der, x)) {
            note(AppEvent::tls_invalid_certificate);
            continue;
        }
        if (!store_certificate(der, x)) {
            return damaged(Reason::tls_store_full);
        }
        alt_names_left_ = x.alt_names;
    }
    if (chain == 0) {
        return Step::kGoOn;  // "I have none"
    }
    if (!store_number(BufferId::kTlsCertChainLen, chain, sizeof chain)) {
        return damaged(Reason::tls_store_full);
    }
    certs_left_ = list;
    half_->cert_resolved = true;
    return Step::kShow;
}

bool Tls::store_name(BufferId id, Bytes name) {
    Writer text({scratch_.get(), kTextBytes});
    if (!write_name(name, text)) {
        count(Reason::tls_message_limit);
    }
    return store(id, text.written());
}

bool Tls::store_certificate(Bytes der, const X509& x) {
    Writer serial({scratch_.get(), kTextBytes});
    if (!write_hex_pairs(x.serial, true, serial)) {
        count(Reason::tls_message_limit);
    }
    if (!store(BufferId::kTlsCertSerial, serial.written())) {
        return false;
    }
    const Sha1::Value hash = Sha1::of(der);
    Writer fingerprint({scratch_.get(), kTextBytes});
    write_hex_pairs(hash, false, fingerprint);
    return store(BufferId::kTlsCertFingerprint, fingerprint.written()) &&
           store_name(BufferId::kTlsCertSubject, x.subject) &&
           store_name(BufferId::kTlsCertIssuer, x.issuer) && store_times(x);
}

// Times before 1970 count as 1970. Whether the certificate is valid is judged by the time of the
// connection's first packet.
bool Tls::store_times(const X509& x) {
    if (!x.not_before || !x.not_after) {
        return true;
    }
    const std::int64_t now = chunk_.flow->rest().first_seen.count / seconds(1).count;
    const std::uint8_t validity = *x.not_after < now    ? kTlsCertExpired
                                  : *x.not_before > now ? kTlsCertNotYet
                                                        : kTlsCertValid;
    const auto number = [](std::int64_t t) {
        return static_cast<std::uint64_t>(std::max<std::int64_t>(t, 0));
    };
    return store_number(BufferId::kTlsCertNotBefore, number(*x.not_before), 8) &&
           store_number(BufferId::kTlsCertNotAfter, number(*x.not_after), 8) &&
           store_number(BufferId::kTlsCertValidity, validity, 1);
}

}  // namespace sluice::app
