// SPDX-License-Identifier: Apache-2.0
#include "tools/sluice/replay.h"

#include "control/config/exceptions.h"
#include "control/config/toml_load.h"
#include "dataplane/abi/event.h"
#include "dataplane/export/eve.h"
#include "dataplane/export/eve_file.h"
#include "dataplane/io/pcap/pcap_io.h"
#include "dataplane/pipeline/pipeline.h"
#include "dataplane/site/site.h"
#include "dataplane/worker/loader.h"
#include "dataplane/worker/pipeline_stats.h"
#include "tools/sluice/replay_report.h"
#include "tools/sluice/replay_rules.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <limits>
#include <memory>
#include <optional>
#include <unistd.h>

namespace sluice::cli {

namespace {

struct Options {
    std::string pcap;
    std::vector<std::string> rules;
    std::string bundle;
    std::string thresholds;
    std::string trust;
    std::string mode;
    std::string config;
    std::string eve;
    std::string pcap_out;
    std::string stats;
    std::vector<std::string> exceptions;
    std::vector<std::string> events;
    bool strict = false;
    bool json = false;
};

constexpr std::size_t kEventRing = 8192;
// Flows looked at between two batches: many, as captures leave out the time between packets in
// which the wire's worker has nothing else to do. Their events fit into the ring.
constexpr std::size_t kExpireBudget = 1024;

double cpu_seconds() {
    timespec t{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

int fail(const Error& error) {
    std::fprintf(stderr, "sluice replay: %s\n", error.to_string().c_str());
    return 1;
}

// One capture through one pipeline. Owns everything that the run needs.
class Replay {
  public:
    Replay(const pipeline::PipelineConfig& config, std::shared_ptr<const bundle::Model> model)
        : ring_(kEventRing),
          pipeline_(std::make_unique<pipeline::Pipeline>(config, ring_)),
          model_(std::move(model)),
          max_held_(std::size_t{config.flow.max_flows} + config.defrag.max_datagrams) {}

    Status prepare(const detect::SiteVars& site) {
        Result<std::unique_ptr<const detect::Ruleset>> ruleset =
            detect::Ruleset::build(model_, site, 1);
        if (!ruleset.ok()) {
            return ruleset.error();
        }
        ruleset_ = std::move(ruleset).value();
        Result<std::unique_ptr<detect::WorkerScratch>> scratch =
            detect::WorkerScratch::create(*ruleset_);
        if (!scratch.ok()) {
            return scratch.error();
        }
        scratch_ = std::move(scratch).value();
        pipeline_->install(*ruleset_, *scratch_);
        return ok_status();
    }

    void run(io::PcapIo& io, exporter::EveFile* eve, bool show_progress) {
        const double before = cpu_seconds();
        auto told = std::chrono::steady_clock::now();
        Now now{};
        Nanos& last = last_;
        while (!io.exhausted()) {
            batch_.clear();
            io.receive(batch_);
            if (batch_.size() == 0) {
                continue;
            }
            now = {batch_[0].wall, batch_[0].wall};
            last = batch_[batch_.size() - 1].wall;
            pipeline_->expire(now, kExpireBudget);
            pipeline_->process(batch_, now);
            drain(eve);
            io.finalize(batch_);
            send_resets(io);
            if (show_progress &&
                std::chrono::steady_clock::now() - told > std::chrono::seconds(2)) {
                told = std::chrono::steady_clock::now();
                std::fprintf(stderr, "\r\033[K%llu packets",
                             static_cast<unsigned long long>(pipeline_->stats().packets));
                progress_shown_ = true;
            }
        }
        expire_all({last, last}, eve);
        held_ = held_by(*pipeline_);
        pipeline_->end_all({last, last});
        drain(eve);
        cpu_ = cpu_seconds() - before;
        if (progress_shown_) {
            std::fputs("\r\033[K", stderr);
        }
    }

    const pipeline::Pipeline& pipeline() const { return *pipeline_; }

    nlohmann::ordered_json detection() const {
        return detection_of(pipeline_->detection().stats(), *scratch_, *model_);
    }

    double cpu() const { return cpu_; }

    // One event with all counters, at the time of the last packet.
    void tell_stats(exporter::EveFile& eve) const {
        std::string line;
        exporter::append_stats_json(last_.count,
                                    worker::stats_list(worker::values_of(*pipeline_), 0), line);
        eve.append(line);
    }

    // What was still held at the time of the last packet.
    const nlohmann::ordered_json& held() const { return held_; }

  private:
    // Everything that is over by then.
    void expire_all(const Now& now, exporter::EveFile* eve) {
        for (std::size_t looked_at = 0; looked_at <= 2 * max_held_; looked_at += kExpireBudget) {
            pipeline_->expire(now, kExpireBudget);
            drain(eve);
        }
    }

    void drain(exporter::EveFile* eve) {
        abi::EventRecord event;
        lines_.clear();
        const exporter::EveContext context{model_.get(), {}, "wire/pcap"};
        while (ring_.pop(event)) {
            if (eve != nullptr) {
                exporter::append_eve_json(event, context, lines_);
            }
        }
        if (eve != nullptr && !lines_.empty()) {
            eve->append(lines_);
        }
    }

    void send_resets(io::PcapIo& io) {
        for (const verdict::OutFrame& frame : pipeline_->out()) {
            io.inject(frame.port, Bytes(frame.bytes.data(), frame.len));
        }
        pipeline_->out().clear();
    }

    abi::EventRing ring_;
    std::unique_ptr<pipeline::Pipeline> pipeline_;
    std::shared_ptr<const bundle::Model> model_;
    std::unique_ptr<const detect::Ruleset> ruleset_;
    std::unique_ptr<detect::WorkerScratch> scratch_;
    std::size_t max_held_;  // flows and datagrams in fragments
    packet::Batch batch_;
    std::string lines_;
    nlohmann::ordered_json held_;
    Nanos last_;  // time of the last packet
    double cpu_ = 0;
    bool progress_shown_ = false;
};

void tell_problems(const ReplayRules& rules) {
    constexpr std::size_t kShown = 20;
    std::size_t shown = 0;
    for (const lang::Problem& p : rules.problems) {
        if (shown++ == kShown) {
            std::fprintf(stderr, "sluice replay: ... and %zu more; 'sluice check' lists them\n",
                         rules.problems.size() - kShown);
            break;
        }
        std::fprintf(stderr, "sluice replay: %s:%u:%u: sid %u left out: %s\n", p.where.file.c_str(),
                     p.where.line, p.where.column, p.sid, p.reason.c_str());
    }
}

bool has_invalid(const ReplayRules& rules) {
    for (const lang::Problem& p : rules.problems) {
        if (!p.unsupported) {
            return true;
        }
    }
    return false;
}

struct Site {
    pipeline::PipelineConfig config;
    detect::SiteVars vars;
    std::string thresholds;  // of the file, over what rules or bundle say
    bool stats_event = false;
};

const std::vector<std::string>& event_types() {
    static const std::vector<std::string> kTypes = {"alert", "anomaly", "dns",   "drop", "flow",
                                                    "http",  "packet",  "stats", "tls"};
    return kTypes;
}

// These types and no others. A capture can be read again, so nothing is told at a rate only.
void choose_events(const std::vector<std::string>& types, control::EventsConfig& out) {
    constexpr std::uint32_t kAll = std::numeric_limits<std::uint32_t>::max();
    const auto named = [&types](const char* type) {
        return std::find(types.begin(), types.end(), type) != types.end();
    };
    out.alert = named("alert");
    out.anomalies_per_second = named("anomaly") ? kAll : 0;
    out.dns = named("dns");
    out.drops_per_second = named("drop") ? kAll : 0;
    out.flow = named("flow");
    out.http = named("http");
    out.packet = named("packet");
    out.stats_every_s = named("stats") ? 1 : 0;
    out.tls = named("tls");
}

// What the command line says holds over what the file says, for all segments.
Status name_exceptions(const Options& o, control::Config& c, pipeline::PipelineConfig& out) {
    control::ExceptionTable named;
    for (const std::string& text : o.exceptions) {
        if (const Status set = control::set_exception(text, named); !set.ok()) {
            return set.error();
        }
    }
    for (std::size_t i = 0; i < packet::kExceptionCount; ++i) {
        for (control::Segment& segment : c.segments) {
            segment.exception[i] = named[i] ? named[i] : segment.exception[i];
        }
        c.exception[i] = named[i] ? named[i] : c.exception[i];
    }
    if (named[static_cast<std::size_t>(packet::ExceptionCause::midstream)]) {
        out.stream.midstream = false;
    }
    site::apply_exceptions(c, out);
    return ok_status();
}

Result<Site> site_of(const Options& o) {
    Site site;
    site.vars = detect::SiteVars::defaults();
    const bool inline_mode = o.mode == "inline";
    site.config = inline_mode ? pipeline::inline_config() : pipeline::tap_config();
    control::Config c;
    if (!o.config.empty()) {
        Result<control::Config> loaded = control::load_config(o.config);
        if (!loaded.ok()) {
            return loaded.error();
        }
        c = std::move(loaded).value();
        if (o.mode.empty()) {
            site.config = c.dataplane.mode == control::SegmentMode::kInline
                              ? pipeline::inline_config()
                              : pipeline::tap_config();
        }
        site::apply_limits(c, site.config);
        site.vars = site::site_vars(c);
        site.thresholds = c.bundle.thresholds;
    }
    if (!o.events.empty()) {
        choose_events(o.events, c.events);
    }
    site.stats_event = c.events.stats_every_s != 0;
    site::apply_events(c.events, site.config.verdict);
    site.config.flow.packet_time = true;
    if (const Status named = name_exceptions(o, c, site.config); !named.ok()) {
        return named.error();
    }
    return site;
}

// The site's own threshold.config, as the appliance would apply it.
Status add_site_thresholds(const Site& site, ReplayRules& rules) {
    if (site.thresholds.empty()) {
        return ok_status();
    }
    auto model = std::make_shared<bundle::Model>(*rules.model);
    std::size_t unmatched = 0;
    if (Status s = worker::apply_site_thresholds(site.thresholds, site.vars, *model, unmatched);
        !s.ok()) {
        return s;
    }
    if (unmatched != 0) {
        std::fprintf(stderr, "sluice replay: %s: %zu lines are about rules that are not here\n",
                     site.thresholds.c_str(), unmatched);
    }
    rules.model = std::move(model);
    return ok_status();
}

Result<ReplayRules> rules_of(const Options& o, const Site& site) {
    if (!o.bundle.empty()) {
        if (o.trust.empty()) {
            return Error{ErrorCode::kInvalid,
                         "a bundle needs the key that it must be signed by",
                         {},
                         "add --trust NAME.pub"};
        }
        return load_bundle(o.bundle, o.trust);
    }
    return load_rule_files(o.rules, o.thresholds, site.vars.addresses, {});
}

int run_replay(const Options& o) {
    const auto started = std::chrono::steady_clock::now();
    Result<Site> site = site_of(o);
    if (!site.ok()) {
        return fail(site.error());
    }
    Result<ReplayRules> rules = rules_of(o, site.value());
    if (!rules.ok()) {
        return fail(rules.error());
    }
    if (const Status s = add_site_thresholds(site.value(), rules.value()); !s.ok()) {
        return fail(s.error());
    }
    tell_problems(rules.value());
    if (o.strict && has_invalid(rules.value())) {
        return fail({ErrorCode::kInvalid,
                     "invalid rules, and --strict was given",
                     {},
                     "correct them, or leave --strict out"});
    }
    Result<std::unique_ptr<io::PcapIo>> io = io::PcapIo::open(o.pcap, o.pcap_out);
    if (!io.ok()) {
        return fail(io.error());
    }
    std::optional<exporter::EveFile> eve;
    if (!o.eve.empty()) {
        ::unlink(o.eve.c_str());  // a run's events, not those of the run before
        eve.emplace(exporter::EveFileConfig{o.eve, 0, 0});
        if (const Status opened = eve->open(); !opened.ok()) {
            return fail(opened.error());
        }
    }
    Replay replay(site.value().config, rules.value().model);
    if (const Status ready = replay.prepare(site.value().vars); !ready.ok()) {
        return fail(ready.error());
    }
    const std::chrono::duration<double> load = std::chrono::steady_clock::now() - started;
    replay.run(*io.value(), eve ? &*eve : nullptr, isatty(2) != 0);
    if (eve && site.value().stats_event) {
        replay.tell_stats(*eve);
    }
    if (eve) {
        eve->flush();
    }
    const nlohmann::ordered_json stats =
        report_of(replay.pipeline(),
                  {replay.held(), replay.detection(), load.count(), replay.cpu(),
                   rules.value().rules, rules.value().compiled},
                  site.value().config.exceptions);
    if (!o.stats.empty()) {
        if (const Status written = write_report(o.stats, stats); !written.ok()) {
            return fail(written.error());
        }
    }
    if (o.json) {
        std::printf("%s\n", stats.dump(2).c_str());
    } else {
        print_report(stats);
    }
    const Status end = io.value()->error();
    if (!end.ok()) {
        return fail(end.error());
    }
    return eve && eve->write_errors() != 0 ? fail({ErrorCode::kIo,
                                                   "events were lost while writing",
                                                   {o.eve, 0, 0},
                                                   "check the disk"})
                                           : 0;
}

}  // namespace

void add_replay(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<Options>();
    CLI::App* cmd = app.add_subcommand(
        "replay", "judge a capture by rules or a bundle, as the appliance would");
    cmd->footer(
        "Examples:\n"
        "  sluice replay --pcap in.pcap --rules my.rules --eve eve.json\n"
        "  sluice replay --pcap in.pcap --bundle monthly.sigb --trust lab.pub --mode inline "
        "--pcap-out forwarded.pcap\n"
        "  sluice replay --pcap in.pcap --rules my.rules --mode inline --exception midstream=drop "
        "--exception flow_table=pass\n"
        "In tap mode (the default) everything is forwarded and drop rules say would-block. Rules "
        "that cannot be compiled are named\n"
        "and left out; --strict makes an invalid one an error.");
    cmd->add_option("--pcap", options->pcap,
                    "capture to read (pcap or pcapng; - for standard input)")
        ->required();
    auto* rules =
        cmd->add_option("--rules", options->rules, "rule files (.rules) and guidance (.toml)");
    auto* bundle =
        cmd->add_option("--bundle", options->bundle, "compiled bundle (.sigb)")->excludes(rules);
    cmd->add_option("--thresholds", options->thresholds,
                    "threshold.config: suppress, threshold, event_filter, rate_filter")
        ->needs(rules);
    cmd->add_option("--trust", options->trust, "public key file that the bundle must be signed by")
        ->needs(bundle);
    cmd->add_option("--mode", options->mode, "tap or inline")
        ->check(CLI::IsMember({"tap", "inline"}));
    cmd->add_option("--config", options->config, "sluice.toml: mode, networks, limits");
    cmd->add_option("--exception", options->exceptions,
                    "CAUSE=POLICY: what becomes of packets for which there is no room, over what "
                    "--config says;\nmay be repeated; policies: pass, drop, bypass; causes: " +
                        control::cause_names() +
                        "\n(midstream: connections without their handshake are not inspected then)")
        ->allow_extra_args(false);
    cmd->add_option("--eve", options->eve, "write events here, one JSON object a line");
    cmd->add_option("--events", options->events,
                    "TYPE,TYPE,...: just these, whatever --config says: alert, anomaly, dns, drop, "
                    "flow, http, stats, tls")
        ->delimiter(',')
        ->check(CLI::IsMember(event_types()))
        ->allow_extra_args(false);
    cmd->add_option("--pcap-out", options->pcap_out,
                    "write exactly what would have been forwarded");
    cmd->add_option("--stats", options->stats, "write statistics here (JSON)");
    cmd->add_flag("--strict", options->strict, "an invalid rule is an error");
    cmd->add_flag("--json", options->json, "print the statistics as JSON");
    cmd->callback([options, &exit_code] {
        if (options->rules.empty() && options->bundle.empty()) {
            exit_code = fail({ErrorCode::kInvalid,
                              "nothing to judge by",
                              {},
                              "give --rules FILE or --bundle FILE"});
            return;
        }
        exit_code = run_replay(*options);
    });
}

}  // namespace sluice::cli
