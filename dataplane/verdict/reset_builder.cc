// SPDX-License-Identifier: Apache-2.0
#include "dataplane/verdict/reset_builder.h"

#include "dataplane/base/checksum.h"
#include "dataplane/base/writer.h"

#include <algorithm>

namespace sluice::verdict {

using packet::IpAddr;
using packet::Packet;

namespace {

constexpr std::size_t kMac = 6;
constexpr std::size_t kIpv4Header = 20;
constexpr std::size_t kIpv6Header = 40;
constexpr std::size_t kTcpHeader = 20;
constexpr std::size_t kIcmpHeader = 8;
constexpr std::uint8_t kHopLimit = 64;
constexpr std::uint16_t kDontFragment = 0x4000;
constexpr std::size_t kMaxIcmpPacket = 576;    // RFC 1812 section 4.3.2.3
constexpr std::size_t kMaxIcmp6Packet = 1280;  // RFC 4443 section 2.4 c

// One frame under construction. 'back' turns the packet's direction round: addresses and MACs
// change places.
struct Reply {
    const Packet& packet;
    bool back;
    std::uint8_t protocol;

    const IpAddr& src() const { return back ? packet.dst : packet.src; }

    const IpAddr& dst() const { return back ? packet.src : packet.dst; }
};

// The address as it is on the wire of its own IP version.
Bytes wire(const Packet& packet, const IpAddr& address) {
    return packet.ip_version == 4 ? Bytes(address.bytes).last(4) : Bytes(address.bytes);
}

std::size_t ip_header_size(const Packet& packet) {
    return packet.ip_version == 4 ? kIpv4Header : kIpv6Header;
}

// MACs, then tags and EtherType as they came.
void write_link(Writer& w, const Reply& r) {
    const Bytes link = r.packet.frame().first(r.packet.l3_off);
    const Bytes to = link.first(kMac);
    const Bytes from = link.subspan(kMac, kMac);
    w.bytes(r.back ? from : to);
    w.bytes(r.back ? to : from);
    w.bytes(link.subspan(2 * kMac));
}

void write_ipv4(Writer& w, const Reply& r, std::size_t payload) {
    std::array<std::uint8_t, kIpv4Header> header{};
    const auto fill = [&](std::uint16_t checksum) {
        Writer h{MutableBytes(header)};
        h.u8(0x45);
        h.u8(0);
        h.be16(static_cast<std::uint16_t>(kIpv4Header + payload));
        h.be16(0);  // identification: of no meaning with DF (RFC 6864)
        h.be16(kDontFragment);
        h.u8(kHopLimit);
        h.u8(r.protocol);
        h.be16(checksum);
        h.bytes(wire(r.packet, r.src()));
        h.bytes(wire(r.packet, r.dst()));
    };
    fill(0);
    Checksum sum;
    sum.add(Bytes(header));
    fill(sum.value());
    w.bytes(Bytes(header));
}

void write_ipv6(Writer& w, const Reply& r, std::size_t payload) {
    w.be32(0x60000000);
    w.be16(static_cast<std::uint16_t>(payload));
    w.u8(r.protocol);
    w.u8(kHopLimit);
    w.bytes(wire(r.packet, r.src()));
    w.bytes(wire(r.packet, r.dst()));
}

void write_ip(Writer& w, const Reply& r, std::size_t payload) {
    if (r.packet.ip_version == 4) {
        write_ipv4(w, r, payload);
    } else {
        write_ipv6(w, r, payload);
    }
}

std::size_t finish(Writer& w) {
    while (w.ok() && w.size() < kMinFrame) {
        w.u8(0);
    }
    return w.ok() ? w.size() : 0;
}

struct ResetFields {
    std::uint32_t seq = 0;
    std::uint32_t ack = 0;
    std::uint8_t flags = packet::kTcpRst;
};

std::size_t build_reset(const Reply& r, const ResetFields& fields, MutableBytes out) {
    std::array<std::uint8_t, kTcpHeader> header{};
    const auto fill = [&](std::uint16_t checksum) {
        Writer h{MutableBytes(header)};
        h.be16(r.back ? r.packet.dst_port : r.packet.src_port);
        h.be16(r.back ? r.packet.src_port : r.packet.dst_port);
        h.be32(fields.seq);
        h.be32(fields.ack);
        h.u8(kTcpHeader / 4 << 4);
        h.u8(fields.flags);
        h.be16(0);
        h.be16(checksum);
        h.be16(0);
    };
    fill(0);
    Checksum sum;
    sum.add_pseudo_header(wire(r.packet, r.src()), wire(r.packet, r.dst()), r.protocol, kTcpHeader);
    sum.add(Bytes(header));
    fill(sum.value());
    Writer w(out);
    write_link(w, r);
    write_ip(w, r, kTcpHeader);
    w.bytes(Bytes(header));
    return finish(w);
}

// Labels and PPPoE sessions are other ones on the way back, which we do not know.
bool link_can_be_turned(const Packet& packet) {
    return packet.l3_off == 2 * kMac + 2 + std::size_t{packet.vlan_count} * 4;
}

// A RST is never answered with a RST.
bool may_reset(const Packet& packet) {
    return link_can_be_turned(packet) && packet.ip_version != 0 && packet.l4_ok &&
           packet.ip_proto == packet::kProtoTcp && (packet.tcp.flags & packet::kTcpRst) == 0;
}

bool has_ack(const Packet& packet) {
    return (packet.tcp.flags & packet::kTcpAck) != 0;
}

// SEG.LEN of RFC 9293: SYN and FIN count as one byte each.
std::uint32_t segment_length(const Packet& packet) {
    return packet.payload_len + ((packet.tcp.flags & packet::kTcpSyn) != 0 ? 1 : 0) +
           ((packet.tcp.flags & packet::kTcpFin) != 0 ? 1 : 0);
}

bool is_icmp_error(const Packet& packet) {
    if (packet.ip_version == 6) {
        return packet.ip_proto == packet::kProtoIcmp6 && packet.icmp_type < 128;
    }
    // Unreachable, source quench, redirect, time exceeded, parameter problem.
    return packet.ip_proto == packet::kProtoIcmp &&
           (packet.icmp_type == 3 || packet.icmp_type == 4 || packet.icmp_type == 5 ||
            packet.icmp_type == 11 || packet.icmp_type == 12);
}

// True for an address that names one host: as a destination it may be answered, as a source it may
// be told.
bool is_unicast(const Packet& packet, const IpAddr& address) {
    const Bytes a = wire(packet, address);
    if (packet.ip_version == 4) {
        return a[0] != 0 && a[0] < 224;  // not this network, multicast, reserved, broadcast
    }
    return a[0] != 0xff && std::any_of(a.begin(), a.end(), [](std::uint8_t b) { return b != 0; });
}

bool may_refuse(const Packet& packet) {
    const bool group_mac = packet.len == 0 || (packet.data[0] & 1) != 0;
    return link_can_be_turned(packet) && packet.ip_version != 0 && !packet.is_fragment &&
           !group_mac && !is_icmp_error(packet) && is_unicast(packet, packet.src) &&
           is_unicast(packet, packet.dst);
}

void write_unreachable(Writer& w, const Reply& r, Bytes quote) {
    const bool v4 = r.packet.ip_version == 4;
    std::array<std::uint8_t, kIcmpHeader> header{};
    header[0] = v4 ? 3 : 1;  // destination unreachable
    header[1] = v4 ? 3 : 4;  // port
    Checksum sum;
    if (!v4) {
        sum.add_pseudo_header(wire(r.packet, r.src()), wire(r.packet, r.dst()), r.protocol,
                              static_cast<std::uint32_t>(kIcmpHeader + quote.size()));
    }
    sum.add(Bytes(header));
    sum.add(quote);
    write_ip(w, r, kIcmpHeader + quote.size());
    w.u8(header[0]);
    w.u8(header[1]);
    w.be16(sum.value());
    w.be32(0);
    w.bytes(quote);
}

}  // namespace

std::size_t build_reset_to_receiver(const Packet& packet, MutableBytes out) {
    if (!may_reset(packet)) {
        return 0;
    }
    ResetFields fields{packet.tcp.seq.raw(), 0, packet::kTcpRst};
    if (has_ack(packet)) {
        fields.ack = packet.tcp.ack.raw();
        fields.flags |= packet::kTcpAck;
    }
    return build_reset({packet, false, packet::kProtoTcp}, fields, out);
}

std::size_t build_reset_to_sender(const Packet& packet, MutableBytes out) {
    if (!may_reset(packet)) {
        return 0;
    }
    // RFC 9293 section 3.10.7.1: the number that the sender expects, or 0 when it has named none.
    const ResetFields fields{has_ack(packet) ? packet.tcp.ack.raw() : 0,
                             packet.tcp.seq.plus(segment_length(packet)).raw(),
                             packet::kTcpRst | packet::kTcpAck};
    return build_reset({packet, true, packet::kProtoTcp}, fields, out);
}

std::size_t build_unreachable(const Packet& packet, MutableBytes out) {
    if (!may_refuse(packet)) {
        return 0;
    }
    const bool v4 = packet.ip_version == 4;
    const std::size_t headers = ip_header_size(packet) + kIcmpHeader;
    const std::size_t allowed = (v4 ? kMaxIcmpPacket : kMaxIcmp6Packet) - headers;
    if (out.size() < packet.l3_off + headers) {
        return 0;
    }
    const std::size_t room = std::min(allowed, out.size() - packet.l3_off - headers);
    const std::size_t whole = packet.payload_off + packet.payload_len - packet.l3_off;
    // Without the ports behind the IP header the source could not tell whom it concerns.
    const std::size_t least = std::min<std::size_t>(whole, packet.l4_off - packet.l3_off + 8U);
    const std::size_t quoted = std::min(whole, room);
    if (quoted < least) {
        return 0;
    }
    const Reply reply{packet, true, v4 ? packet::kProtoIcmp : packet::kProtoIcmp6};
    Writer w(out);
    write_link(w, reply);
    write_unreachable(w, reply, packet.frame().subspan(packet.l3_off, quoted));
    return finish(w);
}

}  // namespace sluice::verdict
