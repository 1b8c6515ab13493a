// SPDX-License-Identifier: Apache-2.0
// When a store is full the flow goes on as a raw stream, and nothing is taken from the heap after
// construction.
#include "tests/support/alloc_guard.h"
#include "tests/support/lone_flow.h"
#include "tests/unit/app/http_transcript.h"

#include <gtest/gtest.h>

#include <memory>

namespace sluice::test {
namespace {

using packet::Reason;

constexpr Direction kClient = Direction::kToServer;
constexpr Direction kServer = Direction::kToClient;

TEST(AppLimits, NoStateLeft) {
    app::AppConfig config = small_config();
    config.http_flows = 1;
    app::AppStage stage(config);
    auto first = std::make_unique<Conversation>(stage);
    first->send(kClient, "GET / HTTP/1.1\r\n");
    Conversation second(stage);
    second.send(kClient, "GET / HTTP/1.1\r\n\r\n");
    EXPECT_EQ(second.flow().app, AppProto::kNone);
    EXPECT_EQ(second.counted(Reason::http_store_full), 1u);
    EXPECT_EQ(second.points(), 0u);
    first.reset();
    Conversation third(stage);
    third.send(kClient, "GET / HTTP/1.1\r\n\r\n");
    EXPECT_EQ(third.points(), 1u);
}

TEST(AppLimits, NoSlabLeft) {
    app::AppConfig config = small_config();
    config.slabs = {1, 0, 0, 0, 0};
    app::AppStage stage(config);
    Conversation first(stage);
    first.send(kClient, "GET / HTTP/1.1\r\n\r\n");
    EXPECT_EQ(first.points(), 1u);
    Conversation second(stage);
    second.send(kClient, "GET / HTTP/1.1\r\n\r\n");
    EXPECT_EQ(second.flow().app, AppProto::kNone);
    EXPECT_EQ(second.counted(Reason::http_store_full), 1u);
    second.send(kClient, "GET / HTTP/1.1\r\n\r\n");
    EXPECT_EQ(second.points(), 0u);
    EXPECT_EQ(stage.flows_in_use(), 1u);
}

TEST(AppLimits, NoWindowLeftEndsTheBody) {
    app::AppConfig config = small_config();
    config.slabs = {1, 0, 0, 0, 0};
    app::AppStage stage(config);
    Conversation talk(stage);
    talk.send(kClient, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
    talk.send(kClient, "3\r\nabc\r\n");
    EXPECT_EQ(talk.broken(), "");
    EXPECT_EQ(talk.counted(Reason::http_store_full), 1u);
    EXPECT_TRUE(talk.transcript().requests().at(0).ended);
}

TEST(AppLimits, NarrowWindowStillShowsEveryByte) {
    app::AppConfig config = small_config();
    config.slabs = {4, 0, 0, 0, 0};
    app::AppStage stage(config);
    Conversation talk(stage);
    talk.send(kClient, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string body(10000, 'q');
    talk.send(kClient, "2710\r\n" + body + "\r\n0\r\n\r\n");
    EXPECT_EQ(talk.broken(), "");
    EXPECT_EQ(talk.transcript().requests().at(0).get(BufferId::kHttpRequestBody), body);
}

TEST(AppLimits, ArenaTakesTheSmallestThatFitsAndGivesBack) {
    app::SlabArena arena({1, 1, 0, 0, 0});
    app::Slab a = arena.take(100);
    app::Slab b = arena.take(100);
    EXPECT_EQ(arena.bytes(a).size(), 2048u);
    EXPECT_EQ(arena.bytes(b).size(), 8192u);
    EXPECT_EQ(arena.take(1), app::kNoSlab);
    arena.give(b);
    EXPECT_EQ(b, app::kNoSlab);
    arena.bytes(a)[0] = 42;
    EXPECT_TRUE(arena.grow(a, 1, 3000));
    EXPECT_EQ(arena.bytes(a)[0], 42);
    EXPECT_EQ(arena.bytes(a).size(), 8192u);
    EXPECT_FALSE(arena.grow(a, 1, 9000));
    arena.give(a);
    EXPECT_EQ(arena.in_use(), 0u);
}

TEST(AppLimits, NothingIsAllocatedPerPacket) {
    if (!AllocGuard::supported()) {
        GTEST_SKIP() << "sanitizers have their own malloc";
    }
    app::AppStage stage(small_config());
    packet::ReasonCounters counters{};
    const std::string client =
        "POST /%2e/x HTTP/1.1\r\nHost: A\r\nA: b\r\n c\r\nA: d\r\nTransfer-Encoding: "
        "chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    const std::string server = "HTTP/1.1 200 OK\r\nSet-Cookie: x\r\nContent-Length: 3\r\n\r\nabc";
    std::size_t points = 0;
    LoneFlow memory;
    const AllocGuard guard;
    for (int round = 0; round < 100; ++round) {
        flow::Flow& flow = memory.renew();
        for (const Direction d : {kClient, kServer}) {
            const std::string& text = d == kClient ? client : server;
            for (std::size_t end = 1; end <= text.size(); ++end) {
                stream::StreamChunk chunk;
                chunk.flow = &flow;
                chunk.direction = d;
                chunk.window = Bytes(reinterpret_cast<const std::uint8_t*>(text.data()), end);
                chunk.fresh = 1;
                stage.begin(chunk, counters);
                app::InspectionPoint point;
                while (stage.next(point)) {
                    ++points;
                }
            }
        }
        stage.release(flow);
    }
    EXPECT_EQ(guard.allocations(), 0u);
    EXPECT_GT(points, 400u);
}

}  // namespace
}  // namespace sluice::test
