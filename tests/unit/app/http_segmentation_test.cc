// SPDX-License-Identifier: Apache-2.0
// However a conversation is cut into TCP segments, rules see the same transactions and the same
// buffers.
#include "tests/unit/app/conversation_maker.h"
#include "tests/unit/app/http_transcript.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace sluice::test {
namespace {

constexpr std::uint64_t kSeeds = 3000;

app::AppConfig roomy_config() {
    app::AppConfig config = small_config();
    config.slabs = {64, 64, 64, 32, 16};
    return config;
}

// Client first, then server, each cut at random places: which bytes are answered by which does not
// change.
Transcript cut(app::AppStage& stage, const MadeConversation& made, std::uint64_t seed,
               std::string& broken) {
    std::mt19937_64 random(seed);
    Conversation c(stage, std::size_t{1024} << (random() % 5));
    const unsigned shift = static_cast<unsigned>(random() % 13);
    for (const Direction d : {Direction::kToServer, Direction::kToClient}) {
        const std::string& bytes = d == Direction::kToServer ? made.client : made.server;
        const std::size_t most = std::max(std::size_t{1} << shift, bytes.size() / 200);
        for (std::size_t pos = 0; pos < bytes.size();) {
            const std::size_t n = std::min<std::size_t>(bytes.size() - pos, 1 + random() % most);
            c.send(d, std::string_view(bytes).substr(pos, n));
            pos += n;
        }
    }
    c.send(Direction::kToServer, "", true);
    c.send(Direction::kToClient, "", true);
    broken = c.broken();
    return c.transcript();
}

TEST(Segmentation, DoesNotMatter) {
    app::AppStage stage(roomy_config());
    std::size_t messages = 0;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
        const MadeConversation made = make_conversation(seed);
        const Transcript expected = whole(stage, made.client, made.server);
        messages += expected.requests().size() + expected.responses().size();
        std::string broken;
        const Transcript got = cut(stage, made, seed, broken);
        ASSERT_EQ(broken, "") << "seed " << seed;
        ASSERT_EQ(got, expected) << "seed " << seed << "\nwhole: " << to_text(expected)
                                 << "\ncut: " << to_text(got);
        ASSERT_EQ(stage.slabs_in_use(), 0u) << "seed " << seed;
        ASSERT_EQ(stage.decoders_in_use(), 0u) << "seed " << seed;
        ASSERT_EQ(stage.flows_in_use(), 0u) << "seed " << seed;
    }
    EXPECT_GT(messages, 2 * kSeeds);  // the generator makes HTTP, not noise
}

}  // namespace
}  // namespace sluice::test
