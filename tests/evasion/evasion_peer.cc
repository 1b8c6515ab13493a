// SPDX-License-Identifier: Apache-2.0
// evasion_peer: the client of tests/e2e/evasion.sh. Plays every case that a real receiver can judge
// over a packet socket, from an address that its kernel does not know (so that no kernel answers),
// then compares what the server wrote. Needs root and the namespaces of that script. One thread.
#include "tests/evasion/case.h"
#include "tests/evasion/known_gaps.h"
#include "tests/evasion/net_player.h"

#include <cstdio>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace sluice::evasion {
namespace {

struct Arguments {
    std::string interface;
    std::string server_mac;
    std::string received;  // folder
    std::string gaps;
    std::string proofs;  // file written: the counters that must have moved
};

constexpr std::uint16_t kServerPort = 9000;
constexpr std::uint16_t kFirstPort = 20'000;
constexpr auto kLinger = std::chrono::seconds(1);

Wire wire_of(const Case& c, std::uint16_t port) {
    Wire w;
    w.ip = c.ip;
    w.client = c.ip == 6 ? "fd93::77" : "10.93.0.77";
    w.server = c.ip == 6 ? "fd93::2" : "10.93.0.2";
    w.client_port = port;
    w.server_port = kServerPort;
    w.client_isn = 0xfffffff0U - port * 0x10000U;
    return w;
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

std::vector<Case> real_cases() {
    std::vector<Case> out;
    for (const Case& c : all_cases()) {
        if (c.memory_only == nullptr) {
            out.push_back(c);
        }
    }
    return out;
}

void play_all(const std::vector<Case>& cases, const Arguments& a) {
    PacketSocket socket(a.interface, a.server_mac);
    std::uint16_t port = kFirstPort;
    for (const Case& c : cases) {
        for (const Text& text : {attack_text(), benign_text()}) {
            NetPlayer player(wire_of(c, port++), socket);
            c.play(player, text);
        }
    }
    std::this_thread::sleep_for(kLinger);
}

bool judge_all(const std::vector<Case>& cases, const Arguments& a) {
    const std::set<std::string> gaps = known_gaps(a.gaps, "real");
    std::ofstream proofs(a.proofs);
    bool good = true;
    std::uint16_t port = kFirstPort;
    for (const Case& c : cases) {
        const std::string attack = received(a.received, port++);
        const std::string failure = judge(c, attack, received(a.received, port++));
        const bool gap = gaps.count(c.name) != 0;
        const bool as_known = gap != failure.empty();
        good = good && as_known;
        std::printf("%s %-28s %s\n", as_known ? "ok    " : "FAILED", c.name,
                    failure.empty() ? (gap ? "passes: take it out of known_gaps.txt" : "")
                                    : failure.c_str());
        if (!gap && known_gaps(a.gaps, "memory").count(c.name) == 0) {
            proofs << packet::info(c.proof == packet::Reason::none ? packet::Reason::rule_drop
                                                                   : c.proof)
                          .name
                   << "\n";
        }
    }
    return good;
}

}  // namespace
}  // namespace sluice::evasion

int main(int argc, char** argv) {
    using namespace sluice::evasion;
    if (argc != 6) {
        std::fprintf(stderr, "usage: evasion_peer INTERFACE SERVER_MAC RECEIVED GAPS PROOFS\n");
        return 2;
    }
    try {
        const Arguments a{argv[1], argv[2], argv[3], argv[4], argv[5]};
        const std::vector<Case> cases = real_cases();
        play_all(cases, a);
        return judge_all(cases, a) ? 0 : 1;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "evasion_peer: %s\n", e.what());
        return 2;
    }
}
