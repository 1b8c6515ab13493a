// SPDX-License-Identifier: Apache-2.0
#include "dataplane/export/eve_flow.h"

#include "dataplane/export/eve.h"
#include "dataplane/packet/packet.h"

#include <array>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::exporter {
namespace {

std::string_view phase_text(abi::FlowPhase phase) {
    switch (phase) {
        case abi::FlowPhase::kNew:
            return "new";
        case abi::FlowPhase::kEstablished:
            return "established";
        case abi::FlowPhase::kClosed:
            break;
    }
    return "closed";
}

std::string_view end_text(abi::FlowEnd end) {
    switch (end) {
        case abi::FlowEnd::kTimeout:
            return "timeout";
        case abi::FlowEnd::kEvicted:
            return "forced";
        case abi::FlowEnd::kReused:
            return "timeout";
        case abi::FlowEnd::kShutdown:
            break;
    }
    return "shutdown";
}

std::string_view tcp_text(abi::TcpPhase phase) {
    static constexpr std::array<std::string_view, 8> kNames = {
        "none",       "syn_sent",  "syn_recv", "established",
        "close_wait", "fin_wait1", "last_ack", "closed"};
    const auto i = static_cast<std::size_t>(phase);
    return i < kNames.size() ? kNames[i] : kNames[0];
}

std::string hex(unsigned value) {
    std::array<char, 4> text{};
    std::snprintf(text.data(), text.size(), "%02x", value & 0xffU);
    return text.data();
}

void write_tcp(const abi::FlowFields& flow, JsonWriter& json) {
    static constexpr std::array<std::pair<unsigned, const char*>, 8> kFlags = {
        {{packet::kTcpSyn, "syn"},
         {packet::kTcpFin, "fin"},
         {packet::kTcpRst, "rst"},
         {packet::kTcpPsh, "psh"},
         {packet::kTcpAck, "ack"},
         {packet::kTcpUrg, "urg"},
         {packet::kTcpEce, "ecn"},
         {packet::kTcpCwr, "cwr"}}};
    const unsigned up = flow.tcp_flags[index_of(Direction::kToServer)];
    const unsigned down = flow.tcp_flags[index_of(Direction::kToClient)];
    json.key("tcp").begin_object();
    json.field("tcp_flags", hex(up | down));
    json.field("tcp_flags_ts", hex(up)).field("tcp_flags_tc", hex(down));
    for (const auto& [flag, name] : kFlags) {
        if (((up | down) & flag) != 0) {
            json.flag(name, true);
        }
    }
    json.field("state", tcp_text(flow.tcp));
    json.end_object();
}

}  // namespace

void write_flow_end(const abi::EventRecord& e, JsonWriter& json) {
    constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
    const std::size_t up = index_of(Direction::kToServer);
    const std::size_t down = index_of(Direction::kToClient);
    // Whole seconds apart, as Suricata counts.
    const std::int64_t age = e.flow.last_ns / kNanosPerSecond - e.flow_start_ns / kNanosPerSecond;
    json.key("flow").begin_object();
    json.field("pkts_toserver", e.flow_packets[up]).field("pkts_toclient", e.flow_packets[down]);
    json.field("bytes_toserver", e.flow_bytes[up]).field("bytes_toclient", e.flow_bytes[down]);
    json.field("start", eve_timestamp(e.flow_start_ns)).field("end", eve_timestamp(e.flow.last_ns));
    json.field("age", age > 0 ? static_cast<std::uint64_t>(age) : 0U);
    json.field("state", phase_text(e.flow.phase)).field("reason", end_text(e.flow.end));
    json.flag("alerted", e.flow.alerted);
    if (e.flow.dropped || e.flow.passed) {
        json.field("action", e.flow.dropped ? "drop" : "pass");
    }
    json.end_object();
    if (e.ip_proto == packet::kProtoTcp) {
        write_tcp(e.flow, json);
    }
}

}  // namespace sluice::exporter
