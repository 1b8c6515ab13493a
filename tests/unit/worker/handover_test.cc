// SPDX-License-Identifier: Apache-2.0
#include "dataplane/worker/handover.h"

#include "dataplane/io/memory/memory_io.h"
#include "dataplane/worker/steer.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <thread>

namespace sluice::worker {
namespace {

using Frame = std::vector<std::uint8_t>;

// From client number 'port', who has an address of its own (that is what packets are steered by).
Frame udp_frame(bool reply, std::uint16_t port) {
    Frame f(12, 0);
    const auto byte = [](unsigned v) { return static_cast<std::uint8_t>(v); };
    const Frame client = {10, 1, byte(port >> 8U), byte(port)};
    const Frame server = {10, 0, 0, 2};
    const std::uint16_t from = reply ? 53 : port;
    const std::uint16_t to = reply ? port : 53;
    f.insert(f.end(), {0x08, 0x00, 0x45, 0, 0, 28, 0, 1, 0, 0, 64, 17, 0, 0});
    for (const Frame& address : {reply ? server : client, reply ? client : server}) {
        f.insert(f.end(), address.begin(), address.end());
    }
    f.insert(f.end(), {byte(from >> 8U), byte(from), byte(to >> 8U), byte(to), 0, 8, 0, 0});
    return f;
}

// Two segments, two workers: ports 0 and 1 belong to worker 0, ports 2 and 3 to worker 1.
const std::vector<std::uint16_t> kOwner = {0, 0, 1, 1};

class HandoverTest : public ::testing::Test {
  protected:
    HandoverTest()
        : mesh_(2), first_(inner_[0], mesh_, 0, kOwner), second_(inner_[1], mesh_, 1, kOwner) {}

    HandoverIo& worker(std::size_t i) { return i == 0 ? first_ : second_; }

    std::array<io::MemoryIo, 2> inner_;
    HandoverMesh mesh_;
    HandoverIo first_;
    HandoverIo second_;
};

TEST_F(HandoverTest, EveryFlowIsSeenByOneWorkerAndEveryFrameGoesHome) {
    constexpr std::uint16_t kFlows = 500;
    for (std::uint16_t port = 0; port < kFlows; ++port) {
        inner_[0].queue(udp_frame(false, port), PortId{0});
        inner_[0].queue(udp_frame(true, port), PortId{1});
    }
    std::map<std::uint16_t, std::set<std::size_t>> seen_by;
    std::array<std::size_t, 2> packets{};
    packet::Batch batch;
    for (int round = 0; round < 400; ++round) {
        for (std::size_t w = 0; w < 2; ++w) {
            batch.clear();
            worker(w).receive(batch);
            for (packet::Packet& p : batch) {
                const bool reply = p.data[27] == 0;
                const std::size_t at = reply ? 36 : 34;
                const auto flow = static_cast<std::uint16_t>((p.data[at] << 8) | p.data[at + 1]);
                seen_by[flow].insert(w);
                ++packets[w];
                if (flow % 10 == 0) {
                    p.drop(packet::Reason::rule_drop);
                }
            }
            worker(w).finalize(batch);
        }
    }
    EXPECT_EQ(packets[0] + packets[1], 2U * kFlows);
    EXPECT_GT(packets[1], 300U) << "hand-over did not happen";
    EXPECT_EQ(seen_by.size(), kFlows);
    for (const auto& [flow, workers] : seen_by) {
        EXPECT_EQ(workers.size(), 1U) << flow;
    }
    EXPECT_EQ(inner_[0].lent(), 0U);
    EXPECT_EQ(inner_[0].dropped().size(), 2U * kFlows / 10);
    EXPECT_EQ(inner_[0].forwarded().size(), 2U * kFlows - 2U * kFlows / 10);
    EXPECT_EQ(first_.handed_over(), packets[1]);
}

TEST_F(HandoverTest, AFullRingDropsWithItsReason) {
    constexpr std::size_t kFrames = 2 * HandoverMesh::kRing + 4096;
    std::size_t expected_away = 0;
    for (std::size_t i = 0; i < kFrames; ++i) {
        const Frame f = udp_frame(false, static_cast<std::uint16_t>(i));
        expected_away += steer_hash(f) % 2;
        inner_[0].queue(f, PortId{0});
    }
    ASSERT_GT(expected_away, HandoverMesh::kRing);
    packet::Batch batch;
    for (std::size_t i = 0; i < kFrames; ++i) {  // worker 1 never runs
        batch.clear();
        first_.receive(batch);
        first_.finalize(batch);
    }
    const auto refused =
        first_.reasons()[static_cast<std::size_t>(packet::Reason::handover_ring_full)];
    EXPECT_EQ(refused, expected_away - HandoverMesh::kRing);
    EXPECT_EQ(inner_[0].dropped().size(), refused);
    EXPECT_EQ(inner_[0].lent(), HandoverMesh::kRing);
}

TEST_F(HandoverTest, RefusedForwardsAreCountedWhereTheyHappen) {
    for (std::uint16_t port = 0; port < 50; ++port) {
        inner_[0].queue(udp_frame(false, port), PortId{0});
    }
    packet::Batch batch;
    std::size_t refused_seen = 0;
    inner_[0].refuse_forwards(1000);
    for (int round = 0; round < 40; ++round) {
        for (std::size_t w = 0; w < 2; ++w) {
            batch.clear();
            worker(w).receive(batch);
            worker(w).finalize(batch);
            for (const packet::Packet& p : batch) {
                refused_seen += p.reason == packet::Reason::tx_full ? 1 : 0;
            }
        }
    }
    const auto counted = first_.reasons()[static_cast<std::size_t>(packet::Reason::tx_full)];
    EXPECT_GT(counted, 0U);
    EXPECT_GT(refused_seen, 0U);
    EXPECT_EQ(counted + refused_seen, 50U);
}

TEST_F(HandoverTest, InjectedFramesLeaveByTheOwner) {
    const Frame frame = udp_frame(false, 1);
    EXPECT_TRUE(first_.inject(PortId{3}, frame));
    EXPECT_TRUE(first_.inject(PortId{0}, frame));
    EXPECT_FALSE(first_.inject(PortId{9}, frame));
    EXPECT_FALSE(first_.inject(PortId{3}, Frame(InjectedFrame::kCapacity + 1)));
    packet::Batch batch;
    second_.receive(batch);
    ASSERT_EQ(inner_[1].injected().size(), 1U);
    EXPECT_EQ(inner_[1].injected()[0].port, PortId{3});
    EXPECT_EQ(inner_[1].injected()[0].bytes, frame);
    EXPECT_EQ(inner_[0].injected().size(), 1U);
}

// Both workers in threads of their own (run under TSan): in = out + dropped, and the end drains
// everything.
TEST_F(HandoverTest, ThreadsLoseNothing) {
    constexpr std::uint16_t kFlows = 3000;
    for (std::uint16_t port = 0; port < kFlows; ++port) {
        inner_[port % 2].queue(udp_frame(false, port),
                               PortId{static_cast<std::uint16_t>(port % 2 * 2)});
    }
    const auto run = [this](std::size_t w) {
        packet::Batch batch;
        const auto turn = [&] {
            batch.clear();
            worker(w).receive(batch);
            for (packet::Packet& p : batch) {
                if (p.number % 3 == 0) {
                    p.drop(packet::Reason::rule_drop);
                }
            }
            worker(w).finalize(batch);
        };
        while (!inner_[w].exhausted()) {
            turn();
        }
        worker(w).stop_receiving();
        while (!worker(w).drained()) {
            turn();
        }
    };
    std::thread a(run, 0);
    std::thread b(run, 1);
    a.join();
    b.join();
    std::size_t out = 0;
    for (std::size_t w = 0; w < 2; ++w) {
        EXPECT_EQ(inner_[w].lent(), 0U);
        out += inner_[w].forwarded().size() + inner_[w].dropped().size();
    }
    EXPECT_EQ(out, kFlows);
    EXPECT_GT(first_.handed_over(), 0U);
    EXPECT_GT(second_.handed_over(), 0U);
}

}  // namespace
}  // namespace sluice::worker
