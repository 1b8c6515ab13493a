// SPDX-License-Identifier: Apache-2.0
// Segments by which one tries to be understood differently by us and by the receiver: old
// timestamps, probes, one direction only, half-open floods; and what trusting a flow means. Every
// counter of a step is compared.
#include "tests/support/counter_delta.h"
#include "tests/support/tcp_conversation.h"
#include "tests/unit/stream/small_config.h"

#include <gtest/gtest.h>

#include <memory>

namespace sluice::stream {
namespace {

using packet::ExceptionPolicy;
using packet::kTcpAck;
using packet::kTcpRst;
using packet::kTcpSyn;
using packet::Reason;
using test::CounterDelta;
using test::small_config;
using test::TcpConversation;

constexpr auto kClient = Direction::kToClient;
constexpr std::uint8_t kSynAck = kTcpSyn | kTcpAck;

class TcpEvasionTest : public testing::Test {
  protected:
    TcpEvasionTest() { make(); }

    void make() {
        stage = std::make_unique<StreamStage>(config);
        tcp = std::make_unique<TcpConversation>(*stage, config);
    }

    void open(std::optional<std::uint32_t> client_ts, std::optional<std::uint32_t> server_ts) {
        tcp->send({.seq = 1000, .flags = kTcpSyn, .ts = client_ts});
        tcp->send(
            {.direction = kClient, .seq = 5000, .ack = 1001, .flags = kSynAck, .ts = server_ts});
        tcp->send({.seq = 1001, .ack = 5001, .ts = client_ts});
    }

    test::SegmentResult client(std::uint32_t seq, std::string_view text,
                               std::optional<std::uint32_t> ts) {
        return tcp->send({.seq = seq, .ack = 5001, .payload = text, .ts = ts});
    }

    void server_acks(std::uint32_t ack, std::uint32_t ts = 900) {
        tcp->send({.direction = kClient, .seq = 5001, .ack = ack, .ts = ts});
    }

    StreamConfig config = small_config();
    std::unique_ptr<StreamStage> stage;
    std::unique_ptr<TcpConversation> tcp;
};

TEST_F(TcpEvasionTest, AnOlderTimestampAtTheLeftEdgeIsRefused) {
    open(100, 900);
    EXPECT_EQ(client(1001, "abc", 101).fresh, "abc");
    server_acks(1004);
    CounterDelta delta(tcp->counters);
    const auto old = client(1004, "EVIL", 50);
    EXPECT_TRUE(old.packet.dropped());
    EXPECT_EQ(old.packet.reason, Reason::tcp_old_timestamp);
    EXPECT_EQ(old.fresh, "");
    EXPECT_EQ(delta.difference({{Reason::tcp_old_timestamp, 1}}), "");
    EXPECT_EQ(client(1004, "good", 101).fresh, "good");
    EXPECT_EQ(delta.difference({{Reason::tcp_old_timestamp, 1}}), "");
}

TEST_F(TcpEvasionTest, ATapDoesNotBelieveAnOlderTimestamp) {
    config.inline_mode = false;
    make();
    open(100, 900);
    const auto old = client(1001, "EVIL", 50);
    EXPECT_FALSE(old.packet.dropped());
    EXPECT_EQ(old.fresh, "");
    EXPECT_EQ(client(1001, "good", 100).fresh, "good");
    EXPECT_EQ(tcp->count(Reason::tcp_overlap_differs), 0U);
}

TEST_F(TcpEvasionTest, SegmentsThatOvertakeEachOtherAreNotHarmed) {
    open(100, 900);
    CounterDelta delta(tcp->counters);
    EXPECT_FALSE(client(1004, "def", 103).packet.dropped());  // beyond the left edge
    EXPECT_EQ(client(1001, "abc", 101).fresh, "abcdef");
    server_acks(1007, 905);
    server_acks(1004, 903);  // a late pure ACK
    EXPECT_EQ(delta.difference({}), "");
}

TEST_F(TcpEvasionTest, TimestampsWrap) {
    open(0xffffffff, 900);
    EXPECT_EQ(client(1001, "abc", 5).fresh, "abc");
    EXPECT_TRUE(client(1004, "d", 0xfffffff0).packet.dropped());
}

TEST_F(TcpEvasionTest, TimestampsExpireAfter24Days) {
    open(0x90000000, 900);
    tcp->now = tcp->now + seconds(23 * 86400);
    EXPECT_TRUE(client(1001, "abc", 5).packet.dropped() == false);  // half the space ahead: newer
    EXPECT_TRUE(client(1004, "d", 0x90000001).packet.dropped());
    tcp->now = tcp->now + seconds(25 * 86400);
    EXPECT_EQ(client(1004, "d", 0x90000001).fresh, "d");
}

TEST_F(TcpEvasionTest, TimestampsCountOnlyWhenBothSidesOfferedThem) {
    for (const bool client_offers : {true, false}) {
        SCOPED_TRACE(client_offers);
        make();
        open(client_offers ? std::optional<std::uint32_t>(100) : std::nullopt,
             client_offers ? std::nullopt : std::optional<std::uint32_t>(900));
        EXPECT_EQ(client(1001, "abc", 50).fresh, "abc");
        EXPECT_EQ(tcp->count(Reason::tcp_old_timestamp), 0U);
    }
}

TEST_F(TcpEvasionTest, TimestampsOfAConnectionFoundInTheMiddle) {
    client(1001, "abc", 100);
    server_acks(1004);
    EXPECT_EQ(client(1004, "def", 101).fresh, "def");
    EXPECT_TRUE(client(1007, "EVIL", 90).packet.dropped());
}

TEST_F(TcpEvasionTest, PawsCanBeSwitchedOff) {
    config.normalize.timestamps = false;
    make();
    open(100, 900);
    EXPECT_EQ(client(1001, "abc", 50).fresh, "abc");
}

TEST_F(TcpEvasionTest, AResetNeedsNoTimestamp) {
    open(100, 900);
    CounterDelta delta(tcp->counters);
    const auto r = tcp->send({.seq = 1001, .flags = kTcpRst, .payload = "data", .ts = 1});
    EXPECT_FALSE(r.packet.dropped());
    EXPECT_FALSE(r.packet.reassembled);
    EXPECT_EQ(r.fresh, "");
    EXPECT_EQ(delta.difference({{Reason::tcp_rst_data, 1}}), "");
}

TEST_F(TcpEvasionTest, AKeepAliveIsCountedAndForwarded) {
    tcp->handshake();
    client(1001, "abc", {});
    server_acks(1004);
    CounterDelta delta(tcp->counters);
    EXPECT_FALSE(client(1003, "", {}).packet.dropped());
    EXPECT_EQ(delta.difference({{Reason::tcp_keepalive, 1}}), "");
    const auto garbage = client(1003, "\x7f", {});
    EXPECT_FALSE(garbage.packet.dropped());
    EXPECT_EQ(garbage.fresh, "");
    EXPECT_EQ(delta.difference({{Reason::tcp_keepalive, 2}}), "");
}

TEST_F(TcpEvasionTest, AWindowProbeIsCountedAndInspected) {
    tcp->handshake();
    client(1001, "abc", {});
    tcp->send({.direction = kClient, .seq = 5001, .ack = 1004, .window = 0});
    CounterDelta delta(tcp->counters);
    EXPECT_EQ(client(1004, "d", {}).fresh, "d");
    EXPECT_EQ(delta.difference({{Reason::tcp_window_probe, 1}}), "");
}

TEST_F(TcpEvasionTest, BytesInFlightSurviveAShrinkingWindow) {
    tcp->handshake();
    tcp->send({.direction = kClient, .seq = 5001, .ack = 1001, .window = 10});
    EXPECT_EQ(client(1001, std::string(1400, 'x'), {}).fresh.size(), 1400U);
    EXPECT_FALSE(client(2401, std::string(1400, 'y'), {}).packet.dropped());
}

TEST_F(TcpEvasionTest, OneDirectionOnlyIsInspectedAndToldOnce) {
    for (const Direction d : {Direction::kToServer, kClient}) {
        SCOPED_TRACE(index_of(d));
        make();
        const bool from_client = d == Direction::kToServer;
        const std::uint32_t base = from_client ? 1001 : 5001;
        const std::uint32_t ack = from_client ? 5001 : 1001;
        tcp->send({.direction = d,
                   .seq = base - 1,
                   .ack = from_client ? 0U : ack,
                   .flags = from_client ? kTcpSyn : kSynAck});
        std::string sent;
        for (std::uint32_t i = 0; i < 40; ++i) {
            tcp->send({.direction = d, .seq = base + i, .ack = ack, .payload = "x"});
            sent += "x";
        }
        EXPECT_EQ(tcp->delivered(d), sent);
        EXPECT_EQ(tcp->count(Reason::tcp_asymmetric), 1U);
        EXPECT_EQ(tcp->count(Reason::tcp_midstream), 1U);
    }
}

TEST_F(TcpEvasionTest, OnlyAcknowledgementsOneWayAreAsymmetricToo) {
    tcp->send({.seq = 1000, .flags = kTcpSyn});
    for (std::uint32_t i = 0; i < 40; ++i) {
        tcp->send({.seq = 1001, .ack = 5001 + i * 1000});
    }
    EXPECT_EQ(tcp->count(Reason::tcp_asymmetric), 1U);
}

TEST_F(TcpEvasionTest, BothDirectionsOfASplitHandshakeAreInspected) {
    tcp->send({.seq = 1000, .flags = kTcpSyn});
    tcp->send({.direction = kClient, .seq = 31337, .ack = 1001});
    tcp->send({.direction = kClient, .seq = 5000, .flags = kTcpSyn});
    tcp->send({.seq = 1000, .ack = 5001, .flags = kSynAck});
    CounterDelta delta(tcp->counters);
    const auto answer =
        tcp->send({.direction = kClient, .seq = 5001, .ack = 1001, .payload = "server"});
    EXPECT_EQ(answer.fresh, "server");
    EXPECT_EQ(delta.difference({{Reason::tcp_split_handshake, 1}}), "");
    EXPECT_EQ(client(1001, "client", {}).fresh, "client");
    EXPECT_EQ(delta.difference({{Reason::tcp_split_handshake, 1}}), "");
}

TEST_F(TcpEvasionTest, HalfOpenConnectionsTakeNoStream) {
    for (int i = 0; i < 10; ++i) {
        make();
        tcp->send({.seq = 1000, .flags = kTcpSyn});
        EXPECT_EQ(stage->stats().streams, 0U);
        EXPECT_EQ(stage->stats().held_bytes, 0U);
    }
}

TEST_F(TcpEvasionTest, BypassOfAFullCopyStoreTrustsTheFlow) {
    config.copy_store_bytes = 1;
    config.exceptions.set(packet::ExceptionCause::copy_store, ExceptionPolicy::kBypass);
    make();
    tcp->handshake();
    CounterDelta delta(tcp->counters);
    EXPECT_FALSE(client(1004, "def", {}).packet.dropped());
    EXPECT_EQ(delta.difference({{Reason::tcp_copy_store_full, 1}, {Reason::exception_bypass, 1}}),
              "");
    EXPECT_EQ(tcp->flow.verdict, flow::FlowVerdict::kPass);
    EXPECT_EQ(client(1001, "abc", {}).fresh, "");
    EXPECT_EQ(stage->stats().bytes_uninspected, 6U);
    EXPECT_EQ(stage->stats().streams, 0U);
}

TEST_F(TcpEvasionTest, BypassWithoutAWindowTrustsTheFlow) {
    config.max_streams = 1;
    config.exceptions.set(packet::ExceptionCause::window_full, ExceptionPolicy::kBypass);
    make();
    tcp->handshake();
    client(1001, "abc", {});
    TcpConversation other(*stage, config);
    other.handshake();
    CounterDelta delta(other.counters);
    EXPECT_FALSE(other.send({.seq = 1001, .ack = 5001, .payload = "second"}).packet.dropped());
    EXPECT_EQ(delta.difference({{Reason::stream_window_full, 1}, {Reason::exception_bypass, 1}}),
              "");
    EXPECT_EQ(other.flow.verdict, flow::FlowVerdict::kPass);
    EXPECT_EQ(stage->stats().bytes_uninspected, 6U);
    EXPECT_EQ(tcp->flow.verdict, flow::FlowVerdict::kInspect);
}

}  // namespace
}  // namespace sluice::stream
