// SPDX-License-Identifier: Apache-2.0
#include "dataplane/export/eve.h"

#include "dataplane/export/json_writer.h"
#include "dataplane/packet/reason.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <random>

namespace sluice::exporter {
namespace {

using nlohmann::json;

std::array<std::uint8_t, 16> v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
    return {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d};
}

abi::EventRecord http_alert() {
    abi::EventRecord e;
    e.type = abi::EventType::kAlert;
    e.verdict = abi::EventVerdict::kReject;
    e.reason = static_cast<std::uint8_t>(packet::Reason::rule_reject);
    e.ip_proto = 6;
    e.app = AppProto::kHttp1;
    e.has_tx = true;
    e.wall_ns = 1795322804123456789;
    e.packet_number = 7;
    e.flow_id = 99;
    e.tx_id = 3;
    e.has_rule = true;
    e.src = v4(10, 0, 0, 1);
    e.dst = v4(10, 0, 0, 2);
    e.src_port = 40000;
    e.dst_port = 80;
    e.vlan_count = 1;
    e.vlan = {42, 0};
    e.flow_packets = {4, 2};
    e.flow_bytes = {400, 200};
    const std::string_view texts = "victim.example:8080/";
    std::copy(texts.begin(), texts.end(), e.http.text.begin());
    e.http.known = true;
    e.http.text_length[static_cast<std::size_t>(abi::HttpText::kHost)] = 14;
    e.http.text_length[static_cast<std::size_t>(abi::HttpText::kHostRaw)] = 5;
    e.http.text_length[static_cast<std::size_t>(abi::HttpText::kUrl)] = 1;
    return e;
}

bundle::Model model_of_one() {
    bundle::Model model;
    bundle::Rule rule;
    rule.sid = 1000001;
    rule.rev = 2;
    rule.priority = 1;
    rule.msg = "say \"no\"";
    rule.category = "Attempted Administrator Privilege Gain";
    rule.metadata = {{"cve", "a"}, {"cve", "b"}, {"tier", "x"}};
    rule.cves = {"CVE-2021-31166"};
    model.rules.push_back(rule);
    return model;
}

TEST(Eve, AlertHasSuricatasShape) {
    const bundle::Model model = model_of_one();
    const json line = json::parse(to_eve_json(http_alert(), &model));
    EXPECT_EQ(line["timestamp"], "2026-11-22T04:46:44.123456+0000");
    EXPECT_EQ(line["event_type"], "alert");
    EXPECT_EQ(line["flow_id"], 99);
    EXPECT_EQ(line["pcap_cnt"], 7);
    EXPECT_EQ(line["vlan"], json::array({42}));
    EXPECT_EQ(line["src_ip"], "10.0.0.1");
    EXPECT_EQ(line["dest_port"], 80);
    EXPECT_EQ(line["proto"], "TCP");
    EXPECT_EQ(line["tx_id"], 3);
    EXPECT_EQ(line["app_proto"], "http");
    EXPECT_EQ(line["direction"], "to_server");
    EXPECT_EQ(line["alert"]["action"], "blocked");
    EXPECT_EQ(line["alert"]["signature_id"], 1000001);
    EXPECT_EQ(line["alert"]["signature"], "say \"no\"");
    EXPECT_EQ(line["alert"]["severity"], 1);
    EXPECT_EQ(line["alert"]["metadata"]["cve"], json::array({"a", "b"}));
    EXPECT_EQ(line["alert"]["cve"], json::array({"CVE-2021-31166"}));
    EXPECT_EQ(
        line["http"],
        json::parse(R"({"hostname":"victim.example","http_port":8080,"url":"/","length":0})"));
    EXPECT_EQ(line["flow"]["pkts_toserver"], 4);
    EXPECT_EQ(line["flow"]["src_port"], 40000);
    EXPECT_EQ(line["verdict"]["action"], "drop");
    EXPECT_EQ(line["verdict"]["reject-target"], "to_client");
    EXPECT_EQ(line["verdict"]["reason"], "rule_reject");
    EXPECT_FALSE(line.contains("in_iface"));
}

TEST(Eve, FlowAddressesAreTheClientsAlsoForAResponsePacket) {
    abi::EventRecord e = http_alert();
    e.direction = Direction::kToClient;
    const json line = json::parse(to_eve_json(e, nullptr));
    EXPECT_EQ(line["src_ip"], "10.0.0.1");
    EXPECT_EQ(line["flow"]["src_ip"], "10.0.0.2");
    EXPECT_EQ(line["flow"]["dest_port"], 40000);
    EXPECT_EQ(line["direction"], "to_client");
    EXPECT_FALSE(line["alert"].contains("signature_id")) << "no model, no rule text";
}

TEST(Eve, TunnelProtocolsHaveSuricatasNames) {
    abi::EventRecord e;
    e.type = abi::EventType::kAlert;
    for (const auto& [number, name] :
         {std::pair{4, "IP-in-IP"}, std::pair{41, "IPv6"}, std::pair{47, "GRE"}}) {
        e.ip_proto = static_cast<std::uint8_t>(number);
        EXPECT_EQ(json::parse(to_eve_json(e, nullptr))["proto"], name);
    }
}

TEST(Eve, DropAndAnomalySayTheReason) {
    abi::EventRecord e;
    e.type = abi::EventType::kDrop;
    e.verdict = abi::EventVerdict::kDrop;
    e.reason = static_cast<std::uint8_t>(packet::Reason::tcp_overlap_differs);
    e.packet_len = 60;
    e.ip_proto = 89;
    json line = json::parse(to_eve_json(e, nullptr));
    EXPECT_EQ(line["event_type"], "drop");
    EXPECT_EQ(line["drop"]["reason"], "stream error");  // Suricata's words
    EXPECT_EQ(line["verdict"]["reason"], "tcp_overlap_differs");
    EXPECT_EQ(line["drop"]["len"], 60);
    EXPECT_EQ(line["proto"], "089");
    EXPECT_FALSE(line.contains("src_port"));

    e.type = abi::EventType::kAnomaly;
    e.verdict = abi::EventVerdict::kForward;
    line = json::parse(to_eve_json(e, nullptr));
    EXPECT_EQ(line["anomaly"]["type"], "stream");
    EXPECT_EQ(line["anomaly"]["event"], "tcp_overlap_differs");
    EXPECT_FALSE(line["anomaly"].contains("layer"));
    EXPECT_FALSE(line.contains("verdict")) << "the packet went on";
    e.reason = static_cast<std::uint8_t>(packet::Reason::http_malformed);
    line = json::parse(to_eve_json(e, nullptr));
    EXPECT_EQ(line["anomaly"]["type"], "applayer");
    EXPECT_EQ(line["anomaly"]["layer"], "proto_parser");
}

TEST(Eve, InterfaceIsNamedByPort) {
    const std::vector<std::string> names = {"east", "west"};
    abi::EventRecord e = http_alert();
    e.in_port = 1;
    std::string out;
    append_eve_json(e, EveContext{.interfaces = names}, out);
    EXPECT_EQ(out.back(), '\n');
    EXPECT_EQ(json::parse(out)["in_iface"], "west");
}

// Every record of random bytes still gives a line that a strict parser takes, and a newline only at
// its end.
TEST(Eve, AnyRecordGivesValidJson) {
    std::mt19937_64 random(20261122);
    const bundle::Model model = model_of_one();
    for (int i = 0; i < 2000; ++i) {
        abi::EventRecord e;
        constexpr std::array kTypes = {abi::EventType::kAlert,   abi::EventType::kDrop,
                                       abi::EventType::kAnomaly, abi::EventType::kHttp,
                                       abi::EventType::kFlow,    abi::EventType::kPacket};
        e.type = kTypes[random() % kTypes.size()];
        e.verdict = static_cast<abi::EventVerdict>(random() % 5);
        e.reason = static_cast<std::uint8_t>(random());
        e.ip_proto = static_cast<std::uint8_t>(random());
        e.ip_version = random() % 2 == 0 ? 4 : 6;
        e.app = static_cast<AppProto>(random());
        e.wall_ns = static_cast<std::int64_t>(random());
        e.has_rule = random() % 2 == 0;
        e.rule_index = static_cast<std::uint32_t>(random() % 3);
        e.vlan_count = static_cast<std::uint8_t>(random());
        e.flow_id = random();
        for (char& c : e.http.text) {
            c = static_cast<char>(random());
        }
        e.http.known = true;
        for (std::uint16_t& n : e.http.text_length) {
            n = static_cast<std::uint16_t>(random());
        }
        e.flow.tcp = static_cast<abi::TcpPhase>(random());
        if (e.type == abi::EventType::kPacket) {
            e.data_len = static_cast<std::uint16_t>(random());
        }
        e.packet_len = static_cast<std::uint32_t>(random());
        const std::string line = to_eve_json(e, &model);
        EXPECT_TRUE(json::accept(line)) << line;
        EXPECT_EQ(line.find('\n'), std::string::npos);
    }
}

TEST(JsonWriter, KeepsUtf8AndReplacesTheRest) {
    std::string out;
    JsonWriter(out).text("gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80 \xc3 \xed\xa0\x80 \xc0\xaf\x01");
    EXPECT_EQ(
        json::parse(out).get<std::string>(),
        "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80 \xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd "
        "\xef\xbf\xbd\xef\xbf\xbd\x01");
}

}  // namespace
}  // namespace sluice::exporter
