// SPDX-License-Identifier: Apache-2.0
// ClientHello and ServerHello (RFC 8446 section 4.1, RFC 5246 section 7.4.1, SSL 3.0 alike): the
// facts that rules and events want, and the fingerprints made of them. Views point into the
// message. Damage ends the reading; what was read before counts. No allocation, work linear in the
// message but for sorting at most kMaxJa4List numbers; any thread.
#pragma once

#include "dataplane/base/cursor.h"
#include "dataplane/base/writer.h"

#include <array>
#include <cstdint>

namespace sluice::app {

inline constexpr std::uint16_t kSsl2 = 0x0002;
inline constexpr std::uint16_t kSsl3 = 0x0300;
inline constexpr std::uint16_t kTls10 = 0x0301;
inline constexpr std::uint16_t kTls11 = 0x0302;
inline constexpr std::uint16_t kTls12 = 0x0303;
inline constexpr std::uint16_t kTls13 = 0x0304;

struct TlsHello {
    bool from_server = false;
    // The version that counts: of the supported_versions extension, if it is there.
    std::uint16_t version = 0;
    std::uint16_t legacy_version = 0;  // as the version field says
    bool complete = false;             // read to its end without damage
    bool has_sni = false;              // the extension is there, usable or not
    bool bad_sni_type = false;         // it is no host's name
    bool bad_sni_length = false;       // none, too long or beyond the extension
    bool two_snis = false;
    bool early_data = false;
    bool retry = false;  // a HelloRetryRequest
    Bytes random;        // 32 bytes, or none
    Bytes ciphers;       // two bytes each
    Bytes extensions;    // the whole block, without its length
    Bytes sni;
    Bytes groups;         // two bytes each
    Bytes point_formats;  // a byte each
    Bytes signature_algorithms;
    Bytes versions;  // of supported_versions, two bytes each
    Bytes alpn;      // protocol names, each behind a byte of length
};

TlsHello parse_hello(bool from_server, Bytes body);

// Values that mean nothing (RFC 8701).
constexpr bool is_grease(std::uint16_t v) {
    return (v & 0x0f0f) == 0x0a0a && (v >> 8) == (v & 0xff);
}

// The next protocol name of TlsHello::alpn; empty: no more.
Bytes next_alpn(Bytes& list);

// JA3 of a ClientHello, JA3S of a ServerHello: the string whose MD5 is the fingerprint. False: it
// does not fit.
bool write_ja3(const TlsHello& hello, Writer& out);

// The longest list of ciphers, extensions or algorithms that JA4 is made of.
inline constexpr std::size_t kMaxJa4List = 512;

// JA4 of a ClientHello over TCP (FoxIO's specification), 36 characters. False: too long a list.
bool write_ja4(const TlsHello& hello, Writer& out);

// "TLS 1.2" and so on, as Suricata's events name it; empty: unknown to it.
const char* tls_version_name(std::uint16_t version);

}  // namespace sluice::app
