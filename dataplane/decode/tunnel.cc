// SPDX-License-Identifier: Apache-2.0
#include "dataplane/decode/tunnel.h"

#include "dataplane/decode/l2.h"

namespace sluice::decode {

using packet::Inner;
using packet::Packet;
using packet::Reason;
using packet::Tunnel;

namespace {

constexpr std::uint16_t kEtherBridged = 0x6558;  // transparent Ethernet bridging
constexpr std::uint16_t kEtherPppInGre = 0x880b;
constexpr std::uint16_t kEtherErspan = 0x88be;
constexpr std::uint16_t kEtherErspan3 = 0x22eb;

constexpr std::uint16_t kGreChecksum = 0x8000;
constexpr std::uint16_t kGreRouting = 0x4000;
constexpr std::uint16_t kGreKey = 0x2000;
constexpr std::uint16_t kGreSequence = 0x1000;
constexpr std::uint16_t kGreAck = 0x0080;  // version 1 only
constexpr std::uint16_t kGreVersion = 0x0007;

Reason carries(Packet& packet, Tunnel tunnel, Inner inner, std::size_t offset) {
    if (offset >= packet.payload_len) {
        return Reason::tunnel_malformed;  // nothing inside
    }
    packet.tunnel = tunnel;
    packet.inner = inner;
    packet.inner_off = static_cast<std::uint32_t>(packet.payload_off + offset);
    return Reason::none;
}

Reason by_ether_type(Packet& packet, Tunnel tunnel, std::uint16_t ether_type, std::size_t offset) {
    switch (ether_type) {
        case kEtherIpv4:
            return carries(packet, tunnel, Inner::kIpv4, offset);
        case kEtherIpv6:
            return carries(packet, tunnel, Inner::kIpv6, offset);
        case kEtherBridged:
            return carries(packet, tunnel, Inner::kEthernet, offset);
        case kEtherPppInGre:  // PPTP's is version 1; seen without, too
            return carries(packet, tunnel, Inner::kPpp, offset);
        default:
            return Reason::tunnel_not_ip;
    }
}

Reason by_version(Packet& packet, Tunnel tunnel, std::size_t offset) {
    const Bytes payload = packet.payload();
    if (offset >= payload.size()) {
        return Reason::tunnel_malformed;
    }
    switch (payload[offset] >> 4) {
        case 4:
            return carries(packet, tunnel, Inner::kIpv4, offset);
        case 6:
            return carries(packet, tunnel, Inner::kIpv6, offset);
        default:
            return Reason::tunnel_not_ip;
    }
}

Reason labelled(Packet& packet, std::size_t offset) {
    const LinkResult r = read_labels(packet.payload(), offset);
    if (r.reason != Reason::none) {
        return r.reason == Reason::frame_truncated ? Reason::tunnel_malformed : r.reason;
    }
    return by_ether_type(packet, Tunnel::kGre, r.ether_type == 0 ? kEtherBridged : r.ether_type,
                         r.offset);
}

// Type I is the mirrored frame itself, type II has a header of 8 bytes and always comes with a
// sequence number (draft-foschiano-erspan-03 section 4).
Reason erspan(Packet& packet, std::uint16_t flags, std::size_t offset) {
    const std::size_t header = (flags & kGreSequence) != 0 ? 8 : 0;
    return carries(packet, Tunnel::kGre, Inner::kEthernet, offset + header);
}

// Type III: 12 bytes, the last two of them flags; O adds 8, FT says what was mirrored.
Reason erspan3(Packet& packet, std::size_t offset) {
    Cursor in(packet.payload());
    in.skip(offset + 10);
    const std::uint16_t flags = in.be16().host();
    if (!in.ok()) {
        return Reason::tunnel_malformed;
    }
    const std::size_t inner = offset + ((flags & 1U) != 0 ? 20 : 12);
    const unsigned frame_type = flags >> 10U & 0x1fU;
    if (frame_type == 2) {
        return by_version(packet, Tunnel::kGre, inner);
    }
    return frame_type == 0 ? carries(packet, Tunnel::kGre, Inner::kEthernet, inner)
                           : Reason::tunnel_not_ip;
}

// RFC 2637 section 4.1. Without a sequence number it carries nothing but an acknowledgement.
Reason pptp(Packet& packet, std::uint16_t flags, Cursor in) {
    const std::size_t length = in.be16().host();
    in.skip(2);
    in.skip((flags & kGreAck) != 0 ? 8 : 4);
    if ((flags & kGreSequence) == 0) {
        return Reason::tunnel_not_ip;
    }
    if (!in.ok() || length > in.remaining()) {
        return Reason::tunnel_malformed;
    }
    return carries(packet, Tunnel::kGre, Inner::kPpp, in.offset());
}

// The checksum is not looked at: what a receiver discards may be inspected, what it takes must be.
Reason gre(Packet& packet) {
    Cursor in(packet.payload());
    const std::uint16_t flags = in.be16().host();
    const std::uint16_t ether_type = in.be16().host();
    if (in.ok() && (flags & kGreVersion) == 1 && ether_type == kEtherPppInGre) {
        return pptp(packet, flags, in);
    }
    for (const std::uint16_t field : {kGreChecksum, kGreKey, kGreSequence}) {
        in.skip((flags & field) != 0 ? 4 : 0);
    }
    if (!in.ok() || (flags & (kGreVersion | kGreRouting)) != 0) {
        return Reason::tunnel_malformed;
    }
    switch (ether_type) {
        case kEtherErspan:
            return erspan(packet, flags, in.offset());
        case kEtherErspan3:
            return erspan3(packet, in.offset());
        case kEtherMpls:
        case kEtherMplsUpstream:
            return labelled(packet, in.offset());
        default:
            return by_ether_type(packet, Tunnel::kGre, ether_type, in.offset());
    }
}

Reason vxlan(Packet& packet) {
    constexpr std::size_t kHeader = 8;
    constexpr std::uint8_t kHasNetwork = 0x08;
    const Bytes payload = packet.payload();
    if (payload.size() < kHeader || (payload[0] & kHasNetwork) == 0) {
        return Reason::tunnel_malformed;
    }
    return carries(packet, Tunnel::kVxlan, Inner::kEthernet, kHeader);
}

Reason geneve(Packet& packet) {
    Cursor in(packet.payload());
    const std::uint8_t first = in.u8();
    in.skip(1);
    const std::uint16_t ether_type = in.be16().host();
    in.skip(4 + (first & 0x3fU) * std::size_t{4});
    if (!in.ok() || (first & 0xc0U) != 0) {
        return Reason::tunnel_malformed;
    }
    return by_ether_type(packet, Tunnel::kGeneve, ether_type, in.offset());
}

// Sections 5.1.1 and 5.2.8: authentication, then origin indication, then IPv6; each may be absent.
Reason teredo(Packet& packet) {
    constexpr std::uint16_t kAuthentication = 1;
    constexpr std::uint16_t kOrigin = 0;
    constexpr std::size_t kNonceAndConfirmation = 9;
    constexpr std::size_t kPortAndAddress = 6;
    const Bytes payload = packet.payload();
    std::size_t at = 0;
    Cursor in(payload);
    if (in.be16().host() == kAuthentication) {
        const std::size_t id = in.u8();
        const std::size_t value = in.u8();
        in.skip(id + value + kNonceAndConfirmation);
        at = in.offset();
    }
    Cursor origin(payload.subspan(at));
    if (origin.be16().host() == kOrigin) {
        origin.skip(kPortAndAddress);
        at += origin.offset();
    }
    if (!in.ok() || !origin.ok() || at >= payload.size() || payload[at] >> 4 != 6) {
        return Reason::tunnel_malformed;
    }
    return carries(packet, Tunnel::kTeredo, Inner::kIpv6, at);
}

// Section 5.2: each header says its length, in 4-byte words, first and the next one's kind last.
bool skip_gtp_extensions(Cursor& in, std::uint8_t next) {
    for (int seen = 0; next != 0; ++seen) {
        const std::size_t words = in.u8();
        if (seen == kMaxGtpExtensions || words == 0) {
            return false;
        }
        in.skip(words * 4 - 2);
        next = in.u8();
    }
    return in.ok();
}

Reason gtpu(Packet& packet) {
    constexpr std::uint8_t kUserPacket = 255;
    constexpr std::uint8_t kVersion1 = 0x30;  // with the bit that tells it from GTP'
    Cursor in(packet.payload());
    const std::uint8_t flags = in.u8();
    const std::uint8_t type = in.u8();
    const std::size_t length = in.be16().host();
    in.skip(4);
    if (!in.ok() || (flags & 0xf0U) != kVersion1 || length > in.remaining()) {
        return Reason::tunnel_malformed;
    }
    if (type != kUserPacket) {
        return Reason::tunnel_not_ip;
    }
    if ((flags & 0x07U) != 0) {  // any of E, S, PN: all three fields are there
        in.skip(3);
        const std::uint8_t next = in.u8();
        if (!in.ok() || ((flags & 0x04U) != 0 && !skip_gtp_extensions(in, next))) {
            return Reason::tunnel_malformed;
        }
    }
    return by_version(packet, Tunnel::kGtpu, in.offset());
}

Reason over_udp(Packet& packet, const TunnelPorts& ports) {
    switch (ports.at(packet.dst_port)) {
        case Tunnel::kVxlan:
            return vxlan(packet);
        case Tunnel::kGeneve:
            return geneve(packet);
        case Tunnel::kTeredo:
            return teredo(packet);
        case Tunnel::kGtpu:
            return gtpu(packet);
        case Tunnel::kIpInIp:
        case Tunnel::kGre:
        case Tunnel::kNone:
            break;
    }
    // A Teredo server or relay answers to whatever port the client has.
    return ports.at(packet.src_port) == Tunnel::kTeredo ? teredo(packet) : Reason::none;
}

}  // namespace

Reason find_tunnel(Packet& packet, const TunnelPorts& ports) {
    switch (packet.ip_proto) {
        case packet::kProtoUdp:
            return packet.l4_ok ? over_udp(packet, ports) : Reason::none;
        case kProtoIpv4:
            return carries(packet, Tunnel::kIpInIp, Inner::kIpv4, 0);
        case kProtoIpv6:
            return carries(packet, Tunnel::kIpInIp, Inner::kIpv6, 0);
        case kProtoGre:
            return gre(packet);
        default:
            return Reason::none;
    }
}

}  // namespace sluice::decode
