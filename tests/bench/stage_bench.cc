// SPDX-License-Identifier: Apache-2.0
// Per stage: time and allocations per packet, at several batch sizes and table sizes.
//   stage_bench --benchmark_filter=Pipeline
#include "dataplane/pipeline/pipeline.h"
#include "tests/bench/frames.h"
#include "tests/support/alloc_guard.h"
#include "tests/support/rules/loaded_rules.h"

#include <benchmark/benchmark.h>

namespace sluice::bench {
namespace {

struct NoObserver final : flow::FlowObserver {
    void flow_ended(flow::Flow& /*f*/, Now /*now*/) override {}
};

void report(benchmark::State& state, std::uint64_t packets, std::uint64_t allocations) {
    state.SetItemsProcessed(static_cast<std::int64_t>(packets));
    state.counters["alloc/packet"] =
        packets == 0 ? 0.0 : static_cast<double>(allocations) / static_cast<double>(packets);
}

Now now_of(packet::Batch& batch) {
    return {batch[0].wall, batch[0].wall};
}

void decode_stage(benchmark::State& state) {
    FrameSet frames = acknowledgements(1000);
    const decode::DecodeStage stage{decode::DecodeConfig{}};
    packet::ReasonCounters reasons{};
    packet::Batch batch;
    std::uint64_t packets = 0;
    const test::AllocGuard guard;
    for (auto _ : state) {
        frames.fill(batch, static_cast<std::size_t>(state.range(0)));
        stage.process(batch, reasons);
        packets += batch.size();
    }
    report(state, packets, guard.allocations());
}

void flow_stage(benchmark::State& state) {
    FrameSet frames = acknowledgements(static_cast<std::size_t>(state.range(1)));
    const decode::DecodeStage decode{decode::DecodeConfig{}};
    NoObserver observer;
    flow::FlowStage stage(flow::FlowConfig{}, observer);
    packet::ReasonCounters reasons{};
    packet::Batch batch;
    std::uint64_t packets = 0;
    const test::AllocGuard guard;
    for (auto _ : state) {
        frames.fill(batch, static_cast<std::size_t>(state.range(0)));
        decode.process(batch, reasons);
        stage.process(batch, now_of(batch), reasons);
        packets += batch.size();
    }
    report(state, packets, guard.allocations());
}

void run_pipeline(benchmark::State& state, FrameSet& frames, const std::string& rules,
                  std::size_t batch_size) {
    const test::LoadedRules loaded = test::load_rules(rules);
    abi::EventRing ring(8192);
    const auto pipeline = std::make_unique<pipeline::Pipeline>(pipeline::inline_config(), ring);
    pipeline->install(*loaded.ruleset, *loaded.scratch);
    packet::Batch batch;
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
    const test::AllocGuard guard;
    for (auto _ : state) {
        frames.fill(batch, batch_size);
        pipeline->process(batch, now_of(batch));
        pipeline->out().clear();
        packets += batch.size();
        for (const packet::Packet& p : batch) {
            bytes += p.len;
        }
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
    report(state, packets, guard.allocations());
}

void pipeline_acks(benchmark::State& state) {
    FrameSet frames = acknowledgements(static_cast<std::size_t>(state.range(1)));
    run_pipeline(state, frames, "", static_cast<std::size_t>(state.range(0)));
}

void pipeline_http(benchmark::State& state) {
    FrameSet frames = http_conversations(500, 16384);
    run_pipeline(state, frames, "", static_cast<std::size_t>(state.range(0)));
}

void pipeline_http_rules(benchmark::State& state) {
    FrameSet frames = http_conversations(500, 16384);
    run_pipeline(state, frames,
                 "alert http any any -> any any (http.uri; content:\"/etc/passwd\"; sid:1;)\n"
                 "alert http any any -> any any (file.data; content:\"eval(unescape(\"; sid:2;)\n"
                 "alert tcp any any -> any any (content:\"|90 90 90 90 90 90|\"; sid:3;)\n",
                 static_cast<std::size_t>(state.range(0)));
}

}  // namespace
}  // namespace sluice::bench

BENCHMARK(sluice::bench::decode_stage)->Name("Decode/batch")->Arg(1)->Arg(8)->Arg(32)->Arg(64);
BENCHMARK(sluice::bench::flow_stage)
    ->Name("DecodeFlow/batch/flows")
    ->ArgsProduct({{1, 8, 64}, {1000, 100'000}});
BENCHMARK(sluice::bench::pipeline_acks)
    ->Name("PipelineAcks/batch/flows")
    ->ArgsProduct({{1, 8, 64}, {1000, 100'000}});
BENCHMARK(sluice::bench::pipeline_http)->Name("PipelineHttp/batch")->Arg(1)->Arg(8)->Arg(64);
BENCHMARK(sluice::bench::pipeline_http_rules)
    ->Name("PipelineHttpRules/batch")
    ->Arg(1)
    ->Arg(8)
    ->Arg(64);
BENCHMARK_MAIN();
