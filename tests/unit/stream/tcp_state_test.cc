// SPDX-License-Identifier: Apache-2.0
// The life of a connection: handshake, midstream, FIN, RST, port reuse.
#include "dataplane/stream/tcp_tracker.h"
#include "tests/support/tcp_conversation.h"
#include "tests/unit/stream/small_config.h"

#include <gtest/gtest.h>

namespace sluice::stream {
namespace {

using flow::FlowState;
using packet::kTcpAck;
using packet::kTcpFin;
using packet::kTcpRst;
using packet::kTcpSyn;
using packet::Reason;
using test::Segment;
using test::small_config;
using test::TcpConversation;

constexpr auto kServer = Direction::kToServer;
constexpr auto kClient = Direction::kToClient;
constexpr std::uint8_t kSynAck = kTcpSyn | kTcpAck;
constexpr std::uint8_t kFinAck = kTcpFin | kTcpAck;

struct Step {
    Segment segment;
    TcpState state;  // after it
    FlowState flow_state;
    Reason reason = Reason::none;  // counted once by it
    bool dropped = false;          // inline
};

struct Case {
    const char* name;
    bool midstream;
    std::vector<Step> steps;
};

void PrintTo(const Case& c, std::ostream* out) {
    *out << c.name;
}

class TcpStateTest : public testing::TestWithParam<Case> {};

TEST_P(TcpStateTest, FollowsTheConnection) {
    StreamConfig config = small_config();
    config.midstream = GetParam().midstream;
    StreamStage stage(config);
    TcpConversation tcp(stage, config);
    int n = 0;
    for (const Step& step : GetParam().steps) {
        SCOPED_TRACE(++n);
        const packet::ReasonCounters before = tcp.counters;
        const auto r = tcp.send(step.segment);
        EXPECT_EQ(tcp_state(tcp.flow), step.state);
        EXPECT_EQ(tcp.flow.state, step.flow_state);
        EXPECT_EQ(r.packet.dropped(), step.dropped);
        for (std::size_t i = 0; i < packet::kReasonCount; ++i) {
            const bool expected =
                step.reason != Reason::none && i == static_cast<std::size_t>(step.reason);
            EXPECT_EQ(tcp.counters[i] - before[i], expected ? 1U : 0U) << packet::kReasons[i].name;
        }
    }
}

const Step kSyn = {{.seq = 1000, .flags = kTcpSyn}, TcpState::kSynSent, FlowState::kNew};
const Step kAnswer = {{.direction = kClient, .seq = 5000, .ack = 1001, .flags = kSynAck},
                      TcpState::kSynReceived,
                      FlowState::kNew};
const Step kThird = {{.seq = 1001, .ack = 5001}, TcpState::kEstablished, FlowState::kEstablished};

INSTANTIATE_TEST_SUITE_P(
    Cases, TcpStateTest,
    testing::Values(
        Case{"handshake", true, {kSyn, kAnswer, kThird}},
        Case{"handshake_repeated",
             true,
             {kSyn,
              kSyn,
              kAnswer,
              {{.seq = 1000, .flags = kTcpSyn}, TcpState::kSynReceived, FlowState::kNew},
              kAnswer,
              kThird,
              {{.direction = kClient, .seq = 5000, .ack = 1001, .flags = kSynAck},
               TcpState::kEstablished,
               FlowState::kEstablished}}},
        Case{"data_completes_handshake",
             true,
             {kSyn,
              kAnswer,
              {{.seq = 1001, .ack = 5001, .payload = "GET"},
               TcpState::kEstablished,
               FlowState::kEstablished}}},
        Case{"syn_ack_for_another_syn",
             true,
             {kSyn,
              {{.direction = kClient, .seq = 5000, .ack = 77, .flags = kSynAck},
               TcpState::kSynSent,
               FlowState::kNew,
               Reason::tcp_bad_ack,
               true}}},
        Case{"second_syn_ack_differs",
             true,
             {kSyn,
              kAnswer,
              {{.direction = kClient, .seq = 6000, .ack = 1001, .flags = kSynAck},
               TcpState::kSynReceived,
               FlowState::kNew,
               Reason::tcp_syn_differs,
               true}}},
        Case{"refused",
             true,
             {kSyn,
              {{.direction = kClient, .seq = 0, .ack = 1001, .flags = kTcpRst | kTcpAck},
               TcpState::kReset,
               FlowState::kClosed}}},
        Case{"forged_refusal",
             true,
             {kSyn,
              {{.direction = kClient, .seq = 0, .ack = 4711, .flags = kTcpRst | kTcpAck},
               TcpState::kSynSent,
               FlowState::kNew,
               Reason::tcp_invalid_rst,
               true}}},
        Case{"close",
             true,
             {kSyn,
              kAnswer,
              kThird,
              {{.seq = 1001, .ack = 5001, .flags = kFinAck},
               TcpState::kEstablished,
               FlowState::kEstablished},
              {{.direction = kClient, .seq = 5001, .ack = 1002, .flags = kFinAck},
               TcpState::kEstablished,
               FlowState::kClosed},
              {{.seq = 1002, .ack = 5002}, TcpState::kEstablished, FlowState::kClosed},
              {{.seq = 1002, .ack = 5002, .payload = "late"},
               TcpState::kEstablished,
               FlowState::kClosed,
               Reason::tcp_after_fin,
               true}}},
        Case{"fin_moves",
             true,
             {kSyn,
              kAnswer,
              kThird,
              {{.seq = 1011, .ack = 5001, .flags = kFinAck},
               TcpState::kEstablished,
               FlowState::kEstablished},
              {{.seq = 1005, .ack = 5001, .flags = kFinAck},
               TcpState::kEstablished,
               FlowState::kEstablished,
               Reason::tcp_overlap_differs,
               true},
              {{.seq = 1001, .ack = 5001, .payload = "0123456789+"},
               TcpState::kEstablished,
               FlowState::kEstablished,
               Reason::tcp_after_fin,
               true},
              {{.seq = 1001, .ack = 5001, .payload = "0123456789"},
               TcpState::kEstablished,
               FlowState::kEstablished}}},
        Case{"reset",
             true,
             {kSyn,
              kAnswer,
              kThird,
              {{.seq = 1001, .flags = kTcpRst}, TcpState::kReset, FlowState::kClosed},
              {{.seq = 1001, .ack = 5001, .payload = "x"},
               TcpState::kReset,
               FlowState::kClosed,
               Reason::tcp_after_rst,
               true},
              {{.direction = kClient, .seq = 5001, .ack = 1001},
               TcpState::kReset,
               FlowState::kClosed}}},
        Case{"reset_inexact_in_window",
             true,
             {kSyn,
              kAnswer,
              kThird,
              {{.seq = 1101, .flags = kTcpRst}, TcpState::kEstablished, FlowState::kEstablished}}},
        Case{"reset_outside_window",
             true,
             {kSyn,
              kAnswer,
              kThird,
              {{.seq = 900'000, .flags = kTcpRst},
               TcpState::kEstablished,
               FlowState::kEstablished,
               Reason::tcp_invalid_rst,
               true}}},
        Case{"syn_on_open_connection",
             true,
             {kSyn,
              kAnswer,
              kThird,
              {{.seq = 9000, .flags = kTcpSyn},
               TcpState::kEstablished,
               FlowState::kEstablished,
               Reason::tcp_syn_differs},
              {{.direction = kClient, .seq = 7000, .ack = 9001, .flags = kSynAck},
               TcpState::kSynReceived,
               FlowState::kNew,
               Reason::tcp_gap},
              {{.seq = 9001, .ack = 7001}, TcpState::kEstablished, FlowState::kEstablished}}},
        Case{"forged_syn_ack_on_open_connection",
             true,
             {kSyn,
              kAnswer,
              kThird,
              {{.direction = kClient, .seq = 7000, .ack = 9001, .flags = kSynAck},
               TcpState::kEstablished,
               FlowState::kEstablished,
               Reason::tcp_syn_differs,
               true}}},
        Case{"midstream_wanted",
             true,
             {{{.seq = 70, .ack = 90, .payload = "x"},
               TcpState::kEstablished,
               FlowState::kEstablished,
               Reason::tcp_midstream},
              {{.direction = kClient, .seq = 90, .ack = 71, .payload = "y"},
               TcpState::kEstablished,
               FlowState::kEstablished}}},
        Case{"midstream_not_wanted",
             false,
             {{{.seq = 70, .ack = 90, .payload = "x"},
               TcpState::kIgnored,
               FlowState::kNew,
               Reason::tcp_midstream},
              {{.direction = kClient, .seq = 1, .ack = 2, .payload = "y"},
               TcpState::kIgnored,
               FlowState::kNew}}},
        Case{"midstream_from_syn_ack",
             true,
             {{{.direction = kClient, .seq = 5000, .ack = 1001, .flags = kSynAck},
               TcpState::kSynReceived,
               FlowState::kNew,
               Reason::tcp_midstream},
              kThird}},
        Case{"one_sided",
             true,
             {kSyn,
              {{.seq = 1001, .ack = 5001},
               TcpState::kEstablished,
               FlowState::kEstablished,
               Reason::tcp_midstream}}},
        Case{"one_sided_midstream_not_wanted",
             false,
             {kSyn,
              {{.seq = 1001, .ack = 5001, .payload = "x"}, TcpState::kSynSent, FlowState::kNew}}},
        Case{
            "challenge_ack_to_syn",
            true,
            {kSyn,
             {{.direction = kClient, .seq = 5000, .ack = 400}, TcpState::kSynSent, FlowState::kNew},
             {{.direction = kClient, .seq = 5000, .ack = 400, .payload = "x"},
              TcpState::kSynSent,
              FlowState::kNew,
              Reason::tcp_out_of_window,
              true}}},
        Case{"simultaneous_open",
             true,
             {kSyn,
              {{.direction = kClient, .seq = 5000, .flags = kTcpSyn},
               TcpState::kSynReceived,
               FlowState::kNew,
               Reason::tcp_simultaneous_open},
              {{.seq = 1000, .ack = 5001, .flags = kSynAck},
               TcpState::kEstablished,
               FlowState::kEstablished},
              {{.direction = kClient, .seq = 5000, .ack = 1001, .flags = kSynAck},
               TcpState::kEstablished,
               FlowState::kEstablished},
              {{.direction = kClient, .seq = 5001, .ack = 1001},
               TcpState::kEstablished,
               FlowState::kEstablished}}},
        Case{"split_handshake",
             true,
             {kSyn,
              {{.direction = kClient, .seq = 77, .ack = 1001}, TcpState::kSynSent, FlowState::kNew},
              {{.direction = kClient, .seq = 5000, .flags = kTcpSyn},
               TcpState::kSynReceived,
               FlowState::kNew,
               Reason::tcp_simultaneous_open},
              {{.seq = 1000, .ack = 5001, .flags = kSynAck},
               TcpState::kEstablished,
               FlowState::kEstablished},
              {{.direction = kClient, .seq = 5001, .ack = 1001},
               TcpState::kEstablished,
               FlowState::kEstablished,
               Reason::tcp_split_handshake},
              {{.direction = kClient, .seq = 5001, .ack = 1001},
               TcpState::kEstablished,
               FlowState::kEstablished}}},
        Case{"reset_with_data",
             true,
             {kSyn,
              kAnswer,
              kThird,
              {{.seq = 1001, .flags = kTcpRst, .payload = "why"},
               TcpState::kReset,
               FlowState::kClosed,
               Reason::tcp_rst_data}}},
        Case{"syn_with_data",
             true,
             {{{.seq = 1000, .flags = kTcpSyn, .payload = "x"},
               TcpState::kSynSent,
               FlowState::kNew,
               Reason::tcp_syn_data}}},
        Case{"keepalive",
             true,
             {kSyn,
              kAnswer,
              kThird,
              {{.seq = 1000, .ack = 5001},
               TcpState::kEstablished,
               FlowState::kEstablished,
               Reason::tcp_keepalive},
              {{.seq = 1000, .ack = 5001, .payload = "?"},
               TcpState::kEstablished,
               FlowState::kEstablished,
               Reason::tcp_keepalive}}},
        Case{"ack_of_bytes_never_sent",
             true,
             {kSyn,
              kAnswer,
              kThird,
              {{.direction = kClient, .seq = 5001, .ack = 900'000},
               TcpState::kEstablished,
               FlowState::kEstablished,
               Reason::tcp_bad_ack,
               true}}}),
    [](const auto& c) { return c.param.name; });

TEST(TcpLife, FinEndsADirectionWithItsLastChunk) {
    const StreamConfig config = small_config();
    StreamStage stage(config);
    TcpConversation tcp(stage, config);
    tcp.handshake();
    auto r = tcp.send({.seq = 1001, .ack = 5001, .flags = kFinAck, .payload = "bye"});
    EXPECT_EQ(r.chunks, 1U);
    EXPECT_EQ(r.ends, 1U);
    r = tcp.send({.direction = kClient, .seq = 5001, .ack = 1005, .payload = "ok"});
    EXPECT_EQ(r.ends, 0U);
    r = tcp.send({.direction = kClient, .seq = 5003, .ack = 1005, .flags = kFinAck});
    EXPECT_EQ(r.chunks, 0U);
    EXPECT_EQ(r.ends, 1U);
    EXPECT_EQ(stage.stats().streams, 2U);  // the server's bytes are still unacknowledged
    tcp.send({.seq = 1005, .ack = 5004});
    EXPECT_EQ(stage.stats().streams, 0U);
    EXPECT_EQ(tcp.end(kServer).ends, 0U);
}

TEST(TcpLife, FinAheadOfAHoleWaits) {
    const StreamConfig config = small_config();
    StreamStage stage(config);
    TcpConversation tcp(stage, config);
    tcp.handshake();
    EXPECT_EQ(tcp.send({.seq = 1004, .ack = 5001, .flags = kFinAck, .payload = "def"}).ends, 0U);
    const auto r = tcp.send({.seq = 1001, .ack = 5001, .payload = "abc"});
    EXPECT_EQ(r.fresh, "abcdef");
    EXPECT_EQ(r.ends, 1U);
    EXPECT_TRUE(tcp.flow.half[0].fin);
}

TEST(TcpLife, ResetEndsBothDirectionsAndFreesAll) {
    const StreamConfig config = small_config();
    StreamStage stage(config);
    TcpConversation tcp(stage, config);
    tcp.handshake();
    tcp.send({.seq = 1001, .ack = 5001, .payload = "abc"});
    tcp.send({.direction = kClient, .seq = 5001, .ack = 1004, .payload = "xyz"});
    tcp.send({.seq = 1010, .ack = 5004, .payload = "held"});
    const auto r = tcp.send({.direction = kClient, .seq = 5004, .flags = kTcpRst});
    EXPECT_EQ(r.ends, 2U);
    EXPECT_EQ(r.chunks, 0U);
    EXPECT_EQ(stage.stats().streams, 0U);
    EXPECT_EQ(stage.stats().held_bytes, 0U);
}

TEST(TcpLife, EndOfFlowYieldsWhatWasHeldAndTheEnd) {
    const StreamConfig config = small_config();
    StreamStage stage(config);
    TcpConversation tcp(stage, config);
    tcp.handshake();
    tcp.send({.seq = 1001, .ack = 5001, .payload = "abc"});
    tcp.send({.seq = 1010, .ack = 5001, .payload = "held"});
    const auto r = tcp.end(kServer);
    EXPECT_EQ(r.fresh, "held");
    EXPECT_EQ(r.gaps, 1U);
    EXPECT_EQ(r.ends, 1U);
    EXPECT_EQ(tcp.end(kClient).ends, 0U);  // never had a byte
    stage.release(tcp.flow);
    EXPECT_EQ(stage.stats().streams, 0U);
}

TEST(TcpLife, NewConnectionInsideAnOpenFlowIsInspected) {
    const StreamConfig config = small_config();
    StreamStage stage(config);
    TcpConversation tcp(stage, config);
    tcp.handshake();
    tcp.send({.seq = 1001, .ack = 5001, .payload = "old"});
    tcp.send({.seq = 9000, .flags = kTcpSyn});
    tcp.send({.direction = kClient, .seq = 7000, .ack = 9001, .flags = kSynAck});
    tcp.send({.seq = 9001, .ack = 7001});
    const auto r = tcp.send({.seq = 9001, .ack = 7001, .payload = "new"});
    EXPECT_EQ(r.fresh, "new");
    EXPECT_EQ(r.gaps, 0U);
    EXPECT_EQ(tcp.delivered(kServer), "new");
}

}  // namespace
}  // namespace sluice::stream
