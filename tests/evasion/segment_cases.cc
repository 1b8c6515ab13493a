// SPDX-License-Identifier: Apache-2.0
// The TCP lines of the checklist about how a stream is cut, ordered and sent twice.
#include "tests/evasion/case.h"

#include <algorithm>

namespace sluice::evasion {

namespace {

using packet::Reason;
using std::string;
using std::string_view;

string_view part(const string& s, std::size_t at, std::size_t n) {
    return string_view(s).substr(at, n);
}

std::vector<Case> cuts() {
    return {
        {"tcp_t1", "TCP: T1 bad-checksum FIN and RST, then ordered 1-byte segments",
         [](Player& p, const Text& t) {
             p.connect();
             p.send(p.tcp(0, "").flags(packet::kTcpFin | packet::kTcpAck).l4_checksum(0x1234));
             p.send(p.tcp(0, "").flags(packet::kTcpRst | packet::kTcpAck).l4_checksum(0x1234));
             p.stream(t.payload, 1);
         },
         Reason::tcp_bad_checksum},
        {"tcp_t3", "TCP: T3 one duplicate",
         [](Player& p, const Text& t) {
             p.connect();
             p.stream(part(t.payload, 0, 10), 1);
             p.send(p.tcp(9, part(t.payload, 9, 1)));
             p.stream(part(t.payload, 10, 100), 1, 10);
         }},
        {"tcp_t4", "TCP: T4 one overwriting",
         [](Player& p, const Text& t) {
             p.connect();
             p.stream(part(t.payload, 0, 20), 1);
             p.send(p.tcp(21, part(t.payload, 21, 1)));
             p.send(p.tcp(21, "d"));
             p.send(p.tcp(20, part(t.payload, 20, 1)));
             p.stream(part(t.payload, 22, 100), 1, 22);
         },
         Reason::tcp_overlap_differs},
        {"tcp_t5", "TCP: T5 2-byte segments, forward-overwriting",
         [](Player& p, const Text& t) {
             p.connect();
             for (std::size_t i = 0; i < t.payload.size(); i += 2) {
                 p.send(p.tcp(i + 1, string_view("\0", 1)));
                 p.send(p.tcp(i, part(t.payload, i, 2)));
             }
         },
         Reason::tcp_overlap_differs, kNeedNotArrive},
        {"tcp_t7", "TCP: T7 1-byte segments with interleaved null segments far away",
         [](Player& p, const Text& t) {
             p.connect();
             for (std::size_t i = 0; i < t.payload.size(); ++i) {
                 p.send(p.tcp(i, part(t.payload, i, 1)));
                 p.send(p.tcp(i + 0x20000000U, string_view("\0", 1)));
             }
         },
         Reason::tcp_out_of_window},
        {"tcp_t8", "TCP: T8 one out of order",
         [](Player& p, const Text& t) {
             p.connect();
             p.stream(part(t.payload, 0, 15), 1);
             p.send(p.tcp(16, part(t.payload, 16, 1)));
             p.send(p.tcp(15, part(t.payload, 15, 1)));
             p.stream(part(t.payload, 17, 100), 1, 17);
         }},
        {"tcp_t9", "TCP: T9 fully out of order",
         [](Player& p, const Text& t) {
             p.connect();
             for (std::size_t i = 0; i < t.payload.size(); ++i) {
                 const std::size_t at = (i * 29 + 47) % t.payload.size();
                 p.send(p.tcp(at, part(t.payload, at, 1)));
             }
         }},
        {"tcp_backwards", "TCP: T9 last byte first",
         [](Player& p, const Text& t) {
             p.connect();
             for (std::size_t i = t.payload.size(); i-- > 0;) {
                 p.send(p.tcp(i, part(t.payload, i, 1)));
             }
         }},
        {"tcp_tiny_mixed", "TCP: tiny segments (1 byte, mixed)",
         [](Player& p, const Text& t) {
             p.connect();
             for (std::size_t at = 0, n = 1; at < t.payload.size(); at += n, n = n % 3 + 1) {
                 p.send(p.tcp(at, part(t.payload, at, n)));
             }
         }},
        {"tcp6_t9", "TCP: T9 fully out of order, IPv6",
         [](Player& p, const Text& t) {
             p.connect();
             for (std::size_t i = 0; i < t.payload.size(); ++i) {
                 const std::size_t at = (i * 29 + 47) % t.payload.size();
                 p.send(p.tcp(at, part(t.payload, at, 1)));
             }
         },
         Reason::none, payload_arrives, 6},
        {"tcp_layered", "Layered: out of order TCP segments in out of order fragments with options",
         [](Player& p, const Text& t) {
             p.connect();
             for (const std::size_t at : {std::size_t{24}, std::size_t{0}}) {
                 const std::vector<Frame> f = p.cut(p.tcp(at, part(t.payload, at, 24)), 24,
                                                    static_cast<std::uint32_t>(at + 5));
                 p.send(f.at(1));
                 p.send(f.at(0));
             }
         },
         Reason::fragment_reassembled},
    };
}

std::vector<Case> overlaps() {
    return {
        {"tcp_retransmit_differs", "TCP: retransmission with different data, decoy first",
         [](Player& p, const Text& t) {
             p.connect();
             p.send(p.tcp(4, t.decoy));
             p.send(p.tcp(4, t.payload));
             p.send(p.tcp(0, "1234"));
         },
         Reason::tcp_overlap_differs, [](const Text& t) { return "1234" + t.decoy; }},
        {"tcp_retransmit_differs_late", "TCP: retransmission with different data, decoy second",
         [](Player& p, const Text& t) {
             p.connect();
             p.send(p.tcp(4, t.payload));
             p.send(p.tcp(4, t.decoy));
             p.send(p.tcp(0, "1234"));
         },
         Reason::tcp_overlap_differs, [](const Text& t) { return "1234" + t.payload; }},
        {"tcp_retransmit_in_order", "TCP: retransmission with different data, in order",
         [](Player& p, const Text& t) {
             p.connect();
             p.hush_server();  // nothing is acknowledged yet
             p.send(p.tcp(0, t.decoy));
             p.send(p.tcp(0, t.payload));
         },
         Reason::tcp_overlap_differs, decoy_arrives},
        {"tcp_overlap_exact", "TCP: exact overlap payload, equal",
         [](Player& p, const Text& t) {
             p.connect();
             p.send(p.tcp(24, part(t.payload, 24, 100)));
             p.send(p.tcp(24, part(t.payload, 24, 100)));
             p.send(p.tcp(0, part(t.payload, 0, 24)));
         }},
        {"tcp_overlap_partial", "TCP: partial overlap payload, equal",
         [](Player& p, const Text& t) {
             p.connect();
             p.send(p.tcp(30, part(t.payload, 30, 100)));
             p.send(p.tcp(10, part(t.payload, 10, 30)));
             p.send(p.tcp(0, part(t.payload, 0, 20)));
         }},
        {"tcp_overlap_old_linux",
         "TCP: old-linux policy, a longer segment over a differing shorter one",
         [](Player& p, const Text& t) {
             p.connect();
             p.send(p.tcp(20, part(t.decoy, 0, 8)));
             p.send(p.tcp(16, part(t.payload, 16, 100)));
             p.send(p.tcp(0, part(t.payload, 0, 16)));
         },
         Reason::tcp_overlap_differs, kNeedNotArrive},
        {"tcp_overlap_left", "TCP: partial overlap that differs at the left",
         [](Player& p, const Text& t) {
             p.connect();
             p.send(p.tcp(8, part(t.payload, 8, 16)));
             p.send(p.tcp(16, string("dddddddd") + t.payload.substr(24)));
             p.send(p.tcp(0, part(t.payload, 0, 8)));
             p.send(p.tcp(24, part(t.payload, 24, 100)));
         },
         Reason::tcp_overlap_differs},
        {"tcp6_retransmit_differs", "TCP: retransmission with different data, IPv6",
         [](Player& p, const Text& t) {
             p.connect();
             p.send(p.tcp(4, t.decoy));
             p.send(p.tcp(4, t.payload));
             p.send(p.tcp(0, "1234"));
         },
         Reason::tcp_overlap_differs, [](const Text& t) { return "1234" + t.decoy; }, 6},
    };
}

}  // namespace

std::vector<Case> segment_cases() {
    std::vector<Case> out = cuts();
    const std::vector<Case> more = overlaps();
    out.insert(out.end(), more.begin(), more.end());
    return out;
}

}  // namespace sluice::evasion
