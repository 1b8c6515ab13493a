// SPDX-License-Identifier: Apache-2.0
#include "dataplane/stream/normalizer.h"

#include "dataplane/base/byte_order.h"
#include "dataplane/base/checksum.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace sluice::stream {

using packet::Reason;

namespace {

constexpr std::size_t kHeaderBytes = 20;
constexpr std::size_t kDataOffset = 12;  // and the reserved bits
constexpr std::size_t kFlags = 13;
constexpr std::size_t kChecksum = 16;
constexpr std::size_t kUrgentPointer = 18;
constexpr std::uint8_t kOptionEnd = 0;
constexpr std::uint8_t kOptionNop = 1;
constexpr std::size_t kIpv6Header = 40;

std::uint16_t load(const std::uint8_t* at) {
    std::uint16_t v;
    std::memcpy(&v, at, sizeof(v));
    return v;
}

void store(std::uint8_t* at, std::uint16_t v) {
    std::memcpy(at, &v, sizeof(v));
}

// RFC 1624 equation 3; the sum is the same in either byte order, so words are taken as they lie.
std::uint16_t updated(std::uint16_t checksum, std::uint16_t from, std::uint16_t to) {
    std::uint32_t sum = static_cast<std::uint16_t>(~checksum);
    sum += static_cast<std::uint16_t>(~from);
    sum += to;
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

// Sets one byte of the header.
void rewrite(std::uint8_t* tcp, std::size_t at, std::uint8_t value) {
    std::uint8_t* word = tcp + (at & ~std::size_t{1});
    const std::uint16_t before = load(word);
    tcp[at] = value;
    store(tcp + kChecksum, updated(load(tcp + kChecksum), before, load(word)));
}

void clear_urgent(packet::Packet& p) {
    std::uint8_t* tcp = p.data + p.l4_off;
    rewrite(tcp, kFlags, static_cast<std::uint8_t>(tcp[kFlags] & ~packet::kTcpUrg));
    rewrite(tcp, kUrgentPointer, 0);
    rewrite(tcp, kUrgentPointer + 1, 0);
    p.tcp.flags = static_cast<std::uint8_t>(p.tcp.flags & ~packet::kTcpUrg);
    p.tcp.urgent = 0;
}

void clear_reserved(packet::Packet& p) {
    std::uint8_t* tcp = p.data + p.l4_off;
    rewrite(tcp, kDataOffset, static_cast<std::uint8_t>(tcp[kDataOffset] & ~kReservedBits));
    p.tcp.reserved = static_cast<std::uint8_t>(p.tcp.reserved & ~kReservedBits);
}

bool has_header(const packet::Packet& p) {
    const std::size_t end = std::size_t{p.l4_off} + kHeaderBytes;
    return end <= p.payload_off && p.payload_off <= p.len;
}

void replace_by_nops(std::uint8_t* tcp, std::size_t at, std::size_t length) {
    for (std::size_t i = 0; i < length; ++i) {
        rewrite(tcp, at + i, kOptionNop);
    }
}

// Decode has checked the lengths; they are checked again because we write. Bounded by the 40 bytes
// that options can have.
void remove_options(packet::Packet& p, unsigned unwanted) {
    std::uint8_t* tcp = p.data + p.l4_off;
    const std::size_t end = std::size_t{p.payload_off} - p.l4_off;
    const bool syn = (p.tcp.flags & packet::kTcpSyn) != 0;
    std::size_t at = kHeaderBytes;
    while (at + 1 < end && tcp[at] != kOptionEnd) {
        const bool nop = tcp[at] == kOptionNop;
        const std::size_t length = nop ? 1 : tcp[at + 1];
        if (length == 0 || length > end - at) {
            break;
        }
        if (!nop && (packet::tcp_option_bit(tcp[at], length, syn) & unwanted) != 0) {
            replace_by_nops(tcp, at, length);
        }
        at += length;
    }
    p.tcp.options = static_cast<std::uint8_t>(p.tcp.options & ~unwanted);
    p.tcp.has_timestamp = (p.tcp.options & packet::kOptTimestamp) != 0;
}

Reason judge_options(packet::Packet& p, const NormalizerConfig& config, bool inline_mode,
                     std::uint8_t agreed, packet::ReasonCounters& counters) {
    constexpr unsigned kSignatures = packet::kOptMd5 | packet::kOptAo;
    // A SYN begins anew.
    const bool syn = (p.tcp.flags & packet::kTcpSyn) != 0;
    const unsigned odd = unexpected_options(p.tcp.options, syn ? flow::kAnyTcpOption : agreed);
    // Without its key a receiver drops such a segment; without the option it would take it.
    if (config.signatures && (odd & kSignatures) != 0) {
        if ((p.tcp.flags & packet::kTcpRst) != 0) {
            packet::count(counters, Reason::tcp_invalid_rst);  // meant for us, not for its receiver
        }
        return Reason::tcp_signature;
    }
    const unsigned unwanted = odd & ~kSignatures;
    if (!config.options || unwanted == 0) {
        return Reason::none;
    }
    if (inline_mode && (!p.writable || !has_header(p))) {
        // Receivers that did not ask for timestamps or SACK ignore them.
        return (unwanted & packet::kOptUnknown) != 0 ? Reason::tcp_option_refused : Reason::none;
    }
    packet::count(counters, Reason::tcp_option_removed);
    if (inline_mode) {
        remove_options(p, unwanted);
    }
    return Reason::none;
}

// The frame keeps its length: what the IP header does not count is padding, to any receiver.
void cut_payload(packet::Packet& p) {
    constexpr std::size_t kLength4 = 2;
    constexpr std::size_t kChecksum4 = 10;
    constexpr std::size_t kLength6 = 4;
    std::uint8_t* ip = p.data + p.l3_off;
    const bool v4 = p.ip_version == 4;
    const Be16 length = Be16::from_host(
        static_cast<std::uint16_t>(p.payload_off - p.l3_off - (v4 ? 0 : kIpv6Header)));
    std::uint16_t wire;
    std::memcpy(&wire, &length, sizeof wire);
    if (v4) {
        store(ip + kChecksum4, updated(load(ip + kChecksum4), load(ip + kLength4), wire));
        store(ip + kLength4, wire);
    } else {
        store(ip + kLength6, wire);
    }
    p.payload_len = 0;
    std::uint8_t* tcp = p.data + p.l4_off;
    const Bytes header(tcp, std::size_t{p.payload_off} - p.l4_off);
    const std::size_t skip = v4 ? 12 : 0;  // IPv4-mapped
    store(tcp + kChecksum, 0);
    Checksum sum;
    sum.add_pseudo_header(Bytes(p.src.bytes).subspan(skip), Bytes(p.dst.bytes).subspan(skip),
                          packet::kProtoTcp, static_cast<std::uint32_t>(header.size()));
    sum.add(header);
    const Be16 value = Be16::from_host(sum.value());
    std::memcpy(tcp + kChecksum, &value, sizeof value);
}

// Servers without Fast Open ignore it, queue it, or take it (RFC 9293 section 3.10.7.2): nobody
// gets it, and the client sends it again. With a cookie the first copy is inspected, and stands.
void judge_syn_data(packet::Packet& p, const NormalizerConfig& config, bool rewrites,
                    packet::ReasonCounters& counters) {
    if (!config.syn_data || !rewrites || p.payload_len == 0 ||
        (p.tcp.flags & packet::kTcpAck) != 0 || (p.tcp.options & packet::kOptFastOpen) != 0) {
        return;
    }
    packet::count(counters, Reason::tcp_syn_data_removed);
    cut_payload(p);
}

}  // namespace

packet::Reason normalize(packet::Packet& p, const NormalizerConfig& config, bool inline_mode,
                         std::uint8_t agreed, packet::ReasonCounters& counters) {
    const bool rewrites = inline_mode && p.writable && has_header(p);
    if ((p.tcp.flags & packet::kTcpUrg) != 0) {
        if (inline_mode && config.urgent && !p.writable) {
            return Reason::tcp_urgent_refused;
        }
        packet::count(counters, Reason::tcp_urgent);
        if (rewrites && config.urgent) {
            clear_urgent(p);
        }
    }
    // Harmless where it cannot be rewritten.
    if (config.reserved && (p.tcp.reserved & kReservedBits) != 0 && (rewrites || !inline_mode)) {
        packet::count(counters, Reason::tcp_reserved_cleared);
        if (rewrites) {
            clear_reserved(p);
        }
    }
    const Reason why = judge_options(p, config, inline_mode, agreed, counters);
    if (why == Reason::none && (p.tcp.flags & packet::kTcpSyn) != 0) {
        judge_syn_data(p, config, rewrites, counters);
    }
    return why;
}

}  // namespace sluice::stream
