// SPDX-License-Identifier: Apache-2.0
// The shapes of dns objects; that their values are Suricata's is what
// tests/conformance/dns_suricata_test.py proves.
#include "dataplane/export/eve.h"
#include "tests/unit/app/dns_maker.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

namespace sluice::exporter {
namespace {

using namespace std::literals;
using nlohmann::json;

std::vector<json> lines_of(abi::EventType type, std::string_view message) {
    abi::EventRecord e;
    e.type = type;
    e.ip_proto = 17;
    e.app = AppProto::kDns;
    e.flow_id = 9;
    e.tx_id = 3;
    e.data_len = static_cast<std::uint16_t>(std::min(message.size(), e.data.size()));
    std::copy_n(message.begin(), e.data_len, e.data.begin());
    std::string text;
    append_eve_json(e, EveContext{}, text);
    std::vector<json> out;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        out.push_back(json::parse(line));
    }
    return out;
}

TEST(EveDns, AnEventForEachQuestion) {
    const std::string message =
        test::DnsText{.questions = 2,
                      .body = test::dns_question(test::dns_name("a.com")) +
                              test::dns_question(test::dns_name("b.com"), 28)}
            .bytes();
    const std::vector<json> lines = lines_of(abi::EventType::kDns, message);
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0]["event_type"], "dns");
    EXPECT_EQ(lines[1]["dns"],
              json::parse(R"({"version":2,"type":"query","id":4660,"rrname":"b.com",
                              "rrtype":"AAAA","tx_id":3,"opcode":0})"));
    EXPECT_FALSE(lines[0].contains("alert"));
}

TEST(EveDns, AnAnswerIsOneEvent) {
    const std::vector<json> lines = lines_of(abi::EventType::kDns, test::dns_answer("a.com"));
    ASSERT_EQ(lines.size(), 1U);
    const json& d = lines[0]["dns"];
    EXPECT_EQ(d["type"], "answer");
    EXPECT_EQ(d["flags"], "8180");
    EXPECT_EQ(d["rcode"], "NOERROR");
    EXPECT_EQ(d["answers"][0]["rdata"], "1.2.3.4");
    EXPECT_EQ(d["grouped"]["A"], json::parse(R"(["1.2.3.4"])"));
}

TEST(EveDns, AlertsCarryTheMessage) {
    const json query = lines_of(abi::EventType::kAlert, test::dns_query("a.com")).at(0)["dns"];
    EXPECT_EQ(query["query"][0]["rrname"], "a.com");
    const json answer = lines_of(abi::EventType::kAlert, test::dns_answer("a.com")).at(0)["dns"];
    EXPECT_EQ(answer["answer"]["rrname"], "a.com");
    EXPECT_FALSE(lines_of(abi::EventType::kAlert, "").at(0).contains("dns"));
}

// A message that was cut to fit, or that nobody can read.
TEST(EveDns, DamageIsNeverMoreThanLessText) {
    std::string body = test::dns_question(test::dns_name("a.com"), 16);
    for (int i = 0; i < 40; ++i) {
        body += test::dns_record(test::dns_pointer(12), 16, "\x1e" + std::string(30, 'x'));
    }
    const std::string message =
        test::DnsText{.flags = 0x8180, .questions = 1, .answers = 40, .body = body}.bytes();
    const std::vector<json> lines = lines_of(abi::EventType::kDns, message);
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_GT(lines[0]["dns"]["answers"].size(), 20U);
    EXPECT_LT(lines[0]["dns"]["answers"].size(), 40U);
    for (std::size_t n = 0; n < 60; ++n) {
        lines_of(abi::EventType::kDns, std::string_view(message).substr(0, n));
    }
    EXPECT_TRUE(lines_of(abi::EventType::kDns, "junk").empty());
    const json odd =
        lines_of(
            abi::EventType::kDns,
            test::DnsText{.questions = 1, .body = test::dns_question("\x02\xff\x01\0"sv)}.bytes())
            .at(0);
    EXPECT_EQ(odd["dns"]["rrname"], "\\xff\x01");
}

}  // namespace
}  // namespace sluice::exporter
