// SPDX-License-Identifier: Apache-2.0
#include "dataplane/decode/header_bytes.h"
#include "dataplane/decode/l3.h"
#include "dataplane/packet/ipv6_chain.h"

namespace sluice::decode {

using packet::Reason;

namespace {

constexpr std::size_t kHeader = 40;
constexpr std::uint16_t kOffsetAndMore = 0xfff9;  // the two bits between are reserved

// True: what follows need not be a header.
bool note_fragment(packet::Packet& packet, const std::uint8_t* header) {
    const std::uint16_t field = load16(header, 2);
    if ((field & kOffsetAndMore) == 0) {
        return false;
    }
    packet.is_fragment = true;
    packet.more_fragments = (field & 1U) != 0;
    packet.frag_off = field & 0xfff8U;
    packet.frag_id = load32(header, 4);
    return true;
}

// Walks the chain; on return l4_off, payload_* and ip_proto say what is behind it.
NetworkResult walk_extensions(packet::Packet& packet) {
    NetworkResult result;
    packet::ExtensionChain chain(packet.ip_proto, packet.payload());
    packet::ChainStep step = chain.step();
    for (; step == packet::ChainStep::kHeader; step = chain.step()) {
        const std::uint8_t* header = chain.header().data();
        const std::size_t length = chain.header().size();
        packet.ip_proto = chain.protocol();
        packet.l4_off = static_cast<std::uint16_t>(packet.l4_off + length);
        packet.payload_len -= static_cast<std::uint32_t>(length);
        packet.payload_off = packet.l4_off;
        if (chain.kind() == packet::kExtRouting && header[3] != 0) {
            result.checksum_unknown = true;
            // Type 0, which RFC 5095 forbids.
            result.source_route = result.source_route || header[2] == 0;
        }
        if (chain.kind() == packet::kExtFragment) {
            if (note_fragment(packet, header)) {
                return result;
            }
        }
    }
    if (step != packet::ChainStep::kEnd) {
        return {Reason::ipv6_ext_limit};
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
    if (payload == 0 && ip[6] == packet::kExtHopByHop) {
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
    return packet::is_extension_header(packet.ip_proto) ? walk_extensions(packet) : NetworkResult{};
}

}  // namespace sluice::decode
