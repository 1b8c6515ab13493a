// SPDX-License-Identifier: Apache-2.0
// The promise of an inline box, over random streams and rules: how the bytes were cut changes
// nothing, and the end of an exploit never arrives.
#include "tests/property/rule_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

namespace sluice::test {
namespace {

constexpr std::uint64_t kSeeds = 10'000;
constexpr std::uint64_t kSeedsPerWorld = 50;  // compiling rules costs more than judging by them
constexpr std::size_t kHeaders = 14 + 20 + 20;

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::vector<Frame> conversation(const Peers& peers, const std::string& stream,
                                const std::vector<Segment>& segments) {
    std::vector<Frame> frames = handshake(peers);
    for (const Segment& s : segments) {
        frames.push_back(client_segment(peers, stream, s));
    }
    const std::vector<Frame> end = farewell(peers, stream.size());
    frames.insert(frames.end(), end.begin(), end.end());
    return frames;
}

// How much of the stream, from its start without a hole, reached the server.
std::size_t delivered(const std::vector<Frame>& frames, const Peers& peers, std::size_t size) {
    std::vector<bool> have(size);
    for (const Frame& f : frames) {
        Cursor c(f);
        c.skip(14 + 20);
        const std::uint16_t source = c.be16().host();
        c.skip(2);
        const std::uint32_t at = c.be32().host() - (peers.client_isn + 1);
        if (source != peers.client_port || f.size() <= kHeaders) {
            continue;
        }
        // Short frames are padded: the IP length says where the payload ends.
        Cursor ip(f);
        ip.skip(16);
        const std::size_t payload = ip.be16().host() - 40U;
        for (std::size_t i = 0; i < payload && at + i < size; ++i) {
            have[at + i] = true;
        }
    }
    return static_cast<std::size_t>(std::find(have.begin(), have.end(), false) - have.begin());
}

struct Scene {
    std::vector<RuleSpec> rules;
    std::unique_ptr<World> tap;
    std::unique_ptr<World> inline_world;
};

Scene make_scene(std::uint64_t group) {
    Rng rng(group * 7919 + 1);
    Scene scene;
    scene.rules = random_rules(rng, 12);
    scene.tap = std::make_unique<World>(scene.rules, "alert", false);
    std::vector<RuleSpec> blocking;
    std::copy_if(scene.rules.begin(), scene.rules.end(), std::back_inserter(blocking),
                 [](const RuleSpec& r) { return r.positive(); });
    if (!blocking.empty()) {
        scene.inline_world = std::make_unique<World>(blocking, "drop", true);
    }
    return scene;
}

Peers peers_of(Rng& rng) {
    Peers p;
    p.client_port = static_cast<std::uint16_t>(10000 + below(rng, 50000));
    p.client_isn = below(rng, 4) == 0 ? 0xffffff00U : static_cast<std::uint32_t>(rng());
    return p;
}

void check_alerts(const Scene& scene, const std::string& stream, const Outcome& plain) {
    for (const RuleSpec& rule : scene.rules) {
        // Beyond one window the engine may forget an early part of a long match; the oracle does
        // not.
        if (rule.positive() && stream.size() <= 16'384) {
            EXPECT_EQ(plain.sids.count(rule.sid) != 0, first_match(rule, stream).has_value())
                << rule.text("alert");
        }
    }
}

void check_blocking(const Scene& scene, const std::string& stream, const Outcome& out,
                    const Peers& peers) {
    std::optional<std::size_t> first;
    for (const RuleSpec& rule : scene.rules) {
        const auto at = rule.positive() ? first_match(rule, stream) : std::nullopt;
        if (at) {
            first = std::min(first.value_or(*at), *at);
        }
    }
    const std::size_t got = delivered(out.forwarded, peers, stream.size());
    if (first) {
        EXPECT_LT(got, *first) << "the server received the whole pattern";
    } else {
        EXPECT_EQ(got, stream.size()) << "a harmless stream was not delivered";
        EXPECT_EQ(out.dropped, 0U);
    }
}

void run_seed(Scene& scene, std::uint64_t seed) {
    Rng rng(seed);
    const std::string stream = random_stream(rng, scene.rules);
    const Peers peers = peers_of(rng);
    const std::vector<Frame> plain = conversation(peers, stream, cut_evenly(stream.size(), 1460));
    const std::vector<Frame> mangled = conversation(peers, stream, mangle(rng, stream.size()));
    const Outcome expected = scene.tap->run(plain, 64);
    check_alerts(scene, stream, expected);
    EXPECT_EQ(scene.tap->run(mangled, 1 + below(rng, 64)).sids, expected.sids);
    if (scene.inline_world && stream.size() <= 16'384) {
        check_blocking(scene, stream, scene.inline_world->run(plain, 64), peers);
        check_blocking(scene, stream, scene.inline_world->run(mangled, 1 + below(rng, 64)), peers);
    }
}

TEST(Segmentation, AnyCutGivesTheSameAlertsAndNoPatternArrives) {
    const std::uint64_t only = number_from("SLUICE_SEED", 0);
    const std::uint64_t last = only != 0 ? only : number_from("SLUICE_SEEDS", kSeeds);
    Scene scene;
    std::uint64_t group = ~std::uint64_t{0};
    for (std::uint64_t seed = only != 0 ? only : 1; seed <= last; ++seed) {
        if (seed / kSeedsPerWorld != group) {
            group = seed / kSeedsPerWorld;
            scene = make_scene(group);
        }
        run_seed(scene, seed);
        ASSERT_FALSE(HasFailure())
            << "replay with SLUICE_SEED=" << seed << " build/dev/bin/segmentation_test";
    }
}

}  // namespace
}  // namespace sluice::test
