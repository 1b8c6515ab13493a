// SPDX-License-Identifier: Apache-2.0
// The IP lines of the checklist over IPv6.
#include "tests/evasion/case.h"
#include "tests/evasion/overlap.h"

#include <array>

namespace sluice::evasion {

namespace {

using packet::Reason;

// Destination options with six bytes of padding.
constexpr std::array<std::uint8_t, 7> kPadding{0, 1, 4, 0, 0, 0, 0};
// Routing header type 0 with an address still to visit (RFC 5095 forbids it; with none left a
// receiver goes past the header).
constexpr std::array<std::uint8_t, 23> kRoute0{2, 0, 1, 0, 0, 0, 0, 0xfd, 0x93};

std::vector<Case> headers() {
    return {
        {"ip6_extensions", "IP: IPv6 extension header chain",
         [](Player& p, const Text& t) {
             p.connect();
             p.send(p.tcp(0, t.payload).hop_by_hop().extension(60, Bytes(kPadding)));
         },
         Reason::none, payload_arrives, 6},
        {"ip6_long_chain", "IP: IPv6 extension header chain beyond the limit",
         [](Player& p, const Text& t) {
             p.connect();
             PacketBuilder b = p.tcp(0, t.payload);
             for (int i = 0; i < 40; ++i) {
                 b.extension(60, Bytes(kPadding));
             }
             p.send(b);
         },
         Reason::ipv6_ext_limit, kNeedNotArrive, 6},
        {"ip6_rh0", "IP: RH0",
         [](Player& p, const Text& t) {
             p.connect();
             p.send(p.tcp(0, t.payload).extension(43, Bytes(kRoute0)));
         },
         Reason::ip_source_route, kNeedNotArrive, 6},
        {"ip6_atomic", "IP: atomic fragment",
         [](Player& p, const Text& t) {
             p.connect();
             p.send(p.tcp(0, t.payload).fragment(0, false, 9));
         },
         Reason::fragment_atomic, payload_arrives, 6},
        {"ip6_esp", "IP: fragment header before ESP: not inspected, counted",
         [](Player& p, const Text& t) {
             p.send(p.ip().fragment(0, false, 9).ip_proto(50).payload(t.payload));
         },
         Reason::l4_uninspected, kNeedNotArrive, 6, Expect::kEvent},
        {"ip6_low_hop_limit", "IP: low TTL insertion, hop limit",
         [](Player& p, const Text& t) {
             p.connect();
             p.send(p.tcp(0, t.decoy).ttl(1));
             p.stream(t.payload, t.payload.size());
         },
         Reason::ip_low_ttl, payload_arrives, 6},
    };
}

std::vector<Case> fragments() {
    return {
        {"ip6_fragments", "IP: F1 ordered fragments over IPv6",
         [](Player& p, const Text& t) {
             for (const Frame& f : p.cut(p.udp(t.payload), 8)) {
                 p.send(f);
             }
         },
         Reason::fragment_reassembled, payload_arrives, 6},
        {"ip6_fragments_tcp", "IP: F6 last fragment first over IPv6",
         [](Player& p, const Text& t) {
             p.connect();
             const std::vector<Frame> f = p.cut(p.tcp(0, t.payload), 24);
             p.send(f.at(2));
             p.send(f.at(0));
             p.send(f.at(1));
         },
         Reason::fragment_reassembled, payload_arrives, 6},
        {"ip6_overlap", "IP: overlapping IPv6 fragments must drop (RFC 5722)",
         [](Player& p, const Text& t) {
             send_pieces(p, t, {24, 40}, {{Shows::kDecoy, {0, 40}}, {Shows::kPayload, {24, 56}}});
         },
         Reason::fragment_overlap, kNeedNotArrive, 6},
        {"ip6_overlap_equal", "IP: overlapping IPv6 fragments must drop, equal bytes too",
         [](Player& p, const Text& t) {
             send_pieces(p, t, {0, 0}, {{Shows::kPayload, {0, 40}}, {Shows::kPayload, {24, 56}}});
         },
         Reason::fragment_overlap, kNeedNotArrive, 6},
        {"ip6_tiny_first", "IP: tiny first fragment, L4 header split, IPv6",
         [](Player& p, const Text& t) {
             p.connect();
             for (const Frame& f : p.cut(p.tcp(0, t.payload), 8)) {
                 p.send(f);
             }
         },
         Reason::fragment_tiny, kNeedNotArrive, 6},
    };
}

}  // namespace

std::vector<Case> ip6_cases() {
    std::vector<Case> out = headers();
    const std::vector<Case> more = fragments();
    out.insert(out.end(), more.begin(), more.end());
    return out;
}

}  // namespace sluice::evasion
