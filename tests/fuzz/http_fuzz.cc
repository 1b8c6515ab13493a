// SPDX-License-Identifier: Apache-2.0
// Both directions of a connection through AppStage, twice: whole, and cut where the input says.
// Every point must keep its promises, and both runs must show the same. Input: one byte that seeds
// the cuts, then the client's bytes, a line of its own "\n--\n", the server's bytes.
#include "dataplane/app/detector.h"
#include "tests/unit/app/http_transcript.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace sluice;

constexpr std::string_view kSeparator = "\n--\n";
constexpr std::size_t kMaxInput = 16 * 1024;

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "%s\n", what.c_str());
    std::abort();
}

test::Transcript cut(app::AppStage& stage, std::string_view client, std::string_view server,
                     std::uint32_t seed) {
    // The stream stage keeps at least what the detector may ask for. What a client sends into a
    // tunnel before that is granted, here all, must wait for the answer.
    const bool waits = client.find("CONNECT") != std::string_view::npos;
    test::Conversation talk(stage, waits ? kMaxInput : app::kDetectBytes + 64 * (seed % 64));
    const std::uint32_t most = 1U + seed % 61;
    for (const Direction d : {Direction::kToServer, Direction::kToClient}) {
        const std::string_view bytes = d == Direction::kToServer ? client : server;
        for (std::size_t pos = 0; pos < bytes.size();) {
            seed = seed * 1664525U + 1013904223U;
            const std::size_t n =
                std::min<std::size_t>(1 + (seed >> 16) % most, bytes.size() - pos);
            talk.send(d, bytes.substr(pos, n));
            pos += n;
        }
    }
    talk.send(Direction::kToServer, "", true);
    talk.send(Direction::kToClient, "", true);
    if (!talk.broken().empty()) {
        fail("cut: " + talk.broken());
    }
    return talk.transcript();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1 || size > kMaxInput) {
        return 0;
    }
    static app::AppStage* const stage = [] {
        app::AppConfig config = test::small_config();
        config.max_header_bytes = 4096;
        return new app::AppStage(config);
    }();
    const std::string text(data + 1, data + size);
    const std::size_t at = text.find(kSeparator);
    const std::string_view all = text;
    const std::string_view client = all.substr(0, at);
    const std::string_view server =
        at == std::string::npos ? "" : all.substr(at + kSeparator.size());
    const test::Transcript one = test::whole(*stage, client, server);
    const test::Transcript two = cut(*stage, client, server, data[0] * 2654435761U);
    if (!(one == two)) {
        fail("whole:\n" + test::to_text(one) + "cut:\n" + test::to_text(two));
    }
    if (stage->slabs_in_use() != 0 || stage->flows_in_use() != 0) {
        fail("something was not given back");
    }
    return 0;
}
