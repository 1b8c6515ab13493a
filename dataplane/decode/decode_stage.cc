// SPDX-License-Identifier: Apache-2.0
#include "dataplane/decode/decode_stage.h"

#include "dataplane/decode/header_bytes.h"
#include "dataplane/decode/ipv6_oddities.h"
#include "dataplane/decode/l2.h"
#include "dataplane/decode/l3.h"
#include "dataplane/decode/l4.h"
#include "dataplane/decode/tunnel.h"

namespace sluice::decode {

using packet::Packet;
using packet::Reason;

namespace {

// One 64-byte line holds Ethernet (14), IPv4 (20), TCP (20) and 10 bytes of options; a frame's
// start is line-aligned in the NIC's buffers. At some 15 ns of work per packet, 6 packets cover one
// miss to memory (about 90 ns).
constexpr std::size_t kPrefetchDistance = 6;

// A packet that carries another is known by it, whatever its transport.
Reason decode_payload(Packet& packet, bool verify_checksum, const DecodeConfig& config) {
    const Reason reason = decode_transport(packet, verify_checksum);
    if (packet.ip_proto == packet::kProtoTcp || !config.tunnels ||
        (reason != Reason::none && reason != Reason::l4_uninspected)) [[likely]] {
        return reason;
    }
    const Reason inside = find_tunnel(packet, config.tunnel_ports);
    return packet.tunnel != packet::Tunnel::kNone || inside != Reason::none ? inside : reason;
}

// What decode works by, and where it counts what is odd but goes on.
struct Context {
    const DecodeConfig& config;
    packet::ReasonCounters& reasons;
};

// Well-formed, yet not what an honest sender's packet looks like when it arrives.
Reason judge_network(Packet& packet, const NetworkResult& network, const Context& context) {
    if (network.options) {
        packet::count(context.reasons, Reason::ipv4_options);
    }
    if (network.source_route) {
        if (context.config.drop_malformed && context.config.drop_source_route) {
            return Reason::ip_source_route;
        }
        packet::count(context.reasons, Reason::ip_source_route);
        packet.odd = Reason::ip_source_route;
    }
    if (packet.ttl < context.config.min_ttl) {
        if (context.config.drop_malformed) {
            return Reason::ip_low_ttl;
        }
        packet::count(context.reasons, Reason::ip_low_ttl);
        packet.odd = Reason::ip_low_ttl;
    }
    return Reason::none;
}

Reason decode_network(Packet& packet, std::uint16_t ether_type, const Context& context) {
    const bool verify_checksums = context.config.verify_checksums;
    NetworkResult network;
    if (ether_type == kEtherIpv4) {
        network = decode_ipv4(packet, verify_checksums);
    } else {
        network = decode_ipv6(packet);
        count_ipv6_oddities(packet, context.reasons);
    }
    if (network.reason != Reason::none) {
        return network.reason;
    }
    const Reason odd = judge_network(packet, network, context);
    if (odd != Reason::none) {
        return odd;
    }
    if (packet.is_fragment) {
        return Reason::none;  // what follows need not be a header; dataplane/defrag takes it
    }
    return decode_payload(packet, verify_checksums && !network.checksum_unknown, context.config);
}

Reason decode_packet(Packet& packet, const Context& context) {
    const LinkResult link = decode_link(packet);
    return link.reason != Reason::none ? link.reason
                                       : decode_network(packet, link.ether_type, context);
}

// Well-formed, but beyond what we inspect.
bool is_uninspected(Reason reason) {
    return reason == Reason::ethertype_uninspected || reason == Reason::vlan_depth ||
           reason == Reason::mpls_depth || reason == Reason::pppoe_uninspected ||
           reason == Reason::l4_uninspected || reason == Reason::tunnel_malformed ||
           reason == Reason::tunnel_not_ip;
}

// A protocol that nothing here reads; without ARP there would be no IPv4 to inspect.
bool is_unknown(const Packet& packet, Reason reason) {
    if (reason == Reason::ethertype_uninspected) {
        return packet.l3_off < kEthernetHeader ||
               load16(packet.data, packet.l3_off - 2U) != kEtherArp;
    }
    return !packet.l4_ok && (reason == Reason::l4_uninspected ||
                             reason == Reason::tunnel_malformed || reason == Reason::tunnel_not_ip);
}

void note(Packet& packet, Reason reason, const DecodeConfig& config,
          packet::ReasonCounters& reasons) {
    packet::count(reasons, reason);
    packet.odd = reason;
    if (is_uninspected(reason)) {
        if (config.drop_unknown && is_unknown(packet, reason)) {
            packet.drop(reason);
        }
        return;
    }
    if (config.drop_malformed) {
        packet.drop(reason);
    } else if (reason == Reason::tcp_bad_flags) {
        packet.l4_ok = true;  // read all the same: judged alone, without a flow
    } else {
        packet.ip_version = 0;
    }
}

Reason decode_ppp(Packet& inner, const Context& context) {
    const LinkResult link = read_ppp(inner.frame(), 0);
    inner.l3_off = link.offset;
    return link.reason != Reason::none ? link.reason
                                       : decode_network(inner, link.ether_type, context);
}

// What lies in the frame behind the outer header is read as a frame of its own.
Reason decode_inner(Packet& inner, packet::Inner kind, const Context& context) {
    switch (kind) {
        case packet::Inner::kEthernet:
            return decode_packet(inner, context);
        case packet::Inner::kIpv4:
            return decode_network(inner, kEtherIpv4, context);
        case packet::Inner::kIpv6:
            return decode_network(inner, kEtherIpv6, context);
        case packet::Inner::kPpp:
            return decode_ppp(inner, context);
    }
    return Reason::tunnel_not_ip;
}

void lend(const Packet& outer, Packet& inner) {
    inner.data = outer.data + outer.inner_off;
    inner.len = outer.payload_off + outer.payload_len - outer.inner_off;
    inner.number = outer.number;
    inner.wall = outer.wall;
    inner.in_port = outer.in_port;
    inner.depth = static_cast<std::uint8_t>(outer.depth + 1);
    inner.writable = false;
    inner.vlan_count = outer.vlan_count;
    inner.vlan = outer.vlan;
}

}  // namespace

bool DecodeStage::enter(const Packet& outer, Packet& inner, packet::ReasonCounters& reasons) const {
    if (outer.depth >= config_.max_tunnel_depth) {
        packet::count(reasons, Reason::tunnel_depth);
        const packet::ExceptionPolicy policy =
            config_.exceptions.of(packet::ExceptionCause::tunnel_depth, outer.segment());
        inner.except(packet::ExceptionCause::tunnel_depth, policy,
                     outer.payload_off + outer.payload_len - outer.inner_off);
        if (policy == packet::ExceptionPolicy::kDrop) {
            inner.drop(Reason::tunnel_depth);
        }
        return false;
    }
    lend(outer, inner);
    const Reason reason = decode_inner(inner, outer.inner, {config_, reasons});
    if (reason == Reason::none) {
        packet::count(reasons, Reason::tunnel_inspected);
        return true;
    }
    if (reason == Reason::ip_source_route || reason == Reason::ip_low_ttl) {
        packet::count(reasons, reason);
        inner.drop(reason);
        return false;
    }
    if (reason == Reason::tcp_bad_flags && !config_.drop_malformed) {
        packet::count(reasons, reason);
        inner.odd = reason;
        inner.l4_ok = true;
        return true;
    }
    if (!is_uninspected(reason)) {
        packet::count(reasons, Reason::tunnel_malformed);
        return false;
    }
    packet::count(reasons,
                  reason == Reason::ethertype_uninspected ? Reason::tunnel_not_ip : reason);
    if (config_.drop_unknown && is_unknown(inner, reason)) {
        inner.drop(reason);
        return false;
    }
    return inner.ip_version != 0;
}

bool DecodeStage::decode_one(Packet& packet, packet::ReasonCounters& reasons) const {
    const Reason reason = decode_packet(packet, {config_, reasons});
    if (reason != Reason::none) {
        note(packet, reason, config_, reasons);
    }
    return reason == Reason::none || is_uninspected(reason);
}

void DecodeStage::process(packet::Batch& batch, packet::ReasonCounters& reasons,
                          packet::EventWatch* watch) const {
    const std::size_t size = batch.size();
    for (std::size_t i = 0; i < size && i < kPrefetchDistance; ++i) {
        __builtin_prefetch(batch[i].data);
    }
    for (std::size_t i = 0; i < size; ++i) {
        if (i + kPrefetchDistance < size) {
            __builtin_prefetch(batch[i + kPrefetchDistance].data);
        }
        const bool watched = watch != nullptr && watch->active();
        if (watched) {
            watch->begin(reasons);
        }
        const Reason reason = decode_packet(batch[i], {config_, reasons});
        if (reason != Reason::none) [[unlikely]] {
            note(batch[i], reason, config_, reasons);
        }
        if (watched) {
            batch[i].events = watch->since(reasons);
        }
    }
}

}  // namespace sluice::decode
