// SPDX-License-Identifier: Apache-2.0
// The tunnel lines of the checklist: the server is the tunnel's other end. What is inside must be
// judged as if it lay on the wire.
#include "tests/evasion/case.h"

#include <array>

namespace sluice::evasion {

namespace {

using packet::Reason;

constexpr Real kNoEnd = Real::kTunnel;

Frame without_link(const PacketBuilder& b) {
    const Frame f = b.build();
    return {f.begin() + 14, f.end()};
}

Frame join(std::initializer_list<std::uint8_t> header, const Frame& rest) {
    Frame out(header);
    out.insert(out.end(), rest.begin(), rest.end());
    return out;
}

Frame inner4(const Player& p, const Text& t) {
    PacketBuilder b;
    b.ipv4("10.7.0.1", "10.7.0.2").udp(p.wire.client_port, p.wire.server_port).payload(t.payload);
    return without_link(b);
}

Frame inner6(const Player& p, const Text& t) {
    PacketBuilder b;
    b.ipv6("fd07::1", "fd07::2").udp(p.wire.client_port, p.wire.server_port).payload(t.payload);
    return without_link(b);
}

Frame ethernet(const Frame& packet) {
    return join({2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 8, 8, 0}, packet);
}

PacketBuilder over_ip(const Player& p, std::uint8_t proto, const Frame& inside) {
    return p.ip().ip_proto(proto).payload(Bytes(inside));
}

PacketBuilder over_udp(const Player& p, std::uint16_t port, const Frame& inside) {
    return p.ip().udp(p.wire.client_port, port).payload(Bytes(inside));
}

Frame vxlan(const Player& p, const Frame& packet) {
    return without_link(over_udp(p, 4789, join({8, 0, 0, 0, 0, 0, 7, 0}, ethernet(packet))));
}

Case tunnel(const char* name, const char* line, void (*play)(Player&, const Text&), int ip = 4) {
    return {name,  line, play, Reason::tunnel_inspected, payload_arrives, ip, Expect::kNotReceived,
            kNoEnd};
}

}  // namespace

std::vector<Case> tunnel_cases() {
    return {
        tunnel("tunnel_ipip", "IP: tunnel: IPv4 in IPv4",
               [](Player& p, const Text& t) { p.send(over_ip(p, 4, inner4(p, t))); }),
        tunnel("tunnel_6in4", "IP: tunnel: 6in4",
               [](Player& p, const Text& t) { p.send(over_ip(p, 41, inner6(p, t))); }),
        tunnel(
            "tunnel_4in6", "IP: IPv4-in-IPv6",
            [](Player& p, const Text& t) { p.send(over_ip(p, 4, inner4(p, t))); }, 6),
        tunnel("tunnel_gre", "IP: tunnel: GRE",
               [](Player& p, const Text& t) {
                   p.send(over_ip(p, 47, join({0, 0, 8, 0}, inner4(p, t))));
               }),
        tunnel(
            "tunnel_gre_key", "IP: tunnel: GRE with key and sequence number",
            [](Player& p, const Text& t) {
                p.send(over_ip(p, 47, join({0x30, 0, 8, 0, 0, 0, 0, 1, 0, 0, 0, 2}, inner4(p, t))));
            }),
        tunnel(
            "tunnel_vxlan", "IP: tunnel: VXLAN",
            [](Player& p, const Text& t) {
                p.send(over_udp(p, 4789, join({8, 0, 0, 0, 0, 0, 7, 0}, ethernet(inner4(p, t)))));
            }),
        tunnel("tunnel_geneve", "IP: tunnel: GENEVE",
               [](Player& p, const Text& t) {
                   p.send(over_udp(p, 6081,
                                   join({0, 0, 0x65, 0x58, 0, 0, 7, 0}, ethernet(inner4(p, t)))));
               }),
        tunnel("tunnel_gtpu", "IP: tunnel: GTP-U",
               [](Player& p, const Text& t) {
                   const Frame inside = inner4(p, t);
                   p.send(
                       over_udp(p, 2152,
                                join({0x30, 0xff, static_cast<std::uint8_t>(inside.size() >> 8),
                                      static_cast<std::uint8_t>(inside.size() & 0xffU), 0, 0, 0, 5},
                                     inside)));
               }),
        tunnel("tunnel_teredo", "IP: tunnel: Teredo",
               [](Player& p, const Text& t) {
                   PacketBuilder b;
                   b.ipv6("2001:0:a00:1::1", "2001:0:a00:2::2")
                       .udp(p.wire.client_port, p.wire.server_port)
                       .payload(t.payload);
                   p.send(over_udp(p, 3544, without_link(b)));
               }),
        {"tunnel_mpls", "IP: tunnel: MPLS",
         [](Player& p, const Text& t) {
             p.send(join({2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0x47, 0, 1, 0x01, 64},
                         without_link(p.udp(t.payload))));
         },
         Reason::none, payload_arrives, 4, Expect::kNotReceived, kNoEnd},
        tunnel("tunnel_nested", "IP: tunnel-in-tunnel: VXLAN in GRE in IPv4",
               [](Player& p, const Text& t) {
                   p.send(over_ip(p, 47, join({0, 0, 8, 0}, vxlan(p, inner4(p, t)))));
               }),
        {"tunnel_too_deep", "IP: tunnel-in-tunnel beyond the depth limit: policy, counted",
         [](Player& p, const Text& t) {
             Frame inside = inner4(p, t);
             for (int i = 0; i < 5; ++i) {
                 inside = without_link(over_ip(p, 4, inside));
             }
             p.send(over_ip(p, 4, inside));
         },
         Reason::tunnel_depth, payload_arrives, 4, Expect::kEvent, kNoEnd},
    };
}

}  // namespace sluice::evasion
