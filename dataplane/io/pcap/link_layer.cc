// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/pcap/link_layer.h"

#include <pcap/pcap.h>

namespace sluice::io {

namespace {

constexpr std::uint16_t kIpv4 = 0x0800;
constexpr std::uint16_t kIpv6 = 0x86dd;

LinkPayload raw_ip(Bytes frame, std::size_t offset) {
    if (offset >= frame.size()) {
        return {offset <= frame.size() ? offset : 0, 0};
    }
    switch (frame[offset] >> 4) {
        case 4:
            return {offset, kIpv4};
        case 6:
            return {offset, kIpv6};
        default:
            return {offset, 0};
    }
}

// AF_INET is 2 everywhere; AF_INET6 is 10 on Linux, 24, 28 or 30 on the BSDs and macOS. All below
// 256, so the byte order of the capturing host shows.
LinkPayload null_family(Bytes frame) {
    Cursor c(frame);
    std::uint32_t family = c.le32();
    if (!c.ok()) {
        return {};
    }
    if (family > 0xffff) {
        family = byte_swap(family);
    }
    switch (family) {
        case 2:
            return {4, kIpv4};
        case 10:
        case 24:
        case 28:
        case 30:
            return {4, kIpv6};
        default:
            return {4, 0};
    }
}

// A header of fixed size that holds an EtherType.
LinkPayload typed(Bytes frame, std::size_t protocol_at, std::size_t header) {
    Cursor c(frame);
    c.skip(protocol_at);
    const std::uint16_t ether_type = c.be16().host();
    return frame.size() < header ? LinkPayload{} : LinkPayload{header, ether_type};
}

LinkPayload ppp(Bytes frame) {
    Cursor c(frame);
    if (frame.size() >= 2 && frame[0] == 0xff && frame[1] == 0x03) {
        c.skip(2);
    }
    std::uint16_t protocol = c.u8();
    if ((protocol & 1) ==
        0) {  // an odd first byte is all of a compressed field (RFC 1661 section 6.5)
        protocol = static_cast<std::uint16_t>(protocol << 8 | c.u8());
    }
    if (!c.ok()) {
        return {};
    }
    switch (protocol) {
        case 0x0021:
            return {c.offset(), kIpv4};
        case 0x0057:
            return {c.offset(), kIpv6};
        default:
            return {c.offset(), 0};
    }
}

}  // namespace

LinkLayer link_layer_of(int dlt) {
    switch (dlt) {
        case DLT_EN10MB:
            return LinkLayer::kEthernet;
        case DLT_RAW:
        case DLT_IPV4:
        case DLT_IPV6:
            return LinkLayer::kRawIp;
        case DLT_NULL:
        case DLT_LOOP:
            return LinkLayer::kNull;
        case DLT_LINUX_SLL:
            return LinkLayer::kLinuxSll;
        case DLT_LINUX_SLL2:
            return LinkLayer::kLinuxSll2;
        case DLT_PPP:
        case DLT_PPP_SERIAL:
            return LinkLayer::kPpp;
        case DLT_C_HDLC:
            return LinkLayer::kCHdlc;
        default:
            return LinkLayer::kUnsupported;
    }
}

LinkPayload find_payload(LinkLayer layer, Bytes frame) {
    switch (layer) {
        case LinkLayer::kRawIp:
            return raw_ip(frame, 0);
        case LinkLayer::kNull:
            return null_family(frame);
        case LinkLayer::kLinuxSll:
            return typed(frame, 14, 16);
        case LinkLayer::kLinuxSll2:
            return typed(frame, 0, 20);
        case LinkLayer::kPpp:
            return ppp(frame);
        case LinkLayer::kCHdlc:
            return typed(frame, 2, 4);
        case LinkLayer::kEthernet:
        case LinkLayer::kUnsupported:
            break;
    }
    return {};
}

}  // namespace sluice::io
