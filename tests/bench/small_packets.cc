// SPDX-License-Identifier: Apache-2.0
// What a 64-byte packet costs, stage by stage, and how that grows with the number of flows: the
// flow table is sized for them, all are opened, then acknowledgements come in random order, so that
// with many flows every lookup misses the caches.
//   small_packets_bench --flows 10000,10000000 --runs 9
// Units: cycles of the time stamp counter, which ticks at one rate whatever the core's clock; only
// ratios inside one run mean anything. The tables of all sizes exist at once and are measured in
// turn, a run being one turn: what else goes on in the machine meets them alike, and growth is the
// median of the turns' own ratios. Time on the wire is simulated (kNanosPerPacket), so that
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
#include <initializer_list>
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
// More than that many visits ever cost, less than a time slice: a call beyond was interrupted.
constexpr std::uint64_t kExpireAtMost = kExpireBudget * 2000;

// Before the first turn: about once for every flow. Before each: what the tables measured in
// between took of the caches comes back.
std::uint64_t first_warm_up(std::uint32_t flows) {
    return flows / packet::kBatchSize;
}

constexpr std::uint64_t kWarmUp = 2000;

struct Options {
    std::vector<std::uint32_t> flows = {10'000, 100'000, 1'000'000, 10'000'000};
    std::uint64_t packets = 1'000'000;
    unsigned runs = 9;
    std::string rules;
    bool timestamps = false;
    bool json = false;
};

class Clock {
  public:
    // Flows are opened over somewhat more time than lies between two visits of the timer wheel, so
    // that these come as evenly as on a live wire.
    explicit Clock(std::uint32_t flows) : step_(seconds(160).count / (std::int64_t{flows} * 4)) {}

    void opened() { step_ = kNanosPerPacket; }

    Now pass(std::size_t packets) {
        at_.count += static_cast<std::int64_t>(packets) * step_;
        return {at_, at_};
    }

  private:
    std::int64_t step_;
    Nanos at_ = seconds(1'700'000'000);
};

// Cycles per packet of many batches.
class Samples {
  public:
    explicit Samples(std::uint64_t batches) { cycles_.reserve(batches); }

    void add(std::uint64_t cycles) { cycles_.push_back(cycles); }

    // Of work that each batch has alike. The dearest twentieth is left out: the machine took the
    // core away there.
    double per_packet() {
        std::sort(cycles_.begin(), cycles_.end());
        return mean_of(cycles_.size() - cycles_.size() / 20);
    }

    // Of work that few batches have: only those are left out that cost more than it ever can.
    double per_packet_below(std::uint64_t cycles) {
        std::sort(cycles_.begin(), cycles_.end());
        const auto end = std::lower_bound(cycles_.begin(), cycles_.end(), cycles);
        return mean_of(static_cast<std::size_t>(end - cycles_.begin()));
    }

  private:
    double mean_of(std::size_t n) const {
        double sum = 0;
        for (std::size_t i = 0; i < n; ++i) {
            sum += static_cast<double>(cycles_[i]);
        }
        return n == 0 ? 0.0 : sum / static_cast<double>(n) / packet::kBatchSize;
    }

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
class WholePipeline {
  public:
    WholePipeline(const Options& o, std::uint32_t flows, const test::LoadedRules& rules)
        : flows_(flows), source_(flows, o.timestamps), clock_(flows) {
        pipeline_->install(*rules.ruleset, *rules.scratch);
        while (source_.fill_handshakes(batch_)) {
            const Now now = clock_.pass(batch_.size());
            pipeline_->process(batch_, now);
            pipeline_->expire(now, kExpireBudget);
        }
        clock_.opened();
        run(first_warm_up(flows), nullptr, nullptr);
    }

    void measure(std::uint64_t batches, Cycles& out) {
        run(kWarmUp, nullptr, nullptr);
        Samples process(batches);
        Samples expire(batches);
        run(batches, &process, &expire);
        out[kPipeline] = process.per_packet();
        out[kHousekeeping] = expire.per_packet_below(kExpireAtMost);
        check();
    }

  private:
    void run(std::uint64_t batches, Samples* process, Samples* expire) {
        for (std::uint64_t i = 0; i < batches; ++i) {
            source_.fill_acks(batch_);
            const Now now = clock_.pass(batch_.size());
            const std::uint64_t start = __rdtsc();
            pipeline_->process(batch_, now);
            const std::uint64_t middle = __rdtsc();
            pipeline_->expire(now, kExpireBudget);
            const std::uint64_t end = __rdtsc();
            if (process != nullptr) {
                process->add(middle - start);
                expire->add(end - middle);
            }
        }
    }

    void check() const {
        const std::uint64_t dropped = pipeline_->stats().dropped;
        const std::uint64_t created = pipeline_->flows().stats().created;
        if (dropped != 0 || created != flows_) {
            std::fprintf(stderr, "small_packets_bench: %llu packets dropped, %llu flows made\n",
                         static_cast<unsigned long long>(dropped),
                         static_cast<unsigned long long>(created));
            std::exit(1);
        }
    }

    std::uint32_t flows_;
    AckSource source_;
    Clock clock_;
    abi::EventRing ring_{8192};
    std::unique_ptr<pipeline::Pipeline> pipeline_ =
        std::make_unique<pipeline::Pipeline>(config_for(flows_), ring_);
    packet::Batch batch_;
};

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

class SingleStages {
  public:
    SingleStages(const Options& o, std::uint32_t flows, const test::LoadedRules& rules)
        : source_(flows, o.timestamps),
          clock_(flows),
          stages_(std::make_unique<Stages>(config_for(flows), rules)) {
        while (source_.fill_handshakes(batch_)) {
            stages_->process(batch_, clock_.pass(batch_.size()));
        }
        clock_.opened();
        run(first_warm_up(flows), nullptr);
    }

    void measure(std::uint64_t batches, Cycles& out) {
        run(kWarmUp, nullptr);
        std::vector<Samples> samples(kHousekeeping, Samples(batches));
        run(batches, &samples);
        for (std::size_t s = 0; s < kHousekeeping; ++s) {
            out[s] = samples[s].per_packet();
        }
    }

  private:
    void run(std::uint64_t batches, std::vector<Samples>* samples) {
        for (std::uint64_t i = 0; i < batches; ++i) {
            source_.fill_acks(batch_);
            const Stages::Ticks t = stages_->process(batch_, clock_.pass(batch_.size()));
            for (std::size_t s = 0; samples != nullptr && s < kHousekeeping; ++s) {
                (*samples)[s].add(t[s + 1] - t[s]);
            }
        }
    }

    AckSource source_;
    Clock clock_;
    std::unique_ptr<Stages> stages_;
    packet::Batch batch_;
};

double median_of(std::vector<double> v) {
    std::sort(v.begin(), v.end());
    return v[v.size() / 2];
}

struct Row {
    std::uint32_t flows;
    std::array<std::vector<double>, kStages> runs;  // cycles per packet

    double median(std::size_t stage) const { return median_of(runs[stage]); }

    // How many times what it costs with the flows of 'first', turn by turn.
    std::vector<double> growth(const Row& first) const {
        std::vector<double> ratios;
        for (std::size_t i = 0; i < runs[kPipeline].size(); ++i) {
            ratios.push_back(whole(i) / first.whole(i));
        }
        return ratios;
    }

  private:
    double whole(std::size_t run) const { return runs[kPipeline][run] + runs[kHousekeeping][run]; }
};

nlohmann::json to_json(const std::vector<Row>& rows) {
    nlohmann::json out = nlohmann::json::array();
    for (const Row& row : rows) {
        nlohmann::json stages;
        for (std::size_t s = 0; s < kStages; ++s) {
            const auto [lo, hi] = std::minmax_element(row.runs[s].begin(), row.runs[s].end());
            stages[kStageNames[s]] = {{"median", row.median(s)}, {"min", *lo}, {"max", *hi}};
        }
        const std::vector<double> growth = row.growth(rows[0]);
        out.push_back({{"flows", row.flows},
                       {"cycles_per_packet", stages},
                       {"growth", {{"median", median_of(growth)}, {"turns", growth}}}});
    }
    return out;
}

void print(const std::vector<Row>& rows) {
    std::printf("cycles per 64-byte packet, median of turns (whole pipeline: min..max)\n%10s",
                "flows");
    for (const char* name : kStageNames) {
        std::printf(" %12s", name);
    }
    std::printf(" %16s   growth: median (min..max)\n", "min..max");
    for (const Row& row : rows) {
        std::printf("%10u", row.flows);
        for (std::size_t s = 0; s < kStages; ++s) {
            std::printf(" %12.1f", row.median(s));
        }
        const std::vector<double>& whole = row.runs[kPipeline];
        const auto [lo, hi] = std::minmax_element(whole.begin(), whole.end());
        std::vector<double> growth = row.growth(rows[0]);
        std::sort(growth.begin(), growth.end());
        std::printf("   %6.1f..%6.1f %5.2f (%.2f..%.2f)\n", *lo, *hi, median_of(growth),
                    growth.front(), growth.back());
    }
}

std::string read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

template <typename What>
void measure(const Options& o, const test::LoadedRules& rules, std::vector<Row>& rows,
             std::initializer_list<Stage> stages) {
    std::vector<std::unique_ptr<What>> tables;
    for (const Row& row : rows) {
        tables.push_back(std::make_unique<What>(o, row.flows, rules));
    }
    for (unsigned i = 0; i < o.runs; ++i) {
        for (std::size_t r = 0; r < rows.size(); ++r) {
            Cycles cycles{};
            tables[r]->measure(o.packets / packet::kBatchSize, cycles);
            for (const Stage s : stages) {
                rows[r].runs[s].push_back(cycles[s]);
            }
        }
    }
}

void run(const Options& o) {
    const test::LoadedRules rules = test::load_rules(o.rules.empty() ? "" : read_file(o.rules));
    std::vector<Row> rows;
    for (const std::uint32_t flows : o.flows) {
        rows.push_back({flows, {}});
    }
    measure<WholePipeline>(o, rules, rows, {kPipeline, kHousekeeping});
    measure<SingleStages>(o, rules, rows, {kDecode, kFlow, kStream, kDetect});
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
        "--flows 10000,10000000 --runs 9"};
    app.add_option("--flows", o.flows, "numbers of open flows; 10 million take 3 GB")
        ->delimiter(',')
        ->check(CLI::Range(1U, sluice::bench::AckSource::kMaxFlows));
    app.add_option("--packets", o.packets, "acknowledgements measured per size and turn");
    app.add_option("--runs", o.runs, "turns through all sizes")->check(CLI::Range(1U, 100U));
    app.add_option("--rules", o.rules, "a rule file; every rule must compile")
        ->check(CLI::ExistingFile);
    app.add_flag("--timestamps", o.timestamps, "packets carry the RFC 7323 timestamp (66 bytes)");
    app.add_flag("--json", o.json, "one JSON array instead of the table");
    CLI11_PARSE(app, argc, argv);
    sluice::bench::run(o);
    return 0;
}
