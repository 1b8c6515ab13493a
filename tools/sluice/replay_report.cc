// SPDX-License-Identifier: Apache-2.0
#include "tools/sluice/replay_report.h"

#include "control/config/exceptions.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <tuple>
#include <vector>

namespace sluice::cli {

namespace {

// The most that this process ever had in memory, in bytes: VmHWM. (ru_maxrss also knows what was
// before exec.) 0: unknown.
std::uint64_t peak_memory() {
    std::ifstream status("/proc/self/status");
    const std::string name = "VmHWM:";
    for (std::string line; std::getline(status, line);) {
        if (line.compare(0, name.size(), name) == 0) {
            return std::strtoull(line.c_str() + name.size(), nullptr, 10) * 1024;
        }
    }
    return 0;
}

nlohmann::ordered_json counters_of(const pipeline::Pipeline& p) {
    nlohmann::ordered_json reasons = nlohmann::ordered_json::object();
    for (std::size_t i = 1; i < packet::kReasonCount; ++i) {
        reasons[std::string(packet::kReasons[i].name)] = p.reasons()[i];
    }
    return reasons;
}

nlohmann::ordered_json flows_of(const pipeline::Pipeline& p) {
    const flow::FlowStats& flows = p.flows().stats();
    nlohmann::ordered_json j;
    j["created"] = flows.created;
    j["timed_out"] = flows.timed_out;
    j["evicted"] = flows.evicted;
    j["reused"] = flows.reused;
    j["no_room"] = flows.table_full;
    j["emergencies"] = flows.emergencies;
    return j;
}

nlohmann::ordered_json exceptions_of(const pipeline::Pipeline& p,
                                     const packet::ExceptionPolicies& policies) {
    nlohmann::ordered_json all = nlohmann::ordered_json::object();
    const packet::ExceptionCounters counters = p.exceptions();
    for (std::size_t i = 0; i < packet::kExceptionCount; ++i) {
        const auto cause = static_cast<packet::ExceptionCause>(i);
        const packet::ExceptionCount& c = counters[i];
        // A capture is played as the first segment.
        all[std::string(packet::kExceptions[i].name)] = {
            {"policy", control::policy_name(policies.of(cause, 0))},
            {"dropped_packets", c.dropped},
            {"passed_packets", c.packets},
            {"uninspected_bytes", c.bytes},
            {"bypassed_flows", c.flows}};
    }
    return all;
}

std::vector<std::size_t> busiest_of(const std::vector<detect::RuleCounters>& counters) {
    constexpr std::size_t kShown = 20;
    std::vector<std::size_t> order(counters.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto busier = [&](std::size_t a, std::size_t b) {
        const detect::RuleCounters& x = counters[a];
        const detect::RuleCounters& y = counters[b];
        return std::tie(y.evaluations, y.candidates, a) < std::tie(x.evaluations, x.candidates, b);
    };
    const std::size_t shown = std::min(kShown, order.size());
    const auto last = order.begin() + static_cast<std::ptrdiff_t>(shown);
    std::partial_sort(order.begin(), last, order.end(), busier);
    order.erase(last, order.end());
    std::erase_if(order, [&](std::size_t i) { return counters[i].candidates == 0; });
    return order;
}

}  // namespace

// What the pipeline holds on to.
nlohmann::ordered_json held_by(const pipeline::Pipeline& p) {
    nlohmann::ordered_json j;
    j["flows"] = p.flows().stats().active;
    j["streams"] = p.streams().stats().streams;
    j["held_bytes"] = p.streams().stats().held_bytes;
    j["syn_data_flows"] = p.streams().stats().syn_data_flows;
    j["fragment_datagrams"] = p.fragments().stats().datagrams;
    j["fragment_blocks"] = p.fragments().stats().blocks;
    return j;
}

nlohmann::ordered_json detection_of(const detect::DetectStats& stats,
                                    const detect::WorkerScratch& scratch,
                                    const bundle::Model& model) {
    nlohmann::ordered_json j;
    j["scans"] = stats.scans;
    j["scanned_bytes"] = stats.scanned_bytes;
    j["domain_lookups"] = stats.domain_lookups;
    j["candidates"] = stats.candidates;
    j["evaluations"] = stats.evaluations;
    j["matches"] = stats.matches;
    nlohmann::ordered_json& busiest = j["busiest_rules"] = nlohmann::ordered_json::array();
    for (const std::size_t i : busiest_of(scratch.rule_counters())) {
        const detect::RuleCounters& c = scratch.rule_counters()[i];
        busiest.push_back({{"sid", model.rules[i].sid},
                           {"candidates", c.candidates},
                           {"evaluations", c.evaluations},
                           {"matches", c.matches}});
    }
    return j;
}

nlohmann::ordered_json report_of(const pipeline::Pipeline& p, const ReplayFigures& figures,
                                 const packet::ExceptionPolicies& policies) {
    nlohmann::ordered_json j;
    j["packets"] = p.stats().packets;
    j["bytes"] = p.stats().bytes;
    j["forwarded"] = p.stats().forwarded;
    j["dropped"] = p.stats().dropped;
    j["alerts"] = p.verdicts().stats().alerts;
    j["rules"] = figures.rules;
    j["rules_compiled"] = figures.rules_compiled;
    j["load_seconds"] = figures.load_seconds;
    j["processing_cpu_seconds"] = figures.cpu_seconds;
    j["peak_rss_bytes"] = peak_memory();
    j["stream_bytes_inspected"] = p.streams().stats().bytes_inspected;
    j["stream_bytes_uninspected"] = p.streams().stats().bytes_uninspected;
    j["flows"] = flows_of(p);
    j["held_at_end"] = figures.held;
    const pipeline::Uninspected missed = p.uninspected();
    j["uninspected"] = {{"packets", missed.packets}, {"bytes", missed.bytes}};
    j["exceptions"] = exceptions_of(p, policies);
    j["detection"] = figures.detection;
    j["counters"] = counters_of(p);
    j["counters"]["pcre_work"] = p.detection().stats().pcre_work;
    j["counters"]["pcre_peak"] = p.detection().stats().pcre_peak;
    j["counters"]["alerts_repeated"] = p.detection().stats().repeated;
    j["counters"]["alerts_suppressed"] = p.verdicts().stats().suppressed;
    j["counters"]["flows_blocked"] = p.verdicts().stats().flows_blocked;
    j["counters"]["flows_passed"] = p.verdicts().stats().flows_passed;
    j["counters"]["tagged_packets"] = p.verdicts().stats().tagged_packets;
    j["counters"]["tags_lost"] = p.verdicts().stats().tags_lost;
    j["counters"]["resets"] = p.verdicts().stats().resets;
    return j;
}

Status write_report(const std::string& path, const nlohmann::ordered_json& report) {
    std::ofstream out(path, std::ios::trunc);
    out << report.dump(2) << "\n";
    out.close();
    if (!out) {
        return Error{ErrorCode::kIo,
                     "cannot write the statistics",
                     {path, 0, 0},
                     "check that the folder exists and has room"};
    }
    return ok_status();
}

void print_report(const nlohmann::ordered_json& report) {
    std::printf(
        "%llu packets, %llu bytes: %llu forwarded, %llu dropped, %llu alerts; %.3f s of CPU\n",
        report["packets"].get<unsigned long long>(), report["bytes"].get<unsigned long long>(),
        report["forwarded"].get<unsigned long long>(), report["dropped"].get<unsigned long long>(),
        report["alerts"].get<unsigned long long>(), report["processing_cpu_seconds"].get<double>());
    const nlohmann::ordered_json& flows = report["flows"];
    const nlohmann::ordered_json& held = report["held_at_end"];
    std::printf("%llu flows, %llu evicted, %llu timed out; %.1f MB of memory at most\n",
                flows["created"].get<unsigned long long>(),
                flows["evicted"].get<unsigned long long>(),
                flows["timed_out"].get<unsigned long long>(),
                static_cast<double>(report["peak_rss_bytes"].get<std::uint64_t>()) / 1e6);
    std::printf(
        "still held at the last packet: %llu flows, %llu streams, %llu bytes out of order, %llu "
        "datagrams in fragments (%llu blocks)\n",
        held["flows"].get<unsigned long long>(), held["streams"].get<unsigned long long>(),
        held["held_bytes"].get<unsigned long long>(),
        held["fragment_datagrams"].get<unsigned long long>(),
        held["fragment_blocks"].get<unsigned long long>());
    std::printf("  not inspected            %llu packets, %llu bytes\n",
                report["uninspected"]["packets"].get<unsigned long long>(),
                report["uninspected"]["bytes"].get<unsigned long long>());
    for (const auto& [cause, e] : report["exceptions"].items()) {
        const auto count = [&e = e](const char* name) { return e[name].get<unsigned long long>(); };
        if (count("dropped_packets") + count("passed_packets") + count("bypassed_flows") != 0) {
            std::printf(
                "  exception %-14s %s: %llu packets dropped, %llu passed, %llu bytes not "
                "inspected, %llu flows bypassed\n",
                cause.c_str(), e["policy"].get<std::string>().c_str(), count("dropped_packets"),
                count("passed_packets"), count("uninspected_bytes"), count("bypassed_flows"));
        }
    }
    for (const auto& [name, value] : report["counters"].items()) {
        if (value.get<std::uint64_t>() != 0) {
            std::printf("  %-24s %llu\n", name.c_str(), value.get<unsigned long long>());
        }
    }
}

}  // namespace sluice::cli
