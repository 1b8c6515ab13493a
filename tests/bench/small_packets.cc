// SPDX-License-Identifier: Apache-2.0
// What a 64-byte packet costs, stage by stage, and how that grows with the number of flows: the
// flow table is sized for them, all are opened, then acknowledgements come in random order, so that
// with many flows every lookup misses the caches.
//   small_packets_bench --flows 10000,10000000 --runs 3
// Units: cycles of the time stamp counter, which ticks at one rate whatever the core's clock; only
// ratios inside one run mean anything. Time on the wire is simulated (kNanosPerPacket), so that
// housekeeping has the same work on a busy machine. Frames lie in the cache, as a NIC with DDIO
// leaves them, and making them is not measured.
#include "dataplane/pipeline/pipeline.h"
#include "tests/bench/ack_source.h"
#include "tests/support/rules/loaded_rules.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>
#include <x86intrin.h>

namespace sluice::bench {

namespace {

constexpr std::int64_t kNanosPerPacket = 300;
constexpr std::size_t kExpireBudget = 32;  // as dataplane/worker/worker.cc

// About once for every flow, and not too few.
std::uint64_t warm_up_batches(std::uint32_t flows) {
    return 2000 + flows / packet::kBatchSize;
}

struct Options {
    std::vector<std::uint32_t> flows = {10'000, 100'000, 1'000'000, 10'000'000};
    std::uint64_t packets = 2'000'000;
    unsigned runs = 3;
    std::string rules;
    bool timestamps = false;
    bool json = false;
};

class Clock {
  public:
    // Flows are opened over somewhat more time than lies between two visits of the timer wheel, so
    // that these come as evenly as on a live wire.
    explicit Clock(std::uint32_t flows) : step_(seconds(80).count / (std::int64_t{flows} * 3)) {}

    void opened() { step_ = kNanosPerPacket; }

    Now pass(std::size_t packets) {
        at_.count += static_cast<std::int64_t>(packets) * step_;
        return {at_, at_};
    }

  private:
    std::int64_t step_;
    Nanos at_ = seconds(1'700'000'000);
};

// Cycles per packet of many batches. The dearest twentieth is left out: the machine took the core
// away there.
class Samples {
  public:
    explicit Samples(std::uint64_t batches) { cycles_.reserve(batches); }

    void add(std::uint64_t cycles) { cycles_.push_back(cycles); }

    double per_packet() {
        std::sort(cycles_.begin(), cycles_.end());
        const std::size_t n = cycles_.size() - cycles_.size() / 20;
        double sum = 0;
        for (std::size_t i = 0; i < n; ++i) {
            sum += static_cast<double>(cycles_[i]);
        }
        return n == 0 ? 0.0 : sum / static_cast<double>(n) / packet::kBatchSize;
    }

  private:
    std::vector<std::uint64_t> cycles_;
};

enum Stage : std::size_t { kDecode, kFlow, kStream, kDetect, kHousekeeping, kPipeline, kStages };

constexpr std::array<const char*, kStages> kStageNames = {"decode", "flow",         "stream",
                                                          "detect", "housekeeping", "pipeline"};

using Cycles = std::array<double, kStages>;

pipeline::PipelineConfig config_for(std::uint32_t flows) {
    pipeline::PipelineConfig config = pipeline::inline_config();
    // A quarter more than needed: below the share at which the table shortens its time-outs.
    config.flow.max_flows = flows + flows / 4;
    return config;
}

// The pipeline as it is, and beside it between batches what the worker does.
void measure_pipeline(const Options& o, std::uint32_t flows, const test::LoadedRules& rules,
                      Cycles& out) {
    AckSource source(flows, o.timestamps);
    abi::EventRing ring(8192);
    const auto pipeline = std::make_unique<pipeline::Pipeline>(config_for(flows), ring);
    pipeline->install(*rules.ruleset, *rules.scratch);
    packet::Batch batch;
    Clock clock(flows);
    while (source.fill_handshakes(batch)) {
        const Now now = clock.pass(batch.size());
        pipeline->process(batch, now);
        pipeline->expire(now, kExpireBudget);
    }
    clock.opened();
    const std::uint64_t batches = o.packets / packet::kBatchSize;
    Samples process(batches);
    Samples expire(batches);
    const std::uint64_t warm_up = warm_up_batches(flows);
    for (std::uint64_t i = 0; i < batches + warm_up; ++i) {
        source.fill_acks(batch);
        const Now now = clock.pass(batch.size());
        const std::uint64_t start = __rdtsc();
        pipeline->process(batch, now);
        const std::uint64_t middle = __rdtsc();
        pipeline->expire(now, kExpireBudget);
        const std::uint64_t end = __rdtsc();
        if (i >= warm_up) {
            process.add(middle - start);
            expire.add(end - middle);
        }
    }
    const pipeline::PipelineStats& s = pipeline->stats();
    if (s.dropped != 0 || pipeline->flows().stats().created != flows) {
        std::fprintf(stderr, "small_packets_bench: %llu packets dropped, %llu flows made\n",
                     static_cast<unsigned long long>(s.dropped),
                     static_cast<unsigned long long>(pipeline->flows().stats().created));
        std::exit(1);
    }
    out[kPipeline] = process.per_packet();
    out[kHousekeeping] = expire.per_packet();
}

// The stages in the order of Pipeline::process(), each over the whole batch before the next, so
// that the counter is read once per batch and not once per packet.
class Stages final : private flow::FlowObserver {
  public:
    Stages(const pipeline::PipelineConfig& config, const test::LoadedRules& rules)
        : decode_(config.decode),
          flow_(config.flow, *this),
          stream_(config.stream),
          detect_(config.detect) {
        detect_.install(rules.ruleset.get(), rules.scratch.get());
    }

    using Ticks = std::array<std::uint64_t, kHousekeeping + 1>;

    Ticks process(packet::Batch& batch, const Now& now) {
        Ticks t{};
        t[kDecode] = __rdtsc();
        decode_.process(batch, reasons_);
        t[kFlow] = __rdtsc();
        flow_.process(batch, now, reasons_);
        t[kStream] = __rdtsc();
        stream::StreamChunk chunk;
        for (packet::Packet& p : batch) {
            stream_.begin(p, now, reasons_);
            while (stream_.next(chunk)) {
            }
        }
        t[kDetect] = __rdtsc();
        for (packet::Packet& p : batch) {
            detect_.inspect_packet(p, matches_, reasons_);
        }
        t[kHousekeeping] = __rdtsc();
        matches_.clear();
        flow_.expire(now, kExpireBudget);
        return t;
    }

  private:
    void flow_ended(flow::Flow& f, Now /*now*/) override {
        detect_.release(f);
        stream_.release(f);
    }

    packet::ReasonCounters reasons_{};
    decode::DecodeStage decode_;
    flow::FlowStage flow_;
    stream::StreamStage stream_;
    detect::DetectStage detect_;
    detect::MatchList matches_;
};

void measure_stages(const Options& o, std::uint32_t flows, const test::LoadedRules& rules,
                    Cycles& out) {
    AckSource source(flows, o.timestamps);
    const auto stages = std::make_unique<Stages>(config_for(flows), rules);
    packet::Batch batch;
    Clock clock(flows);
    while (source.fill_handshakes(batch)) {
        stages->process(batch, clock.pass(batch.size()));
    }
    clock.opened();
    const std::uint64_t batches = o.packets / packet::kBatchSize;
    std::vector<Samples> samples(kHousekeeping, Samples(batches));
    const std::uint64_t warm_up = warm_up_batches(flows);
    for (std::uint64_t i = 0; i < batches + warm_up; ++i) {
        source.fill_acks(batch);
        const Stages::Ticks t = stages->process(batch, clock.pass(batch.size()));
        for (std::size_t s = 0; i >= warm_up && s < kHousekeeping; ++s) {
            samples[s].add(t[s + 1] - t[s]);
        }
    }
    for (std::size_t s = 0; s < kHousekeeping; ++s) {
        out[s] = samples[s].per_packet();
    }
}

struct Row {
    std::uint32_t flows;
    std::array<std::vector<double>, kStages> runs;  // cycles per packet

    double median(std::size_t stage) const {
        std::vector<double> v = runs[stage];
        std::sort(v.begin(), v.end());
        return v[v.size() / 2];
    }
};

nlohmann::json to_json(const std::vector<Row>& rows) {
    nlohmann::json out = nlohmann::json::array();
    for (const Row& row : rows) {
        nlohmann::json stages;
        for (std::size_t s = 0; s < kStages; ++s) {
            const auto [lo, hi] = std::minmax_element(row.runs[s].begin(), row.runs[s].end());
            stages[kStageNames[s]] = {{"median", row.median(s)}, {"min", *lo}, {"max", *hi}};
        }
        out.push_back({{"flows", row.flows}, {"cycles_per_packet", stages}});
    }
    return out;
}

void print(const std::vector<Row>& rows) {
    std::printf("cycles per 64-byte packet, median of runs (whole pipeline: min..max)\n%10s",
                "flows");
    for (const char* name : kStageNames) {
        std::printf(" %12s", name);
    }
    std::printf(" %16s %8s\n", "min..max", "growth");
    for (const Row& row : rows) {
        std::printf("%10u", row.flows);
        for (std::size_t s = 0; s < kStages; ++s) {
            std::printf(" %12.1f", row.median(s));
        }
        const std::vector<double>& whole = row.runs[kPipeline];
        const auto [lo, hi] = std::minmax_element(whole.begin(), whole.end());
        const double first = rows[0].median(kPipeline) + rows[0].median(kHousekeeping);
        std::printf("   %6.1f..%6.1f %7.2fx\n", *lo, *hi,
                    (row.median(kPipeline) + row.median(kHousekeeping)) / first);
    }
}

std::string read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

void run(const Options& o) {
    const test::LoadedRules rules = test::load_rules(o.rules.empty() ? "" : read_file(o.rules));
    std::vector<Row> rows;
    for (const std::uint32_t flows : o.flows) {
        rows.push_back({flows, {}});
    }
    for (unsigned i = 0; i < o.runs; ++i) {
        for (Row& row : rows) {
            Cycles cycles{};
            measure_pipeline(o, row.flows, rules, cycles);
            measure_stages(o, row.flows, rules, cycles);
            for (std::size_t s = 0; s < kStages; ++s) {
                row.runs[s].push_back(cycles[s]);
            }
        }
    }
    if (o.json) {
        std::cout << to_json(rows).dump() << '\n';
    } else {
        print(rows);
    }
}

}  // namespace

}  // namespace sluice::bench

int main(int argc, char** argv) {
    sluice::bench::Options o;
    CLI::App app{
        "What a 64-byte packet costs, by stage and number of flows.\nExample: small_packets_bench "
        "--flows 10000,10000000 --runs 3"};
    app.add_option("--flows", o.flows, "numbers of open flows; 10 million take 3 GB")
        ->delimiter(',')
        ->check(CLI::Range(1U, sluice::bench::AckSource::kMaxFlows));
    app.add_option("--packets", o.packets, "acknowledgements measured per run");
    app.add_option("--runs", o.runs, "runs of everything, in turn")->check(CLI::Range(1U, 100U));
    app.add_option("--rules", o.rules, "a rule file; every rule must compile")
        ->check(CLI::ExistingFile);
    app.add_flag("--timestamps", o.timestamps, "packets carry the RFC 7323 timestamp (66 bytes)");
    app.add_flag("--json", o.json, "one JSON array instead of the table");
    CLI11_PARSE(app, argc, argv);
    sluice::bench::run(o);
    return 0;
}
