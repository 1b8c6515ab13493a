// SPDX-License-Identifier: Apache-2.0
#include "dataplane/flow/flow_stage.h"

#include "tests/support/alloc_guard.h"
#include "tests/support/lone_flow.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <set>
#include <vector>

namespace sluice::flow {
namespace {

using packet::Reason;

class Recorder : public FlowObserver {
  public:
    void flow_ended(Flow& f, Now) override {
        ended.push_back(f.rest().flow_id);
        last = f;
    }

    std::vector<std::uint64_t> ended;
    test::LoneFlow last;
};

struct Endpoint {
    std::uint32_t address;
    std::uint16_t port;
};

packet::IpAddr ipv4(std::uint32_t a) {
    packet::IpAddr ip;
    ip.bytes[10] = ip.bytes[11] = 0xff;
    for (std::size_t i = 0; i < 4; ++i) {
        ip.bytes[12 + i] = static_cast<std::uint8_t>(a >> (24 - 8 * i));
    }
    return ip;
}

class FlowStageTest : public testing::Test {
  protected:
    FlowStageTest() { make(small()); }

    static FlowConfig small() {
        FlowConfig c;
        c.max_flows = 256;
        return c;
    }

    void make(const FlowConfig& c) { stage = std::make_unique<FlowStage>(c, recorder); }

    packet::Packet& add(std::uint8_t proto, Endpoint from, Endpoint to, std::uint8_t flags = 0) {
        packet::Packet& p = batch.add();
        p.ip_version = 4;
        p.ip_proto = proto;
        p.l4_ok = true;
        p.len = 60;
        p.src = ipv4(from.address);
        p.dst = ipv4(to.address);
        p.src_port = from.port;
        p.dst_port = to.port;
        p.tcp.flags = flags;
        return p;
    }

    packet::Packet& udp(Endpoint from, Endpoint to) { return add(packet::kProtoUdp, from, to); }

    packet::Packet& tcp(Endpoint from, Endpoint to, std::uint8_t flags) {
        return add(packet::kProtoTcp, from, to, flags);
    }

    void run(Nanos at = seconds(1)) { stage->process(batch, {at, at}, counters); }

    packet::Packet one_udp(Endpoint from, Endpoint to, Nanos at) {
        batch.clear();
        udp(from, to);
        run(at);
        return batch[0];
    }

    packet::Packet one_tcp(std::uint8_t flags, Nanos at, bool from_client = true) {
        batch.clear();
        tcp(from_client ? kA : kB, from_client ? kB : kA, flags);
        run(at);
        return batch[0];
    }

    std::uint64_t count(Reason r) const { return counters[static_cast<std::size_t>(r)]; }

    static constexpr Endpoint kA{0x0a000001, 40000};
    static constexpr Endpoint kB{0x0a000002, 80};

    Recorder recorder;
    packet::Batch batch;
    packet::ReasonCounters counters{};
    std::unique_ptr<FlowStage> stage;
};

TEST_F(FlowStageTest, AServersPortTellsTheRolesOfAConnectionFoundInTheMiddle) {
    EXPECT_EQ(one_tcp(packet::kTcpAck, seconds(1), false).direction, Direction::kToClient);
    EXPECT_EQ(batch[0].flow->client_port, kA.port);
    EXPECT_EQ(one_tcp(packet::kTcpAck, seconds(1), true).direction, Direction::kToServer);
    batch.clear();
    tcp({0x0a000003, 50000}, {0x0a000004, 40001}, packet::kTcpAck);  // says nothing
    tcp({0x0a000003, 22}, {0x0a000004, 80}, packet::kTcpAck);
    tcp({0x0a000003, 80}, {0x0a000004, 40000}, packet::kTcpSyn);  // a SYN says all
    udp({0x0a000003, 53}, {0x0a000004, 40000});
    run();
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(batch[i].direction, Direction::kToServer) << i;
    }
}

TEST_F(FlowStageTest, AServersSynAfterItsClientsResetKeepsTheRoles) {
    const packet::Packet first = one_tcp(packet::kTcpSyn, seconds(1));
    one_tcp(packet::kTcpRst, seconds(1));
    const packet::Packet answer = one_tcp(packet::kTcpSyn, seconds(1), false);
    EXPECT_EQ(answer.flow, first.flow);
    EXPECT_EQ(answer.direction, Direction::kToClient);
    EXPECT_NE(one_tcp(packet::kTcpSyn, seconds(1)).flow, first.flow);  // the client tries again
}

TEST_F(FlowStageTest, BothDirectionsShareAFlow) {
    udp(kA, kB);
    udp(kB, kA);
    udp(kA, kB);
    run();
    ASSERT_NE(batch[0].flow, nullptr);
    EXPECT_EQ(batch[1].flow, batch[0].flow);
    EXPECT_EQ(batch[2].flow, batch[0].flow);
    EXPECT_EQ(batch[0].direction, Direction::kToServer);
    EXPECT_EQ(batch[1].direction, Direction::kToClient);
    const Flow& f = *batch[0].flow;
    EXPECT_EQ(f.packets(0), 2U);
    EXPECT_EQ(f.packets(1), 1U);
    EXPECT_EQ(f.bytes(0), 120U);
    EXPECT_EQ(f.state, FlowState::kEstablished);
    EXPECT_EQ(f.client_port, 40000);
    EXPECT_EQ(f.server_port, 80);
    EXPECT_LT(f.rest().flow_id, std::uint64_t{1} << 53);
}

TEST_F(FlowStageTest, EveryPartOfTheKeyCounts) {
    udp(kA, kB);
    udp({kA.address, 40001}, kB);
    udp({kA.address + 1, kA.port}, kB);
    udp({kA.address, kB.port}, {kB.address, kA.port});
    tcp(kA, kB, packet::kTcpSyn);
    udp(kA, kB).vlan_count = 1;
    batch[5].vlan[0] = 7;
    udp(kA, kB).in_port = PortId{2};
    udp(kB, kA).in_port = PortId{1};  // the other port of the first segment: same flow
    run();
    std::set<const Flow*> flows;
    for (std::size_t i = 0; i < 7; ++i) {
        flows.insert(batch[i].flow);
    }
    EXPECT_EQ(flows.size(), 7U);
    EXPECT_EQ(batch[7].flow, batch[0].flow);
}

TEST_F(FlowStageTest, PacketsWithoutAFlow) {
    udp(kA, kB).is_fragment = true;
    udp(kA, kB).l4_ok = false;
    udp(kA, kB).ip_version = 0;
    udp(kA, kB).drop(Reason::udp_bad_header);
    run();
    for (const packet::Packet& p : batch) {
        EXPECT_EQ(p.flow, nullptr);
    }
    EXPECT_EQ(stage->stats().created, 0U);
}

TEST_F(FlowStageTest, SenderOfASynAckIsTheServer) {
    tcp(kB, kA, packet::kTcpSyn | packet::kTcpAck);
    tcp(kA, kB, packet::kTcpAck);
    run();
    EXPECT_EQ(batch[0].direction, Direction::kToClient);
    EXPECT_EQ(batch[1].direction, Direction::kToServer);
    EXPECT_EQ(batch[0].flow, batch[1].flow);
    EXPECT_EQ(batch[0].flow->server_port, 80);
}

TEST_F(FlowStageTest, PingsPairByIdentifier) {
    std::array<std::uint8_t, 42> one{};
    std::array<std::uint8_t, 42> two{};
    one[38] = 1;
    two[38] = 2;
    const auto ping = [&](std::array<std::uint8_t, 42>& frame, bool reply) {
        packet::Packet& p = add(packet::kProtoIcmp, {reply ? kB.address : kA.address, 0},
                                {reply ? kA.address : kB.address, 0});
        p.data = frame.data();
        p.len = 42;
        p.l4_off = 34;
        p.icmp_type = reply ? 0 : 8;
    };
    ping(one, false);
    ping(two, false);
    ping(one, true);
    run();
    EXPECT_NE(batch[0].flow, batch[1].flow);
    EXPECT_EQ(batch[0].flow, batch[2].flow);
    EXPECT_EQ(batch[2].direction, Direction::kToClient);
}

TEST_F(FlowStageTest, TimeoutsFollowTheState) {
    one_udp(kA, kB, seconds(1));
    stage->expire({seconds(31), {}}, 100);
    EXPECT_EQ(stage->stats().active, 1U);
    stage->expire({seconds(40), {}}, 100);
    EXPECT_EQ(stage->stats().active, 0U);
    EXPECT_EQ(stage->stats().timed_out, 1U);
    ASSERT_EQ(recorder.ended.size(), 1U);
    EXPECT_EQ(recorder.last->ip_proto, packet::kProtoUdp);

    one_udp(kA, kB, seconds(50));
    one_udp(kB, kA, seconds(50));  // established: 300 s
    for (int t = 51; t < 350; ++t) {
        stage->expire({seconds(t), {}}, 100);
    }
    EXPECT_EQ(stage->stats().active, 1U);
    for (int t = 350; t < 362; ++t) {
        stage->expire({seconds(t), {}}, 100);
    }
    EXPECT_EQ(stage->stats().active, 0U);
}

TEST_F(FlowStageTest, ClosedFlowLingersTenSeconds) {
    packet::Packet p = one_tcp(packet::kTcpSyn, seconds(1));
    p.flow->state = FlowState::kClosed;  // as stream sets it
    stage->expire({seconds(10), {}}, 100);
    EXPECT_EQ(stage->stats().active, 1U);
    stage->expire({seconds(21), {}}, 100);
    EXPECT_EQ(stage->stats().active, 0U);
}

// An established connection is visited seldom; one that closes is not left waiting for that visit.
TEST_F(FlowStageTest, AnEstablishedFlowThatClosesIsVisitedSoon) {
    one_tcp(packet::kTcpSyn, seconds(0)).flow->state = FlowState::kEstablished;
    for (int t = 0; t < 500; t += 20) {
        stage->expire({seconds(t), {}}, 100);
    }
    EXPECT_EQ(stage->stats().active, 1U);
    one_tcp(packet::kTcpFin | packet::kTcpAck, seconds(500));
    one_tcp(packet::kTcpFin | packet::kTcpAck, seconds(500), false).flow->state =
        FlowState::kClosed;
    stage->expire({seconds(509), {}}, 100);
    EXPECT_EQ(stage->stats().active, 1U);
    stage->expire({seconds(521), {}}, 100);
    EXPECT_EQ(stage->stats().active, 0U);
}

TEST_F(FlowStageTest, LongSilenceAndSmallBudgetStillEndEverything) {
    for (std::uint32_t i = 0; i < 60; ++i) {
        udp({i, 1}, kB);
    }
    run(seconds(5));
    for (int calls = 0; calls < 100 && stage->stats().active != 0; ++calls) {
        stage->expire({seconds(100'000), {}}, 4);
    }
    EXPECT_EQ(stage->stats().active, 0U);
    EXPECT_EQ(recorder.ended.size(), 60U);
}

TEST_F(FlowStageTest, PacketAfterTheTimeoutStartsANewFlowEvenBeforeExpiry) {
    const std::uint64_t first = one_udp(kA, kB, seconds(1)).flow->rest().flow_id;
    const std::uint64_t second = one_udp(kA, kB, seconds(100)).flow->rest().flow_id;
    EXPECT_NE(first, second);
    EXPECT_TRUE(recorder.ended.empty());  // told at the next call
    stage->expire({seconds(100), {}}, 1);
    EXPECT_EQ(recorder.ended, std::vector<std::uint64_t>{first});
}

TEST_F(FlowStageTest, NewSynOnAClosedFlowStartsANewOne) {
    const packet::Packet p = one_tcp(packet::kTcpSyn, seconds(1));
    const std::uint64_t first = p.flow->rest().flow_id;
    p.flow->state = FlowState::kClosed;
    EXPECT_EQ(one_tcp(packet::kTcpAck, seconds(1)).flow->rest().flow_id, first);
    EXPECT_NE(one_tcp(packet::kTcpSyn, seconds(1)).flow->rest().flow_id, first);
    EXPECT_EQ(stage->stats().reused, 1U);
}

TEST_F(FlowStageTest, SynAfterResetInTheSameBatchStartsANewFlow) {
    tcp(kA, kB, packet::kTcpSyn);
    tcp(kB, kA, packet::kTcpRst | packet::kTcpAck);
    tcp(kA, kB, packet::kTcpSyn);
    run();
    EXPECT_EQ(batch[0].flow, batch[1].flow);
    EXPECT_NE(batch[0].flow, batch[2].flow);
    EXPECT_TRUE(recorder.ended.empty());  // packets of this batch still refer to it
    EXPECT_TRUE(batch[0].flow->rest().in_use);
    stage->end_all({});
    EXPECT_EQ(recorder.ended.size(), 2U);
}

TEST_F(FlowStageTest, SynOnAnOpenFlowStaysInIt) {
    const packet::Packet p = one_tcp(packet::kTcpSyn, seconds(1));
    p.flow->state = FlowState::kEstablished;
    EXPECT_EQ(one_tcp(packet::kTcpSyn, seconds(1)).flow, p.flow);
}

TEST_F(FlowStageTest, FullTableEvictsAnIdleFlow) {
    for (std::uint32_t i = 0; i < 300; ++i) {
        ASSERT_NE(one_udp({i, 1}, kB, millis(i)).flow, nullptr);
    }
    EXPECT_EQ(stage->stats().active + stage->stats().evicted, 300U);
    EXPECT_GE(stage->stats().evicted, 44U);
    EXPECT_EQ(count(Reason::flow_evicted), stage->stats().evicted);
    EXPECT_EQ(count(Reason::flow_table_full), 0U);
    EXPECT_TRUE(stage->stats().emergency);
}

TEST_F(FlowStageTest, FlowsOfTheBatchInWorkAreNeverEvicted) {
    FlowConfig c = small();
    c.max_flows = 16;
    make(c);
    for (std::uint32_t i = 0; i < 40; ++i) {
        udp({i, 1}, kB);
    }
    run();
    std::set<const Flow*> flows;
    for (const packet::Packet& p : batch) {
        if (p.flow != nullptr) {
            flows.insert(p.flow);
        }
        EXPECT_FALSE(p.dropped());
    }
    EXPECT_EQ(flows.size(), 16U);
    EXPECT_EQ(count(Reason::flow_table_full), 24U);
    EXPECT_EQ(stage->stats().evicted, 0U);
}

// Half-open connections give way to each other, not the idle conversations beside them; when the
// flood is over and its flows have timed out, the table is as it was.
TEST_F(FlowStageTest, AFloodOfSynsEvictsNoEstablishedFlow) {
    constexpr std::uint32_t kHonest = 32;
    constexpr std::uint32_t kFlood = 64 * 1000;
    const Endpoint server{99, 443};
    for (std::uint32_t i = 0; i < kHonest; ++i) {
        udp({i, 1}, kB);
        udp(kB, {i, 1});
    }
    run(seconds(1));
    for (std::uint32_t i = 0; i < kFlood; i += packet::kBatchSize) {
        batch.clear();
        for (std::uint32_t k = 0; k < packet::kBatchSize; ++k) {
            tcp({1000 + i + k, 2}, server, packet::kTcpSyn);
        }
        run(Nanos{seconds(2).count + i});
    }
    EXPECT_GT(stage->stats().evicted, kFlood - 1000);
    EXPECT_EQ(stage->stats().created, kHonest + kFlood - stage->stats().table_full);
    EXPECT_TRUE(stage->stats().emergency);
    const std::uint64_t created = stage->stats().created;
    batch.clear();
    for (std::uint32_t i = 0; i < kHonest; ++i) {
        udp({i, 1}, kB);
    }
    run(seconds(3));
    EXPECT_EQ(stage->stats().created, created);  // each found its flow
    stage->expire({seconds(100), seconds(100)}, 1000);
    EXPECT_EQ(stage->stats().active, kHonest);
    EXPECT_FALSE(stage->stats().emergency);
    stage->expire({seconds(700), seconds(700)}, 1000);
    EXPECT_EQ(stage->stats().active, 0U);
}

// A table of idle conversations and few half-open ones: whatever an eviction's luck, it never hits
// a conversation, and a full pair of buckets is no reason either.
TEST_F(FlowStageTest, NoEstablishedFlowIsEvictedWhileAHalfOpenOneExists) {
    constexpr std::uint32_t kTable = 12'800;
    constexpr std::uint32_t kHonest = kTable / 100 * 99;
    FlowConfig c;
    c.max_flows = kTable;
    make(c);
    const auto visit = [&](Nanos at) {
        for (std::uint32_t i = 0; i < kHonest; i += 32) {
            batch.clear();
            for (std::uint32_t k = i; k < i + 32; ++k) {
                udp({k, 1}, kB);
                udp(kB, {k, 1});
            }
            run(Nanos{at.count + i});
        }
    };
    visit(seconds(1));
    ASSERT_EQ(stage->stats().created, kHonest);
    for (std::uint32_t i = 0; i < 100'000; i += 50) {
        batch.clear();
        for (std::uint32_t k = 0; k < 50; ++k) {
            tcp({1'000'000 + i + k, 2}, {99, 443}, packet::kTcpSyn);
        }
        run(Nanos{seconds(2).count + i});
    }
    EXPECT_EQ(stage->stats().evicted, 100'000 - kTable / 100);
    EXPECT_EQ(stage->stats().table_full, 0U);
    const std::uint64_t created = stage->stats().created;
    visit(seconds(3));
    EXPECT_EQ(stage->stats().created, created);  // each found its flow
}

TEST_F(FlowStageTest, AmongHalfOpenFlowsTheOldestSilentOneGoes) {
    FlowConfig c = small();
    c.max_flows = 16;
    make(c);
    std::vector<std::uint64_t> ids;
    for (std::uint32_t i = 0; i < 16; ++i) {
        ids.push_back(one_udp({i, 1}, kB, millis(i)).flow->rest().flow_id);
    }
    for (const std::uint32_t talks : {0U, 2U}) {
        one_udp({talks, 1}, kB, millis(50));
    }
    for (std::uint32_t i = 100; i < 103; ++i) {
        one_udp({i, 1}, kB, millis(i));
    }
    EXPECT_EQ(recorder.ended, (std::vector<std::uint64_t>{ids[1], ids[3], ids[4]}));
}

TEST_F(FlowStageTest, AnEmergencyMakesNothingWaitLonger) {
    FlowConfig c = small();
    c.max_flows = 16;
    c.timeouts.udp_new = seconds(2);  // emergency's default is 10
    make(c);
    for (std::uint32_t i = 0; i < 16; ++i) {
        one_udp({i, 1}, kB, seconds(1));
    }
    EXPECT_TRUE(stage->stats().emergency);
    for (int t = 2; t < 8; ++t) {
        stage->expire({seconds(t), {}}, 100);
    }
    EXPECT_EQ(stage->stats().active, 0U);
}

TEST_F(FlowStageTest, ClosedFlowsGoBeforeHalfOpenOnes) {
    FlowConfig c = small();
    c.max_flows = 16;
    make(c);
    for (std::uint32_t i = 0; i < 16; ++i) {
        batch.clear();
        Flow* f = nullptr;
        tcp({i, 1}, kB, packet::kTcpSyn);
        run(millis(i));
        f = batch[0].flow;
        if (i >= 14) {
            f->state = FlowState::kClosed;  // as stream sets it
            stage->state_changed(*f);
        }
    }
    for (std::uint32_t i = 100; i < 102; ++i) {
        one_udp({i, 1}, kB, millis(i));
        EXPECT_EQ(recorder.last->state, FlowState::kClosed);
    }
    one_udp({102, 1}, kB, millis(102));
    EXPECT_EQ(recorder.last->state, FlowState::kNew);
}

// Acknowledgements out of nowhere look like connections found in the middle: an answer tells them
// apart.
TEST_F(FlowStageTest, MidstreamFlowsAreProtectedOnceAnswered) {
    FlowConfig c = small();
    c.max_flows = 16;
    make(c);
    const auto pick_up = [&](std::uint32_t client, Nanos at) {
        batch.clear();
        tcp({client, 2000}, kB, packet::kTcpAck);
        run(at);
        Flow& f = *batch[0].flow;
        f.midstream = true;
        f.state = FlowState::kEstablished;  // as stream does
        stage->state_changed(f);
        return f.rest().flow_id;
    };
    const std::uint64_t answered = pick_up(1, millis(1));
    batch.clear();
    tcp(kB, {1, 2000}, packet::kTcpAck);
    run(millis(2));
    for (std::uint32_t i = 0; i < 200; ++i) {
        pick_up(100 + i, millis(10 + i));
    }
    EXPECT_EQ(recorder.ended.size(), 185U);
    EXPECT_EQ(std::set<std::uint64_t>(recorder.ended.begin(), recorder.ended.end()).count(answered),
              0U);
}

TEST_F(FlowStageTest, FullTableMayDrop) {
    FlowConfig c = small();
    c.max_flows = 16;
    c.evict = false;
    c.exceptions.set(packet::ExceptionCause::flow_table, packet::ExceptionPolicy::kDrop);
    make(c);
    for (std::uint32_t i = 0; i < 20; ++i) {
        udp({i, 1}, kB);
    }
    run();
    std::uint64_t dropped = 0;
    for (const packet::Packet& p : batch) {
        dropped += p.dropped() && p.reason == Reason::flow_table_full && p.flow == nullptr;
    }
    EXPECT_EQ(dropped, count(Reason::flow_table_full));
    EXPECT_EQ(dropped + stage->stats().active, 20U);
}

// Against a plain model: any mix of new, known, reversed and reused keys finds the flow it should.
TEST_F(FlowStageTest, AgreesWithAMapOverManyKeys) {
    FlowConfig c;
    c.max_flows = 8192;
    make(c);
    std::mt19937_64 r(42);
    std::vector<std::uint64_t> model(4000, 0);
    for (int round = 0; round < 4000; ++round) {
        batch.clear();
        std::vector<std::size_t> keys;
        for (std::size_t i = 0; i < packet::kBatchSize; ++i) {
            const std::size_t k = r() % model.size();
            keys.push_back(k);
            const Endpoint client{static_cast<std::uint32_t>(k / 64),
                                  static_cast<std::uint16_t>(k % 64 + 1)};
            if (r() % 2 == 0) {
                udp(client, kB);
            } else {
                udp(kB, client);
            }
        }
        run(seconds(1) + millis(round));
        for (std::size_t i = 0; i < keys.size(); ++i) {
            ASSERT_NE(batch[i].flow, nullptr);
            std::uint64_t& id = model[keys[i]];
            if (id == 0) {
                id = batch[i].flow->rest().flow_id;
            }
            ASSERT_EQ(id, batch[i].flow->rest().flow_id);
        }
    }
    EXPECT_EQ(stage->stats().created, stage->stats().active);
    stage->end_all({});
    EXPECT_EQ(stage->stats().active, 0U);
    EXPECT_EQ(recorder.ended.size(), stage->stats().created);
}

TEST_F(FlowStageTest, NothingIsAllocatedAfterConstruction) {
    if (!test::AllocGuard::supported()) {
        GTEST_SKIP() << "sanitizers have their own heap";
    }
    recorder.ended.reserve(10'000);
    test::AllocGuard guard;
    for (std::uint32_t i = 0; i < 2000; ++i) {
        one_udp({i, 1}, kB, millis(i * 10));
        stage->expire({millis(i * 10), {}}, 8);
    }
    stage->end_all({});
    EXPECT_EQ(guard.allocations(), 0U);
}

}  // namespace
}  // namespace sluice::flow
