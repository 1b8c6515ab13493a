// SPDX-License-Identifier: Apache-2.0
#include "dataplane/detect/header_bytes.h"

#include "dataplane/base/checksum.h"
#include "dataplane/base/cursor.h"

namespace sluice::detect {
namespace {

using bundle::ChecksumOf;

constexpr std::size_t kUdpHeaderBytes = 8;
constexpr std::size_t kIcmpHeaderBytes = 8;
constexpr std::size_t kIpv4FixedBytes = 20;

Bytes part(const packet::Packet& p, std::size_t first, std::size_t size) {
    Cursor c(p.frame());
    c.skip(first);
    const Bytes out = c.take(size);
    return c.ok() ? out : Bytes();
}

// RFC 791 section 3.1: the header's length stands in the low half of its first byte, in words.
Bytes ipv4_header(const packet::Packet& p) {
    if (p.ip_version != 4) {
        return {};
    }
    const Bytes first = part(p, p.l3_off, 1);
    return first.empty() ? Bytes() : part(p, p.l3_off, std::size_t{first[0] & 0x0fU} * 4);
}

// RFC 9293 section 3.1: the data offset stands in the high half of byte 12.
Bytes tcp_header(const packet::Packet& p) {
    const Bytes offset = part(p, p.l4_off + 12U, 1);
    return offset.empty() ? Bytes() : part(p, p.l4_off, (std::size_t{offset[0]} >> 4U) * 4);
}

bool carries(const packet::Packet& p, std::uint8_t proto) {
    return p.ip_proto == proto && p.l4_ok && p.l4_off >= p.l3_off;
}

struct ChecksumPlace {
    std::uint8_t version;
    std::uint8_t proto;  // 0: of IP itself
    bool pseudo;
};

ChecksumPlace place_of(ChecksumOf what) {
    switch (what) {
        case ChecksumOf::kIpv4:
            return {4, 0, false};
        case ChecksumOf::kTcp4:
            return {4, packet::kProtoTcp, true};
        case ChecksumOf::kTcp6:
            return {6, packet::kProtoTcp, true};
        case ChecksumOf::kUdp4:
            return {4, packet::kProtoUdp, true};
        case ChecksumOf::kUdp6:
            return {6, packet::kProtoUdp, true};
        case ChecksumOf::kIcmp4:
            return {4, packet::kProtoIcmp, false};
        case ChecksumOf::kIcmp6:
            return {6, packet::kProtoIcmp6, true};
    }
    return {4, 0, false};
}

bool checksum_good(const packet::Packet& p, const ChecksumPlace& place) {
    Checksum sum;
    if (place.proto == 0) {
        sum.add(ipv4_header(p));
        return sum.good();
    }
    const std::size_t size = p.payload_off + std::size_t{p.payload_len} - p.l4_off;
    const Bytes message = part(p, p.l4_off, size);
    // An IPv4 sender may leave a UDP checksum out (RFC 768).
    if (place.proto == packet::kProtoUdp && place.version == 4 && message.size() >= 8 &&
        message[6] == 0 && message[7] == 0) {
        return true;
    }
    if (place.pseudo) {
        const Bytes src(p.src.bytes);
        const Bytes dst(p.dst.bytes);
        const std::size_t skip = place.version == 4 ? 12 : 0;
        sum.add_pseudo_header(src.subspan(skip), dst.subspan(skip), place.proto,
                              static_cast<std::uint32_t>(message.size()));
    }
    sum.add(message);
    return sum.good();
}

}  // namespace

Bytes header_bytes(const packet::Packet& p, BufferId buffer) {
    if (buffer == BufferId::kIpv4Header) {
        return ipv4_header(p);
    }
    if (buffer == BufferId::kIpv6Header) {
        const bool v6 = p.ip_version == 6 && p.l4_off >= p.l3_off;
        return v6 ? part(p, p.l3_off, std::size_t{p.l4_off} - p.l3_off) : Bytes();
    }
    if (buffer == BufferId::kTcpHeader) {
        return carries(p, packet::kProtoTcp) ? tcp_header(p) : Bytes();
    }
    if (buffer == BufferId::kUdpHeader) {
        return carries(p, packet::kProtoUdp) ? part(p, p.l4_off, kUdpHeaderBytes) : Bytes();
    }
    const bool v4 = buffer == BufferId::kIcmp4Header;
    return carries(p, v4 ? packet::kProtoIcmp : packet::kProtoIcmp6)
               ? part(p, p.l4_off, kIcmpHeaderBytes)
               : Bytes();
}

bool has_ip_option(const bundle::Item& item, const packet::Packet& p) {
    constexpr std::uint8_t kEndOfList = 0;
    constexpr std::uint8_t kNoOperation = 1;
    const Bytes header = ipv4_header(p);
    Cursor c(header);
    c.skip(kIpv4FixedBytes);
    // Options are at most 40 bytes, and each step takes at least one.
    while (c.ok() && c.remaining() != 0) {
        const std::uint8_t option = c.u8();
        if (item.op == bundle::CompareOp::kGe || option == item.lo) {
            return true;
        }
        if (option == kEndOfList) {
            return false;
        }
        if (option != kNoOperation) {
            const std::uint8_t length = c.u8();
            c.skip(length < 2 ? c.remaining() + 1 : length - 2U);
        }
    }
    return false;
}

bool checksum_matches(const bundle::Item& item, const packet::Packet& p) {
    const ChecksumPlace place = place_of(static_cast<ChecksumOf>(item.var));
    if (p.ip_version != place.version || p.is_fragment ||
        (place.proto != 0 && !carries(p, place.proto))) {
        return false;
    }
    return checksum_good(p, place) == (item.lo != 0);
}

}  // namespace sluice::detect
