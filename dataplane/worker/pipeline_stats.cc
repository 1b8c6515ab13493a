// SPDX-License-Identifier: Apache-2.0
#include "dataplane/worker/pipeline_stats.h"

#include <string>

namespace sluice::worker {

StatValues values_of(const pipeline::Pipeline& pipeline) {
    StatValues v;
    const pipeline::PipelineStats& p = pipeline.stats();
    v[Stat::packets] = p.packets;
    v[Stat::bytes] = p.bytes;
    v[Stat::forwarded] = p.forwarded;
    v[Stat::dropped] = p.dropped;
    const verdict::VerdictStats& verdicts = pipeline.verdicts().stats();
    v[Stat::alerts] = verdicts.alerts;
    v[Stat::alerts_suppressed] = verdicts.suppressed;
    v[Stat::flows_blocked] = verdicts.flows_blocked;
    v[Stat::flows_passed] = verdicts.flows_passed;
    v[Stat::resets] = verdicts.resets;
    v[Stat::resets_lost] = verdicts.resets_lost;
    v[Stat::tagged_packets] = verdicts.tagged_packets;
    v[Stat::tags_lost] = verdicts.tags_lost;
    const flow::FlowStats flows = pipeline.flows().stats();
    v[Stat::flows_created] = flows.created;
    v[Stat::flows_ended] = flows.ended;
    v[Stat::flows_timed_out] = flows.timed_out;
    v[Stat::flows_evicted] = flows.evicted;
    v[Stat::flows_active] = flows.active;
    const stream::StreamStats streams = pipeline.streams().stats();
    v[Stat::stream_segments] = streams.segments;
    v[Stat::stream_bytes_inspected] = streams.bytes_inspected;
    v[Stat::stream_bytes_uninspected] = streams.bytes_uninspected;
    v[Stat::stream_bytes_encrypted] = pipeline.stats().encrypted_bytes;
    v[Stat::stream_out_of_order] = streams.ooo_segments;
    v[Stat::stream_gaps] = streams.gaps;
    v[Stat::streams_active] = streams.streams;
    v[Stat::held_bytes] = streams.held_bytes;
    v[Stat::syn_data_flows] = streams.syn_data_flows;
    const defrag::DefragStats fragments = pipeline.fragments().stats();
    v[Stat::fragment_datagrams] = fragments.datagrams;
    v[Stat::fragment_blocks] = fragments.blocks;
    const pipeline::Uninspected missed = pipeline.uninspected();
    v[Stat::uninspected_packets] = missed.packets;
    v[Stat::uninspected_bytes] = missed.bytes;
    v[Stat::trusted_packets] = p.trusted_packets;
    v[Stat::trusted_bytes] = p.trusted_bytes;
    v[Stat::not_ip_packets] = p.not_ip_packets;
    v[Stat::not_ip_bytes] = p.not_ip_bytes;
    v.exceptions = pipeline.exceptions();
    for (std::size_t i = 0; i < packet::kReasonCount; ++i) {
        v.reasons[i] = pipeline.reasons()[i];
    }
    return v;
}

exporter::StatsList stats_list(const StatValues& v, std::uint64_t uptime_s) {
    exporter::StatsList list = {
        {"uptime", uptime_s},
        {"decoder.pkts", v[Stat::packets]},
        {"decoder.bytes", v[Stat::bytes]},
        {"flow.total", v[Stat::flows_created]},
        {"flow.active", v[Stat::flows_active]},
        {"tcp.active_sessions", v[Stat::streams_active]},
        {"tcp.reassembly_gap", v[Stat::stream_gaps]},
        {"detect.alert", v[Stat::alerts]},
        {"detect.alerts_suppressed", v[Stat::alerts_suppressed]},
        {"ips.accepted", v[Stat::forwarded]},
        {"ips.blocked", v[Stat::dropped]},
    };
    for (std::size_t i = 0; i < kStatCount; ++i) {
        list.emplace_back("sluice." + std::string(kStatNames[i]), v.stats[i]);
    }
    for (std::size_t i = 1; i < packet::kReasonCount; ++i) {
        list.emplace_back("sluice.reason." + std::string(packet::kReasons[i].name), v.reasons[i]);
    }
    for (std::size_t i = 0; i < packet::kExceptionCount; ++i) {
        const packet::ExceptionCount& e = v.exceptions[i];
        const std::string name = "sluice.exception." + std::string(packet::kExceptions[i].name);
        list.emplace_back(name + ".dropped_packets", e.dropped);
        list.emplace_back(name + ".passed_packets", e.packets);
        list.emplace_back(name + ".uninspected_bytes", e.bytes);
        list.emplace_back(name + ".bypassed_flows", e.flows);
    }
    return list;
}

}  // namespace sluice::worker
