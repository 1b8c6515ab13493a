// SPDX-License-Identifier: Apache-2.0
// The same bytes show the same, however TCP cuts them.
#include "dataplane/app/tls.h"
#include "tests/unit/app/parser_talk.h"
#include "tests/unit/app/tls_maker.h"

#include <gtest/gtest.h>

namespace sluice::app {
namespace {

using namespace sluice::test;
using Talk = ParserTalk<Tls, TlsFlow>;

struct Result {
    std::vector<ShownPoint> points;
    bool gave_up = false;
    bool encrypted = false;

    friend bool operator==(const Result&, const Result&) = default;
};

Result run(Tls& tls, const MadeTls& made, std::size_t piece) {
    // The stream stage keeps at least what a record's header needs.
    Talk talk(tls, 64);
    talk.send_cut(Direction::kToServer, made.client, piece);
    talk.send_cut(Direction::kToClient, made.server, piece);
    talk.send(Direction::kToServer, "", true);
    talk.send(Direction::kToClient, "", true);
    EXPECT_EQ(talk.broken(), "");
    return {talk.points(), talk.gave_up(), talk.flow().encrypted};
}

TEST(TlsSegmentation, AnyCutShowsTheSame) {
    Tls tls{AppConfig{}};
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        const MadeTls made = make_tls(seed);
        const Result whole = run(tls, made, 1 << 20);
        for (const std::size_t piece : {1U, 3U, 61U, 1400U}) {
            const Result cut = run(tls, made, piece);
            ASSERT_EQ(text_of(cut.points), text_of(whole.points))
                << "seed " << seed << " piece " << piece;
            ASSERT_EQ(cut, whole) << "seed " << seed << " piece " << piece;
        }
        EXPECT_EQ(tls.arena().in_use(), 0U);
    }
}

}  // namespace
}  // namespace sluice::app
