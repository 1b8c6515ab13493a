// SPDX-License-Identifier: Apache-2.0
// Any cutting, reordering, repeating and overlapping of a byte stream yields the same bytes, in
// order, once, whatever the initial sequence number; and bytes that differ from the first copy
// never get in.
#include "tests/support/tcp_conversation.h"
#include "tests/unit/stream/small_config.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace sluice::stream {
namespace {

using test::small_config;
using test::TcpConversation;

constexpr auto kServer = Direction::kToServer;
constexpr auto kClient = Direction::kToClient;

using Random = std::mt19937_64;

std::uint32_t below(Random& r, std::uint32_t n) {
    return static_cast<std::uint32_t>(r() % n);
}

std::string random_bytes(Random& r, std::size_t n) {
    std::string s(n, '\0');
    for (char& c : s) {
        c = static_cast<char>(r());
    }
    return s;
}

struct Cut {
    std::uint32_t from;
    std::uint32_t size;
};

// Covers [0, n) with overlaps and repeats, in an order that is disturbed but not beyond the receive
// window.
std::vector<Cut> cuts(Random& r, std::uint32_t n) {
    const std::uint32_t most = 1 + below(r, below(r, 4) == 0 ? 9000 : 1460);
    std::vector<Cut> out;
    for (std::uint32_t at = 0; at < n;) {
        const std::uint32_t size = std::min(n - at, 1 + below(r, most));
        const std::uint32_t back = below(r, 3) == 0 ? std::min(at, below(r, 2000)) : 0;
        out.push_back({at - back, size + back});
        if (below(r, 8) == 0 && !out.empty()) {
            out.push_back(out[below(r, static_cast<std::uint32_t>(out.size()))]);
        }
        at += size;
    }
    const std::size_t disorder = below(r, 12);
    for (std::size_t i = 0; i + disorder < out.size(); ++i) {
        std::swap(out[i], out[i + r() % (disorder + 1)]);
    }
    return out;
}

class Endpoints {
  public:
    Endpoints(StreamStage& stage, const StreamConfig& config, Random& r)
        : tcp(stage, config),
          isn_(below(r, 3) == 0 ? 0xffffffffU - below(r, 3000) : static_cast<std::uint32_t>(r())),
          server_isn_(static_cast<std::uint32_t>(r())) {
        tcp.send({.seq = isn_, .flags = packet::kTcpSyn, .wscale = 7});
        tcp.send({.direction = kClient,
                  .seq = server_isn_,
                  .ack = isn_ + 1,
                  .flags = packet::kTcpSyn | packet::kTcpAck,
                  .wscale = 7});
        tcp.send({.seq = isn_ + 1, .ack = server_isn_ + 1});
    }

    test::SegmentResult data(const std::string& all, Cut c) {
        return tcp.send({.seq = isn_ + 1 + c.from,
                         .ack = server_isn_ + 1,
                         .payload = std::string_view(all).substr(c.from, c.size)});
    }

    void acknowledge(std::uint32_t upto) {
        tcp.send({.direction = kClient, .seq = server_isn_ + 1, .ack = isn_ + 1 + upto});
    }

    TcpConversation tcp;

  private:
    std::uint32_t isn_;
    std::uint32_t server_isn_;
};

TEST(StreamProperty, AnySegmentationGivesTheSameStream) {
    StreamConfig config = small_config();
    config.max_held_per_stream = 4096;
    StreamStage stage(config);
    for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
        SCOPED_TRACE(seed);
        Random r(seed);
        Endpoints e(stage, config, r);
        const std::uint32_t n = below(r, 10) == 0 ? 60'000 : 1 + below(r, 9000);
        const std::string all = random_bytes(r, n);
        for (const Cut c : cuts(r, n)) {
            ASSERT_FALSE(e.data(all, c).packet.dropped());
            if (below(r, 4) == 0) {
                e.acknowledge(static_cast<std::uint32_t>(e.tcp.delivered(kServer).size()));
            }
        }
        ASSERT_TRUE(e.tcp.delivered(kServer) == all);
        ASSERT_EQ(stage.stats().held_bytes, 0U);
        stage.release(e.tcp.flow);
    }
    EXPECT_EQ(stage.stats().streams, 0U);
    EXPECT_EQ(stage.stats().gaps, 0U);
    EXPECT_EQ(stage.stats().overlaps_differ, 0U);
    EXPECT_EQ(stage.stats().bytes_uninspected, 0U);
}

// An attacker interleaves other bytes at offsets that were already sent: none of them is ever
// delivered.
void conflicting(bool inline_mode) {
    StreamConfig config = small_config();
    config.inline_mode = inline_mode;
    config.max_held_per_stream = 4096;
    StreamStage stage(config);
    std::uint64_t refused = 0;
    for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
        SCOPED_TRACE(seed);
        Random r(seed);
        Endpoints e(stage, config, r);
        const std::uint32_t n =
            1 + below(r, 9000);  // never acknowledged, and all within the window
        const std::string all = random_bytes(r, n);
        std::string evil = all;
        for (char& c : evil) {
            c = static_cast<char>(c ^ 0x55);
        }
        std::vector<Cut> sent;
        for (const Cut c : cuts(r, n)) {
            ASSERT_FALSE(e.data(all, c).packet.dropped());
            sent.push_back(c);
            const Cut old = sent[r() % sent.size()];
            const std::uint32_t skip = below(r, old.size);
            const auto result = e.data(evil, {old.from + skip, 1 + below(r, old.size - skip)});
            ASSERT_EQ(result.packet.dropped(), inline_mode);
            ASSERT_EQ(result.chunks, 0U);
            refused += result.packet.dropped();
        }
        ASSERT_TRUE(e.tcp.delivered(kServer) == all);
        stage.release(e.tcp.flow);
    }
    EXPECT_EQ(refused, inline_mode ? stage.stats().overlaps_differ : 0U);
    EXPECT_GT(stage.stats().overlaps_differ, 2000U);
}

TEST(StreamProperty, ConflictingBytesNeverGetInInline) {
    conflicting(true);
}

TEST(StreamProperty, ConflictingBytesNeverGetInTap) {
    conflicting(false);
}

// Packets missing from a capture: what is delivered is right where it is, and the holes are gaps.
TEST(StreamProperty, LossInATapLeavesGapsAndNothingFalse) {
    StreamConfig config = small_config();
    config.inline_mode = false;
    StreamStage stage(config);
    for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
        SCOPED_TRACE(seed);
        Random r(seed);
        Endpoints e(stage, config, r);
        const std::uint32_t n = 1 + below(r, 30'000);
        const std::string all = random_bytes(r, n);
        std::string present(n, '\0');
        std::uint32_t upto = 0;
        for (const Cut c : cuts(r, n)) {
            upto = std::max(upto, c.from + c.size);
            if (below(r, 5) == 0) {
                continue;
            }
            present.replace(c.from, c.size, all, c.from, c.size);
            e.data(all, c);
            if (below(r, 6) == 0) {
                e.acknowledge(upto);
            }
        }
        e.tcp.end(kServer);
        const std::string& got = e.tcp.delivered(kServer);
        ASSERT_LE(got.size(), present.size());
        for (std::size_t i = 0; i < got.size(); ++i) {
            ASSERT_TRUE(got[i] == all[i] || got[i] == '\0') << i;
        }
        stage.release(e.tcp.flow);
    }
    EXPECT_GT(stage.stats().gaps, 100U);
    EXPECT_EQ(stage.stats().held_bytes, 0U);
    EXPECT_EQ(stage.stats().streams, 0U);
}

}  // namespace
}  // namespace sluice::stream
