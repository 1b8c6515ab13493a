// SPDX-License-Identifier: Apache-2.0
#include "dataplane/site/site.h"

#include "control/config/exceptions.h"

namespace sluice::site {

namespace {

void apply_defrag(const control::Config& config, defrag::DefragConfig& out) {
    const control::DefragLimits& d = config.defrag;
    out.max_datagrams = d.max_datagrams;
    out.store_bytes = std::size_t{d.memory_mb} << 20;
    out.max_per_source = d.per_source;
    out.timeout = seconds(d.timeout_s);
    out.timeout_ipv6 = seconds(std::int64_t{2} * d.timeout_s);
    out.drop_tiny = d.tiny == control::TinyFragments::kDrop;
}

void apply_ports(const control::TunnelPorts& ports, decode::TunnelPorts& out) {
    out.clear();
    const auto add = [&out](packet::Tunnel kind, const std::vector<std::uint32_t>& list) {
        for (const std::uint32_t port : list) {
            out.add(kind, static_cast<std::uint16_t>(port));
        }
    };
    add(packet::Tunnel::kVxlan, ports.vxlan);
    add(packet::Tunnel::kGeneve, ports.geneve);
    add(packet::Tunnel::kTeredo, ports.teredo);
    add(packet::Tunnel::kGtpu, ports.gtpu);
}

void apply_normalize(const control::NormalizeConfig& n, pipeline::PipelineConfig& out) {
    out.stream.normalize = {.urgent = n.urgent,
                            .reserved = n.reserved,
                            .options = n.options,
                            .signatures = n.signatures,
                            .syn_data = n.syn_data,
                            .timestamps = n.timestamps};
    if (!out.inline_mode) {
        return;  // a tap drops nothing
    }
    switch (n.icmp_errors) {
        case control::IcmpErrors::kPass:
            out.flow.icmp_errors = flow::IcmpErrors::kPass;
            break;
        case control::IcmpErrors::kCheck:
            out.flow.icmp_errors = flow::IcmpErrors::kCheck;
            break;
        case control::IcmpErrors::kDrop:
            out.flow.icmp_errors = flow::IcmpErrors::kDrop;
            break;
    }
}

void apply_decode(const control::DataplaneConfig& d, decode::DecodeConfig& out) {
    out.drop_source_route = d.drop_source_route;
    out.min_ttl = static_cast<std::uint8_t>(d.min_ttl);
    out.tunnels = d.tunnels;
    out.max_tunnel_depth = static_cast<std::uint8_t>(d.max_tunnel_depth);
    out.drop_unknown = d.unknown_protocols == control::ExceptionPolicy::kDrop;
}

}  // namespace

void apply_limits(const control::Config& config, pipeline::PipelineConfig& out) {
    apply_decode(config.dataplane, out.decode);
    apply_ports(config.tunnels, out.decode.tunnel_ports);
    apply_normalize(config.normalize, out);
    apply_defrag(config, out.defrag);
    const control::FlowLimits& f = config.flow;
    out.flow.max_flows = f.max_flows;
    out.flow.timeouts.tcp_new = seconds(f.tcp_new_s);
    out.flow.timeouts.tcp_established = seconds(f.tcp_established_s);
    out.flow.timeouts.tcp_closed = seconds(f.tcp_closed_s);
    const auto one_way = [](std::uint32_t s) { return seconds(s >= 10 ? s / 10 : 1); };
    out.flow.timeouts.udp_new = one_way(f.udp_s);
    out.flow.timeouts.udp_established = seconds(f.udp_s);
    out.flow.timeouts.icmp_new = out.flow.timeouts.other_new = one_way(f.other_s);
    out.flow.timeouts.icmp_established = out.flow.timeouts.other_established = seconds(f.other_s);
    out.stream.window = config.stream.window_bytes;
    out.stream.arena_bytes = std::size_t{config.stream.memory_mb} << 20;
    out.stream.copy_store_bytes = std::size_t{config.stream.copy_store_mb} << 20;
    out.stream.midstream = config.stream.midstream;
    out.detect.pcre_budget = config.detect.pcre_budget;
    apply_events(config.events, out.verdict);
    apply_exceptions(config, out);
}

void apply_events(const control::EventsConfig& events, verdict::VerdictConfig& out) {
    out.alert_events = events.alert;
    out.tls_events = events.tls;
    out.dns_events = events.dns;
    out.http_events = events.http;
    out.flow_events = events.flow;
    out.packet_events = events.packet;
    out.drop_events_per_second = events.drops_per_second;
    out.anomaly_events_per_second = events.anomalies_per_second;
}

void apply_exceptions(const control::Config& config, pipeline::PipelineConfig& out) {
    packet::ExceptionPolicies policies;
    for (std::size_t i = 0; i < packet::kExceptionCount; ++i) {
        const auto cause = static_cast<packet::ExceptionCause>(i);
        policies.set(cause, control::policy_for(config, nullptr, cause));
        for (std::size_t s = 0; s < config.segments.size(); ++s) {
            policies.set(s, cause, control::policy_for(config, &config.segments[s], cause));
        }
    }
    pipeline::set_exceptions(out, policies);
}

pipeline::PipelineConfig pipeline_config(const control::Config& config) {
    pipeline::PipelineConfig out = config.dataplane.mode == control::SegmentMode::kInline
                                       ? pipeline::inline_config()
                                       : pipeline::tap_config();
    apply_limits(config, out);
    return out;
}

detect::SiteVars site_vars(const control::Config& config) {
    detect::SiteVars vars = detect::SiteVars::defaults();
    for (const auto& [name, value] : config.vars) {
        vars.addresses[name] = value;
    }
    return vars;
}

}  // namespace sluice::site
