// SPDX-License-Identifier: Apache-2.0
// The TCP lines of the checklist about single header fields, options and flags.
#include "tests/evasion/case.h"

#include <array>

namespace sluice::evasion {

namespace {

using packet::Reason;
using std::string_view;

constexpr std::uint8_t kAck = packet::kTcpAck;

// A decoy that the receiver discards for what 'spoil' does to it, then the payload: the box must
// discard the decoy too.
void after_decoy(Player& p, const Text& t, PacketBuilder decoy) {
    p.send(decoy);
    p.stream(t.payload, 7);
}

std::vector<Case> discarded_by_receivers() {
    return {
        {"tcp_i2", "TCP: I2 bad checksums",
         [](Player& p, const Text& t) {
             p.connect();
             for (std::size_t i = 0; i < t.payload.size(); ++i) {
                 p.send(p.tcp(i, "d").l4_checksum(0x1234));
                 p.send(p.tcp(i, string_view(t.payload).substr(i, 1)));
             }
         },
         Reason::tcp_bad_checksum},
        {"tcp6_i2", "TCP: I2 bad checksums, IPv6",
         [](Player& p, const Text& t) {
             p.connect();
             after_decoy(p, t, p.tcp(0, t.decoy).l4_checksum(0x1234));
         },
         Reason::tcp_bad_checksum, payload_arrives, 6},
        {"tcp_i3", "TCP: I3 no ACK flag",
         [](Player& p, const Text& t) {
             p.connect();
             after_decoy(p, t, p.tcp(0, t.decoy).flags(packet::kTcpPsh));
         },
         Reason::tcp_bad_flags},
        {"tcp_null_flags", "TCP: I3 no flags at all",
         [](Player& p, const Text& t) {
             p.connect();
             after_decoy(p, t, p.tcp(0, t.decoy).flags(0));
         },
         Reason::tcp_bad_flags},
        {"tcp_syn_fin", "TCP: impossible flags",
         [](Player& p, const Text& t) {
             p.connect();
             after_decoy(p, t, p.tcp(0, t.decoy).flags(packet::kTcpSyn | packet::kTcpFin | kAck));
         },
         Reason::tcp_bad_flags},
        {"tcp_bad_offset", "TCP: header length beyond the segment",
         [](Player& p, const Text& t) {
             p.connect();
             p.send(p.tcp(0, t.decoy).tcp_header_words(3));
             after_decoy(p, t, p.tcp(0, "d").tcp_header_words(15));
         },
         Reason::tcp_bad_header},
        {"tcp_bad_ack", "TCP: acknowledges bytes never sent",
         [](Player& p, const Text& t) {
             p.connect();
             after_decoy(p, t, p.tcp(0, t.decoy).ack(p.wire.server_isn + 0x10000000U));
         },
         Reason::tcp_bad_ack},
        {"tcp_paws", "TCP: PAWS, wrong timestamps",
         [](Player& p, const Text& t) {
             Syn options;
             options.timestamps = true;
             p.connect(options);
             p.stream("12", 2);
             p.wire.client_ts -= 500'000;
             const PacketBuilder decoy = p.tcp(2, t.decoy);
             p.wire.client_ts += 500'010;
             p.send(decoy);
             p.stream(t.payload, 7, 2);
         },
         Reason::tcp_old_timestamp, [](const Text& t) { return "12" + t.payload; }},
        {"tcp_out_of_window", "TCP: out-of-window data",
         [](Player& p, const Text& t) {
             p.connect();
             after_decoy(p, t, p.tcp(0x08000000U, t.decoy));
         },
         Reason::tcp_out_of_window},
        {"tcp_keepalive", "TCP: keep-alive with a byte that is not of the stream",
         [](Player& p, const Text& t) {
             p.connect();
             p.stream(string_view(t.payload).substr(0, 20), 5);
             p.wait(std::chrono::milliseconds(200));  // idle, and all of it acknowledged
             p.send(p.tcp(19, "d"));
             p.stream(string_view(t.payload).substr(20), 5, 20);
         },
         Reason::tcp_keepalive},
    };
}

std::vector<Case> options_and_flags() {
    return {
        {"tcp_md5", "TCP: MD5 option that nobody negotiated",
         [](Player& p, const Text& t) {
             static constexpr std::array<std::uint8_t, 20> kMd5{1, 1, 19, 18, 7, 7, 7};
             p.connect();
             after_decoy(p, t, p.tcp(0, t.decoy).tcp_options(Bytes(kMd5)));
         },
         Reason::tcp_signature},
        {"tcp_ao", "TCP: AO option that nobody negotiated",
         [](Player& p, const Text& t) {
             static constexpr std::array<std::uint8_t, 16> kAo{29, 16, 1, 1};
             p.connect();
             after_decoy(p, t, p.tcp(0, t.decoy).tcp_options(Bytes(kAo)));
         },
         Reason::tcp_signature},
        {"tcp_md5_payload", "TCP: MD5 option on the payload itself",
         [](Player& p, const Text& t) {
             static constexpr std::array<std::uint8_t, 20> kMd5{1, 1, 19, 18, 7, 7, 7};
             p.connect();
             p.send(p.tcp(0, t.payload).tcp_options(Bytes(kMd5)));
         },
         Reason::tcp_signature, kNeedNotArrive},
        {"tcp_mptcp", "TCP: unknown options, Multipath TCP offered",
         [](Player& p, const Text& t) {
             static constexpr std::array<std::uint8_t, 12> kCapable{30, 12, 1, 0x81, 1, 2,
                                                                    3,  4,  5, 6,    7, 8};
             p.send(p.syn().tcp_options(Bytes(kCapable)));
             p.await_syn_ack();
             p.send(p.tcp(0, ""));
             p.stream(t.payload, 9);
         },
         Reason::tcp_option_removed},
        {"tcp_option_wrong_length", "TCP: unknown options, a timestamp of a wrong length",
         [](Player& p, const Text& t) {
             static constexpr std::array<std::uint8_t, 12> kLong{8, 12};
             p.connect();
             p.send(p.tcp(0, t.payload).tcp_options(Bytes(kLong)));
         },
         Reason::tcp_option_removed},
        {"tcp_unknown_option", "TCP: unknown options",
         [](Player& p, const Text& t) {
             static constexpr std::array<std::uint8_t, 8> kStrange{200, 6, 1, 2, 3, 4, 1, 1};
             p.connect();
             p.send(p.tcp(0, t.payload).tcp_options(Bytes(kStrange)));
         },
         Reason::tcp_option_removed},
        {"tcp_sack", "TCP: SACK games, blocks of bytes never sent",
         [](Player& p, const Text& t) {
             static constexpr std::array<std::uint8_t, 12> kSack{1, 1, 5,    10, 0x70, 0,
                                                                 0, 0, 0x70, 0,  1,    0};
             Syn options;
             options.sack = true;
             p.connect(options);
             for (std::size_t i = 0; i < t.payload.size(); i += 5) {
                 p.send(p.tcp(i, string_view(t.payload).substr(i, 5)).tcp_options(Bytes(kSack)));
             }
         }},
        {"tcp_sack_unasked", "TCP: SACK games, blocks without having agreed on them",
         [](Player& p, const Text& t) {
             static constexpr std::array<std::uint8_t, 12> kSack{1, 1, 5,    10, 0x70, 0,
                                                                 0, 0, 0x70, 0,  1,    0};
             p.connect();
             p.send(p.tcp(0, t.payload).tcp_options(Bytes(kSack)));
         },
         Reason::tcp_option_removed},
        {"tcp_flag_toggles", "TCP: ECN and PSH toggles",
         [](Player& p, const Text& t) {
             p.connect();
             for (std::size_t i = 0; i < t.payload.size(); ++i) {
                 const auto toggle = static_cast<std::uint8_t>((i % 2 == 0 ? packet::kTcpPsh : 0) |
                                                               (i % 3 == 0 ? packet::kTcpEce : 0) |
                                                               (i % 5 == 0 ? packet::kTcpCwr : 0));
                 p.send(p.tcp(i, string_view(t.payload).substr(i, 1))
                            .flags(static_cast<std::uint8_t>(kAck | toggle)));
             }
         }},
        {"tcp_reserved", "TCP: reserved bits",
         [](Player& p, const Text& t) {
             p.connect();
             // The checksum that is right with the reserved bits (0x0a00 in the seventh word).
             Frame f = p.tcp(0, t.payload).build();
             f[46] = static_cast<std::uint8_t>(f[46] | 0x0aU);
             const unsigned sum = f[50] * 256U + f[51];
             const unsigned less = sum > 0x0a00U ? sum - 0x0a00U : sum + 0xffffU - 0x0a00U;
             f[50] = static_cast<std::uint8_t>(less >> 8);
             f[51] = static_cast<std::uint8_t>(less & 0xffU);
             p.send(f);
         },
         Reason::tcp_reserved_cleared},
        {"tcp_urgent_1", "TCP: URG pointer, 1-byte OOB",
         [](Player& p, const Text& t) {
             p.connect();
             p.stream(string_view(t.payload).substr(0, 20), 20);
             p.send(p.tcp(20, "d").flags(kAck | packet::kTcpUrg).urgent(1));
             p.stream(string_view(t.payload).substr(20), 20, 21);
         },
         Reason::tcp_urgent,
         [](const Text& t) { return t.payload.substr(0, 20) + "d" + t.payload.substr(20); }},
        {"tcp_urgent_2", "TCP: URG pointer, 2-byte OOB",
         [](Player& p, const Text& t) {
             p.connect();
             p.stream(string_view(t.payload).substr(0, 20), 20);
             p.send(p.tcp(20, "dd").flags(kAck | packet::kTcpUrg).urgent(2));
             p.stream(string_view(t.payload).substr(20), 20, 22);
         },
         Reason::tcp_urgent,
         [](const Text& t) { return t.payload.substr(0, 20) + "dd" + t.payload.substr(20); }},
        {"tcp_urgent_inline", "TCP: URG pointer on every segment",
         [](Player& p, const Text& t) {
             p.connect();
             for (std::size_t i = 0; i < t.payload.size(); i += 4) {
                 p.send(p.tcp(i, string_view(t.payload).substr(i, 4))
                            .flags(kAck | packet::kTcpUrg)
                            .urgent(2));
             }
         },
         Reason::tcp_urgent},
        {"tcp_urgent_no_flag", "TCP: urgent pointer without the flag",
         [](Player& p, const Text& t) {
             p.connect();
             p.send(p.tcp(0, t.payload).urgent(9));
         }},
    };
}

}  // namespace

std::vector<Case> header_cases() {
    std::vector<Case> out = discarded_by_receivers();
    const std::vector<Case> more = options_and_flags();
    out.insert(out.end(), more.begin(), more.end());
    return out;
}

}  // namespace sluice::evasion
