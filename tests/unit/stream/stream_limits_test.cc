// SPDX-License-Identifier: Apache-2.0
// What happens when memory is short: every limit has a policy and a counter.
#include "tests/support/tcp_conversation.h"
#include "tests/unit/stream/small_config.h"

#include <gtest/gtest.h>

#include <deque>

namespace sluice::stream {
namespace {

using packet::ExceptionPolicy;
using packet::Reason;
using test::small_config;
using test::TcpConversation;

constexpr auto kClient = Direction::kToClient;

struct Stage {
    explicit Stage(const StreamConfig& c) : config(c), stage(c) {}

    TcpConversation& open() {
        TcpConversation& t = flows.emplace_back(stage, config);
        t.expect_full_history = false;
        t.handshake(7);
        return t;
    }

    StreamConfig config;
    StreamStage stage;
    std::deque<TcpConversation> flows;
};

TEST(StreamLimits, CopyStoreFullPasses) {
    StreamConfig c = small_config();
    c.copy_store_bytes = 2;
    Stage s(c);
    TcpConversation& t = s.open();
    t.send({.seq = 1003, .ack = 5001, .payload = "c"});
    t.send({.seq = 1005, .ack = 5001, .payload = "e"});
    const auto r = t.send({.seq = 1007, .ack = 5001, .payload = "g"});
    EXPECT_FALSE(r.packet.dropped());
    EXPECT_EQ(t.count(Reason::tcp_copy_store_full), 1U);
    EXPECT_EQ(s.stage.stats().bytes_uninspected, 1U);
    EXPECT_EQ(t.send({.seq = 1001, .ack = 5001, .payload = "abcdef"}).fresh, "abcdef");
}

// Else a sender could leave a hole, fill its share, and send the rest past inspection.
TEST(StreamLimits, AStreamAtItsOwnLimitMustSendAgain) {
    for (const bool by_bytes : {false, true}) {
        StreamConfig c = small_config();
        if (by_bytes) {
            c.max_held_bytes_per_stream = 2;
        } else {
            c.max_held_per_stream = 2;
        }
        Stage s(c);
        TcpConversation& t = s.open();
        t.send({.seq = 1003, .ack = 5001, .payload = "c"});
        t.send({.seq = 1005, .ack = 5001, .payload = "e"});
        const auto r = t.send({.seq = 1007, .ack = 5001, .payload = "g"});
        EXPECT_EQ(r.packet.reason, Reason::tcp_copy_store_full);
        EXPECT_TRUE(r.packet.dropped());
        EXPECT_EQ(s.stage.stats().bytes_uninspected, 0U);
        EXPECT_EQ(t.send({.seq = 1001, .ack = 5001, .payload = "abcdef"}).fresh, "abcdef");
        EXPECT_EQ(t.send({.seq = 1007, .ack = 5001, .payload = "g"}).fresh, "g");
    }
}

TEST(StreamLimits, CopyStoreFullDrops) {
    StreamConfig c = small_config();
    c.copy_store_bytes = 1;
    c.exceptions.set(packet::ExceptionCause::copy_store, ExceptionPolicy::kDrop);
    Stage s(c);
    TcpConversation& t = s.open();
    const auto r = t.send({.seq = 1003, .ack = 5001, .payload = "cd"});
    EXPECT_TRUE(r.packet.dropped());
    EXPECT_EQ(r.packet.reason, Reason::tcp_copy_store_full);
    EXPECT_EQ(s.stage.stats().bytes_uninspected, 0U);
}

TEST(StreamLimits, TapGoesOnAfterTheHoleWhenTheCopyStoreIsFull) {
    StreamConfig c = small_config();
    c.inline_mode = false;
    c.max_held_per_stream = 2;
    Stage s(c);
    TcpConversation& t = s.open();
    t.send({.seq = 1003, .ack = 5001, .payload = "c"});
    t.send({.seq = 1005, .ack = 5001, .payload = "e"});
    const auto r = t.send({.seq = 1007, .ack = 5001, .payload = "g"});
    EXPECT_EQ(r.fresh, "ceg");
    EXPECT_EQ(r.gaps, 3U);
    EXPECT_EQ(t.count(Reason::tcp_copy_store_full), 0U);
}

TEST(StreamLimits, NoStreamLeftPassesUninspected) {
    StreamConfig c = small_config();
    c.max_streams = 1;
    Stage s(c);
    TcpConversation& a = s.open();
    a.send({.seq = 1001, .ack = 5001, .payload = "first"});
    TcpConversation& b = s.open();
    const auto r = b.send({.seq = 1001, .ack = 5001, .payload = "second"});
    EXPECT_FALSE(r.packet.dropped());
    EXPECT_EQ(r.chunks, 0U);
    EXPECT_TRUE(b.flow.half[0].broken);
    EXPECT_EQ(b.count(Reason::stream_window_full), 1U);
    EXPECT_EQ(s.stage.stats().bytes_uninspected, 6U);
    b.send({.seq = 1007, .ack = 5001, .payload = "more"});
    EXPECT_EQ(s.stage.stats().bytes_uninspected, 10U);
    EXPECT_EQ(b.count(Reason::stream_window_full), 1U);
    b.send({.seq = 1011, .ack = 5001, .flags = packet::kTcpFin | packet::kTcpAck});
    b.send({.direction = kClient,
            .seq = 5001,
            .ack = 1012,
            .flags = packet::kTcpFin | packet::kTcpAck});
    EXPECT_EQ(b.flow.state, flow::FlowState::kClosed);
}

TEST(StreamLimits, NoStreamLeftDropsUntilThereIsRoom) {
    StreamConfig c = small_config();
    c.max_streams = 1;
    c.exceptions.set(packet::ExceptionCause::window_full, ExceptionPolicy::kDrop);
    Stage s(c);
    TcpConversation& a = s.open();
    a.send({.seq = 1001, .ack = 5001, .payload = "first"});
    TcpConversation& b = s.open();
    EXPECT_TRUE(b.send({.seq = 1001, .ack = 5001, .payload = "second"}).packet.dropped());
    EXPECT_FALSE(b.flow.half[0].broken);
    s.stage.release(a.flow);
    EXPECT_EQ(b.send({.seq = 1001, .ack = 5001, .payload = "second"}).fresh, "second");
}

// What the receiver acknowledged is not sent again: fail-closed, the connection ends there.
TEST(StreamLimits, HeldBytesThatFindNoWindowDropTheConnection) {
    for (const ExceptionPolicy policy : {ExceptionPolicy::kPass, ExceptionPolicy::kDrop}) {
        StreamConfig c = small_config();
        c.arena_bytes = std::size_t{64} << 10;
        c.max_streams = 1U << 16U;
        c.exceptions.set(packet::ExceptionCause::window_full, policy);
        Stage s(c);
        TcpConversation& held = s.open();
        held.send({.seq = 1003, .ack = 5001, .payload = "cd"});
        bool full = false;
        for (int i = 0; i < 20000 && !full; ++i) {
            TcpConversation& t = s.open();
            t.send({.seq = 1001, .ack = 5001, .payload = "takes the memory"});
            full = t.count(Reason::stream_window_full) != 0;
        }
        ASSERT_TRUE(full);
        const auto r = held.send({.direction = kClient, .seq = 5001, .ack = 1005});
        EXPECT_EQ(held.count(Reason::stream_window_full), 1U);
        const bool drop = policy == ExceptionPolicy::kDrop;
        EXPECT_EQ(r.packet.dropped(), drop);
        EXPECT_EQ(held.flow.verdict, drop ? flow::FlowVerdict::kDrop : flow::FlowVerdict::kInspect);
        EXPECT_EQ(held.flow.half[0].broken, !drop);
    }
}

constexpr std::uint32_t kSynDataFlows = 64;  // a sixteenth of small_config()'s streams

void fill_syn_data(Stage& s) {
    for (std::uint32_t i = 0; i < kSynDataFlows; ++i) {
        TcpConversation& t = s.flows.emplace_back(s.stage, s.config);
        EXPECT_FALSE(
            t.send({.seq = 1000, .flags = packet::kTcpSyn, .payload = "GET /"}).packet.dropped());
    }
    EXPECT_EQ(s.stage.stats().syn_data_flows, kSynDataFlows);
    EXPECT_EQ(s.stage.stats().streams, kSynDataFlows);
}

// A flood of SYNs with data must leave the memory to open connections; an honest client sends its
// SYN again without the data.
TEST(StreamLimits, SynDataGetASmallShareAndAreDroppedBeyondIt) {
    Stage s(small_config());
    fill_syn_data(s);
    TcpConversation& late = s.flows.emplace_back(s.stage, s.config);
    const auto r = late.send({.seq = 1000, .flags = packet::kTcpSyn, .payload = "GET /"});
    EXPECT_TRUE(r.packet.dropped());
    EXPECT_EQ(r.packet.reason, Reason::tcp_syn_data_full);
    EXPECT_EQ(late.count(Reason::tcp_syn_data_full), 1U);
    EXPECT_EQ(s.stage.stats().streams, kSynDataFlows);
    EXPECT_EQ(s.stage.stats().bytes_uninspected, 0U);
    late.handshake();
    EXPECT_EQ(late.send({.seq = 1001, .ack = 5001, .payload = "GET /"}).fresh, "GET /");
}

TEST(StreamLimits, SynDataLeaveTheirShareWhenTheConnectionOpensOrEnds) {
    Stage s(small_config());
    fill_syn_data(s);
    TcpConversation& opens = s.flows[0];
    opens.send({.direction = kClient,
                .seq = 5000,
                .ack = 1006,
                .flags = packet::kTcpSyn | packet::kTcpAck});
    EXPECT_EQ(s.stage.stats().syn_data_flows, kSynDataFlows);
    opens.send({.seq = 1006, .ack = 5001});
    EXPECT_EQ(s.stage.stats().syn_data_flows, kSynDataFlows - 1);
    s.flows[1].send(
        {.direction = kClient, .ack = 1006, .flags = packet::kTcpRst | packet::kTcpAck});
    EXPECT_EQ(s.stage.stats().syn_data_flows, kSynDataFlows - 2);
    for (TcpConversation& t : s.flows) {
        s.stage.release(t.flow);
    }
    EXPECT_EQ(s.stage.stats().syn_data_flows, 0U);
    EXPECT_EQ(s.stage.stats().streams, 0U);
}

// However they are sent: at once, or more with each SYN.
TEST(StreamLimits, OneSynHasNoMoreThanTwoKilobytes) {
    Stage s(small_config());
    TcpConversation& t = s.flows.emplace_back(s.stage, s.config);
    const std::string most(2048, 'x');
    EXPECT_EQ(t.send({.seq = 1000, .flags = packet::kTcpSyn, .payload = most}).fresh, most);
    const std::string more(2049, 'x');
    const auto r = t.send({.seq = 1000, .flags = packet::kTcpSyn, .payload = more});
    EXPECT_EQ(r.packet.reason, Reason::tcp_syn_data_full);
    EXPECT_EQ(r.fresh, "");
}

TEST(StreamLimits, ATapForwardsSynDataBeyondTheirShare) {
    StreamConfig c = small_config();
    c.inline_mode = false;
    Stage s(c);
    fill_syn_data(s);
    TcpConversation& late = s.flows.emplace_back(s.stage, s.config);
    const auto r = late.send({.seq = 1000, .flags = packet::kTcpSyn, .payload = "GET /"});
    EXPECT_FALSE(r.packet.dropped());
    EXPECT_EQ(late.count(Reason::tcp_syn_data_full), 1U);
    EXPECT_EQ(s.stage.stats().bytes_uninspected, 5U);
    EXPECT_EQ(s.stage.stats().streams, kSynDataFlows);
}

TEST(StreamLimits, IdleWindowsShrinkForOthers) {
    StreamConfig c = small_config();
    c.arena_bytes = 8 * 65536;
    Stage s(c);
    const std::string big(30'000, 'x');
    TcpConversation& first = s.open();
    first.send({.seq = 1001, .ack = 5001, .payload = big});
    first.send({.direction = kClient, .seq = 5001, .ack = 31001});
    std::uint64_t broken = 0;
    for (int i = 0; i < 60; ++i) {
        TcpConversation& t = s.open();
        t.now = seconds(2 + i);
        EXPECT_EQ(t.send({.seq = 1001, .ack = 5001, .payload = big}).fresh.size(), big.size());
        t.send({.direction = kClient, .seq = 5001, .ack = 31001});
        broken += t.flow.half[0].broken;
    }
    EXPECT_EQ(broken, 0U);
    EXPECT_GT(s.stage.stats().windows_reclaimed, 40U);
    // 63 bytes of history stayed: enough to find a pattern across the boundary.
    first.expect_full_history = false;
    first.now = seconds(100);
    EXPECT_EQ(first.send({.seq = 31001, .ack = 5001, .payload = "tail"}).fresh, "tail");
}

TEST(StreamLimits, ExhaustedArenaShortensHistoryBeforeItGivesUp) {
    StreamConfig c = small_config();
    c.arena_bytes = 1;  // six slabs
    Stage s(c);
    std::uint64_t delivered = 0;
    std::uint64_t sent = 0;
    for (int i = 0; i < 40; ++i) {
        TcpConversation& t = s.open();
        for (std::uint32_t k = 0; k < 20; ++k) {
            const std::string piece(1400, static_cast<char>('a' + k));
            delivered +=
                t.send({.seq = 1001 + k * 1400, .ack = 5001, .payload = piece}).fresh.size();
            sent += piece.size();
        }
    }
    const StreamStats& stats = s.stage.stats();
    EXPECT_GT(stats.history_shortened, 0U);
    EXPECT_EQ(stats.bytes_inspected, delivered);
    EXPECT_EQ(stats.bytes_inspected + stats.bytes_uninspected, sent);
    for (TcpConversation& t : s.flows) {
        s.stage.release(t.flow);
    }
    EXPECT_EQ(stats.streams, 0U);
}

TEST(SlabArena, GivesEveryBlockOnceAndTakesAllBack) {
    SlabArena arena(1 << 20);
    const std::uint32_t slabs = arena.free_slabs();
    for (const std::uint32_t size : SlabArena::kSizes) {
        std::vector<SlabArena::Block> blocks;
        for (SlabArena::Block b = arena.allocate(size); b.data != nullptr;
             b = arena.allocate(size)) {
            ASSERT_EQ(b.capacity, size);
            std::memset(b.data, static_cast<int>(blocks.size() & 0xff), size);
            blocks.push_back(b);
        }
        EXPECT_EQ(blocks.size(), std::size_t{slabs} * SlabArena::kSlabBytes / size);
        for (std::size_t i = 0; i < blocks.size(); ++i) {
            ASSERT_EQ(blocks[i].data[0], i & 0xff);
            ASSERT_EQ(blocks[i].data[size - 1], i & 0xff);
        }
        for (const auto& b : blocks) {
            arena.release(b.ref);
        }
        EXPECT_EQ(arena.free_slabs(), slabs);
    }
}

}  // namespace
}  // namespace sluice::stream
