// SPDX-License-Identifier: Apache-2.0
#include "dataplane/decode/header_bytes.h"
#include "dataplane/decode/l3.h"

namespace sluice::decode {

using packet::Reason;

namespace {

constexpr std::size_t kHeader = 40;
constexpr std::uint8_t kHopByHop = 0;
constexpr std::uint8_t kRouting = 43;
constexpr std::uint8_t kFragment = 44;
constexpr std::uint8_t kAuthentication = 51;
constexpr std::uint8_t kDestinationOptions = 60;
constexpr std::uint16_t kOffsetAndMore = 0xfff9;  // the two bits between are reserved
constexpr std::size_t kShortestExtension = 8;

bool is_extension(std::uint8_t next) {
    return next == kHopByHop || next == kRouting || next == kFragment || next == kAuthentication ||
           next == kDestinationOptions;
}

std::size_t extension_length(std::uint8_t kind, const std::uint8_t* header) {
    if (kind == kFragment) {
        return kShortestExtension;
    }
    if (kind == kAuthentication) {  // RFC 4302 section 2.2: in 4-byte words, less two
        return (static_cast<std::size_t>(header[1]) + 2) * 4;
    }
    return (static_cast<std::size_t>(header[1]) + 1) * 8;
}

// Walks the chain; on return l4_off, payload_* and ip_proto say what is behind it.
NetworkResult walk_extensions(packet::Packet& packet) {
    NetworkResult result;
    for (int seen = 0; is_extension(packet.ip_proto); ++seen) {
        const std::uint8_t kind = packet.ip_proto;
        const std::uint8_t* header = packet.data + packet.l4_off;
        if (seen == kMaxExtensionHeaders || packet.payload_len < kShortestExtension ||
            (kind == kHopByHop && seen != 0)) {
            return {Reason::ipv6_ext_limit};
        }
        const std::size_t length = extension_length(kind, header);
        if (length < kShortestExtension || length > packet.payload_len) {
            return {Reason::ipv6_ext_limit};
        }
        if (kind == kRouting && header[3] != 0) {
            result.checksum_unknown = true;
        }
        if (kind == kRouting && header[2] == 0 && header[3] != 0) {
            result.source_route = true;  // type 0, which RFC 5095 forbids
        }
        packet.ip_proto = header[0];
        packet.l4_off = static_cast<std::uint16_t>(packet.l4_off + length);
        packet.payload_len -= static_cast<std::uint32_t>(length);
        packet.payload_off = packet.l4_off;
        if (kind == kFragment && (load16(header, 2) & kOffsetAndMore) != 0) {
            packet.is_fragment = true;  // what follows need not be a header
            packet.more_fragments = (load16(header, 2) & 1U) != 0;
            packet.frag_off = load16(header, 2) & 0xfff8U;
            packet.frag_id = load32(header, 4);
            return result;
        }
        result.atomic_fragment = result.atomic_fragment || kind == kFragment;
    }
    return result;
}

}  // namespace

NetworkResult decode_ipv6(packet::Packet& packet) {
    const std::uint8_t* ip = packet.data + packet.l3_off;
    const std::size_t available = packet.len - packet.l3_off;
    if (available < kHeader) {
        return {Reason::frame_truncated};
    }
    if ((ip[0] >> 4) != 6) {
        return {Reason::ipv6_bad_header};
    }
    const std::size_t payload = load16(ip, 4);
    if (payload > available - kHeader) {
        return {Reason::frame_truncated};
    }
    if (payload == 0 && ip[6] == kHopByHop) {
        return {Reason::ipv6_bad_header};  // jumbogram (RFC 2675): longer than any frame we take
    }
    packet.ip_version = 6;
    packet.ip_proto = ip[6];
    packet.ttl = ip[7];
    std::memcpy(packet.src.bytes.data(), ip + 8, 16);
    std::memcpy(packet.dst.bytes.data(), ip + 24, 16);
    packet.l4_off = static_cast<std::uint16_t>(packet.l3_off + kHeader);
    packet.payload_off = packet.l4_off;
    packet.payload_len = static_cast<std::uint32_t>(payload);
    return is_extension(packet.ip_proto) ? walk_extensions(packet) : NetworkResult{};
}

}  // namespace sluice::decode
