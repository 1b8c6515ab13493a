// SPDX-License-Identifier: Apache-2.0
#include "dataplane/export/eve_packet.h"

#include "dataplane/export/eve.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>
#include <string_view>

namespace sluice::exporter {
namespace {

using nlohmann::json;

std::string base64(std::string_view text) {
    return to_base64(Bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

// RFC 4648 section 10.
TEST(Base64, VectorsOfTheRfc) {
    EXPECT_EQ(base64(""), "");
    EXPECT_EQ(base64("f"), "Zg==");
    EXPECT_EQ(base64("fo"), "Zm8=");
    EXPECT_EQ(base64("foo"), "Zm9v");
    EXPECT_EQ(base64("foob"), "Zm9vYg==");
    EXPECT_EQ(base64("fooba"), "Zm9vYmE=");
    EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
    EXPECT_EQ(base64("\xfb\xff\xfe"), "+//+");
}

abi::EventRecord packet_event(std::size_t len) {
    abi::EventRecord e;
    e.type = abi::EventType::kPacket;
    e.ip_proto = 17;
    e.wall_ns = 1795322804123456000;
    e.packet_number = 7;
    e.flow_id = 99;
    e.src = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1};
    e.dst = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 2};
    e.src_port = 1000;
    e.dst_port = 53;
    e.packet_len = static_cast<std::uint32_t>(len);
    e.data_len = static_cast<std::uint16_t>(std::min(len, e.data.size()));
    std::fill_n(e.data.begin(), e.data_len, std::uint8_t{'a'});
    return e;
}

// Member by member what Suricata 7.0.10 writes, and nothing else.
TEST(EvePacket, TheLineOfSuricata) {
    EXPECT_EQ(to_eve_json(packet_event(4), nullptr),
              R"({"timestamp":"2026-11-22T04:46:44.123456+0000","flow_id":99,"pcap_cnt":7,)"
              R"("event_type":"packet","src_ip":"10.0.0.1","src_port":1000,"dest_ip":"10.0.0.2",)"
              R"("dest_port":53,"proto":"UDP","pkt_src":"wire/pcap","packet":"YWFhYQ==",)"
              R"("packet_info":{"linktype":1}})");
}

TEST(EvePacket, LinkTypes) {
    abi::EventRecord e = packet_event(4);
    e.link = abi::EventLink::kRawIp;
    EXPECT_EQ(json::parse(to_eve_json(e, nullptr))["packet_info"]["linktype"], 12);
    e.link = abi::EventLink::kPpp;
    EXPECT_EQ(json::parse(to_eve_json(e, nullptr))["packet_info"]["linktype"], 9);
}

TEST(EvePacket, ALongOneIsCutAndSaysSo) {
    const json whole = json::parse(to_eve_json(packet_event(1536), nullptr));
    EXPECT_EQ(whole["packet"].get<std::string>().size(), 2048U);
    EXPECT_FALSE(whole["packet_info"].contains("cut"));
    const json cut = json::parse(to_eve_json(packet_event(1537), nullptr));
    EXPECT_EQ(cut["packet"], whole["packet"]);
    EXPECT_EQ(cut["packet_info"]["cut"], true);
}

}  // namespace
}  // namespace sluice::exporter
