// SPDX-License-Identifier: Apache-2.0
#include "dataplane/app/detector.h"

#include "dataplane/app/binary_probes.h"
#include "dataplane/app/dns_probe.h"
#include "dataplane/app/http1_text.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace sluice::app {
namespace {

enum class Match : std::uint8_t { kNo, kPartial, kYes };

Match starts_with(Bytes in, std::string_view s) {
    const std::size_t n = std::min(in.size(), s.size());
    if (n != 0 && std::memcmp(in.data(), s.data(), n) != 0) {
        return Match::kNo;
    }
    return n == s.size() ? Match::kYes : Match::kPartial;
}

Match starts_with_nocase(Bytes in, std::string_view lower) {
    const std::size_t n = std::min(in.size(), lower.size());
    if (!equals_nocase(in.first(n), lower.substr(0, n))) {
        return Match::kNo;
    }
    return n == lower.size() ? Match::kYes : Match::kPartial;
}

// Methods that are enough by themselves, as in Suricata; any other token needs "HTTP/" at the end
// of the line.
constexpr std::array<std::string_view, 27> kMethods = {"get",
                                                       "put",
                                                       "post",
                                                       "head",
                                                       "trace",
                                                       "options",
                                                       "connect",
                                                       "delete",
                                                       "patch",
                                                       "propfind",
                                                       "proppatch",
                                                       "mkcol",
                                                       "copy",
                                                       "move",
                                                       "lock",
                                                       "unlock",
                                                       "checkout",
                                                       "uncheckout",
                                                       "checkin",
                                                       "update",
                                                       "label",
                                                       "report",
                                                       "mkworkspace",
                                                       "mkactivity",
                                                       "merge",
                                                       "version-control",
                                                       "baseline-control"};

constexpr std::size_t kMaxMethod = 32;

bool known_method(Bytes method) {
    return std::any_of(kMethods.begin(), kMethods.end(),
                       [&](std::string_view m) { return equals_nocase(method, m); });
}

std::size_t leading(Bytes in, bool (*is)(std::uint8_t)) {
    return static_cast<std::size_t>(std::find_if_not(in.begin(), in.end(), is) - in.begin());
}

// A request line that does not name HTTP may be SIP (RFC 3261 section 7.1).
AppProto protocol_in_line(Bytes line) {
    if (contains_nocase(line, " http/")) {
        return AppProto::kHttp1;
    }
    return contains_nocase(line, " sip/2.0") ? AppProto::kSip : AppProto::kNone;
}

AppProto http_request(Bytes in) {
    const std::size_t blank = leading(in, [](std::uint8_t c) { return is_space(c); });
    const Bytes text = in.subspan(blank);
    const std::size_t n = leading(text, is_token_char);
    if (n > kMaxMethod) {
        return AppProto::kNone;
    }
    if (n == text.size()) {
        return AppProto::kUnknown;
    }
    if (n == 0 || !is_lws(text[n])) {
        return AppProto::kNone;
    }
    if (known_method(text.first(n))) {
        return AppProto::kHttp1;
    }
    const auto lf = std::find(text.begin(), text.end(), '\n');
    const Bytes line = text.first(static_cast<std::size_t>(lf - text.begin()));
    if (std::find(line.begin(), line.end(), 0) != line.end()) {
        return AppProto::kNone;  // a binary protocol: let it go at once
    }
    return lf == text.end() ? AppProto::kUnknown : protocol_in_line(line);
}

AppProto http_response(Bytes in) {
    const Bytes text =
        in.subspan(leading(in, [](std::uint8_t c) { return c == '\r' || c == '\n'; }));
    switch (starts_with_nocase(text, "http/")) {
        case Match::kYes:
            return AppProto::kHttp1;
        case Match::kPartial:
            return AppProto::kUnknown;
        case Match::kNo:
            return AppProto::kNone;
    }
    return AppProto::kNone;
}

struct Magic {
    std::string_view bytes;
    AppProto proto;
};

constexpr std::array<Magic, 5> kMagics = {{{"SSH-", AppProto::kSsh},
                                           {"RFB 003.", AppProto::kRfb},
                                           {"+OK ", AppProto::kPop3},
                                           {"* OK ", AppProto::kImap},
                                           {"SIP/2.0 ", AppProto::kSip}}};

AppProto magic(Bytes in) {
    AppProto best = AppProto::kNone;
    for (const Magic& m : kMagics) {
        switch (starts_with(in, m.bytes)) {
            case Match::kYes:
                return m.proto;
            case Match::kPartial:
                best = AppProto::kUnknown;
                break;
            case Match::kNo:
                break;
        }
    }
    return best;
}

// A record that carries a ClientHello or ServerHello (RFC 8446 sections 4 and 5.1).
AppProto tls(Bytes in) {
    constexpr std::size_t kEnough = 6;
    constexpr std::uint8_t kHandshake = 22;
    constexpr std::uint8_t kClientHello = 1;
    constexpr std::uint8_t kServerHello = 2;
    constexpr std::uint8_t kAlert = 21;
    if (in[0] != kHandshake && in[0] != kAlert) {
        return AppProto::kNone;
    }
    if (in.size() > 1 && in[1] != 3) {
        return AppProto::kNone;
    }
    if (in.size() > 2 && in[2] > 4) {
        return AppProto::kNone;
    }
    if (in.size() < kEnough) {
        return AppProto::kUnknown;
    }
    const bool hello = in[5] == kClientHello || in[5] == kServerHello;
    return in[0] == kAlert || hello ? AppProto::kTls : AppProto::kNone;
}

// A hello of SSL 2, which may offer up to TLS 1.2 (RFC 5246 appendix E.2): a length with the upper
// bit set, the type of the message, and a version. A server's has two bytes more before its
// version.
AppProto ssl2(Bytes in, std::uint8_t type, std::size_t version_at) {
    if ((in[0] & 0x80) == 0 || (in.size() > 2 && in[2] != type)) {
        return AppProto::kNone;
    }
    if (in.size() < version_at + 2) {
        return AppProto::kUnknown;
    }
    const std::uint8_t major = in[version_at];
    const std::uint8_t minor = in[version_at + 1];
    const bool known = (major == 0 && minor == 2) || (type == 1 && major == 3 && minor <= 4);
    return known ? AppProto::kTls : AppProto::kNone;
}

AppProto ssl2_client(Bytes in) {
    return ssl2(in, 1, 3);
}

AppProto ssl2_server(Bytes in) {
    return ssl2(in, 4, 5);
}

// NetBIOS session header, then the magic of SMB 1, 2/3 or an encrypted 3 ([MS-SMB2] sections 2.1
// and 2.2.41).
AppProto smb(Bytes in) {
    constexpr std::size_t kHeader = 4;
    if (in[0] >= 0x81 && in[0] <= 0x85) {
        // A session request of NetBIOS, or its answer, before the first message (RFC 1002 section
        // 4.3).
        if (in.size() > 2 && (in[1] != 0 || in[2] != 0)) {
            return AppProto::kNone;
        }
        const std::size_t size = in.size() < kHeader ? 0 : kHeader + in[3];
        in = in.size() > size && size != 0 ? in.subspan(size) : Bytes{};
        if (in.empty()) {
            return AppProto::kUnknown;
        }
    }
    if (in[0] != 0) {
        return AppProto::kNone;
    }
    if (in.size() <= kHeader) {
        return AppProto::kUnknown;
    }
    if (in[kHeader] < 0xfc) {
        return AppProto::kNone;
    }
    switch (starts_with(in.subspan(kHeader + 1), "SMB")) {
        case Match::kYes:
            return AppProto::kSmb;
        case Match::kPartial:
            return AppProto::kUnknown;
        case Match::kNo:
            return AppProto::kNone;
    }
    return AppProto::kNone;
}

// Connection-oriented DCE/RPC version 5, little-endian, a bind or its answer (C706 chapter 12).
AppProto dcerpc(Bytes in) {
    constexpr std::size_t kEnough = 5;
    if (in[0] != 5 || (in.size() > 1 && in[1] > 1)) {
        return AppProto::kNone;
    }
    if (in.size() > 2 && !(in[2] >= 11 && in[2] <= 15)) {
        return AppProto::kNone;
    }
    if (in.size() < kEnough) {
        return AppProto::kUnknown;
    }
    return in[4] == 0x10 ? AppProto::kDcerpc : AppProto::kNone;
}

// SMTP and FTP greet with the same code: the text of the banner tells, or else the client's first
// word.
AppProto banner(Bytes in) {
    const Match m = starts_with(in, "220");
    if (m != Match::kYes) {
        return m == Match::kPartial ? AppProto::kUnknown : AppProto::kNone;
    }
    if (in.size() > 3 && in[3] != ' ' && in[3] != '-') {
        return AppProto::kNone;
    }
    // The first line only, so that the answer does not depend on how much has arrived.
    const auto lf = std::find(in.begin(), in.end(), '\n');
    if (lf == in.end()) {
        return AppProto::kUnknown;
    }
    const Bytes line = in.first(static_cast<std::size_t>(lf - in.begin()));
    if (contains_nocase(line, "smtp")) {
        return AppProto::kSmtp;
    }
    return contains_nocase(line, "ftp") ? AppProto::kFtp : AppProto::kUnknown;
}

constexpr std::array<Magic, 4> kFirstWords = {{{"ehlo", AppProto::kSmtp},
                                               {"helo", AppProto::kSmtp},
                                               {"user ", AppProto::kFtp},
                                               {"auth tls", AppProto::kFtp}}};

AppProto first_word(Bytes in) {
    AppProto best = AppProto::kNone;
    for (const Magic& m : kFirstWords) {
        switch (starts_with_nocase(in, m.bytes)) {
            case Match::kYes:
                return m.proto;
            case Match::kPartial:
                best = AppProto::kUnknown;
                break;
            case Match::kNo:
                break;
        }
    }
    return best;
}

// The client preface (RFC 9113 section 3.4) would also be a plausible HTTP/1 request line.
AppProto http2(Bytes in) {
    switch (starts_with(in, "PRI * HTTP/2.0\r\n")) {
        case Match::kYes:
            return AppProto::kHttp2;
        case Match::kPartial:
            return AppProto::kUnknown;
        case Match::kNo:
            return AppProto::kNone;
    }
    return AppProto::kNone;
}

using Probe = AppProto (*)(Bytes);

// In order: a probe that still waits for bytes keeps later ones from deciding.
constexpr std::array<Probe, 8> kClientProbes = {http2,       first_word, magic,  tls,
                                                ssl2_client, smb,        dcerpc, http_request};
constexpr std::array<Probe, 7> kServerProbes = {http_response, magic, banner, tls,
                                                ssl2_server,   smb,   dcerpc};

AppProto run(const Probe* probes, std::size_t count, Bytes in) {
    for (std::size_t i = 0; i < count; ++i) {
        const AppProto p = probes[i](in);
        if (p != AppProto::kNone) {
            return p;
        }
    }
    return AppProto::kNone;
}

// RFC 3261 section 7: a status line, or a request line with the version at its end.
bool starts_sip(Bytes in) {
    if (starts_with(in, "SIP/2.0 ") == Match::kYes) {
        return true;
    }
    const auto lf = std::find(in.begin(), in.end(), std::uint8_t{'\n'});
    const Bytes line = in.first(static_cast<std::size_t>(lf - in.begin()));
    return lf != in.end() && line.size() <= kDetectBytes &&
           protocol_in_line(line) == AppProto::kSip;
}

}  // namespace

AppProto detect_protocol(Direction sender, Bytes first, std::uint16_t server_port) {
    if (first.empty()) {
        return AppProto::kUnknown;
    }
    const Bytes in = first.first(std::min(first.size(), kDetectBytes));
    AppProto p = sender == Direction::kToServer
                     ? run(kClientProbes.data(), kClientProbes.size(), in)
                     : run(kServerProbes.data(), kServerProbes.size(), in);
    if (p == AppProto::kNone) {
        p = probe_binary_stream(sender, in, server_port);
    }
    if (p == AppProto::kNone) {
        p = dns_in_stream(sender, in, server_port == kDnsPort);
    }
    return p == AppProto::kUnknown && first.size() >= kDetectBytes ? AppProto::kNone : p;
}

AppProto detect_datagram(Bytes payload, std::uint16_t port_a, std::uint16_t port_b) {
    if (is_dns_lookalike_port(port_a) || is_dns_lookalike_port(port_b)) {
        return AppProto::kNone;
    }
    if (starts_sip(payload)) {
        return AppProto::kSip;
    }
    const bool dns_port = port_a == kDnsPort || port_b == kDnsPort;
    if (dns_in_datagram(payload, dns_port) == AppProto::kDns) {
        return AppProto::kDns;
    }
    const AppProto p = probe_binary_datagram(payload, port_a, port_b);
    return p == AppProto::kNone ? AppProto::kUnknown : p;
}

}  // namespace sluice::app
