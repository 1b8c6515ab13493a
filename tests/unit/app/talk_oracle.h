// SPDX-License-Identifier: Apache-2.0
// What fuzz targets ask of a parser of streams: a connection, once whole and once cut where the
// input says, shows the same; every point keeps its promises; nothing is kept. Input: one byte that
// seeds the cuts, two bytes of length (big-endian) of the client's bytes, those, and the server's
// bytes. With kTurns both sides take turns: a byte 0x1e ends a turn, the client begins.
#pragma once

#include "tests/unit/app/parser_talk.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::test {

enum class Talking { kClientThenServer, kTurns };

template <typename Parser, typename State>
class TalkOracle {
  public:
    // 'history': what the stream stage keeps at least.
    TalkOracle(Parser& parser, std::size_t history, Talking talking = Talking::kClientThenServer)
        : parser_(parser), history_(history), talking_(talking) {}

    // Aborts, with what differs, when the parser breaks a promise.
    void judge(const std::uint8_t* data, std::size_t size) {
        if (size < kHead || size > kMaxInput) {
            return;
        }
        const std::string text(data + kHead, data + size);
        const std::vector<Turn> turns = turns_of(text, std::size_t{data[1]} << 8U | data[2]);
        const Shown whole = run(turns, 0);
        const Shown cut = run(turns, data[0] * 2654435761U | 1U);
        if (!(whole == cut)) {
            fail("whole:\n" + whole.text + "cut:\n" + cut.text);
        }
        if (parser_.arena().in_use() != 0) {
            fail("something was not given back");
        }
    }

  private:
    static constexpr std::size_t kHead = 3;
    static constexpr std::size_t kMaxInput = std::size_t{16} * 1024;
    static constexpr char kEndOfTurn = 0x1e;

    struct Turn {
        Direction direction;
        std::string_view bytes;
    };

    struct Shown {
        std::string text;
        bool gave_up = false;
        bool handed_over = false;
        bool encrypted = false;

        friend bool operator==(const Shown&, const Shown&) = default;
    };

    [[noreturn]] static void fail(const std::string& what) {
        std::fprintf(stderr, "%s\n", what.c_str());
        std::abort();
    }

    std::vector<Turn> turns_of(std::string_view all, std::size_t split) const {
        std::vector<Turn> turns;
        if (talking_ == Talking::kClientThenServer) {
            const std::size_t at = std::min(all.size(), split);
            turns = {{Direction::kToServer, all.substr(0, at)},
                     {Direction::kToClient, all.substr(at)}};
            return turns;
        }
        Direction d = Direction::kToServer;
        while (!all.empty()) {
            const std::size_t n = std::min(all.find(kEndOfTurn), all.size());
            turns.push_back({d, all.substr(0, n)});
            all.remove_prefix(std::min(n + 1, all.size()));
            d = opposite(d);
        }
        return turns;
    }

    Shown run(const std::vector<Turn>& turns, std::uint32_t seed) {
        ParserTalk<Parser, State> talk(parser_, history_);
        const std::uint32_t most = 1U + seed % 61;
        for (const Turn& t : turns) {
            for (std::size_t pos = 0; pos < t.bytes.size();) {
                seed = seed * 1664525U + 1013904223U;
                const std::size_t n = most == 1 ? t.bytes.size() : 1 + (seed >> 16) % most;
                talk.send(t.direction, t.bytes.substr(pos, n));
                pos += std::min(n, t.bytes.size() - pos);
            }
        }
        talk.send(Direction::kToServer, "", true);
        talk.send(Direction::kToClient, "", true);
        if (!talk.broken().empty()) {
            fail(talk.broken());
        }
        std::string text = text_of(talk.points());
        if (talk.handed_over()) {
            for (const auto& half : talk.state().half) {
                text += "behind " + std::to_string(half.consumed) + "\n";
            }
        }
        return {text, talk.gave_up(), talk.handed_over(), talk.flow().encrypted};
    }

    Parser& parser_;
    std::size_t history_;
    Talking talking_;
};

}  // namespace sluice::test
