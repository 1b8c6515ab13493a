// SPDX-License-Identifier: Apache-2.0
// The IP lines of the checklist over IPv4.
#include "tests/evasion/case.h"
#include "tests/evasion/overlap.h"

#include <array>

namespace sluice::evasion {

namespace {

using packet::Reason;

constexpr std::uint8_t kUdp = packet::kProtoUdp;

void send_all(Player& p, const std::vector<Frame>& frames,
              std::initializer_list<std::size_t> order) {
    for (const std::size_t i : order) {
        p.send(frames.at(i));
    }
}

std::vector<Case> fragment_order() {
    return {
        {"ip_f1_udp", "IP: F1 ordered 8-byte fragments",
         [](Player& p, const Text& t) {
             send_all(p, p.cut(p.udp(t.payload), 8), {0, 1, 2, 3, 4, 5, 6});
         },
         Reason::fragment_reassembled},
        {"ip_f2_tcp", "IP: F2 ordered 24-byte fragments",
         [](Player& p, const Text& t) {
             p.connect();
             send_all(p, p.cut(p.tcp(0, t.payload), 24), {0, 1, 2});
         },
         Reason::fragment_reassembled},
        {"ip_f3_udp", "IP: F3 8-byte, one out of order",
         [](Player& p, const Text& t) {
             send_all(p, p.cut(p.udp(t.payload), 8), {0, 1, 3, 2, 4, 5, 6});
         },
         Reason::fragment_reassembled},
        {"ip_f4_udp", "IP: F4 8-byte, one duplicate",
         [](Player& p, const Text& t) {
             send_all(p, p.cut(p.udp(t.payload), 8), {0, 1, 2, 2, 3, 4, 5, 6});
         },
         Reason::fragment_duplicate},
        {"ip_f5_udp", "IP: F5 out of order, one duplicate",
         [](Player& p, const Text& t) {
             send_all(p, p.cut(p.udp(t.payload), 8), {3, 0, 5, 1, 3, 4, 2, 6});
         },
         Reason::fragment_duplicate},
        {"ip_f6_udp", "IP: F6 last fragment first",
         [](Player& p, const Text& t) {
             send_all(p, p.cut(p.udp(t.payload), 8), {6, 0, 1, 2, 3, 4, 5});
         },
         Reason::fragment_reassembled},
        {"ip_f6_tcp", "IP: F6 last fragment first, of a TCP segment",
         [](Player& p, const Text& t) {
             p.connect();
             send_all(p, p.cut(p.tcp(0, t.payload), 24), {2, 0, 1});
         },
         Reason::fragment_reassembled},
    };
}

std::vector<Case> fragment_overlap() {
    return {
        {"ip_f7_forward", "IP: F7 forward-overlapping (new data wins)",
         [](Player& p, const Text& t) {
             send_pieces(p, t, {24, 40}, {{Shows::kDecoy, {0, 40}}, {Shows::kPayload, {24, 56}}});
         },
         Reason::fragment_overlap, kNeedNotArrive},
        {"ip_backward", "IP: backward overlap (old wins)",
         [](Player& p, const Text& t) {
             send_pieces(p, t, {24, 40}, {{Shows::kDecoy, {24, 56}}, {Shows::kPayload, {0, 40}}});
         },
         Reason::fragment_overlap, kNeedNotArrive},
        {"ip_overlap_exact", "IP: overlap with different data per OS, same range, decoy first",
         [](Player& p, const Text& t) {
             send_pieces(p, t, {16, 40},
                         {{Shows::kPayload, {0, 16}},
                          {Shows::kDecoy, {16, 40}},
                          {Shows::kPayload, {16, 40}},
                          {Shows::kPayload, {40, 56}}});
         },
         Reason::fragment_overlap, kNeedNotArrive},
        {"ip_overlap_exact_late",
         "IP: overlap with different data per OS, same range, decoy second",
         [](Player& p, const Text& t) {
             send_pieces(p, t, {16, 40},
                         {{Shows::kPayload, {0, 16}},
                          {Shows::kPayload, {16, 40}},
                          {Shows::kDecoy, {16, 40}},
                          {Shows::kPayload, {40, 56}}});
         },
         Reason::fragment_overlap, kNeedNotArrive},
        {"ip_overlap_inside", "IP: overlap with different data per OS, decoy inside",
         [](Player& p, const Text& t) {
             send_pieces(p, t, {24, 32},
                         {{Shows::kDecoy, {24, 32}},
                          {Shows::kPayload, {0, 48}},
                          {Shows::kPayload, {48, 56}}});
         },
         Reason::fragment_overlap, kNeedNotArrive},
        {"ip_tiny_first", "IP: tiny first fragment, L4 header split",
         [](Player& p, const Text& t) {
             p.connect();
             for (const Frame& f : p.cut(p.tcp(0, t.payload), 8)) {
                 p.send(f);
             }
         },
         Reason::fragment_tiny, kNeedNotArrive},
        {"ip_missing_last", "IP: fragment timeout, missing last",
         [](Player& p, const Text& t) {
             send_all(p, p.cut(p.udp(t.payload), 8), {0, 1, 2, 3, 4, 5});
             p.wait(p.fragment_timeout());
             p.send(p.udp("nudge"));
         },
         Reason::fragment_timeout, kNeedNotArrive, 4, Expect::kNotReceived, Real::kSmall},
        {"ip_id_reuse", "IP: fragment flood, ID reuse",
         [](Player& p, const Text& t) {
             const Frame bad = p.l4(p.udp(t.decoy));
             p.send(p.fragment(bad, 0, 40, true, kUdp));
             for (const Frame& f : p.cut(p.udp(t.payload), 8)) {
                 p.send(f);
             }
         },
         Reason::fragment_overlap, kNeedNotArrive},
        {"ip_too_long", "IP: fragment past the end of the longest datagram",
         [](Player& p, const Text& t) {
             const Frame good = p.l4(p.udp(t.payload));
             PacketBuilder b = p.ip();
             b.ip_id(77).fragment(65528, false).ip_proto(kUdp).payload(Bytes(good));
             p.send(b);
             p.send(p.udp(t.payload));
         },
         Reason::fragment_too_large},
    };
}

std::vector<Case> header_tricks() {
    return {
        {"ip_low_ttl", "IP: low TTL insertion",
         [](Player& p, const Text& t) {
             p.connect();
             p.send(p.tcp(0, t.decoy).ttl(1));
             p.stream(t.payload, t.payload.size());
         },
         Reason::ip_low_ttl},
        {"ip_bad_checksum", "IP: bad IP checksum insertion",
         [](Player& p, const Text& t) {
             p.connect();
             p.send(p.tcp(0, t.decoy).ip_checksum(0x1234));
             p.stream(t.payload, t.payload.size());
         },
         Reason::ipv4_bad_checksum},
        {"ip_options", "IP: IP options",
         [](Player& p, const Text& t) {
             static constexpr std::array<std::uint8_t, 4> kNops{1, 1, 1, 0};
             p.connect();
             p.send(p.tcp(0, t.payload).ip_options(Bytes(kNops)));
         },
         Reason::ipv4_options},
        {"ip_source_route", "IP: source route",
         [](Player& p, const Text& t) {
             static constexpr std::array<std::uint8_t, 8> kRoute{131, 7, 4, 10, 93, 0, 2, 0};
             p.connect();
             p.send(p.tcp(0, t.payload).ip_options(Bytes(kRoute)));
         },
         Reason::ip_source_route, kNeedNotArrive},
        {"ip_df", "IP: DF with larger packet insertion",
         [](Player& p, const Text& t) {
             const std::string large = t.decoy + std::string(1200, 'd');
             // Flags and offset of the IPv4 header: DF; its checksum with the bit set.
             p.connect();
             p.hush_server();  // the decoy is the first copy of bytes that the receiver may never
                               // see
             Frame f = p.tcp(0, large).build();
             const unsigned sum = f[24] * 256U + f[25];
             const unsigned less = sum > 0x4000U ? sum - 0x4000U : sum + 0xffffU - 0x4000U;
             f[20] = 0x40;
             f[24] = static_cast<std::uint8_t>(less >> 8);
             f[25] = static_cast<std::uint8_t>(less & 0xffU);
             p.send(f);
             p.stream(t.payload, t.payload.size());
         },
         Reason::tcp_overlap_differs, decoy_arrives},
        {"ip_ttl_tos", "IP: TTL/DSCP/TOS variation must not change the verdict",
         [](Player& p, const Text& t) {
             p.connect();
             for (std::size_t i = 0; i < t.payload.size(); i += 4) {
                 p.send(p.tcp(i, std::string_view(t.payload).substr(i, 4))
                            .ttl(static_cast<std::uint8_t>(40 + i))
                            .tos(static_cast<std::uint8_t>(i * 4)));
             }
         }},
        {"udp_bad_checksum", "IP: bad checksum insertion, UDP",
         [](Player& p, const Text& t) {
             p.send(p.udp(t.decoy).l4_checksum(0x1234));
             p.send(p.udp(t.payload));
         },
         Reason::udp_bad_checksum},
        {"udp_no_checksum", "IP: UDP without a checksum",
         [](Player& p, const Text& t) { p.send(p.udp(t.payload).l4_checksum(0)); }},
        {"udp_long_length", "IP: UDP length beyond the packet",
         [](Player& p, const Text& t) {
             p.send(p.udp(t.decoy).udp_length(900));
             p.send(p.udp(t.payload));
         },
         Reason::udp_bad_header},
        {"ip_bad_length", "Attacks on us: malformed frames are dropped and counted",
         [](Player& p, const Text& t) {
             p.connect();
             p.send(p.tcp(0, t.decoy).ip_length(900));
             p.send(p.tcp(0, t.decoy).ip_header_words(3));
             p.stream(t.payload, t.payload.size());
         },
         Reason::ipv4_bad_header},
    };
}

}  // namespace

std::vector<Case> ip_cases() {
    std::vector<Case> out = fragment_order();
    for (const std::vector<Case>& more : {fragment_overlap(), header_tricks()}) {
        out.insert(out.end(), more.begin(), more.end());
    }
    return out;
}

}  // namespace sluice::evasion
