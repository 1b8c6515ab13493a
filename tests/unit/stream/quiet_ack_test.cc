// SPDX-License-Identifier: Apache-2.0
// TcpTracker::take_quiet_ack() against track(): a short cut may only be quicker.
#include "dataplane/stream/tcp_tracker.h"
#include "tests/support/lone_flow.h"

#include <gtest/gtest.h>

#include <random>

namespace sluice::stream {
namespace {

using flow::Flow;
using flow::TcpHalf;

// Few values, near each other and near the wrap, so that every comparison goes both ways.
class Dice {
  public:
    explicit Dice(std::uint64_t seed) : random_(seed) {}

    bool one_in(unsigned n) { return random_() % n == 0; }

    std::uint32_t near_wrap() { return 0xfffffffeU + static_cast<std::uint32_t>(random_() % 4); }

    TcpHalf half() {
        TcpHalf h;
        h.next = SeqNum(near_wrap());
        h.acked = one_in(2) ? h.next : SeqNum(near_wrap());
        h.window = static_cast<std::uint16_t>(random_());
        h.wscale = static_cast<std::int8_t>(static_cast<int>(random_() % 16) - 1);
        h.seen = !one_in(8);
        h.fin = one_in(8);
        h.syn_window = one_in(8);
        h.ts_on = !one_in(4);
        h.syn_unanswered = one_in(8);
        return h;
    }

    void flow(Flow& f) {
        f.half = {half(), half()};
        f.state = one_in(8) ? flow::FlowState::kClosed : flow::FlowState::kEstablished;
        f.tcp_state =
            static_cast<std::uint8_t>(one_in(8) ? TcpState::kSynReceived : TcpState::kEstablished);
        f.last_seen = Nanos{static_cast<std::int64_t>(random_() % 64) << 44};
        f.rest().ts_recent = {near_wrap(), near_wrap()};
        f.rest().ts_age = {static_cast<std::uint8_t>(random_() % 64), 0};
    }

    packet::Packet packet(const Flow& f) {
        packet::Packet p;
        p.ip_proto = packet::kProtoTcp;
        p.direction = one_in(2) ? Direction::kToServer : Direction::kToClient;
        const TcpHalf& h = f.half[index_of(p.direction)];
        const TcpHalf& o = f.half[index_of(opposite(p.direction))];
        p.payload_len = one_in(8) ? 1 : 0;
        p.tcp.flags = packet::kTcpAck;
        if (one_in(8)) {
            p.tcp.flags = static_cast<std::uint8_t>(p.tcp.flags | (random_() & 0x3f));
        }
        p.tcp.seq = one_in(3) ? SeqNum(near_wrap()) : h.next;
        p.tcp.ack = one_in(3) ? SeqNum(near_wrap()) : o.next;
        p.tcp.window = static_cast<std::uint16_t>(random_());
        p.tcp.has_timestamp = one_in(2);
        p.tcp.ts_value = near_wrap();
        return p;
    }

  private:
    std::mt19937_64 random_;
};

class QuietAck : public testing::TestWithParam<bool> {};

TEST_P(QuietAck, DoesWhatTrackDoesOrNothing) {
    StreamConfig config;
    config.inline_mode = GetParam();
    config.window_slack = 0;
    StreamStats stats;
    TcpTracker tracker(config, stats);
    Dice dice(7);
    int taken = 0;
    test::LoneFlow before;
    test::LoneFlow quick;
    test::LoneFlow slow;
    for (int i = 0; i < 300'000; ++i) {
        dice.flow(before.renew());
        const packet::Packet p = dice.packet(*before);
        quick = before;
        slow = before;
        if (!tracker.take_quiet_ack(*quick, p)) {
            ASSERT_TRUE(same(quick, before)) << i;
            continue;
        }
        ++taken;
        const TcpOutcome outcome = tracker.track(*slow, p);
        ASSERT_EQ(outcome.action, TcpAction::kAccept) << i;
        ASSERT_EQ(outcome.reason, packet::Reason::none) << i;
        ASSERT_TRUE(same(quick, slow)) << i;
        const TcpHalf& o = slow->half[index_of(opposite(p.direction))];
        ASSERT_FALSE(o.acked.after(o.next)) << i;  // no hole was given up
    }
    EXPECT_GT(taken, 20'000);
}

INSTANTIATE_TEST_SUITE_P(Modes, QuietAck, testing::Bool());

}  // namespace
}  // namespace sluice::stream
