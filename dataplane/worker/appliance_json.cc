// SPDX-License-Identifier: Apache-2.0
// What `sluice status` and `sluice stats` show.
#include "control/config/exceptions.h"
#include "dataplane/export/json_writer.h"
#include "dataplane/worker/appliance.h"

#include <unistd.h>

namespace sluice::worker {
namespace {

using exporter::JsonWriter;

void write_stats(const StatValues& values, JsonWriter& json) {
    for (std::size_t i = 0; i < kStatCount; ++i) {
        json.field(kStatNames[i], values.stats[i]);
    }
}

void write_reasons(const StatValues& values, JsonWriter& json) {
    json.key("reasons").begin_object();
    for (std::size_t i = 1; i < packet::kReasonCount; ++i) {
        if (values.reasons[i] != 0) {
            json.field(packet::kReasons[i].name, values.reasons[i]);
        }
    }
    json.end_object();
}

// Per cause: what is in force, and what came of it.
void write_exceptions(const control::Config& config, const packet::ExceptionCounters& counters,
                      JsonWriter& json) {
    json.key("exceptions").begin_array();
    for (std::size_t i = 0; i < packet::kExceptionCount; ++i) {
        const auto cause = static_cast<packet::ExceptionCause>(i);
        const control::ExceptionPolicy common = control::policy_for(config, nullptr, cause);
        json.begin_object().field("cause", packet::kExceptions[i].name);
        json.field("policy", control::policy_name(common)).key("segments").begin_object();
        for (const control::Segment& segment : config.segments) {
            const control::ExceptionPolicy own = control::policy_for(config, &segment, cause);
            if (own != common) {
                json.field(segment.name, control::policy_name(own));
            }
        }
        const packet::ExceptionCount& c = counters[i];
        json.end_object().field("dropped_packets", c.dropped).field("passed_packets", c.packets);
        json.field("uninspected_bytes", c.bytes).field("bypassed_flows", c.flows).end_object();
    }
    json.end_array();
}

void write_port(const io::PortCounters& port, JsonWriter& json) {
    json.begin_object();
    json.field("name", port.name).field("driver", port.driver);
    json.field("rx_packets", port.rx_packets)
        .field("rx_bytes", port.rx_bytes)
        .field("rx_missed", port.rx_missed);
    json.field("tx_packets", port.tx_packets)
        .field("tx_bytes", port.tx_bytes)
        .field("tx_errors", port.tx_errors);
    json.end_object();
}

}  // namespace

std::string Appliance::status_json() const {
    const BundleInfo info = bundle();
    const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(
        std::chrono::steady_clock::now() - started_);
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.field("version", SLUICE_VERSION).field("pid", static_cast<std::uint64_t>(::getpid()));
    json.field("uptime_s", static_cast<std::uint64_t>(uptime.count()));
    json.field("mode", config_.dataplane.mode == control::SegmentMode::kInline ? "inline" : "tap");
    json.field("exception_policy", control::policy_name(config_.dataplane.exception_policy));
    json.field("workers", seats_.size()).field("steering", steering());
    json.flag("hugepages", eal_ != nullptr && eal_->hugepages());
    json.key("bundle").begin_object();
    json.field("path", info.path)
        .field("name", info.name)
        .field("version", info.version)
        .field("generation", info.generation);
    json.field("rules", info.rules).field("required_cves", info.required_cves);
    json.field("unmatched_thresholds", info.unmatched_thresholds);
    json.field("expires_at",
               info.expires_at > 0 ? static_cast<std::uint64_t>(info.expires_at) : 0U);
    json.end_object();
    json.key("segments").begin_array();
    std::size_t next = 0;
    const std::vector<io::PortCounters> ports =
        device_ == nullptr ? std::vector<io::PortCounters>{} : device_->counters();
    for (const control::Segment& segment : config_.segments) {
        json.begin_object().field("name", segment.name).key("ports").begin_array();
        for (std::size_t i = 0; i < 2 && next < ports.size(); ++i) {
            json.begin_object()
                .field("name", ports[next].name)
                .field("driver", ports[next].driver)
                .end_object();
            ++next;
        }
        json.end_array().end_object();
    }
    json.end_array();
    json.field("events", config_.events.path);
    const StatValues sum = total();
    write_exceptions(config_, sum.exceptions, json);
    json.key("uninspected").begin_object();
    json.field("packets", sum[Stat::uninspected_packets])
        .field("bytes", sum[Stat::uninspected_bytes]);
    json.field("of_packets", sum[Stat::packets]).field("of_bytes", sum[Stat::bytes]);
    json.field("trusted_packets", sum[Stat::trusted_packets])
        .field("trusted_bytes", sum[Stat::trusted_bytes]);
    json.field("not_ip_packets", sum[Stat::not_ip_packets])
        .field("not_ip_bytes", sum[Stat::not_ip_bytes]);
    json.end_object();
    json.field("encrypted_bytes", sum[Stat::stream_bytes_encrypted]);
    json.end_object();
    return out;
}

std::string Appliance::stats_json() const {
    const StatValues sum = total();
    std::string out;
    JsonWriter json(out);
    json.begin_object().key("total").begin_object();
    write_stats(sum, json);
    json.end_object();
    write_reasons(sum, json);
    json.key("events").begin_object();
    json.field("written", exporter_ == nullptr ? 0 : exporter_->events())
        .field("bytes", file_.bytes_written());
    json.field("lost", file_.lines_lost())
        .field("write_errors", file_.write_errors())
        .field("rotations", file_.rotations());
    json.end_object().key("ports").begin_array();
    if (device_ != nullptr) {
        for (const io::PortCounters& port : device_->counters()) {
            write_port(port, json);
        }
    }
    json.end_array().key("workers").begin_array();
    for (std::size_t w = 0; w < seats_.size(); ++w) {
        json.begin_object();
        write_stats(worker_stats(w), json);
        json.end_object();
    }
    json.end_array().end_object();
    return out;
}

std::string Appliance::summary() const {
    const BundleInfo info = bundle();
    std::string text =
        config_.dataplane.mode == control::SegmentMode::kInline ? "inline, " : "tap, ";
    text += std::to_string(seats_.size()) + (seats_.size() == 1 ? " worker, " : " workers, ");
    text += info.path.empty() ? "no bundle"
                              : "bundle version " + std::to_string(info.version) + ", " +
                                    std::to_string(info.rules) + " rules";
    return text;
}

}  // namespace sluice::worker
