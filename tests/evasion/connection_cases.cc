// SPDX-License-Identifier: Apache-2.0
// The TCP lines of the checklist about how connections open, end and begin again.
#include "tests/evasion/case.h"

#include <array>

namespace sluice::evasion {

namespace {

using packet::Reason;
using std::string;
using std::string_view;

constexpr std::uint8_t kAck = packet::kTcpAck;
constexpr std::uint8_t kSyn = packet::kTcpSyn;
constexpr std::uint8_t kFin = packet::kTcpFin;
constexpr std::uint8_t kRst = packet::kTcpRst;
constexpr Real kServerActs = Real::kActed;
// Fast Open with a cookie (RFC 7413 section 4.1.1).
constexpr std::array<std::uint8_t, 12> kCookie{34, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1};
constexpr auto kMoment = std::chrono::milliseconds(30);

// A router that does not exist tells the server of trouble with a segment that it never sent.
PacketBuilder icmp_error(const Player& p, std::uint8_t code, const PacketBuilder& about) {
    constexpr std::uint8_t kUnreachable = 3;
    const Frame frame = about.build();
    PacketBuilder b;
    b.ipv4("10.93.0.99", p.wire.server)
        .icmp(kUnreachable, code, 68)
        .payload(Bytes(frame).subspan(14, 28));
    return b;
}

std::vector<Case> icmp_errors() {
    return {
        {"icmp_forged", "Attacks on us: crafted ICMP, an error quoting bytes never sent",
         [](Player& p, const Text& t) {
             p.connect();
             p.stream(string_view(t.payload).substr(0, 20), 20);
             for (std::uint8_t code = 1; code <= 4; ++code) {
                 p.send(icmp_error(p, code, p.reply(p.wire.server_isn + 0x10000000U, 1)));
             }
             p.stream(string_view(t.payload).substr(20), 7, 20);
         },
         Reason::icmp_forged},
        {"icmp_unrelated", "Attacks on us: crafted ICMP, an error about no connection",
         [](Player& p, const Text& t) {
             p.connect();
             PacketBuilder other = p.reply(1, 1);
             other.tcp(p.wire.server_port, 1).seq(1).ack(1);
             p.send(icmp_error(p, 3, other));
             p.stream(t.payload, 7);
         },
         Reason::icmp_unrelated},
    };
}

std::vector<Case> opening() {
    return {
        {"tcp_c2", "TCP: C2 interleaved SYNs",
         [](Player& p, const Text& t) {
             p.connect();
             for (std::size_t i = 0; i < t.payload.size(); ++i) {
                 p.send(p.tcp(i, string_view(t.payload).substr(i, 1)));
                 if (i % 8 == 0) {
                     p.send(p.syn().seq(p.wire.client_isn + 0x01000000U));
                 }
             }
         },
         Reason::tcp_syn_differs},
        {"tcp_c3", "TCP: C3 null data, second handshake",
         [](Player& p, const Text& t) {
             for (std::size_t i = 0; i < 20; ++i) {
                 p.send(p.tcp(i, string_view("\0", 1)));
             }
             p.wait(kMoment);
             p.reconnect();
             p.stream(t.payload, 1);
         },
         Reason::tcp_midstream},
        {"tcp_syn_data", "TCP: data in SYN, without Fast Open: the payload",
         [](Player& p, const Text& t) {
             p.send(p.syn().payload(t.payload));
             p.await_syn_ack();
             p.send(p.tcp(0, ""));
             p.stream(t.payload, t.payload.size());
         },
         Reason::tcp_syn_data_removed},
        {"tcp_syn_data_decoy", "TCP: data in SYN, without Fast Open: a decoy, then other bytes",
         [](Player& p, const Text& t) {
             p.send(p.syn().payload(t.decoy));
             p.await_syn_ack();
             p.send(p.tcp(0, ""));
             p.stream(t.payload, t.payload.size());
         },
         Reason::tcp_syn_data_removed},
        {"tcp_syn_data_mixed",
         "TCP: data in SYN: its half of the payload, kept until the handshake",
         [](Player& p, const Text& t) {
             p.send(p.syn().payload(string_view(t.payload).substr(0, 24)));
             p.await_syn_ack();
             p.send(p.tcp(0, t.decoy.substr(0, 24) + t.payload.substr(24)));
         },
         Reason::tcp_syn_data_removed,
         [](const Text& t) { return t.decoy.substr(0, 24) + t.payload.substr(24); }},
        {"tcp_fast_open", "TCP: data in SYN, TCP Fast Open: the payload",
         [](Player& p, const Text& t) {
             p.send(p.syn().tcp_options(Bytes(kCookie)).payload(t.payload));
             p.await_syn_ack();
             p.send(p.tcp(0, ""));
             p.stream(t.payload, t.payload.size());  // a server that took no notice
         },
         Reason::tcp_syn_data},
        {"tcp_fast_open_mixed", "TCP: data in SYN, TCP Fast Open: half of the payload, then others",
         [](Player& p, const Text& t) {
             p.send(
                 p.syn().tcp_options(Bytes(kCookie)).payload(string_view(t.payload).substr(0, 24)));
             p.await_syn_ack();
             p.send(p.tcp(0, t.decoy.substr(0, 24) + t.payload.substr(24)));
             p.send(p.tcp(24, string_view(t.payload).substr(24)));
         },
         // A server that discarded the first half is sent another: first copy wins.
         Reason::tcp_syn_data, kNeedNotArrive},
        {"tcp_syn_ack_data", "TCP: data in SYN-ACK",
         [](Player& p, const Text& t) {
             p.hush_server();
             p.send(p.syn());
             p.from_server(p.reply(p.wire.server_isn, p.wire.client_isn + 1)
                               .flags(kSyn | kAck)
                               .payload(t.decoy)
                               .build());
             p.send(p.tcp(0, "").ack(p.wire.server_isn + 49));
             for (std::size_t i = 0; i < t.payload.size(); i += 9) {
                 p.send(p.tcp(i, string_view(t.payload).substr(i, 9)).ack(p.wire.server_isn + 49));
             }
         },
         Reason::tcp_syn_data, kNeedNotArrive, 4, Expect::kNotReceived, kServerActs},
        {"tcp_split_4", "TCP: split handshake 4whs",
         [](Player& p, const Text& t) {
             p.hush_server();
             p.send(p.syn());
             p.from_server(p.reply(p.wire.server_isn, 0).flags(kSyn).build());
             p.send(p.tcp(0, "").seq(p.wire.client_isn).flags(kSyn | kAck));
             p.from_server(p.reply(p.wire.server_isn + 1, p.wire.client_isn + 1).build());
             p.stream(t.payload, 9);
         },
         Reason::tcp_split_handshake, kNeedNotArrive, 4, Expect::kNotReceived, kServerActs},
        {"tcp_split_5", "TCP: split handshake 5whs",
         [](Player& p, const Text& t) {
             p.hush_server();
             p.send(p.syn());
             p.from_server(p.reply(p.wire.server_isn + 7, p.wire.client_isn + 1).build());
             p.from_server(p.reply(p.wire.server_isn, 0).flags(kSyn).build());
             p.send(p.tcp(0, "").seq(p.wire.client_isn).flags(kSyn | kAck));
             p.from_server(p.reply(p.wire.server_isn + 1, p.wire.client_isn + 1).build());
             p.stream(t.payload, 9);
         },
         Reason::tcp_split_handshake, kNeedNotArrive, 4, Expect::kNotReceived, kServerActs},
        {"tcp_simultaneous_open", "TCP: simultaneous open",
         [](Player& p, const Text& t) {
             p.hush_server();
             p.send(p.syn());
             p.from_server(p.reply(p.wire.server_isn, 0).flags(kSyn).build());
             p.send(p.tcp(0, "").seq(p.wire.client_isn).flags(kSyn | kAck));
             p.from_server(
                 p.reply(p.wire.server_isn, p.wire.client_isn + 1).flags(kSyn | kAck).build());
             p.stream(t.payload, 9);
         },
         Reason::tcp_simultaneous_open, payload_arrives, 4, Expect::kNotReceived, kServerActs},
        {"tcp_midstream", "TCP: midstream pick-up",
         [](Player& p, const Text& t) {
             p.hide_server();
             p.go_around(true);
             p.connect();
             p.go_around(false);
             p.stream(t.payload, 9);
         },
         Reason::tcp_midstream, payload_arrives, 4, Expect::kNotReceived, Real::kAround},
        {"tcp_midstream_answer", "TCP: midstream pick-up, the SYN alone took another way",
         [](Player& p, const Text& t) {
             p.go_around(true);
             p.send(p.syn());
             p.go_around(false);
             p.await_syn_ack();
             p.send(p.tcp(0, ""));
             p.stream(t.payload, 9);
         },
         Reason::tcp_midstream},
        {"tcp_one_way", "TCP: asymmetric routing, only one direction seen",
         [](Player& p, const Text& t) {
             p.hide_server();
             p.connect();
             p.stream(t.payload, 2);  // long enough to be told from a slow answer
         },
         Reason::tcp_asymmetric, payload_arrives, 4, Expect::kNotReceived, Real::kAround},
        {"tcp_window_shrinks", "TCP: MSS/window shrink mid-flow, zero window probes",
         [](Player& p, const Text& t) {
             p.hush_server();
             p.send(p.syn());
             p.from_server(
                 p.reply(p.wire.server_isn, p.wire.client_isn + 1).flags(kSyn | kAck).build());
             p.send(p.tcp(0, ""));
             p.stream(string_view(t.payload).substr(0, 10), 10);
             const auto acked = [&p](std::size_t n) {
                 return p.reply(p.wire.server_isn + 1,
                                p.wire.client_isn + 1 + static_cast<std::uint32_t>(n));
             };
             p.from_server(acked(10).window(0).build());
             for (std::size_t i = 10; i < t.payload.size(); ++i) {
                 p.send(p.tcp(i, string_view(t.payload).substr(i, 1)));
                 p.from_server(acked(i + 1).window(static_cast<std::uint16_t>(i % 3)).build());
             }
         },
         Reason::tcp_window_probe, payload_arrives, 4, Expect::kNotReceived, kServerActs},
    };
}

std::vector<Case> ending() {
    return {
        {"tcp_r1", "TCP: R1 RST, new handshake, then data",
         [](Player& p, const Text& t) {
             p.connect();
             p.send(p.tcp(0, "").flags(kRst | kAck));
             p.wait(kMoment);
             p.reconnect();
             p.stream(t.payload, 1);
         }},
        {"tcp_rst_bad_seq", "TCP: RST with bad seq",
         [](Player& p, const Text& t) {
             p.connect();
             p.send(p.tcp(0x30000000U, "").flags(kRst));
             p.stream(t.payload, 9);
         },
         Reason::tcp_invalid_rst},
        {"tcp_rst_in_window", "TCP: RST that is not ACKed, in the window but not next",
         [](Player& p, const Text& t) {
             p.connect();
             p.send(p.tcp(1000, "").flags(kRst));
             p.stream(t.payload, 9);
         }},
        {"tcp_rst_data", "TCP: RST with data",
         [](Player& p, const Text& t) {
             p.connect();
             p.stream(string_view(t.payload).substr(0, 20), 20);
             p.send(p.tcp(20, string_view(t.payload).substr(20)).flags(kRst | kAck));
         },
         Reason::tcp_rst_data, kNeedNotArrive},
        {"tcp_after_rst", "TCP: R1 RST, then data without a handshake",
         [](Player& p, const Text& t) {
             p.connect();
             p.stream(string_view(t.payload).substr(0, 20), 20);
             p.send(p.tcp(20, "").flags(kRst | kAck));
             p.stream(string_view(t.payload).substr(20), 7, 20);
         },
         Reason::tcp_after_rst, kNeedNotArrive},
        {"tcp_fin_data", "TCP: FIN with data",
         [](Player& p, const Text& t) {
             p.connect();
             p.stream(string_view(t.payload).substr(0, 20), 20);
             p.send(p.tcp(20, string_view(t.payload).substr(20)).flags(kFin | kAck));
         }},
        {"tcp_fin_first", "TCP: FIN before the data in front of it",
         [](Player& p, const Text& t) {
             p.connect();
             p.send(p.tcp(30, string_view(t.payload).substr(30)).flags(kFin | kAck));
             p.stream(string_view(t.payload).substr(0, 30), 10);
         }},
        {"tcp_after_fin", "TCP: bytes behind the FIN",
         [](Player& p, const Text& t) {
             p.connect();
             p.send(p.tcp(0, string_view(t.payload).substr(0, 20)).flags(kFin | kAck));
             p.send(p.tcp(21, string_view(t.payload).substr(20)));
             p.send(p.tcp(20, string_view(t.payload).substr(20)));
         },
         Reason::tcp_after_fin, kNeedNotArrive},
        {"tcp_fin_out_of_window", "TCP: FIN far outside the window",
         [](Player& p, const Text& t) {
             p.connect();
             p.send(p.tcp(0x20000000U, "").flags(kFin | kAck));
             p.stream(t.payload, 9);
         },
         Reason::tcp_out_of_window},
        {"tcp_port_reuse", "TCP: simultaneous close, port reuse",
         [](Player& p, const Text& t) {
             p.connect();
             p.send(p.tcp(0, "old").flags(kFin | kAck));
             p.wait(kMoment);
             p.from_server(
                 p.reply(p.wire.server_isn + 1, p.wire.client_isn + 5).flags(kFin | kAck).build());
             p.send(p.tcp(4, "").ack(p.wire.server_isn + 2));
             p.wait(kMoment);
             p.reconnect();
             p.stream(t.payload, 9);
         },
         Reason::none, [](const Text& t) { return "old" + t.payload; }},
        {"tcp_scaled_window", "TCP: window scale, the payload far into a large window",
         [](Player& p, const Text& t) {
             Syn options;
             options.wscale = 7;
             p.connect(options);
             const string filler(1000, 'f');
             for (std::size_t i = 0; i < 90; ++i) {
                 p.send(p.tcp(i * 1000, filler));
                 if (i % 16 == 15) {
                     p.wait(kMoment);
                 }
             }
             p.stream(t.payload, 9, 90'000);
         },
         Reason::none, [](const Text& t) { return string(90'000, 'f') + t.payload; }},
    };
}

}  // namespace

std::vector<Case> connection_cases() {
    std::vector<Case> out = opening();
    for (const std::vector<Case>& more : {ending(), icmp_errors()}) {
        out.insert(out.end(), more.begin(), more.end());
    }
    return out;
}

}  // namespace sluice::evasion
