// SPDX-License-Identifier: Apache-2.0
#include "dataplane/app/tls_hello.h"

#include "dataplane/base/digest.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace sluice::app {
namespace {

constexpr std::size_t kRandomSize = 32;
constexpr std::size_t kMaxHostName = 255;

enum Extension : std::uint16_t {
    kServerName = 0,
    kSupportedGroups = 10,
    kEcPointFormats = 11,
    kSignatureAlgorithms = 13,
    kAlpn = 16,
    kEarlyData = 42,
    kSupportedVersions = 43,
};

// SHA-256 of "HelloRetryRequest" (RFC 8446 section 4.1.3).
constexpr std::array<std::uint8_t, kRandomSize> kRetryRandom = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

// 1.3 and its drafts, and what came before.
bool is_version(std::uint16_t v) {
    return (v >= kSsl3 && v <= kTls13) || (v >= 0x7f10 && v <= 0x7f1c);
}

// The drafts of 1.3 before 22 and 1.3 as a plain version had a shorter ServerHello.
bool short_server_hello(std::uint16_t v) {
    return v == kTls13 || (v >> 8) == 0x7f;
}

void put(Writer& out, std::string_view s) {
    const void* p = s.data();
    out.bytes({static_cast<const std::uint8_t*>(p), s.size()});
}

// RFC 6066 section 3. Only the first entry counts, and only a host name; a NUL ends it. False:
// there is none.
bool read_host_name(Bytes in, TlsHello& h) {
    Cursor c(in);
    c.skip(2);
    const std::uint8_t type = c.u8();
    const std::uint16_t size = c.be16().host();
    if (!c.ok()) {
        return false;
    }
    const Bytes all = c.take(size);
    h.bad_sni_type = type != 0;
    h.bad_sni_length = type == 0 && (!c.ok() || size == 0 || size > kMaxHostName);
    if (h.bad_sni_type || h.bad_sni_length) {
        return false;
    }
    h.two_snis = h.two_snis || !h.sni.empty();
    if (h.sni.empty()) {
        const auto end = std::find(all.begin(), all.end(), 0);
        h.sni = all.first(static_cast<std::size_t>(end - all.begin()));
    }
    return true;
}

// A list behind its length in one or two bytes.
Bytes list_in(Bytes in, std::size_t length_bytes) {
    Cursor c(in);
    const Bytes list = c.take(length_bytes == 1 ? c.u8() : c.be16().host());
    return c.ok() ? list : Bytes{};
}

void read_versions(TlsHello& h, Bytes in) {
    h.versions = h.from_server ? in.first(std::min<std::size_t>(in.size(), 2)) : list_in(in, 1);
    for (Cursor c(h.versions); c.remaining() >= 2;) {
        const std::uint16_t v = c.be16().host();
        if (is_version(v)) {
            h.version = v;
            return;
        }
    }
}

// False: as Suricata, nothing from here on counts.
bool read_extension(TlsHello& h, std::uint16_t type, Bytes in) {
    switch (type) {
        case kServerName:
            if (!in.empty() && !read_host_name(in, h)) {
                return false;
            }
            h.has_sni = true;
            break;
        case kSupportedGroups:
            h.groups = list_in(in, 2);
            break;
        case kEcPointFormats:
            h.point_formats = list_in(in, 1);
            break;
        case kSignatureAlgorithms:
            h.signature_algorithms = list_in(in, 2);
            break;
        case kAlpn:
            h.alpn = list_in(in, 2);
            break;
        case kEarlyData:
            h.early_data = !h.from_server;
            break;
        case kSupportedVersions:
            read_versions(h, in);
            break;
        default:
            break;
    }
    return true;
}

// One extension of a block; false at its end, or where it is damaged.
bool next_extension(Cursor& c, std::uint16_t& type, Bytes& body) {
    if (c.remaining() == 0) {
        return false;
    }
    type = c.be16().host();
    body = c.take(c.be16().host());
    return c.ok();
}

void put_decimal(Writer& out, std::uint16_t v) {
    std::array<char, 6> text;
    const auto end = std::to_chars(text.data(), text.data() + text.size(), v).ptr;
    put(out, {text.data(), static_cast<std::size_t>(end - text.data())});
}

// "1-2-3" of the numbers that are not GREASE.
class DashedList {
  public:
    explicit DashedList(Writer& out) : out_(out) {}

    void add(std::uint16_t v) {
        if (is_grease(v)) {
            return;
        }
        put(out_, first_ ? "" : "-");
        first_ = false;
        put_decimal(out_, v);
    }

  private:
    Writer& out_;
    bool first_ = true;
};

void put_list16(Writer& out, Bytes in) {
    DashedList list(out);
    for (Cursor c(in); c.remaining() >= 2;) {
        list.add(c.be16().host());
    }
}

// ---- JA4

struct Numbers {
    std::array<std::uint16_t, kMaxJa4List> at;
    std::size_t size = 0;
    bool fits = true;

    void add(std::uint16_t v) {
        if (size < at.size()) {
            at[size++] = v;
        } else {
            fits = false;
        }
    }

    void sort() { std::sort(at.begin(), at.begin() + static_cast<std::ptrdiff_t>(size)); }
};

Numbers numbers_in(Bytes in) {
    Numbers n;
    for (Cursor c(in); c.remaining() >= 2;) {
        const std::uint16_t v = c.be16().host();
        if (!is_grease(v)) {
            n.add(v);
        }
    }
    return n;
}

constexpr std::string_view kHex = "0123456789abcdef";

void hash_list(Sha256& hash, const Numbers& n) {
    for (std::size_t i = 0; i < n.size; ++i) {
        const std::uint16_t v = n.at[i];
        const auto digit = [&](unsigned shift) {
            return static_cast<std::uint8_t>(kHex[(v >> shift) & 15]);
        };
        const std::array<std::uint8_t, 5> text = {',', digit(12), digit(8), digit(4), digit(0)};
        hash.update(Bytes(text).subspan(i == 0 ? 1 : 0));
    }
}

// The first 12 hexadecimal digits of the hash.
void put_short_hash(Writer& out, Sha256& hash) {
    const Sha256::Value value = hash.finish();
    for (std::size_t i = 0; i < 6; ++i) {
        out.u8(static_cast<std::uint8_t>(kHex[value[i] >> 4]));
        out.u8(static_cast<std::uint8_t>(kHex[value[i] & 15]));
    }
}

std::string_view ja4_version(const TlsHello& h) {
    std::uint16_t best = 0;
    for (Cursor c(h.versions); c.remaining() >= 2;) {
        const std::uint16_t v = c.be16().host();
        best = is_version(v) ? std::max(best, v) : best;
    }
    switch (best != 0 ? best : h.legacy_version) {
        case kTls13:
            return "13";
        case kTls12:
            return "12";
        case kTls11:
            return "11";
        case kTls10:
            return "10";
        case kSsl3:
            return "s3";
        default:
            return "00";
    }
}

void put_two_digits(Writer& out, std::size_t n) {
    n = std::min<std::size_t>(n, 99);
    out.u8(static_cast<std::uint8_t>('0' + n / 10));
    out.u8(static_cast<std::uint8_t>('0' + n % 10));
}

bool is_alphanumeric(std::uint8_t c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// First and last character of the first protocol; of its hexadecimal form when they are not
// letters or digits.
void put_ja4_alpn(Writer& out, Bytes list) {
    const Bytes name = next_alpn(list);
    if (name.empty() ||
        (name.size() == 2 && is_grease(static_cast<std::uint16_t>(name[0] << 8 | name[1])))) {
        put(out, "00");
    } else if (is_alphanumeric(name.front()) && is_alphanumeric(name.back())) {
        out.u8(name.front());
        out.u8(name.back());
    } else {
        out.u8(static_cast<std::uint8_t>(kHex[name.front() >> 4]));
        out.u8(static_cast<std::uint8_t>(kHex[name.back() & 15]));
    }
}

}  // namespace

TlsHello parse_hello(bool from_server, Bytes body) {
    TlsHello h;
    h.from_server = from_server;
    Cursor c(body);
    h.legacy_version = h.version = c.be16().host();
    h.random = c.take(kRandomSize);
    const bool brief = from_server && short_server_hello(h.legacy_version);
    if (!brief) {
        c.skip(c.u8());  // session id
    }
    h.ciphers = c.take(from_server ? 2 : c.be16().host());
    if (!brief) {
        c.skip(from_server ? 1 : c.u8());  // compression
    }
    if (!c.ok() || h.ciphers.size() % 2 != 0) {
        return h;
    }
    h.retry = from_server && std::equal(h.random.begin(), h.random.end(), kRetryRandom.begin());
    if (c.remaining() < 2) {
        h.complete = true;  // extensions are optional
        return h;
    }
    const std::size_t size = c.be16().host();
    h.complete = size <= c.remaining();
    h.extensions = c.take(std::min(size, c.remaining()));
    Cursor e(h.extensions);
    std::uint16_t type = 0;
    Bytes in;
    for (std::size_t at = 0; next_extension(e, type, in); at = e.offset()) {
        if (!read_extension(h, type, in)) {
            h.extensions = h.extensions.first(at);
            break;
        }
    }
    h.complete = h.complete && e.ok();
    return h;
}

Bytes next_alpn(Bytes& list) {
    Cursor c(list);
    const Bytes name = c.take(c.u8());
    list = c.rest();
    return name;
}

bool write_ja3(const TlsHello& h, Writer& out) {
    put_decimal(out, h.legacy_version);
    put(out, ",");
    put_list16(out, h.ciphers);
    put(out, ",");
    DashedList extensions(out);
    Cursor e(h.extensions);
    std::uint16_t type = 0;
    Bytes in;
    while (next_extension(e, type, in)) {
        extensions.add(type);
    }
    if (!h.from_server) {
        put(out, ",");
        put_list16(out, h.groups);
        put(out, ",");
        DashedList formats(out);
        for (const std::uint8_t f : h.point_formats) {
            formats.add(f);
        }
    }
    return out.ok();
}

bool write_ja4(const TlsHello& h, Writer& out) {
    Numbers ciphers = numbers_in(h.ciphers);
    const Numbers algorithms = numbers_in(h.signature_algorithms);
    Numbers extensions;
    std::size_t count = 0;
    Cursor e(h.extensions);
    std::uint16_t type = 0;
    Bytes in;
    while (next_extension(e, type, in)) {
        if (is_grease(type)) {
            continue;
        }
        ++count;
        if (type != kServerName && type != kAlpn) {
            extensions.add(type);
        }
    }
    if (!ciphers.fits || !algorithms.fits || !extensions.fits) {
        return false;
    }
    put(out, "t");
    put(out, ja4_version(h));
    put(out, h.has_sni ? "d" : "i");
    put_two_digits(out, ciphers.size);
    put_two_digits(out, count);
    put_ja4_alpn(out, h.alpn);
    ciphers.sort();
    Sha256 first;
    hash_list(first, ciphers);
    put(out, "_");
    put_short_hash(out, first);
    extensions.sort();
    Sha256 second;
    hash_list(second, extensions);
    constexpr std::uint8_t kUnderscore = '_';
    second.update({&kUnderscore, 1});
    hash_list(second, algorithms);
    put(out, "_");
    put_short_hash(out, second);
    return out.ok();
}

const char* tls_version_name(std::uint16_t version) {
    switch (version) {
        case kSsl2:
            return "SSLv2";
        case kSsl3:
            return "SSLv3";
        case kTls10:
            return "TLSv1";
        case kTls11:
            return "TLS 1.1";
        case kTls12:
            return "TLS 1.2";
        case kTls13:
            return "TLS 1.3";
        default:
            return "";
    }
}

}  // namespace sluice::app
