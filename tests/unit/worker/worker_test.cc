// SPDX-License-Identifier: Apache-2.0
#include "dataplane/worker/worker.h"

#include "tests/support/packet_builder.h"
#include "tests/support/rules/loaded_rules.h"

#include <gtest/gtest.h>

#include <array>
#include <thread>

namespace sluice::worker {
namespace {

using std::chrono::milliseconds;
using test::Frame;
using test::PacketBuilder;

constexpr char kRuleA[] = "drop udp any any -> any any (msg:\"a\"; content:\"AAAA\"; sid:1;)\n";
constexpr char kRuleB[] = "drop udp any any -> any any (msg:\"b\"; content:\"BBBB\"; sid:2;)\n";

std::unique_ptr<Snapshot> snapshot_of(const std::string& rules, std::uint64_t version,
                                      std::size_t workers) {
    test::LoadedRules loaded = test::load_rules(rules, version);
    auto snapshot = std::make_unique<Snapshot>();
    snapshot->model = std::move(loaded.model);
    snapshot->ruleset = std::move(loaded.ruleset);
    for (std::size_t w = 0; w < workers; ++w) {
        snapshot->scratch.push_back(
            std::move(detect::WorkerScratch::create(*snapshot->ruleset)).value());
    }
    return snapshot;
}

// Traffic without end: per flow one packet with AAAA and one with BBBB. What happens to each is
// counted.
class EndlessIo final : public io::PacketIo {
  public:
    EndlessIo() {
        for (std::uint16_t flow = 0; flow < kFlows; ++flow) {
            for (const char* text : {"xxAAAAxx", "xxBBBBxx"}) {
                frames_.push_back(PacketBuilder()
                                      .eth()
                                      .ipv4("10.0.0.1", "10.0.0.2")
                                      .udp(static_cast<std::uint16_t>(1000 + flow), 9)
                                      .payload(text)
                                      .build());
            }
        }
    }

    void receive(packet::Batch& batch) override {
        for (std::size_t i = 0; i < packet::kBatchSize / 2 && lent.load() < kMaxLent; ++i) {
            packet::Packet& p = batch.add();
            p.data = frames_[next_].data();
            p.len = static_cast<std::uint32_t>(frames_[next_].size());
            p.handle = next_;
            p.number = ++number_;
            p.in_port = port;
            next_ = (next_ + 1) % frames_.size();
            lent.fetch_add(1);
        }
    }

    void finalize(packet::Batch& batch) override {
        for (packet::Packet& p : batch) {
            const std::size_t kind = p.handle % 2;
            if (refuse.load() && !p.dropped()) {
                p.drop(packet::Reason::tx_full);
                refused.fetch_add(1);
            }
            (p.dropped() ? dropped : forwarded)[kind].fetch_add(1);
            lent.fetch_sub(1);
        }
    }

    bool inject(PortId, Bytes) override { return true; }

    bool exhausted() const override { return false; }

    PortId port;
    // By kind: AAAA, BBBB.
    std::array<std::atomic<std::uint64_t>, 2> forwarded{};
    std::array<std::atomic<std::uint64_t>, 2> dropped{};
    std::atomic<std::int64_t> lent{0};
    std::atomic<bool> refuse{false};  // the transmit queue is full
    std::atomic<std::uint64_t> refused{0};

  private:
    static constexpr std::uint16_t kFlows = 64;
    static constexpr std::int64_t kMaxLent = 1024;

    std::vector<Frame> frames_;
    std::size_t next_ = 0;
    std::uint64_t number_ = 0;
};

pipeline::PipelineConfig small_config() {
    pipeline::PipelineConfig config = pipeline::inline_config();
    config.flow.max_flows = 1024;
    config.stream.arena_bytes = std::size_t{4} << 20;
    config.stream.copy_store_bytes = std::size_t{1} << 20;
    config.stream.max_streams = 1024;
    return config;
}

// Workers in threads of their own; with more than one, packets are handed over.
class Rig {
  public:
    Rig(std::size_t count, SwapCell<Snapshot>& cell)
        : mesh_(static_cast<std::uint16_t>(count)), ios(count) {
        for (std::size_t w = 0; w < count; ++w) {
            const auto id = static_cast<std::uint16_t>(w);
            rings_.push_back(std::make_unique<abi::EventRing>(1024));
            WorkerSetup setup;
            ios[w].port = PortId{static_cast<std::uint16_t>(2 * id)};
            setup.id = id;
            setup.io = &ios[w];
            setup.snapshots = &cell;
            setup.events = rings_.back().get();
            setup.sleep_when_idle = true;
            if (count > 1) {
                handovers_.push_back(std::make_unique<HandoverIo>(
                    ios[w], mesh_, id, std::vector<std::uint16_t>{0, 0, 1, 1}));
                setup.io = setup.handover = handovers_.back().get();
            }
            workers.push_back(std::make_unique<Worker>(setup, small_config()));
        }
        for (const auto& worker : workers) {
            threads_.emplace_back([this, &worker] { worker->run(stop_); });
        }
    }

    ~Rig() { stop(); }

    void stop() {
        stop_.store(true);
        for (std::thread& thread : threads_) {
            if (thread.joinable()) {
                thread.join();
            }
        }
    }

  private:
    HandoverMesh mesh_;
    std::vector<std::unique_ptr<abi::EventRing>> rings_;
    std::vector<std::unique_ptr<HandoverIo>> handovers_;
    std::vector<std::thread> threads_;
    std::atomic<bool> stop_{false};

  public:
    std::vector<EndlessIo> ios;
    std::vector<std::unique_ptr<Worker>> workers;
};

std::uint64_t sum(const Rig& rig, bool dropped, std::size_t kind) {
    std::uint64_t total = 0;
    for (const EndlessIo& io : rig.ios) {
        total += (dropped ? io.dropped : io.forwarded)[kind].load();
    }
    return total;
}

void wait_for_traffic(const Rig& rig, std::uint64_t packets) {
    const auto seen = [&rig] {
        return sum(rig, false, 0) + sum(rig, false, 1) + sum(rig, true, 0) + sum(rig, true, 1);
    };
    const std::uint64_t until = seen() + packets;
    while (seen() < until) {
        std::this_thread::yield();
    }
}

class WorkerTest : public ::testing::TestWithParam<std::size_t> {};

TEST_P(WorkerTest, RulesChangeUnderTrafficForAllAndTheOldOnesAreFreed) {
    const std::size_t workers = GetParam();
    std::unique_ptr<Snapshot> current = snapshot_of(kRuleA, 1, workers);
    SwapCell<Snapshot> cell(workers, current.get());
    Rig rig(workers, cell);
    wait_for_traffic(rig, 2000);
    for (std::uint64_t version = 2; version < 12; ++version) {
        const bool b_now = version % 2 == 0;
        std::unique_ptr<Snapshot> next = snapshot_of(b_now ? kRuleB : kRuleA, version, workers);
        ASSERT_EQ(cell.replace(next.get(), milliseconds(20000)), SwapResult::kDone);
        current = std::move(next);  // frees the one before: any use of it is a fault
        // What was judged before the swap may still be on its way back; it is bounded by what can
        // be out.
        wait_for_traffic(rig, 5000);
        const std::size_t open = b_now ? 0 : 1;
        const std::uint64_t wrongly_dropped = sum(rig, true, open);
        const std::uint64_t wrongly_forwarded = sum(rig, false, 1 - open);
        wait_for_traffic(rig, 5000);
        EXPECT_EQ(sum(rig, true, open), wrongly_dropped) << "the old rule still works";
        EXPECT_EQ(sum(rig, false, 1 - open), wrongly_forwarded)
            << "the new rule does not work everywhere";
    }
}

TEST_P(WorkerTest, StopLosesNothingAndTheCountersAgree) {
    const std::size_t workers = GetParam();
    const std::unique_ptr<Snapshot> snapshot = snapshot_of(kRuleA, 1, workers);
    SwapCell<Snapshot> cell(workers, snapshot.get());
    Rig rig(workers, cell);
    wait_for_traffic(rig, 20000);
    rig.stop();
    StatValues total;
    for (const auto& worker : rig.workers) {
        total += worker->stats().read();
    }
    for (const EndlessIo& io : rig.ios) {
        EXPECT_EQ(io.lent.load(), 0) << "a frame did not come home";
    }
    EXPECT_EQ(total[Stat::packets], total[Stat::forwarded] + total[Stat::dropped]);
    EXPECT_EQ(total[Stat::forwarded], sum(rig, false, 0) + sum(rig, false, 1));
    EXPECT_EQ(total[Stat::dropped], sum(rig, true, 0) + sum(rig, true, 1));
    EXPECT_EQ(sum(rig, false, 0), 0U) << "AAAA is never forwarded";
    EXPECT_EQ(sum(rig, true, 1), 0U) << "BBBB is never dropped";
    EXPECT_EQ(total.reasons[static_cast<std::size_t>(packet::Reason::rule_drop)] +
                  total.reasons[static_cast<std::size_t>(packet::Reason::flow_dropped)],
              total[Stat::dropped]);
    EXPECT_EQ(total[Stat::flows_active], 0U) << "a stop ends every flow";
    EXPECT_EQ(total[Stat::handed_over] != 0, workers > 1);
}

TEST_P(WorkerTest, WhatTheTransmitQueueRefusesCountsAsDropped) {
    const std::size_t workers = GetParam();
    const std::unique_ptr<Snapshot> snapshot = snapshot_of(kRuleA, 1, workers);
    SwapCell<Snapshot> cell(workers, snapshot.get());
    Rig rig(workers, cell);
    wait_for_traffic(rig, 5000);
    for (EndlessIo& io : rig.ios) {
        io.refuse.store(true);
    }
    wait_for_traffic(rig, 5000);
    rig.stop();
    StatValues total;
    std::uint64_t refused = 0;
    for (std::size_t w = 0; w < workers; ++w) {
        total += rig.workers[w]->stats().read();
        refused += rig.ios[w].refused.load();
    }
    settle_losses(total);
    EXPECT_GT(refused, 0U);
    EXPECT_EQ(total[Stat::tx_lost], refused);
    EXPECT_EQ(total.reasons[static_cast<std::size_t>(packet::Reason::tx_full)], refused);
    EXPECT_EQ(total[Stat::forwarded], sum(rig, false, 1));
    EXPECT_EQ(total[Stat::packets], total[Stat::forwarded] + total[Stat::dropped]);
}

INSTANTIATE_TEST_SUITE_P(Workers, WorkerTest, ::testing::Values(1, 2));

}  // namespace
}  // namespace sluice::worker
