// SPDX-License-Identifier: Apache-2.0
// Every case of the evasion checklist through the core in memory, as an attack and as its benign
// twin, against every kind of model receiver. RESULTS.md is what came out; SLUICE_UPDATE=1 rewrites
// it.
#include "tests/evasion/case.h"
#include "tests/evasion/known_gaps.h"
#include "tests/evasion/memory_player.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

namespace sluice::evasion {
namespace {

constexpr const char* kFolder = SLUICE_EVASION_DIR;

test::LoadedRules rules() {
    std::string text;
    int sid = 1;
    for (const char* protocol : {"tcp", "udp"}) {
        // The port: what a tunnel over UDP carries must match by itself, not as the outer payload.
        text += std::string("drop ") + protocol +
                " any any -> any 9000 (msg:\"marker\"; content:\"" + std::string(kMarker) +
                "\"; sid:" + std::to_string(sid++) + "; rev:1;)\n";
    }
    return test::load_rules(text);
}

// Another client each time, so that no run knows of the one before.
Wire wire_of(const Case& c, unsigned run) {
    Wire w;
    w.ip = c.ip;
    w.client = (c.ip == 6 ? "fd93::1:" : "10.93.1.") + std::to_string(run + 1);
    w.server = c.ip == 6 ? "fd93::2" : "10.93.0.2";
    w.client_port = 40'000;
    w.server_port = 9'000;
    w.client_isn = 0xfffffff0U;  // wraps within the stream
    w.server_isn = 0x51000000U;
    return w;
}

packet::Reason proof_of(const Case& c) {
    return c.proof == packet::Reason::none ? packet::Reason::rule_drop : c.proof;
}

struct Run {
    std::string received;
    std::uint64_t proof = 0;
    bool rule_dropped = false;
};

Run play(const Case& c, Box& box, unsigned number, const Text& text) {
    const Wire wire = wire_of(c, number);
    const packet::Reason proof = proof_of(c);
    const std::uint64_t before = box.count(proof);
    const std::uint64_t dropped = box.count(packet::Reason::rule_drop);
    MemoryPlayer player(wire, box, Traits::number(number / 2));
    c.play(player, text);
    Run run;
    run.received = player.receiver().received();
    run.proof = box.count(proof) - before;
    run.rule_dropped = box.count(packet::Reason::rule_drop) != dropped;
    box.settle();
    return run;
}

// Some receivers lose what others take (TTL 1 behind a router): the twin arrives where it can.
bool twin_arrived(const Case& c, const Text& text, const Run& run, Traits traits) {
    if (c.twin == kNeedNotArrive) {
        return true;
    }
    if (traits.far && c.twin == decoy_arrives) {
        return run.received.find(text.payload) == std::string::npos;
    }
    return run.received.find(c.twin(text)) != std::string::npos;
}

// Empty: the case holds. Else against which receiver it does not, and how.
std::string judge(const Case& c, const test::LoadedRules& rules) {
    const bool must_stop = c.expect == Expect::kNotReceived;
    Box box(rules);
    for (unsigned bits = 0; bits < Traits::kCount; ++bits) {
        const Traits traits = Traits::number(bits);
        const Run attack = play(c, box, 2 * bits, attack_text());
        if (must_stop && attack.received.find(kMarker) != std::string::npos) {
            return "the payload arrived; receiver: " + traits.to_string();
        }
        if (attack.proof == 0) {
            return "nothing was counted; receiver: " + traits.to_string();
        }
        const Text text = benign_text();
        const Run twin = play(c, box, 2 * bits + 1, text);
        const bool dropped = twin.rule_dropped && c.name != std::string_view("flood_alerts");
        if (dropped || !twin_arrived(c, text, twin, traits)) {
            return "the benign twin did not arrive; receiver: " + traits.to_string();
        }
    }
    return {};
}

std::string receiver_of(Real real) {
    switch (real) {
        case Real::kLinux:
            break;
        case Real::kTunnel:
            return "Linux behind a tunnel's end";
        case Real::kActed:
            return "acted: what reaches its wire";
        case Real::kAround:
            return "Linux, its answers around the box";
        case Real::kSmall:
            return "Linux, the box's limits small";
    }
    return "Linux";
}

std::string row(const Case& c, const std::string& failure) {
    const std::string twin = c.twin == kNeedNotArrive  ? "refused for its form"
                             : c.twin == decoy_arrives ? "arrives, first copy"
                                                       : "arrives";
    const std::string verdict = !failure.empty()                   ? "known gap, see known_gaps.txt"
                                : c.expect == Expect::kNotReceived ? "not received"
                                                                   : "passed and counted";
    return "| " + std::string(c.name) + " | " + c.line + " | IPv" + std::to_string(c.ip) + " | " +
           verdict + " | " + std::string(packet::info(proof_of(c)).name) + " | " + twin + " | " +
           receiver_of(c.real) + " |\n";
}

std::string heading() {
    return "# Evasion cases\n\n"
           "Written by evasion_memory_test (SLUICE_UPDATE=1 rewrites it); the test fails when this "
           "page is not what it finds. Each case is\n"
           "played against 32 kinds of model receiver, and by `e2e_evasion` over a network "
           "against the one in the last column.\n\n"
           "| case | line of the checklist | over | the payload was | counter that saw it | benign "
           "twin | real receiver |\n"
           "| --- | --- | --- | --- | --- | --- | --- |\n";
}

std::string file_text(const std::string& path) {
    std::ostringstream out;
    out << std::ifstream(path).rdbuf();
    return out.str();
}

TEST(Evasion, NoPayloadArrivesAndEveryTwinDoes) {
    const test::LoadedRules loaded = rules();
    const std::set<std::string> gaps =
        known_gaps(std::string(kFolder) + "/known_gaps.txt", "memory");
    std::set<std::string> names;
    std::string table = heading();
    for (const Case& c : all_cases()) {
        EXPECT_TRUE(names.insert(c.name).second) << c.name << " twice";
        const std::string failure = judge(c, loaded);
        if (gaps.count(c.name) != 0) {
            EXPECT_NE(failure, "") << c.name << " passes: take it out of known_gaps.txt";
        } else {
            EXPECT_EQ(failure, "") << c.name << ": " << c.line;
        }
        table += row(c, failure);
    }
    for (const std::string& gap : gaps) {
        EXPECT_EQ(names.count(gap), 1U) << gap << " in known_gaps.txt is no case";
    }
    const std::string path = std::string(kFolder) + "/RESULTS.md";
    if (std::getenv("SLUICE_UPDATE") != nullptr) {
        std::ofstream(path) << table;
    }
    EXPECT_EQ(table, file_text(path)) << "run with SLUICE_UPDATE=1 and read the difference";
}

}  // namespace
}  // namespace sluice::evasion
