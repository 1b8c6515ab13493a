// SPDX-License-Identifier: Apache-2.0
// DNS through AppStage: as one datagram, and over TCP twice, whole and cut where the input says.
// Both runs over TCP must show the same, and a message alone what it shows within a stream. Input:
// one byte that seeds the cuts, one whose lowest bit is the direction, then the bytes of a stream.
#include "tests/unit/app/dns_transcript.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace sluice;

constexpr std::size_t kMaxInput = 8 * 1024;

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "%s\n", what.c_str());
    std::abort();
}

void cut(test::DnsTalk& talk, Direction d, std::string_view bytes, std::uint32_t seed) {
    const std::uint32_t most = 1U + seed % 97;
    for (std::size_t at = 0; at < bytes.size();) {
        seed = seed * 1664525U + 1013904223U;
        const std::size_t n = 1 + (seed >> 16) % most;
        talk.send(d, bytes.substr(at, n));
        at += n;
    }
}

void expect_whole(const test::DnsTalk& talk) {
    if (!talk.broken().empty()) {
        fail(talk.broken());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2 || size > kMaxInput) {
        return 0;
    }
    static app::AppStage* const stage = [] {
        app::AppConfig config;
        config.http_flows = 8;
        config.dns_flows = 8;
        // Enough for what turns out to be HTTP too: where a store is full depends on the cuts.
        config.slabs = {8, 4, 2, 2, 1};
        config.dns_slabs = {4, 4, 4, 4, 0};
        return new app::AppStage(config);
    }();
    const std::string text(data + 2, data + size);
    const Direction d = (data[1] & 1U) != 0 ? Direction::kToClient : Direction::kToServer;
    {
        test::DnsTalk one(*stage);
        test::DnsTalk two(*stage);
        one.send(d, text);
        cut(two, d, text, data[0] * 2654435761U);
        expect_whole(one);
        expect_whole(two);
        if (one.shown() != two.shown() || one.flow().app != two.flow().app) {
            fail("whole:\n" + to_text(one.shown()) + "cut:\n" + to_text(two.shown()));
        }
        test::DnsTalk alone(*stage);
        alone.datagram(d, text);
        expect_whole(alone);
    }
    if (stage->slabs_in_use() != 0 || stage->flows_in_use() != 0) {
        fail("something was not given back");
    }
    return 0;
}
