// SPDX-License-Identifier: Apache-2.0
// The lines of flow, http and stats events, in Suricata 7's names.
#include "dataplane/export/eve.h"
#include "dataplane/export/eve_stats.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace sluice::exporter {
namespace {

using nlohmann::json;

abi::EventRecord flow_event(std::uint8_t proto) {
    abi::EventRecord e;
    e.type = abi::EventType::kFlow;
    e.ip_proto = proto;
    e.flow_id = 5;
    e.src[15] = 1;
    e.dst[15] = 2;
    e.wall_ns = e.flow.last_ns = 2'000'000'000;
    e.flow_start_ns = 900'000'000;
    e.flow_packets = {3, 2};
    e.flow_bytes = {300, 200};
    return e;
}

TEST(EveRecords, FlowOfTcpAsSuricataWritesIt) {
    abi::EventRecord e = flow_event(6);
    e.src_port = 1025;
    e.dst_port = 80;
    e.app = AppProto::kHttp1;
    e.flow.tcp_flags = {0x1b, 0x12};
    e.flow.phase = abi::FlowPhase::kClosed;
    e.flow.tcp = abi::TcpPhase::kLastAck;
    e.flow.end = abi::FlowEnd::kShutdown;
    e.flow.alerted = e.flow.dropped = true;
    EXPECT_EQ(json::parse(to_eve_json(e, nullptr)), json::parse(R"({
        "timestamp":"1970-01-01T00:00:02.000000+0000","flow_id":5,"event_type":"flow",
        "src_ip":"0.0.0.1","src_port":1025,"dest_ip":"0.0.0.2","dest_port":80,"proto":"TCP",
        "app_proto":"http",
        "flow":{"pkts_toserver":3,"pkts_toclient":2,"bytes_toserver":300,"bytes_toclient":200,
        "start":"1970-01-01T00:00:00.900000+0000","end":"1970-01-01T00:00:02.000000+0000","age":2,
        "state":"closed","reason":"shutdown","alerted":true,"action":"drop"},
        "tcp":{"tcp_flags":"1b","tcp_flags_ts":"1b","tcp_flags_tc":"12","syn":true,"fin":true,
        "psh":true,"ack":true,"state":"last_ack"}})"));
}

TEST(EveRecords, FlowOfIcmpNamesTheAnswer) {
    abi::EventRecord e = flow_event(1);
    e.icmp_type = 8;
    e.flow.answered = true;
    json line = json::parse(to_eve_json(e, nullptr));
    EXPECT_EQ(line["icmp_type"], 8);
    EXPECT_EQ(line["response_icmp_type"], 0);
    EXPECT_FALSE(line.contains("tcp"));
    e.flow.answered = false;
    EXPECT_FALSE(json::parse(to_eve_json(e, nullptr)).contains("response_icmp_type"));
    e.flow.answered = true;
    e.icmp_type = 3;
    EXPECT_FALSE(json::parse(to_eve_json(e, nullptr)).contains("response_icmp_type"));
}

TEST(EveRecords, RedirectsNameTheirTarget) {
    abi::EventRecord e;
    e.type = abi::EventType::kHttp;
    e.packet_number = 1;
    e.http.known = true;
    e.http.text[0] = 'x';
    e.http.text_length[static_cast<std::size_t>(abi::HttpText::kLocation)] = 1;
    for (const int status : {200, 300, 301, 303, 304}) {
        e.http.status = static_cast<std::uint16_t>(status);
        const json line = json::parse(to_eve_json(e, nullptr));
        EXPECT_EQ(line["http"].contains("redirect"), status == 301 || status == 303) << status;
        EXPECT_EQ(line["pkt_src"], "wire/pcap");
    }
}

TEST(EveRecords, StatsAreATree) {
    std::string line;
    append_stats_json(0, {{"uptime", 1}, {"decoder.pkts", 2}, {"a.b.c", 3}, {"decoder.bytes", 4}},
                      line);
    EXPECT_EQ(
        line,
        "{\"timestamp\":\"1970-01-01T00:00:00.000000+0000\",\"event_type\":\"stats\",\"stats\":"
        "{\"uptime\":1,\"decoder\":{\"pkts\":2,\"bytes\":4},\"a\":{\"b\":{\"c\":3}}}}\n");
}

}  // namespace
}  // namespace sluice::exporter
