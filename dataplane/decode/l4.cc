// SPDX-License-Identifier: Apache-2.0
#include "dataplane/decode/l4.h"

#include "dataplane/base/checksum.h"
#include "dataplane/decode/header_bytes.h"
#include "dataplane/packet/tcp_options.h"

namespace sluice::decode {

using packet::Packet;
using packet::Reason;

namespace {

constexpr std::size_t kTcpHeader = 20;
constexpr std::size_t kUdpHeader = 8;
constexpr std::size_t kIcmpHeader =
    8;  // type, code, checksum and the word that every message has behind them
constexpr std::size_t kSctpHeader = 12;
constexpr std::uint8_t kOptionEnd = 0;
constexpr std::uint8_t kOptionNop = 1;
constexpr std::uint8_t kOptionMss = 2;
constexpr std::uint8_t kOptionWscale = 3;
constexpr std::uint8_t kOptionTimestamp = 8;
constexpr std::uint8_t kMaxWscale = 14;                 // RFC 7323 section 2.3
constexpr std::uint32_t kNopNopTimestamp = 0x0101080a;  // what nearly every data segment carries

bool transport_checksum_good(const Packet& packet, Bytes message) {
    const Bytes src(packet.src.bytes);
    const Bytes dst(packet.dst.bytes);
    const auto length = static_cast<std::uint32_t>(message.size());
    Checksum sum;
    if (packet.ip_version == 4) {
        sum.add_pseudo_header(src.last(4), dst.last(4), packet.ip_proto, length);
    } else {
        sum.add_pseudo_header(src, dst, packet.ip_proto, length);
    }
    sum.add(message);
    return sum.good();
}

// What no stack sends, and what receivers treat differently: RFC 9293 section 3.10.7, and as
// netfilter judges it.
bool flags_valid(std::uint8_t flags) {
    const bool syn = (flags & packet::kTcpSyn) != 0;
    const bool fin = (flags & packet::kTcpFin) != 0;
    const bool rst = (flags & packet::kTcpRst) != 0;
    const bool ack = (flags & packet::kTcpAck) != 0;
    if (syn) {
        return !fin && !rst;
    }
    return ack || (rst && !fin);
}

void read_timestamp(Packet& packet, const std::uint8_t* at, std::size_t offset) {
    packet.tcp.has_timestamp = true;
    packet.tcp.options |= packet::kOptTimestamp;
    packet.tcp.ts_value = load32(at, offset);
}

// An option of a known kind with a length that is not its own is skipped, as receivers do. MSS and
// window scale only count on a SYN; of several, the last.
bool read_tcp_options(Packet& packet, Bytes options) {
    const bool syn = (packet.tcp.flags & packet::kTcpSyn) != 0;
    std::size_t at = 0;
    while (at < options.size()) {
        const std::uint8_t kind = options[at];
        if (kind == kOptionEnd) {
            return true;
        }
        if (kind == kOptionNop) {
            ++at;
            continue;
        }
        if (options.size() - at < 2) {
            return false;
        }
        const std::size_t length = options[at + 1];
        if (length < 2 || length > options.size() - at) {
            return false;
        }
        packet.tcp.options |= packet::tcp_option_bit(kind, length, syn);
        if (syn && kind == kOptionMss && length == 4) {
            packet.tcp.mss = load16(options.data(), at + 2);
        } else if (syn && kind == kOptionWscale && length == 3) {
            const std::uint8_t shift = options[at + 2] < kMaxWscale ? options[at + 2] : kMaxWscale;
            packet.tcp.wscale = static_cast<std::int8_t>(shift);
        } else if (kind == kOptionTimestamp && length == 10) {
            read_timestamp(packet, options.data(), at + 2);
        }
        at += length;
    }
    return true;
}

bool only_timestamp(const std::uint8_t* tcp, std::size_t header) {
    return header == kTcpHeader + 12 && load32(tcp, kTcpHeader) == kNopNopTimestamp;
}

bool read_options(Packet& packet, const std::uint8_t* tcp, std::size_t header) {
    if (only_timestamp(tcp, header)) [[likely]] {
        read_timestamp(packet, tcp, kTcpHeader + 4);
        return true;
    }
    return header == kTcpHeader ||
           read_tcp_options(packet, {tcp + kTcpHeader, header - kTcpHeader});
}

void narrow_payload(Packet& packet, std::size_t header) {
    packet.payload_off = static_cast<std::uint16_t>(packet.l4_off + header);
    packet.payload_len -= static_cast<std::uint32_t>(header);
}

Reason decode_tcp(Packet& packet, bool verify_checksum) {
    if (packet.payload_len < kTcpHeader) {
        return Reason::tcp_bad_header;
    }
    const std::uint8_t* tcp = packet.data + packet.l4_off;
    const std::size_t header = static_cast<std::size_t>(tcp[12] >> 4) * 4;
    if (header < kTcpHeader || header > packet.payload_len) {
        return Reason::tcp_bad_header;
    }
    packet.src_port = load16(tcp, 0);
    packet.dst_port = load16(tcp, 2);
    packet.tcp.seq = SeqNum(load32(tcp, 4));
    packet.tcp.ack = SeqNum(load32(tcp, 8));
    packet.tcp.reserved = tcp[12] & 0x0f;
    packet.tcp.flags = tcp[13];
    packet.tcp.window = load16(tcp, 14);
    packet.tcp.urgent = load16(tcp, 18);
    if (!flags_valid(packet.tcp.flags)) {
        narrow_payload(packet, header);  // for a tap
        return Reason::tcp_bad_flags;
    }
    if (verify_checksum && !transport_checksum_good(packet, {tcp, packet.payload_len})) {
        return Reason::tcp_bad_checksum;
    }
    if (!read_options(packet, tcp, header)) {
        return Reason::tcp_bad_header;
    }
    narrow_payload(packet, header);
    packet.l4_ok = true;
    return Reason::none;
}

Reason decode_udp(Packet& packet, bool verify_checksum) {
    if (packet.payload_len < kUdpHeader) {
        return Reason::udp_bad_header;
    }
    const std::uint8_t* udp = packet.data + packet.l4_off;
    packet.src_port = load16(udp, 0);
    packet.dst_port = load16(udp, 2);
    const std::uint16_t length = load16(udp, 4);
    if (length < kUdpHeader || length > packet.payload_len) {
        return Reason::udp_bad_header;
    }
    // Zero: the sender did not sum. Also taken over IPv6, where tunnels may do so (RFC 6935 section
    // 5).
    if (verify_checksum && load16(udp, 6) != 0 && !transport_checksum_good(packet, {udp, length})) {
        return Reason::udp_bad_checksum;
    }
    packet.payload_len = length;
    narrow_payload(packet, kUdpHeader);
    packet.l4_ok = true;
    return Reason::none;
}

bool icmp_checksum_good(const Packet& packet, Bytes message) {
    if (packet.ip_proto == packet::kProtoIcmp6) {
        return transport_checksum_good(packet, message);
    }
    Checksum sum;  // RFC 792: no pseudo-header
    sum.add(message);
    return sum.good();
}

Reason decode_icmp(Packet& packet, bool verify_checksum) {
    if (packet.payload_len < kIcmpHeader) {
        return Reason::icmp_bad_header;
    }
    const std::uint8_t* icmp = packet.data + packet.l4_off;
    packet.icmp_type = icmp[0];
    packet.icmp_code = icmp[1];
    if (verify_checksum && !icmp_checksum_good(packet, {icmp, packet.payload_len})) {
        return Reason::icmp_bad_checksum;
    }
    narrow_payload(packet, kIcmpHeader);
    packet.l4_ok = true;
    return Reason::none;
}

// The CRC32c is left to the receiver: chunks are not reassembled here, so a bad one can only waste
// our time.
Reason decode_sctp(Packet& packet) {
    if (packet.payload_len < kSctpHeader) {
        return Reason::sctp_bad_header;
    }
    const std::uint8_t* sctp = packet.data + packet.l4_off;
    packet.src_port = load16(sctp, 0);
    packet.dst_port = load16(sctp, 2);
    narrow_payload(packet, kSctpHeader);
    packet.l4_ok = true;
    return Reason::none;
}

}  // namespace

Reason decode_transport(Packet& packet, bool verify_checksum) {
    if (packet.ip_proto == packet::kProtoTcp) [[likely]] {
        return decode_tcp(packet, verify_checksum);
    }
    if (packet.ip_proto == packet::kProtoUdp) {
        return decode_udp(packet, verify_checksum);
    }
    // Each ICMP only over its own IP version; crossed, no host takes it.
    if (packet.ip_proto == (packet.ip_version == 4 ? packet::kProtoIcmp : packet::kProtoIcmp6)) {
        return decode_icmp(packet, verify_checksum);
    }
    if (packet.ip_proto == packet::kProtoSctp) {
        return decode_sctp(packet);
    }
    return Reason::l4_uninspected;
}

}  // namespace sluice::decode
