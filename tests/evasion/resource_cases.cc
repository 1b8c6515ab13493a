// SPDX-License-Identifier: Apache-2.0
// Attacks on the box's own memory, and then the payload: what the limits give up must be told.
#include "tests/evasion/case.h"

#include <array>

namespace sluice::evasion {

namespace {

using packet::Reason;
using std::string_view;

// Fast Open with a cookie (RFC 7413 section 4.1.1).
constexpr std::array<std::uint8_t, 12> kCookie{34, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1};
constexpr Real kLimits = Real::kSmall;
constexpr Real kSource = Real::kSmall;  // its source is refused until the flood times out

PacketBuilder from(const Player& p, int host) {
    PacketBuilder b;
    b.ipv4("10.66." + std::to_string(host / 250) + "." + std::to_string(host % 250 + 1),
           p.wire.server);
    return b;
}

}  // namespace

std::vector<Case> resource_cases() {
    return {
        {"flood_half_open", "TCP: half-open floods, SYN flood, state exhaustion",
         [](Player& p, const Text& t) {
             p.connect();
             p.stream(string_view(t.payload).substr(0, 20), 5);
             for (int i = 0; i < 1000; ++i) {
                 p.send(
                     from(p, i).tcp(2000, p.wire.server_port).seq(1).ack(0).flags(packet::kTcpSyn));
             }
             p.stream(string_view(t.payload).substr(20), 5, 20);
         },
         Reason::flow_evicted, payload_arrives, 4, Expect::kNotReceived, kLimits},
        {"flood_syn_data", "TCP: data in SYN: a flood of them, then the payload in another",
         [](Player& p, const Text& t) {
             for (int i = 0; i < 1000; ++i) {
                 p.send(from(p, i)
                            .tcp(2000, p.wire.server_port)
                            .seq(1)
                            .ack(0)
                            .flags(packet::kTcpSyn)
                            .tcp_options(Bytes(kCookie))
                            .payload("GET /"));
             }
             p.send(p.syn().tcp_options(Bytes(kCookie)).payload(t.payload));
             p.connect();
             p.stream(t.payload, 5);
         },
         Reason::tcp_syn_data_full, payload_arrives, 4, Expect::kNotReceived, kLimits},
        {"flood_connections", "TCP: CPS flood, state exhaustion: complete connections",
         [](Player& p, const Text& t) {
             const std::uint16_t own = p.wire.client_port;
             p.connect();
             p.stream(string_view(t.payload).substr(0, 20), 5);
             const Wire first = p.wire;
             for (std::uint16_t i = 0; i < 400; ++i) {
                 p.wire.client_port = static_cast<std::uint16_t>(1024 + own % 2 * 500 + i);
                 p.connect();
             }
             p.wire = first;
             p.stream(string_view(t.payload).substr(20), 5, 20);
         },
         // Established connections are all alike: the oldest goes, and that is told.
         Reason::flow_evicted, payload_arrives, 4, Expect::kEvent, kLimits},
        {"flood_fragments", "IP: fragment flood; fragment-cache exhaustion",
         [](Player& p, const Text& t) {
             const Frame body = p.l4(p.udp(t.decoy));
             for (std::uint32_t id = 1000; id < 6000; ++id) {
                 p.send(p.fragment(body, 0, 24, true, packet::kProtoUdp, id));
             }
             p.send(p.udp(t.payload));
         },
         Reason::fragment_source_limit, payload_arrives, 4, Expect::kNotReceived, kLimits},
        {"fragments_beyond_limit", "IP: fragments beyond the limit of one datagram",
         [](Player& p, const Text& t) {
             // The payload is at the end, behind more fragments than are kept.
             for (const Frame& f : p.cut(p.udp(std::string(2400, '-') + t.payload), 8)) {
                 p.send(f);
             }
         },
         Reason::fragment_limit, kNeedNotArrive},
        {"fragments_beyond_limit_tcp",
         "IP: fragments beyond the limit of one datagram, of a TCP segment",
         [](Player& p, const Text& t) {
             p.connect();
             for (const Frame& f : p.cut(p.tcp(0, t.payload + std::string(2400, '-')), 8)) {
                 p.send(f);
             }
         },
         Reason::fragment_limit, kNeedNotArrive},
        {"fragments_beyond_source_share", "IP: datagrams beyond the share of one source",
         [](Player& p, const Text& t) {
             const Frame body = p.l4(p.udp(t.decoy));
             for (std::uint32_t id = 1000; id < 1256; ++id) {
                 p.send(p.fragment(body, 0, 24, true, packet::kProtoUdp, id));
             }
             for (const Frame& f : p.cut(p.udp(t.payload), 24)) {
                 p.send(f);
             }
         },
         Reason::fragment_source_limit, kNeedNotArrive, 4, Expect::kNotReceived, kSource},
        {"fragments_beyond_store_share",
         "IP: fragments beyond the share of the store of one source",
         [](Player& p, const Text& t) {
             const Frame body = p.l4(p.udp(std::string(8000, '-')));
             for (std::uint32_t id = 1000; id < 1250; ++id) {
                 for (std::size_t at = 0; at < 7200; at += 1440) {
                     p.send(p.fragment(body, at, at + 1440, true, packet::kProtoUdp, id));
                 }
             }
             for (const Frame& f : p.cut(p.udp(t.payload), 24)) {
                 p.send(f);
             }
         },
         Reason::fragment_source_limit, kNeedNotArrive, 4, Expect::kNotReceived, kSource},
        {"flood_fragment_sources", "IP: fragment flood from many sources",
         [](Player& p, const Text& t) {
             const Frame body = p.l4(p.udp(t.decoy));
             for (int i = 0; i < 10'000; ++i) {
                 p.send(from(p, i)
                            .fragment(0, true)
                            .ip_proto(packet::kProtoUdp)
                            .payload(Bytes(body).first(24)));
             }
             p.send(p.udp(t.payload));
         },
         Reason::fragment_evicted, payload_arrives, 4, Expect::kNotReceived, kLimits},
        {"flood_out_of_order", "Attacks on us: OOO-queue exhaustion: policy, counted",
         [](Player& p, const Text& t) {
             p.connect();
             for (std::size_t i = 0; i < p.flood(); ++i) {
                 p.send(p.tcp(100 + i * 2, "d"));
             }
             for (int i = 0; i < 3; ++i) {  // the flood may have cost some of it: TCP sends again
                 p.wait(std::chrono::milliseconds(300));
                 p.stream(t.payload, 9);
             }
         },
         Reason::tcp_copy_store_full, payload_arrives, 4, Expect::kNotReceived, kLimits},
        {"flood_alerts", "Attacks on us: alert flood must not stop forwarding",
         [](Player& p, const Text& t) {
             for (int i = 0; i < 200; ++i) {
                 p.send(from(p, i).udp(2000, p.wire.server_port).payload(kMarker));
             }
             p.send(p.udp(t.payload));
         },
         Reason::event_ring_full, payload_arrives, 4, Expect::kNotReceived, kLimits},
    };
}

}  // namespace sluice::evasion
