// SPDX-License-Identifier: Apache-2.0
// What becomes of single segments: delivery, order, overlaps, windows.
#include "dataplane/stream/stream_stage.h"

#include "tests/support/alloc_guard.h"
#include "tests/support/tcp_conversation.h"
#include "tests/support/test_batch.h"
#include "tests/unit/stream/small_config.h"

#include <gtest/gtest.h>

namespace sluice::stream {
namespace {

using packet::Reason;
using test::Segment;
using test::small_config;
using test::TcpConversation;

constexpr auto kServer = Direction::kToServer;
constexpr auto kClient = Direction::kToClient;

class StreamStageTest : public testing::TestWithParam<bool> {
  protected:
    StreamStageTest() {
        config.inline_mode = GetParam();
        reset();
    }

    void reset() {
        stage = std::make_unique<StreamStage>(config);
        tcp = std::make_unique<TcpConversation>(*stage, config);
    }

    bool is_inline() const { return GetParam(); }

    // The client's bytes [offset, offset + text.size()).
    test::SegmentResult client(std::uint32_t offset, std::string_view text,
                               std::uint8_t flags = packet::kTcpAck) {
        return tcp->send({.seq = 1001 + offset, .ack = 5001, .flags = flags, .payload = text});
    }

    test::SegmentResult server_acks(std::uint32_t offset) {
        return tcp->send({.direction = kClient, .seq = 5001, .ack = 1001 + offset});
    }

    StreamConfig config = small_config();
    std::unique_ptr<StreamStage> stage;
    std::unique_ptr<TcpConversation> tcp;
};

INSTANTIATE_TEST_SUITE_P(Modes, StreamStageTest, testing::Values(true, false),
                         [](const auto& mode) { return mode.param ? "Inline" : "Tap"; });

TEST_P(StreamStageTest, InOrderBytesComeOnceWithHistory) {
    tcp->handshake();
    EXPECT_EQ(client(0, "GET ").fresh, "GET ");
    EXPECT_EQ(client(4, "/ HTTP").fresh, "/ HTTP");
    EXPECT_EQ(tcp->delivered(kServer), "GET / HTTP");
    EXPECT_EQ(stage->stats().bytes_inspected, 10U);
}

TEST_P(StreamStageTest, FillingAHoleDeliversWhatWasHeldBeforeTheSegmentIsSent) {
    tcp->handshake();
    EXPECT_EQ(client(4, "EFGH").chunks, 0U);
    EXPECT_EQ(client(12, "MN").chunks, 0U);
    EXPECT_EQ(client(8, "IJKL").chunks, 0U);
    const auto r = client(0, "ABCD");
    EXPECT_EQ(r.fresh, "ABCDEFGHIJKLMN");
    EXPECT_FALSE(r.packet.dropped());
    EXPECT_EQ(stage->stats().ooo_segments, 3U);
    EXPECT_EQ(stage->stats().held_bytes, 0U);
}

TEST_P(StreamStageTest, EqualRetransmissionIsForwardedAndNotInspectedAgain) {
    tcp->handshake();
    client(0, "ABCDEFGH");
    const auto r = client(0, "ABCDEFGH");
    EXPECT_EQ(r.chunks, 0U);
    EXPECT_FALSE(r.packet.dropped());
    EXPECT_EQ(client(4, "EFGHIJ").fresh, "IJ");
    EXPECT_EQ(stage->stats().bytes_retransmitted, 12U);
}

TEST_P(StreamStageTest, DifferingRetransmissionIsRefused) {
    tcp->handshake();
    client(0, "ABCDEFGH");
    const auto r = client(4, "EvilIJ");
    EXPECT_EQ(r.packet.dropped(), is_inline());
    EXPECT_EQ(tcp->count(Reason::tcp_overlap_differs), 1U);
    // A tap takes what is new: the first copy of the rest stands.
    EXPECT_EQ(r.fresh, is_inline() ? "" : "IJ");
    EXPECT_EQ(tcp->delivered(kServer).substr(0, 8), "ABCDEFGH");
}

TEST_P(StreamStageTest, DifferingOverlapWithAHeldCopyIsRefused) {
    tcp->handshake();
    client(4, "EFGH");
    EXPECT_EQ(client(0, "ABCDEvil").packet.dropped(), is_inline());
    EXPECT_EQ(client(6, "XX").packet.dropped(), is_inline());
    client(0, "ABCD");
    EXPECT_EQ(tcp->delivered(kServer), "ABCDEFGH");
    EXPECT_EQ(stage->stats().overlaps_differ, 2U);
}

TEST_P(StreamStageTest, KeepAliveWithAGarbageByteIsForwarded) {
    tcp->handshake();
    client(0, "ABCD");
    server_acks(4);
    const auto r = client(3, "\x7f");
    EXPECT_FALSE(r.packet.dropped());
    EXPECT_EQ(r.chunks, 0U);
    EXPECT_EQ(tcp->count(Reason::tcp_overlap_differs), 0U);
}

TEST_P(StreamStageTest, UnacknowledgedLastByteMayNotChange) {
    tcp->handshake();
    client(0, "ABCD");
    EXPECT_EQ(client(3, "X").packet.dropped(), is_inline());
    EXPECT_EQ(tcp->count(Reason::tcp_overlap_differs), 1U);
}

TEST_P(StreamStageTest, ZeroWindowProbeIsDelivered) {
    tcp->handshake();
    client(0, "ABCD");
    tcp->send({.direction = kClient, .seq = 5001, .ack = 1005, .window = 0});
    const auto r = client(4, "E");
    EXPECT_FALSE(r.packet.dropped());
    EXPECT_EQ(r.fresh, "E");
}

TEST_P(StreamStageTest, BytesFarBeyondTheWindowAreRefused) {
    tcp->handshake();
    const auto r = client(65535 + config.window_slack + 1, "X");
    EXPECT_EQ(r.packet.dropped(), is_inline());
    EXPECT_EQ(tcp->count(Reason::tcp_out_of_window), 1U);
    EXPECT_EQ(stage->stats().held_bytes, 0U);
    EXPECT_EQ(client(65535, "X").packet.dropped(), false);
}

TEST_P(StreamStageTest, WindowScalingWidensTheWindow) {
    tcp->handshake(7);
    tcp->send({.direction = kClient, .seq = 5001, .ack = 1001, .window = 4096});  // 512 KiB
    EXPECT_FALSE(client(500'000, "X").packet.dropped());
    EXPECT_EQ(client(700'000, "X").packet.dropped(), is_inline());
}

// Inline before the server gets it; a tap waits for the server's word.
TEST_P(StreamStageTest, DataInTheSynIsInspected) {
    const auto syn = tcp->send({.seq = 1000, .flags = packet::kTcpSyn, .payload = "early"});
    EXPECT_EQ(syn.fresh, is_inline() ? "early" : "");
    const auto answer = tcp->send({.direction = kClient,
                                   .seq = 5000,
                                   .ack = 1006,
                                   .flags = packet::kTcpSyn | packet::kTcpAck});
    EXPECT_EQ(answer.fresh, is_inline() ? "" : "early");
    tcp->send({.seq = 1006, .ack = 5001});
    EXPECT_EQ(client(5, " data").fresh, " data");
    EXPECT_EQ(tcp->flow.state, flow::FlowState::kEstablished);
    EXPECT_EQ(tcp->count(Reason::tcp_syn_data), 1U);
}

// A server without Fast Open throws the data of a SYN away: garbage there must not hide what comes
// in its place.
TEST_P(StreamStageTest, DataInTheSynThatIsNotAcknowledged) {
    tcp->send({.seq = 1000, .flags = packet::kTcpSyn, .payload = "early"});
    tcp->send({.direction = kClient,
               .seq = 5000,
               .ack = 1001,
               .flags = packet::kTcpSyn | packet::kTcpAck});
    tcp->send({.seq = 1001, .ack = 5001});
    const auto other = client(0, "other");
    EXPECT_EQ(other.packet.dropped(), is_inline());
    EXPECT_EQ(other.fresh, is_inline() ? "" : "other");
    EXPECT_EQ(tcp->count(Reason::tcp_overlap_differs), is_inline() ? 1U : 0U);
    const auto again = client(0, is_inline() ? "early" : "other");
    EXPECT_FALSE(again.packet.dropped());
    EXPECT_EQ(again.fresh, "");
    EXPECT_EQ(stage->stats().held_bytes, 0U);
}

TEST_P(StreamStageTest, AcknowledgedHoleIsSkippedWithAGap) {
    tcp->handshake();
    client(0, "AB");
    client(6, "GH");
    EXPECT_EQ(server_acks(2).chunks, 0U);
    const auto r = server_acks(8);
    EXPECT_EQ(r.fresh, "GH");
    EXPECT_EQ(r.gaps, 1U);
    EXPECT_EQ(tcp->count(Reason::tcp_gap), 1U);
    EXPECT_EQ(stage->stats().gap_bytes, 4U);
    EXPECT_EQ(client(8, "IJ").fresh, "IJ");
}

TEST_P(StreamStageTest, AcknowledgedButUnseenBytesAreStillDeliveredWhenTheyCome) {
    tcp->handshake();
    server_acks(4);  // a tap may show the ACK first
    const auto r = client(0, "ABCD");
    EXPECT_EQ(r.fresh, "ABCD");
    EXPECT_EQ(r.gaps, 0U);
}

TEST_P(StreamStageTest, SegmentAfterAnAcknowledgedHoleRestarts) {
    tcp->handshake();
    server_acks(100);
    const auto r = client(100, "XYZ");
    EXPECT_EQ(r.fresh, "XYZ");
    EXPECT_EQ(r.gaps, 1U);
}

TEST_P(StreamStageTest, LargestSegmentComesInPiecesWithFullHistory) {
    tcp->handshake(7);
    std::string big;
    while (big.size() < 65000) {
        big += std::to_string(big.size()) + ' ';
    }
    big.resize(65000);
    const auto r = client(0, big);
    EXPECT_EQ(r.fresh, big);
    EXPECT_EQ(r.chunks, 4U);
}

TEST_P(StreamStageTest, LongStreamKeepsItsWindow) {
    tcp->handshake(7);
    std::uint32_t at = 0;
    for (int i = 0; i < 400; ++i) {
        const std::string piece(1 + static_cast<std::size_t>(i) * 37 % 1460,
                                static_cast<char>('a' + i % 26));
        ASSERT_EQ(client(at, piece).fresh, piece);  // history is checked by TcpConversation
        at += static_cast<std::uint32_t>(piece.size());
        server_acks(at);
    }
}

TEST_P(StreamStageTest, DataWithoutAckFlagIsRefused) {
    tcp->handshake();
    const auto r = client(0, "ABCD", packet::kTcpPsh);
    EXPECT_EQ(r.packet.dropped(), is_inline());
    EXPECT_EQ(r.chunks, 0U);
    EXPECT_EQ(tcp->count(Reason::tcp_bad_flags), 1U);
}

TEST_P(StreamStageTest, BlockedAndTrustedFlowsGiveTheirMemoryBack) {
    tcp->handshake();
    client(0, "ABCD");
    client(8, "IJ");
    tcp->flow.verdict = flow::FlowVerdict::kPass;
    EXPECT_EQ(client(4, "EFGH").chunks, 0U);
    EXPECT_EQ(stage->stats().bytes_uninspected, 4U);
    EXPECT_EQ(stage->stats().streams, 0U);
    EXPECT_EQ(stage->stats().held_bytes, 0U);
}

TEST_P(StreamStageTest, OtherPacketsAreLeftAlone) {
    packet::Packet p;
    StreamChunk c;
    stage->begin(p, {}, tcp->counters);
    EXPECT_FALSE(stage->next(c));
    p.flow = &tcp->flow;
    p.ip_proto = packet::kProtoUdp;
    stage->begin(p, {}, tcp->counters);
    EXPECT_FALSE(stage->next(c));
}

TEST_P(StreamStageTest, NothingIsAllocatedAfterConstruction) {
    if (!test::AllocGuard::supported()) {
        GTEST_SKIP() << "sanitizers have their own heap";
    }
    std::vector<std::uint8_t> bytes(1460, 'x');
    packet::Packet p;
    packet::Packet ack;
    ack.ip_proto = packet::kProtoTcp;
    ack.direction = kClient;
    ack.flow = &tcp->flow;
    ack.tcp.seq = SeqNum(5001);
    ack.tcp.flags = packet::kTcpAck;
    ack.tcp.window = 65535;
    p.data = bytes.data();
    p.ip_proto = packet::kProtoTcp;
    p.tcp.flags = packet::kTcpAck;
    p.tcp.window = 65535;
    p.payload_len = 1460;
    tcp->handshake(7);
    p.flow = &tcp->flow;
    test::AllocGuard guard;
    StreamChunk c;
    std::uint64_t fresh = 0;
    for (std::uint32_t i = 0; i < 300; ++i) {
        const std::uint32_t k = i ^ 1U;  // pairs swapped
        p.tcp.seq = SeqNum(1001 + k * 1460);
        stage->begin(p, {}, tcp->counters);
        while (stage->next(c)) {
            fresh += c.fresh;
        }
        ack.tcp.ack = tcp->flow.half[0].next;
        stage->begin(ack, {}, tcp->counters);
    }
    EXPECT_EQ(guard.allocations(), 0U);
    EXPECT_EQ(fresh, 300U * 1460U);
}

}  // namespace
}  // namespace sluice::stream
