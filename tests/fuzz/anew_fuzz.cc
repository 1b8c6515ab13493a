// SPDX-License-Identifier: Apache-2.0
// Protocols behind protocols (CONNECT, upgrades, STARTTLS, AUTH TLS) through AppStage, twice: whole
// turns, and cut where the input says. Both runs must come to the same protocol, count the same
// surprises and show the same HTTP. Input: one byte that seeds the cuts, then turns, each ended by
// a byte 0x1e; the server begins.
#include "tests/unit/app/http_transcript.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace sluice;
using packet::Reason;

constexpr char kEndOfTurn = 0x1e;
constexpr std::size_t kMaxInput = std::size_t{8} * 1024;

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "%s\n", what.c_str());
    std::abort();
}

struct Outcome {
    test::Transcript http;
    std::array<std::uint64_t, 4> counted{};

    friend bool operator==(const Outcome&, const Outcome&) = default;
};

// 'seed' 0: turns are whole.
Outcome run(app::AppStage& stage, std::string_view turns, std::uint32_t seed) {
    test::Conversation talk(stage);
    const std::uint32_t most = 1U + seed % 61;
    Direction d = Direction::kToClient;
    while (!turns.empty()) {
        std::string_view turn = turns.substr(0, turns.find(kEndOfTurn));
        turns.remove_prefix(std::min(turn.size() + 1, turns.size()));
        while (!turn.empty()) {
            seed = seed == 0 ? 0 : seed * 1664525U + 1013904223U;
            const std::size_t n = seed == 0 ? turn.size() : 1 + (seed >> 16) % most;
            talk.send(d, turn.substr(0, n));
            turn.remove_prefix(std::min(n, turn.size()));
        }
        d = opposite(d);
    }
    talk.send(Direction::kToServer, "", true);
    talk.send(Direction::kToClient, "", true);
    if (!talk.broken().empty()) {
        fail((seed == 0 ? "whole: " : "cut: ") + talk.broken());
    }
    return {talk.transcript(),
            {talk.counted(Reason::app_unexpected), talk.counted(Reason::app_no_tls),
             talk.counted(Reason::app_depth_limit), talk.counted(Reason::app_not_recognised)}};
}

std::string to_text(const Outcome& o) {
    std::string text = test::to_text(o.http);
    for (const std::uint64_t n : o.counted) {
        text += std::to_string(n) + " ";
    }
    return text + "\n";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1 || size > kMaxInput) {
        return 0;
    }
    static app::AppStage* const stage = new app::AppStage(test::small_config());
    const std::string turns(data + 1, data + size);
    const Outcome whole = run(*stage, turns, 0);
    const Outcome cut = run(*stage, turns, data[0] * 2654435761U | 1U);
    if (!(whole == cut)) {
        fail("whole:\n" + to_text(whole) + "cut:\n" + to_text(cut));
    }
    if (stage->slabs_in_use() != 0 || stage->flows_in_use() != 0) {
        fail("something was not given back");
    }
    return 0;
}
