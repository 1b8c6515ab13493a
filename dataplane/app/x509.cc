// SPDX-License-Identifier: Apache-2.0
#include "dataplane/app/x509.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <string_view>

namespace sluice::app {
namespace {

// Tags of X.690 section 8 that are told apart here.
enum Tag : std::uint8_t {
    kInteger = 0x02,
    kOctetString = 0x04,
    kOid = 0x06,
    kSequence = 0x30,
    kSet = 0x31,
    kUtcTime = 0x17,
    kGeneralizedTime = 0x18,
    kBmpString = 0x1e,
    kVersion = 0xa0,
    kExtensions = 0xa3,
};

struct Tlv {
    std::uint8_t tag = 0;
    Bytes body;
};

// Takes the first element of 'in'. Definite lengths of up to four bytes, tag numbers below 31: DER
// has no others in a certificate.
bool take_tlv(Bytes& in, Tlv& out) {
    Cursor c(in);
    out.tag = c.u8();
    std::size_t length = c.u8();
    if (length >= 0x80) {
        std::size_t bytes = length & 0x7f;
        if (bytes == 0 || bytes > 4) {
            return false;
        }
        for (length = 0; bytes > 0; --bytes) {
            length = (length << 8) | c.u8();
        }
    }
    out.body = c.take(length);
    if (!c.ok() || (out.tag & 0x1f) == 0x1f) {
        return false;
    }
    in = c.rest();
    return true;
}

bool take(Bytes& in, std::uint8_t tag, Bytes& body) {
    Tlv t;
    if (!take_tlv(in, t) || t.tag != tag) {
        return false;
    }
    body = t.body;
    return true;
}

void put(Writer& out, std::string_view s) {
    const void* p = s.data();
    out.bytes({static_cast<const std::uint8_t*>(p), s.size()});
}

// ---- times

struct Digits {
    Bytes in;
    std::size_t at = 0;
    bool ok = true;

    std::int64_t take(std::size_t n) {
        std::int64_t v = 0;
        for (; n > 0; --n) {
            if (at >= in.size() || in[at] < '0' || in[at] > '9') {
                ok = false;
                return 0;
            }
            v = v * 10 + (in[at++] - '0');
        }
        return v;
    }

    bool digit() const { return at < in.size() && in[at] >= '0' && in[at] <= '9'; }
};

// Days since 1970-01-01 of the proleptic Gregorian calendar.
std::int64_t days_of(std::int64_t year, std::int64_t month, std::int64_t day) {
    year -= month <= 2 ? 1 : 0;
    const std::int64_t era = year / 400;
    const std::int64_t of_era = year - era * 400;
    const std::int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

// RFC 5280 section 4.1.2.5; UTCTime also without seconds and with an offset, as X.680 has it.
std::optional<std::int64_t> time_of(const Tlv& t) {
    Digits d{t.body};
    const bool general = t.tag == kGeneralizedTime;
    if (!general && t.tag != kUtcTime) {
        return std::nullopt;
    }
    std::int64_t year = d.take(general ? 4 : 2);
    if (!general) {
        year += year < 50 ? 2000 : 1900;
    }
    const std::int64_t month = d.take(2);
    const std::int64_t day = d.take(2);
    const std::int64_t hour = d.take(2);
    const std::int64_t minute = d.take(2);
    const std::int64_t second = general || d.digit() ? d.take(2) : 0;
    if (!d.ok || d.at >= d.in.size() || month < 1 || month > 12 || day < 1 || day > 31 ||
        hour > 23 || minute > 59 || second > 60) {
        return std::nullopt;
    }
    std::int64_t seconds = days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    const std::uint8_t zone = d.in[d.at++];
    if (zone == '+' || zone == '-') {
        const std::int64_t away = d.take(2) * 3600 + d.take(2) * 60;
        seconds += zone == '+' ? -away : away;
        d.ok = d.ok && !general;
    } else if (zone != 'Z') {
        return std::nullopt;
    }
    return d.ok && d.at == d.in.size() ? std::optional(seconds) : std::nullopt;
}

// ---- names

struct AttributeRow {
    std::string_view oid;  // content bytes
    std::string_view name;
};

using namespace std::string_view_literals;

// As Suricata 7.0.10 names them (measured); others are shown as OID(1.2.3).
constexpr std::array kAttributes{
    AttributeRow{"\x55\x04\x00"sv, "objectClass"},
    AttributeRow{"\x55\x04\x01"sv, "aliasedEntryName"},
    AttributeRow{"\x55\x04\x02"sv, "knowledgeInformation"},
    AttributeRow{"\x55\x04\x03"sv, "CN"},
    AttributeRow{"\x55\x04\x04"sv, "surname"},
    AttributeRow{"\x55\x04\x05"sv, "serialNumber"},
    AttributeRow{"\x55\x04\x06"sv, "C"},
    AttributeRow{"\x55\x04\x07"sv, "L"},
    AttributeRow{"\x55\x04\x08"sv, "ST"},
    AttributeRow{"\x55\x04\x09"sv, "streetAddress"},
    AttributeRow{"\x55\x04\x0a"sv, "O"},
    AttributeRow{"\x55\x04\x0b"sv, "OU"},
    AttributeRow{"\x55\x04\x0c"sv, "title"},
    AttributeRow{"\x55\x04\x0d"sv, "description"},
    AttributeRow{"\x55\x04\x0e"sv, "searchGuide"},
    AttributeRow{"\x55\x04\x0f"sv, "businessCategory"},
    AttributeRow{"\x55\x04\x10"sv, "postalAddress"},
    AttributeRow{"\x55\x04\x11"sv, "postalCode"},
    AttributeRow{"\x55\x04\x29"sv, "name"},
    AttributeRow{"\x55\x04\x2a"sv, "givenName"},
    AttributeRow{"\x55\x04\x2b"sv, "initials"},
    AttributeRow{"\x55\x04\x2c"sv, "generationQualifier"},
    AttributeRow{"\x55\x04\x2d"sv, "uniqueIdentifier"},
    AttributeRow{"\x55\x04\x2e"sv, "dnQualifier"},
    AttributeRow{"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01"sv, "Email"},
    AttributeRow{"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x02"sv, "unstructuredName"},
    AttributeRow{"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03"sv, "contentType"},
    AttributeRow{"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04"sv, "id-messageDigest"},
    AttributeRow{"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05"sv, "signing-time"},
    AttributeRow{"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x07"sv, "challengePassword"},
    AttributeRow{"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e"sv, "extensionRequest"},
    AttributeRow{"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0f"sv, "smimeCapabilities"},
    AttributeRow{"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x14"sv, "friendlyName"},
    AttributeRow{"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01"sv, "uid"},
    AttributeRow{"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19"sv, "DC"},
    AttributeRow{"\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x01"sv, "msJurisdictionLocality"},
    AttributeRow{"\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x02"sv, "msJurisdictionStateOrProvince"},
    AttributeRow{"\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x03"sv, "msJurisdictionCountry"},
    AttributeRow{"\x55\x1d\x11"sv, "subjectAltName"},
};

constexpr std::string_view kBadName = "<X509Error: Invalid X.509 name>";
constexpr std::string_view kUpperHex = "0123456789ABCDEF";
constexpr std::string_view kLowerHex = "0123456789abcdef";

void put_number(Writer& out, std::uint64_t v) {
    std::array<char, 20> text;
    const auto end = std::to_chars(text.data(), text.data() + text.size(), v).ptr;
    put(out, {text.data(), static_cast<std::size_t>(end - text.data())});
}

// The first byte stands for two numbers, whatever X.690 says of 2.48 and above: as Suricata prints.
void put_oid(Writer& out, Bytes oid) {
    put(out, "OID(");
    if (oid.size() == 1 && oid[0] == 0) {
        put(out, "0");
        oid = {};
    }
    for (std::size_t i = 0; i < oid.size(); ++i) {
        if (i == 0) {
            put_number(out, oid[0] / 40U);
            put(out, ".");
            put_number(out, oid[0] % 40U);
            continue;
        }
        std::uint64_t arc = 0;
        while (i + 1 < oid.size() && (oid[i] & 0x80) != 0) {
            arc = (arc | (oid[i++] & 0x7f)) << 7;
        }
        put(out, ".");
        put_number(out, arc | (oid[i] & 0x7f));
    }
    put(out, ")");
}

void put_attribute_type(Writer& out, Bytes oid) {
    for (const AttributeRow& row : kAttributes) {
        if (std::equal(oid.begin(), oid.end(), row.oid.begin(), row.oid.end(),
                       [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); })) {
            put(out, row.name);
            return;
        }
    }
    put_oid(out, oid);
}

// Length of the UTF-8 sequence at the start (RFC 3629); 0: none.
std::size_t utf8_length(Bytes in) {
    const std::uint8_t a = in[0];
    if (a < 0x80) {
        return 1;
    }
    const std::size_t n = a >= 0xf0 ? 4 : a >= 0xe0 ? 3 : 2;
    if (a < 0xc2 || a > 0xf4 || in.size() < n) {
        return 0;
    }
    const std::uint8_t low = a == 0xe0 ? 0xa0 : a == 0xf0 ? 0x90 : 0x80;
    const std::uint8_t high = a == 0xed ? 0x9f : a == 0xf4 ? 0x8f : 0xbf;
    if (in[1] < low || in[1] > high) {
        return 0;
    }
    for (std::size_t i = 2; i < n; ++i) {
        if ((in[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return n;
}

bool is_utf8(Bytes in) {
    while (!in.empty()) {
        const std::size_t n = utf8_length(in);
        if (n == 0) {
            return false;
        }
        in = in.subspan(n);
    }
    return true;
}

void put_utf8(Writer& out, std::uint32_t c) {
    const auto tail = [&](unsigned shift) {
        out.u8(static_cast<std::uint8_t>(0x80 | ((c >> shift) & 0x3f)));
    };
    if (c < 0x80) {
        out.u8(static_cast<std::uint8_t>(c));
    } else if (c < 0x800) {
        out.u8(static_cast<std::uint8_t>(0xc0 | (c >> 6)));
        tail(0);
    } else if (c < 0x10000) {
        out.u8(static_cast<std::uint8_t>(0xe0 | (c >> 12)));
        tail(6);
        tail(0);
    } else {
        out.u8(static_cast<std::uint8_t>(0xf0 | (c >> 18)));
        tail(12);
        tail(6);
        tail(0);
    }
}

// UTF-16 with surrogate pairs. False: half a pair.
bool put_bmp(Writer& out, Bytes in) {
    Cursor c(in);
    while (c.remaining() >= 2) {
        std::uint32_t unit = c.be16().host();
        if (unit >= 0xdc00 && unit < 0xe000) {
            return false;
        }
        if (unit >= 0xd800 && unit < 0xdc00) {
            const std::uint32_t second = c.be16().host();
            if (second < 0xdc00 || second > 0xdfff) {
                return false;
            }
            unit = 0x10000 + ((unit - 0xd800) << 10) + (second - 0xdc00);
        }
        put_utf8(out, unit);
    }
    return true;
}

// By tag number, whatever the class. False: a string that is not text.
bool put_value(Writer& out, const Tlv& value) {
    switch (value.tag & 0x1f) {
        case 0x07:  // ObjectDescriptor
        case 0x0c:  // UTF8String
        case 0x12:  // NumericString
        case 0x13:  // PrintableString
        case 0x14:  // T61String
        case 0x15:  // VideotexString
        case 0x16:  // IA5String
        case 0x19:  // GraphicString
        case 0x1a:  // VisibleString
        case 0x1b:  // GeneralString
            out.bytes(value.body);
            return is_utf8(value.body);
        case kBmpString:
            return put_bmp(out, value.body);
        default:
            for (const std::uint8_t b : value.body) {
                out.u8(static_cast<std::uint8_t>(kUpperHex[b >> 4]));
                out.u8(static_cast<std::uint8_t>(kUpperHex[b & 15]));
            }
            return true;
    }
}

Bytes find_alt_names(Bytes extensions) {
    constexpr std::array<std::uint8_t, 3> kSubjectAltName = {0x55, 0x1d, 0x11};
    Bytes list;
    if (!take(extensions, kSequence, list)) {
        return {};
    }
    Bytes extension;
    while (take(list, kSequence, extension)) {
        Bytes oid;
        if (!take(extension, kOid, oid)) {
            return {};
        }
        if (!std::equal(oid.begin(), oid.end(), kSubjectAltName.begin(), kSubjectAltName.end())) {
            continue;
        }
        Tlv t;
        while (take_tlv(extension, t)) {  // critical, if it is there
            Bytes names;
            if (t.tag == kOctetString && take(t.body, kSequence, names)) {
                return names;
            }
        }
    }
    return {};
}

}  // namespace

bool parse_x509(Bytes der, X509& out) {
    out = X509{};
    Bytes certificate;
    Bytes tbs;
    if (!take(der, kSequence, certificate) || !take(certificate, kSequence, tbs)) {
        return false;
    }
    Bytes rest = tbs;
    Tlv t;
    if (!take_tlv(rest, t)) {
        return false;
    }
    if (t.tag == kVersion && !take_tlv(rest, t)) {
        return false;
    }
    out.serial = t.body;
    Bytes algorithm;
    Bytes validity;
    if (t.tag != kInteger || !take(rest, kSequence, algorithm) ||
        !take(rest, kSequence, out.issuer) || !take(rest, kSequence, validity) ||
        !take(rest, kSequence, out.subject)) {
        return false;
    }
    if (take_tlv(validity, t)) {
        out.not_before = time_of(t);
    }
    if (take_tlv(validity, t)) {
        out.not_after = time_of(t);
    }
    while (take_tlv(rest, t)) {
        if (t.tag == kExtensions) {
            out.alt_names = find_alt_names(t.body);
        }
    }
    return true;
}

bool write_name(Bytes name, Writer& out) {
    const Writer start = out;
    bool first = true;
    Bytes rdn;
    while (take(name, kSet, rdn)) {
        bool first_of_rdn = true;
        Bytes pair;
        while (take(rdn, kSequence, pair)) {
            Bytes type;
            Tlv value;
            if (!take(pair, kOid, type) || !take_tlv(pair, value)) {
                return out.ok();
            }
            put(out, first ? "" : first_of_rdn ? ", " : " + ");
            first = first_of_rdn = false;
            put_attribute_type(out, type);
            put(out, "=");
            if (!put_value(out, value)) {
                out = start;
                put(out, kBadName);
                return out.ok();
            }
        }
    }
    return out.ok();
}

bool write_hex_pairs(Bytes in, bool upper, Writer& out) {
    const std::string_view digits = upper ? kUpperHex : kLowerHex;
    for (std::size_t i = 0; i < in.size(); ++i) {
        if (i != 0) {
            put(out, ":");
        }
        out.u8(static_cast<std::uint8_t>(digits[in[i] >> 4]));
        out.u8(static_cast<std::uint8_t>(digits[in[i] & 15]));
    }
    return out.ok();
}

Bytes next_alt_name(Bytes& alt_names, MutableBytes scratch) {
    Tlv t;
    while (take_tlv(alt_names, t)) {
        switch (t.tag) {
            case 0x81:  // rfc822Name
            case 0x82:  // dNSName
            case 0x86:  // uniformResourceIdentifier
                if (!t.body.empty()) {
                    return t.body;
                }
                break;
            case 0x87: {  // iPAddress
                Writer out(scratch);
                if (t.body.size() == 4) {
                    for (std::size_t i = 0; i < t.body.size(); ++i) {
                        put(out, i == 0 ? "" : ".");
                        put_number(out, t.body[i]);
                    }
                } else if (t.body.size() == 16) {
                    for (std::size_t i = 0; i < t.body.size(); ++i) {
                        put(out, i == 0 || i % 2 == 1 ? "" : ":");
                        out.u8(static_cast<std::uint8_t>(kLowerHex[t.body[i] >> 4]));
                        out.u8(static_cast<std::uint8_t>(kLowerHex[t.body[i] & 15]));
                    }
                }
                if (out.ok() && out.size() != 0) {
                    return out.written();
                }
                break;
            }
            default:
                break;
        }
    }
    return {};
}

}  // namespace sluice::app
