// SPDX-License-Identifier: Apache-2.0
#include "dataplane/stream/normalizer.h"

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
constexpr std::uint8_t kOptionTimestamp = 8;
constexpr std::size_t kTimestampBytes = 10;

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

// Decode has checked the lengths; they are checked again because we write. Bounded by the 40 bytes
// that options can have.
void remove_timestamp(packet::Packet& p) {
    std::uint8_t* tcp = p.data + p.l4_off;
    const std::size_t end = std::size_t{p.payload_off} - p.l4_off;
    std::size_t at = kHeaderBytes;
    while (at + 1 < end && tcp[at] != kOptionEnd) {
        const std::size_t length = tcp[at] == kOptionNop ? 1 : tcp[at + 1];
        if (length == 0 || length > end - at) {
            break;
        }
        if (tcp[at] == kOptionTimestamp && length == kTimestampBytes) {
            for (std::size_t i = 0; i < kTimestampBytes; ++i) {
                rewrite(tcp, at + i, kOptionNop);
            }
        }
        at += length;
    }
    p.tcp.has_timestamp = false;
}

bool has_header(const packet::Packet& p) {
    const std::size_t end = std::size_t{p.l4_off} + kHeaderBytes;
    return end <= p.payload_off && p.payload_off <= p.len;
}

}  // namespace

packet::Reason normalize(packet::Packet& p, const NormalizerConfig& config, bool inline_mode,
                         bool ts_ignored, packet::ReasonCounters& counters) {
    const bool writable = p.writable && has_header(p);
    if ((p.tcp.flags & packet::kTcpUrg) != 0) {
        if (inline_mode && config.urgent && !p.writable) {
            return Reason::tcp_urgent_refused;
        }
        packet::count(counters, Reason::tcp_urgent);
        if (inline_mode && config.urgent && writable) {
            clear_urgent(p);
        }
    }
    // The rest is harmless where it cannot be rewritten.
    const bool rewrites = inline_mode && writable;
    if (config.reserved && (p.tcp.reserved & kReservedBits) != 0 && (rewrites || !inline_mode)) {
        packet::count(counters, Reason::tcp_reserved_cleared);
        if (rewrites) {
            clear_reserved(p);
        }
    }
    if (config.options && p.tcp.has_timestamp && ts_ignored && rewrites) {
        packet::count(counters, Reason::tcp_option_removed);
        remove_timestamp(p);
    }
    return Reason::none;
}

}  // namespace sluice::stream
