// SPDX-License-Identifier: Apache-2.0
// Both directions of a connection through the TLS parser, twice: whole, and cut where the input
// says. Every point must keep its promises, both runs must show the same, and nothing may be kept.
// Input: one byte that seeds the cuts, two bytes of length (big-endian) of the client's bytes,
// those, and the server's bytes.
#include "dataplane/app/tls.h"
#include "tests/unit/app/parser_talk.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace sluice;
using Talk = test::ParserTalk<app::Tls, app::TlsFlow>;

constexpr std::size_t kHead = 3;
constexpr std::size_t kMaxInput = std::size_t{16} * 1024;

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "%s\n", what.c_str());
    std::abort();
}

struct Shown {
    std::string text;
    bool gave_up = false;
    bool encrypted = false;

    friend bool operator==(const Shown&, const Shown&) = default;
};

Shown run(app::Tls& tls, std::string_view client, std::string_view server, std::uint32_t seed) {
    Talk talk(tls, 64);  // the stream stage keeps at least what a record's header needs
    const std::uint32_t most = 1U + seed % 61;
    for (const Direction d : {Direction::kToServer, Direction::kToClient}) {
        const std::string_view bytes = d == Direction::kToServer ? client : server;
        for (std::size_t pos = 0; pos < bytes.size();) {
            seed = seed * 1664525U + 1013904223U;
            const std::size_t n = most == 1 ? bytes.size() : 1 + (seed >> 16) % most;
            talk.send(d, bytes.substr(pos, n));
            pos += std::min(n, bytes.size() - pos);
        }
    }
    talk.send(Direction::kToServer, "", true);
    talk.send(Direction::kToClient, "", true);
    if (!talk.broken().empty()) {
        fail(talk.broken());
    }
    return {test::text_of(talk.points()), talk.gave_up(), talk.flow().encrypted};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < kHead || size > kMaxInput) {
        return 0;
    }
    static app::Tls* const tls = [] {
        app::AppConfig config;
        config.max_tls_message = 8192;
        config.tls_slabs = {8, 4, 2, 2, 1};
        return new app::Tls(config);
    }();
    const std::string text(data + kHead, data + size);
    const std::string_view all = text;
    const std::size_t split = std::size_t{data[1]} << 8U | data[2];
    const std::size_t at = std::min(all.size(), split);
    const Shown whole = run(*tls, all.substr(0, at), all.substr(at), 0);
    const Shown cut = run(*tls, all.substr(0, at), all.substr(at), data[0] * 2654435761U | 1U);
    if (!(whole == cut)) {
        fail("whole:\n" + whole.text + "cut:\n" + cut.text);
    }
    if (tls->arena().in_use() != 0) {
        fail("something was not given back");
    }
    return 0;
}
