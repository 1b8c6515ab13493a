// SPDX-License-Identifier: Apache-2.0
// evasion_peer: the client of tests/e2e/evasion.sh. Plays every case over packet sockets, from
// addresses that its kernel does not know (so that no kernel answers), looks for the counter that
// proves it, then compares what the server wrote. Needs root and the namespaces of that script. One
// thread.
#include "tests/evasion/case.h"
#include "tests/evasion/known_gaps.h"
#include "tests/evasion/net_player.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace sluice::evasion {
namespace {

struct Arguments {
    std::string group;         // "main" or "small": what the box is set to
    std::string server_mac;    // of s0, behind the box
    std::string around_mac;    // of s1, beside it
    std::string client_mac;    // of c0
    std::string server_space;  // the server's network namespace, a file
    std::string received;      // folder
    std::string gaps;
    std::string stats;  // command that prints the box's counters as JSON
};

constexpr std::uint16_t kServerPort = 9000;
constexpr std::uint16_t kFirstPort = 20'000;
constexpr std::uint16_t kFirstPortSmall = 40'000;
constexpr auto kLinger = std::chrono::seconds(1);
constexpr auto kCountTime = std::chrono::seconds(3);

std::uint16_t first_port(const Arguments& a) {
    return a.group == "small" ? kFirstPortSmall : kFirstPort;
}

Wire wire_of(const Case& c, std::uint16_t port) {
    Wire w;
    w.ip = c.ip;
    w.client = c.ip == 6 ? "fd93::77" : c.real == Real::kAround ? "10.93.0.78" : "10.93.0.77";
    w.server = c.ip == 6 ? "fd93::2" : c.real == Real::kActed ? "10.93.0.66" : "10.93.0.2";
    w.client_port = port;
    w.server_port = kServerPort;
    w.client_isn = 0xfffffff0U - port * 0x10000U;
    w.server_isn = 0x51000000U;  // an acted server's
    return w;
}

packet::Reason proof_of(const Case& c) {
    return c.proof == packet::Reason::none ? packet::Reason::rule_drop : c.proof;
}

// One of the box's counters, as its control socket tells.
std::uint64_t counted(const Arguments& a, packet::Reason reason) {
    FILE* pipe = ::popen(a.stats.c_str(), "r");
    if (pipe == nullptr) {
        throw std::runtime_error("cannot run: " + a.stats);
    }
    std::string text(1U << 16, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), pipe));
    if (::pclose(pipe) != 0) {
        throw std::runtime_error("failed: " + a.stats);
    }
    const std::size_t reasons = text.find("\"reasons\"");
    const std::string key = "\"" + std::string(packet::info(reason).name) + "\":";
    const std::size_t at = text.find(key, reasons == std::string::npos ? 0 : reasons);
    return at == std::string::npos ? 0 : std::strtoull(text.c_str() + at + key.size(), nullptr, 10);
}

bool moves(const Arguments& a, packet::Reason reason, std::uint64_t before) {
    const auto until = std::chrono::steady_clock::now() + kCountTime;
    while (std::chrono::steady_clock::now() < until) {
        if (counted(a, reason) > before) {
            return true;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
}

std::string received(const std::string& folder, std::uint16_t port) {
    std::ostringstream out;
    for (const char* kind : {"tcp", "udp"}) {
        const std::ifstream file(folder + "/" + kind + "-" + std::to_string(port));
        if (file) {
            out << file.rdbuf();
        }
    }
    return out.str();
}

std::string judge(const Case& c, const std::string& attack, const std::string& twin) {
    if (c.expect == Expect::kNotReceived && attack.find(kMarker) != std::string::npos) {
        return "the payload arrived";
    }
    if (c.twin != kNeedNotArrive && twin.find(c.twin(benign_text())) == std::string::npos) {
        return "the benign twin did not arrive; the server has " + std::to_string(twin.size()) +
               " bytes";
    }
    return {};
}

std::vector<Case> cases_of(const Arguments& a) {
    std::vector<Case> out;
    for (const Case& c : all_cases()) {
        if ((c.real == Real::kSmall) == (a.group == "small")) {
            out.push_back(c);
        }
    }
    return out;
}

struct Played {
    Case what;
    std::uint16_t port = 0;  // the attack's; the twin's is the next
    bool proven = false;
    std::string attack;  // acted: what arrived
    std::string twin;
};

std::string play(const Case& c, std::uint16_t port, const Text& text, const Ways& ways) {
    const bool acted = c.real == Real::kActed;
    // What is left of the case before would keep answers to this one out of the sockets.
    for (PacketSocket* way : {&ways.through, &ways.around}) {
        while (!way->receive(std::chrono::milliseconds(0)).empty()) {
        }
    }
    NetPlayer player(wire_of(c, port), ways, acted);
    if (acted) {
        (void)player.acted_received();  // of the case before
    }
    c.play(player, text);
    return acted ? player.acted_received() : std::string{};
}

std::vector<Played> play_all(const Arguments& a) {
    PacketSocket through("c0", a.server_mac);
    PacketSocket around("c1", a.around_mac);
    PacketSocket server("s0", a.client_mac, a.server_space);
    const Ways ways{through, around, server, a.server_space};
    std::vector<Played> out;
    std::uint16_t port = first_port(a);
    for (const Case& c : cases_of(a)) {
        Played p;
        p.what = c;
        p.port = port;
        const std::uint64_t before = counted(a, proof_of(c));
        p.attack = play(c, port++, attack_text(), ways);
        p.proven = moves(a, proof_of(c), before);
        p.twin = play(c, port++, benign_text(), ways);
        out.push_back(p);
    }
    std::this_thread::sleep_for(kLinger);
    return out;
}

std::string judge(const Played& p, const Arguments& a) {
    const bool acted = p.what.real == Real::kActed;
    const auto other = static_cast<std::uint16_t>(p.port + 1);
    const std::string failure = judge(p.what, acted ? p.attack : received(a.received, p.port),
                                      acted ? p.twin : received(a.received, other));
    if (failure.empty() && !p.proven) {
        return std::string(packet::info(proof_of(p.what)).name) + " was not counted";
    }
    return failure;
}

bool judge_all(const std::vector<Played>& played, const Arguments& a) {
    const std::set<std::string> gaps = known_gaps(a.gaps, "real");
    bool good = true;
    for (const Played& p : played) {
        const std::string failure = judge(p, a);
        const bool gap = gaps.count(p.what.name) != 0;
        const bool as_known = gap != failure.empty();
        good = good && as_known;
        std::printf("%s %-28s %s\n", as_known ? "ok    " : "FAILED", p.what.name,
                    failure.empty() ? (gap ? "passes: take it out of known_gaps.txt" : "")
                                    : failure.c_str());
    }
    return good;
}

}  // namespace
}  // namespace sluice::evasion

int main(int argc, char** argv) {
    using namespace sluice::evasion;
    if (argc != 9) {
        std::fprintf(stderr,
                     "usage: evasion_peer GROUP SERVER_MAC AROUND_MAC CLIENT_MAC SERVER_NAMESPACE "
                     "RECEIVED GAPS STATS_COMMAND\n");
        return 2;
    }
    try {
        const Arguments a{argv[1], argv[2], argv[3], argv[4], argv[5], argv[6], argv[7], argv[8]};
        return judge_all(play_all(a), a) ? 0 : 1;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "evasion_peer: %s\n", e.what());
        return 2;
    }
}
