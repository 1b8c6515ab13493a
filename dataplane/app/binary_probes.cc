// SPDX-License-Identifier: Apache-2.0
#include "dataplane/app/binary_probes.h"

#include "dataplane/app/http1_text.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace sluice::app {
namespace {

using namespace std::string_view_literals;

constexpr std::uint16_t kModbusPort = 502;
constexpr std::uint16_t kEnipPort = 44818;
constexpr std::uint16_t kNtpPort = 123;
constexpr std::uint16_t kTftpPort = 69;

enum class Match : std::uint8_t { kNo, kPartial, kYes };

Match starts_with(Bytes in, std::string_view s) {
    const std::size_t n = std::min(in.size(), s.size());
    if (n != 0 && std::memcmp(in.data(), s.data(), n) != 0) {
        return Match::kNo;
    }
    return n == s.size() ? Match::kYes : Match::kPartial;
}

bool begins(Bytes in, std::string_view s) {
    return starts_with(in, s) == Match::kYes;
}

constexpr AppProto if_true(bool is, AppProto proto) {
    return is ? proto : AppProto::kNone;
}

// What a probe of a stream sees.
struct Prefix {
    Bytes in;
    Direction sender;
    std::uint16_t server_port;
};

// ---- Kerberos (RFC 4120): a message is an application tag around a sequence that begins with the
// version, 5, and the message's type.

// The length of a DER value, taken from 'c'; false: not one that a message has.
bool der_length(Cursor& c, std::size_t& length) {
    const std::uint8_t first = c.u8();
    length = first & 0x7fU;
    if ((first & 0x80U) == 0) {
        return c.ok();
    }
    const std::size_t n = length;
    length = 0;
    for (std::size_t i = 0; i < n && i < 3; ++i) {
        length = length << 8U | c.u8();
    }
    return c.ok() && n >= 1 && n <= 3;
}

constexpr std::size_t kKerberosHead = 20;  // as much as the checks below read at most

bool is_kerberos(Bytes in, std::size_t message_size) {
    Cursor c(in);
    const std::uint8_t tag = c.u8();
    const std::uint8_t type = tag & 0x1fU;
    std::size_t length = 0;
    if ((tag & 0xe0U) != 0x60 ||
        !((type >= 10 && type <= 15) || (type >= 20 && type <= 22) || type == 25 || type == 30)) {
        return false;
    }
    if (!der_length(c, length) || in.size() - c.remaining() + length != message_size ||
        c.u8() != 0x30 || !der_length(c, length)) {
        return false;
    }
    // Requests number their fields from 1, all else from 0.
    const std::uint8_t field = c.u8();
    const Bytes version = c.take(4);
    return c.ok() && (field == 0xa0 || field == 0xa1) && begins(version, "\x03\x02\x01\x05"sv);
}

AppProto kerberos(const Prefix& p) {
    constexpr std::size_t kMark = 4;
    if (p.in[0] != 0) {
        return AppProto::kNone;
    }
    Cursor c(p.in);
    const std::size_t size = c.be32().host();
    if (p.in.size() > 1 && p.in[1] != 0) {
        return AppProto::kNone;
    }
    if (p.in.size() < kMark + 1) {
        return AppProto::kUnknown;
    }
    if ((p.in[kMark] & 0xe0U) != 0x60 || size < kKerberosHead) {
        return AppProto::kNone;
    }
    if (p.in.size() < kMark + kKerberosHead) {
        return AppProto::kUnknown;
    }
    return if_true(is_kerberos(p.in.subspan(kMark), size), AppProto::kKrb5);
}

// ---- ONC RPC (RFC 5531) to program 100003: NFS

constexpr std::size_t kRpcHead = 20;

bool is_nfs_call(Bytes in) {
    Cursor c(in);
    c.skip(4);
    const std::uint32_t type = c.be32().host();
    const std::uint32_t rpc = c.be32().host();
    const std::uint32_t program = c.be32().host();
    const std::uint32_t version = c.be32().host();
    return c.ok() && type == 0 && rpc == 2 && program == 100003 && version >= 2 && version <= 4;
}

AppProto nfs(const Prefix& p) {
    constexpr std::size_t kMark = 4;
    if (p.sender == Direction::kToClient || p.in[0] != 0x80) {
        return AppProto::kNone;
    }
    if (p.in.size() < kMark + kRpcHead) {
        // Up to the type of the message, zero, much else could begin so.
        const bool call = p.in.size() <= 8 || begins(p.in.subspan(8), "\0"sv);
        return call ? AppProto::kUnknown : AppProto::kNone;
    }
    return if_true(is_nfs_call(p.in.subspan(kMark)), AppProto::kNfs);
}

// ---- Others over TCP

// CONNECT (MQTT 3.1 to 5, section 3.1).
AppProto mqtt(const Prefix& p) {
    if (p.sender == Direction::kToClient || p.in[0] != 0x10) {
        return AppProto::kNone;
    }
    std::size_t at = 1;
    while (at < p.in.size() && at < 4 && (p.in[at] & 0x80U) != 0) {
        ++at;
    }
    if (at >= p.in.size()) {
        return AppProto::kUnknown;
    }
    const Bytes name = p.in.subspan(at + 1);
    const Match v4 = starts_with(name, "\0\x04MQTT"sv);
    const Match v3 = starts_with(name, "\0\x06MQIsdp"sv);
    if (v4 == Match::kYes || v3 == Match::kYes) {
        return AppProto::kMqtt;
    }
    return v4 == Match::kPartial || v3 == Match::kPartial ? AppProto::kUnknown : AppProto::kNone;
}

// TPKT with a connection request or confirm of X.224 ([MS-RDPBCGR] section 2.2.1.1): what other
// users of X.224 put behind it are parameters of its own.
AppProto rdp(const Prefix& p) {
    constexpr std::size_t kFixed = 11;
    const std::uint8_t wanted = p.sender == Direction::kToServer ? 0xe0 : 0xd0;
    const Bytes in = p.in;
    if (in[0] != 3 || (in.size() > 1 && in[1] != 0) || (in.size() > 5 && in[5] != wanted)) {
        return AppProto::kNone;
    }
    if (in.size() < kFixed) {
        return AppProto::kUnknown;
    }
    Cursor c(in);
    c.skip(2);
    const std::size_t size = c.be16().host();
    if (size < kFixed || c.u8() != size - 5) {
        return AppProto::kNone;
    }
    if (size == kFixed) {
        return AppProto::kRdp;
    }
    if (in.size() == kFixed) {
        return AppProto::kUnknown;
    }
    const std::uint8_t next = in[kFixed];
    return if_true(next == 'C' || (next >= 1 && next <= 3), AppProto::kRdp);
}

// Options negotiated at once (RFC 854): IAC, WILL to DONT, the option; IAC SB.
AppProto telnet(const Prefix& p) {
    if (p.in[0] != 0xff) {
        return AppProto::kNone;
    }
    if (p.in.size() < 3) {
        return AppProto::kUnknown;
    }
    return if_true(p.in[1] >= 0xfa && p.in[1] <= 0xfe && p.in[2] < 0xff, AppProto::kTelnet);
}

// StartupMessage of version 3, SSLRequest and GSSENCRequest.
AppProto pgsql(const Prefix& p) {
    constexpr std::size_t kHead = 8;
    const Bytes in = p.in;
    if (p.sender == Direction::kToClient || !begins(in, "\0"sv) || (in.size() > 1 && in[1] != 0) ||
        (in.size() > 4 && in[4] != 0 && in[4] != 4)) {
        return AppProto::kNone;
    }
    if (in.size() < kHead) {
        return in.size() <= 5 || in[4] == 4 || in[5] == 3 ? AppProto::kUnknown : AppProto::kNone;
    }
    Cursor c(in);
    const std::uint32_t size = c.be32().host();
    const std::uint32_t code = c.be32().host();
    const bool request = size == kHead && (code == 80877103 || code == 80877104);
    return if_true(request || (size > kHead && size <= 10000 && code == 0x30000), AppProto::kPgsql);
}

// IEEE 1815: the start bytes and a length of at least the header's.
AppProto dnp3(const Prefix& p) {
    constexpr std::size_t kHead = 3;
    const Match m = starts_with(p.in, "\x05\x64"sv);
    if (m == Match::kNo) {
        return AppProto::kNone;
    }
    return p.in.size() < kHead ? AppProto::kUnknown : if_true(p.in[2] >= 5, AppProto::kDnp3);
}

AppProto modbus(const Prefix& p) {
    constexpr std::size_t kHead = 8;
    if (p.server_port != kModbusPort) {
        return AppProto::kNone;
    }
    if (p.in.size() < kHead) {
        return AppProto::kUnknown;
    }
    Cursor c(p.in);
    c.skip(2);
    const std::uint16_t protocol = c.be16().host();
    const std::uint16_t size = c.be16().host();
    c.skip(1);
    const std::uint8_t function = c.u8();
    return if_true(protocol == 0 && size >= 2 && size <= 254 && function != 0, AppProto::kModbus);
}

bool is_enip(Bytes in) {
    constexpr std::array<std::uint16_t, 9> kCommands = {0x00, 0x01, 0x04, 0x63, 0x64,
                                                        0x65, 0x66, 0x6f, 0x70};
    Cursor c(in);
    const std::uint8_t low = c.u8();
    const std::uint8_t high = c.u8();
    c.skip(18);
    const std::uint32_t options = c.be32().host();
    return c.ok() && options == 0 && high == 0 &&
           std::find(kCommands.begin(), kCommands.end(), low) != kCommands.end();
}

AppProto enip(const Prefix& p) {
    constexpr std::size_t kHead = 24;
    if (p.server_port != kEnipPort) {
        return AppProto::kNone;
    }
    return p.in.size() < kHead ? AppProto::kUnknown : if_true(is_enip(p.in), AppProto::kEnip);
}

using StreamProbe = AppProto (*)(const Prefix&);

// In order: a probe that still waits for bytes keeps later ones from deciding. Those that share a
// first byte decide by the bytes behind it.
constexpr std::array<StreamProbe, 9> kStreamProbes = {modbus, enip,  mqtt,     rdp, telnet,
                                                      dnp3,   pgsql, kerberos, nfs};

// ---- Datagrams

struct Datagram {
    Bytes in;
    std::uint16_t port_a;
    std::uint16_t port_b;

    bool port(std::uint16_t p) const { return port_a == p || port_b == p; }
};

// RFC 8999 section 5.1, versions 1, 2 and what came before them.
AppProto quic(const Datagram& d) {
    Cursor c(d.in);
    const std::uint8_t first = c.u8();
    const std::uint32_t version = c.be32().host();
    const std::uint8_t id_size = c.u8();
    if (!c.ok() || (first & 0x80U) == 0) {
        const std::uint32_t q =
            d.in.size() > 13 && (d.in[0] & 0x8bU) == 0x09 ? static_cast<std::uint32_t>(d.in[9]) : 0;
        return if_true(q == 'Q' && begins(d.in.subspan(10), "0"sv), AppProto::kQuic);
    }
    const bool known = version == 1 || version == 0x6b3343cf || (version >> 8U) == 0xff0000 ||
                       (version >> 16U) == 0x5130 || (version >> 16U) == 0x5430;
    const bool fixed = (first & 0x40U) != 0;
    return if_true(known && fixed && (id_size <= 20 || (version >> 16U) == 0x5130),
                   AppProto::kQuic);
}

// RFC 2131: operation 1 or 2, and the cookie that says that options follow.
AppProto dhcp(const Datagram& d) {
    constexpr std::size_t kOptions = 236;
    const bool op = !d.in.empty() && (d.in[0] == 1 || d.in[0] == 2);
    return if_true(
        op && d.in.size() > kOptions + 4 && begins(d.in.subspan(kOptions), "\x63\x82\x53\x63"sv),
        AppProto::kDhcp);
}

// RFC 1157, 1901 and 3412: a sequence as long as the datagram; version; community or a sequence.
AppProto snmp(const Datagram& d) {
    Cursor c(d.in);
    std::size_t length = 0;
    if (c.u8() != 0x30 || !der_length(c, length) ||
        d.in.size() - c.remaining() + length != d.in.size()) {
        return AppProto::kNone;
    }
    const Bytes head = c.take(2);
    const std::uint8_t version = c.u8();
    const std::uint8_t next = c.u8();
    return if_true(c.ok() && begins(head, "\x02\x01"sv) &&
                       ((version <= 1 && next == 0x04) || (version == 3 && next == 0x30)),
                   AppProto::kSnmp);
}

// RFC 2408 and 7296: a header that says how long the datagram is. Behind NAT four zero bytes come
// first (RFC 3948).
AppProto ike(const Datagram& d) {
    constexpr std::size_t kHead = 28;
    constexpr std::uint16_t kNatPort = 4500;
    Bytes in = d.in;
    if (d.port(kNatPort) && begins(in, "\0\0\0\0"sv)) {
        in = in.subspan(4);
    }
    if (in.size() < kHead) {
        return AppProto::kNone;
    }
    Cursor c(in);
    const bool spi = (c.be32().host() | c.be32().host()) != 0;
    c.skip(9);  // the responder's, and what comes next
    const std::uint8_t version = c.u8();
    const std::uint8_t exchange = c.u8();
    c.skip(5);
    const std::uint32_t size = c.be32().host();
    const bool v1 = version == 0x10 && exchange <= 5;
    const bool v2 = version == 0x20 && exchange >= 34 && exchange <= 43;
    const bool quick = version == 0x10 && exchange >= 31 && exchange <= 34;
    return if_true(c.ok() && spi && size == in.size() && (v1 || v2 || quick), AppProto::kIke);
}

// RFC 5905: version 3 or 4 and a mode.
AppProto ntp(const Datagram& d) {
    constexpr std::size_t kHead = 48;
    if (!d.port(kNtpPort) || d.in.size() < kHead) {
        return AppProto::kNone;
    }
    const unsigned version = (d.in[0] >> 3U) & 7U;
    return if_true((version == 3 || version == 4) && (d.in[0] & 7U) != 0, AppProto::kNtp);
}

// RFC 1350: a request with a file's name and a mode; on its port anything with an opcode.
AppProto tftp(const Datagram& d) {
    if (d.in.size() < 4 || d.in[0] != 0 || d.in[1] == 0 || d.in[1] > 5) {
        return AppProto::kNone;
    }
    if (d.in[1] > 2) {
        return if_true(d.port(kTftpPort), AppProto::kTftp);
    }
    const Bytes name = d.in.subspan(2);
    const auto zero = std::find(name.begin(), name.end(), std::uint8_t{0});
    if (zero == name.begin() || zero == name.end()) {
        return AppProto::kNone;
    }
    const Bytes mode = name.subspan(static_cast<std::size_t>(zero - name.begin()) + 1);
    for (const std::string_view m : {"octet"sv, "netascii"sv, "mail"sv}) {
        if (mode.size() > m.size() && equals_nocase(mode.first(m.size()), m) &&
            mode[m.size()] == 0) {
            return AppProto::kTftp;
        }
    }
    return AppProto::kNone;
}

AppProto dht(const Datagram& d) {
    for (const std::string_view s :
         {"d1:ad2:id20:"sv, "d1:rd2:id20:"sv, "d2:ip6:"sv, "d1:eli20"sv}) {
        if (begins(d.in, s)) {
            return AppProto::kBittorrentDht;
        }
    }
    return AppProto::kNone;
}

// Connectionless DCE/RPC, version 4 (C706 chapter 12).
AppProto dcerpc4(const Datagram& d) {
    constexpr std::size_t kHead = 80;
    return if_true(d.in.size() >= kHead && d.in[0] == 4 && d.in[1] <= 10 &&
                       (d.in[3] & 0xfcU) == 0 && (d.in[4] & 0xeeU) == 0 && d.in[5] <= 3,
                   AppProto::kDcerpc);
}

AppProto kerberos_datagram(const Datagram& d) {
    return if_true(is_kerberos(d.in, d.in.size()), AppProto::kKrb5);
}

AppProto nfs_datagram(const Datagram& d) {
    return if_true(is_nfs_call(d.in), AppProto::kNfs);
}

AppProto enip_datagram(const Datagram& d) {
    return if_true(d.port(kEnipPort) && is_enip(d.in), AppProto::kEnip);
}

using DatagramProbe = AppProto (*)(const Datagram&);

constexpr std::array<DatagramProbe, 11> kDatagramProbes = {
    quic, dhcp, snmp, ike, dht, kerberos_datagram, nfs_datagram, dcerpc4, ntp, enip_datagram, tftp};

}  // namespace

AppProto probe_binary_stream(Direction sender, Bytes first, std::uint16_t server_port) {
    const Prefix p{first, sender, server_port};
    for (const StreamProbe probe : kStreamProbes) {
        if (const AppProto found = probe(p); found != AppProto::kNone) {
            return found;
        }
    }
    return AppProto::kNone;
}

AppProto probe_binary_datagram(Bytes payload, std::uint16_t port_a, std::uint16_t port_b) {
    const Datagram d{payload, port_a, port_b};
    for (const DatagramProbe probe : kDatagramProbes) {
        if (const AppProto found = probe(d); found != AppProto::kNone) {
            return found;
        }
    }
    return AppProto::kNone;
}

}  // namespace sluice::app
