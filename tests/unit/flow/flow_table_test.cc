// SPDX-License-Identifier: Apache-2.0
// What a flow costs in memory, and that the table holds as many as it was made for.
#include "dataplane/flow/flow_stage.h"
#include "tests/support/alloc_guard.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

namespace sluice::flow {
namespace {

struct NoObserver final : FlowObserver {
    void flow_ended(Flow& /*f*/, Now /*now*/) override {}
};

// All memory of the process that can be written.
std::size_t writable_bytes() {
    std::ifstream maps("/proc/self/maps");
    std::size_t sum = 0;
    for (std::string line; std::getline(maps, line);) {
        std::istringstream fields(line);
        std::size_t begin = 0;
        std::size_t end = 0;
        std::string access;
        char dash = 0;
        fields >> std::hex >> begin >> dash >> end >> access;
        sum += access.find('w') != std::string::npos ? end - begin : 0;
    }
    return sum;
}

class FlowMemory : public testing::TestWithParam<std::uint32_t> {};

// Issue 3: a flow with its overhead (hash slots, timer, free list) takes no more than 256 bytes.
TEST_P(FlowMemory, AnIdleFlowTakesAtMost256Bytes) {
    if (!test::AllocGuard::supported()) {
        GTEST_SKIP() << "sanitizers have their own heap";
    }
    NoObserver observer;
    FlowConfig config;
    config.max_flows = GetParam();
    const std::size_t before = writable_bytes();
    const auto stage = std::make_unique<FlowStage>(config, observer);
    const std::size_t taken = writable_bytes() - before;
    EXPECT_LE(taken, std::size_t{256} * GetParam());
    EXPECT_GE(taken, (sizeof(Flow) + sizeof(FlowRest)) * GetParam());  // or nothing was measured
}

// The number of buckets is a power of two: just beyond one, most of them are empty.
INSTANTIATE_TEST_SUITE_P(Sizes, FlowMemory, testing::Values(1'048'576U, 4'194'308U, 10'000'000U));

packet::Packet udp_packet(std::uint32_t client) {
    packet::Packet p;
    p.ip_version = 4;
    p.ip_proto = packet::kProtoUdp;
    p.l4_ok = true;
    for (std::size_t i = 0; i < 4; ++i) {
        p.src.bytes[12 + i] = static_cast<std::uint8_t>(client >> (8 * i));
    }
    p.src.bytes[10] = p.src.bytes[11] = 0xff;
    p.dst = p.src;
    p.dst.bytes[12] = 0xfe;
    p.src_port = 1000;
    p.dst_port = 53;
    return p;
}

class FlowRoom : public testing::TestWithParam<std::uint32_t> {};

// Flows move to their other bucket rather than push one out while there is room elsewhere.
TEST_P(FlowRoom, NoFlowIsEvictedBeforeTheTableIsFull) {
    NoObserver observer;
    FlowConfig config;
    config.max_flows = GetParam();
    FlowStage stage(config, observer);
    packet::ReasonCounters counters{};
    packet::Batch batch;
    for (int round = 0; round < 2; ++round) {  // made, then found again
        for (std::uint32_t i = 0; i < config.max_flows; ++i) {
            batch.clear();
            batch.add() = udp_packet(i);
            stage.process(batch, {seconds(1) + Nanos{i}, {}}, counters);
        }
        EXPECT_EQ(stage.stats().created, config.max_flows);
        EXPECT_EQ(stage.stats().active, config.max_flows);
        EXPECT_EQ(stage.stats().evicted, 0U);
    }
}

INSTANTIATE_TEST_SUITE_P(Sizes, FlowRoom, testing::Values(64U, 1024U, 65'536U, 100'000U));

}  // namespace
}  // namespace sluice::flow
