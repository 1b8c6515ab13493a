// SPDX-License-Identifier: Apache-2.0
// 'sluice replay' as a user calls it, over a capture made here.
#include "tools/sluice/replay.h"

#include "tests/support/packet_builder.h"
#include "tests/unit/sluice/temp_folder.h"
#include "tools/sluice/terminal.h"

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>

namespace sluice::cli {
namespace {

using testing::TempFolder;

void put32(std::string& out, std::uint32_t v) {
    for (unsigned shift = 0; shift < 32; shift += 8) {
        out += static_cast<char>(v >> shift & 0xffU);
    }
}

// Frames of one UDP conversation, one a second.
std::string capture_of(const std::vector<std::string>& payloads) {
    std::string out;
    for (const std::uint32_t v : {0xa1b2c3d4U, 0x00040002U, 0U, 0U, 65535U, 1U}) {
        put32(out, v);
    }
    std::uint32_t second = 1'700'000'000;
    for (const std::string& payload : payloads) {
        const test::Frame frame = test::PacketBuilder()
                                      .ipv4("10.0.0.1", "192.0.2.1")
                                      .udp(40000, 9999)
                                      .payload(payload)
                                      .build();
        put32(out, second++);
        put32(out, 0);
        put32(out, static_cast<std::uint32_t>(frame.size()));
        put32(out, static_cast<std::uint32_t>(frame.size()));
        out.append(frame.begin(), frame.end());
    }
    return out;
}

nlohmann::json replay(const std::string& arguments) {
    int code = 0;
    CLI::App app("sluice");
    app.require_subcommand(1);
    add_replay(app, code);
    ::testing::internal::CaptureStdout();
    app.parse("replay --json " + arguments);
    const std::string out = ::testing::internal::GetCapturedStdout();
    EXPECT_EQ(code, kExitOk);
    return nlohmann::json::parse(out);
}

TEST(Replay, TellsWhatDetectionDidAndForWhichRules) {
    const TempFolder t;
    const std::string pcap =
        t.write("in.pcap",
                capture_of({"a marmalade cat", "marmalade", "marmalade with pepper", "nothing"}));
    const std::string rules =
        t.write("my.rules",
                "alert udp any any -> any any (msg:\"a\"; content:\"marmalade\"; "
                "pcre:\"/pepper$/\"; sid:7;)\n"
                "alert udp any any -> any any (msg:\"b\"; content:\"a marmalade\"; sid:8;)\n"
                "alert udp any any -> any any (msg:\"c\"; content:\"never there\"; sid:9;)\n");
    const nlohmann::json j = replay("--pcap " + pcap + " --rules " + rules);
    EXPECT_EQ(j["alerts"], 2);
    const nlohmann::json& d = j["detection"];
    EXPECT_GE(d["scans"], 4);
    EXPECT_GE(d["scanned_bytes"], 52);
    EXPECT_EQ(d["matches"], 2);
    EXPECT_EQ(d["candidates"], 4);
    ASSERT_EQ(d["busiest_rules"].size(), 2U) << d;
    EXPECT_EQ(d["busiest_rules"][0],
              nlohmann::json({{"sid", 7}, {"candidates", 3}, {"evaluations", 3}, {"matches", 1}}));
    EXPECT_EQ(d["busiest_rules"][1]["sid"], 8);
}

}  // namespace
}  // namespace sluice::cli
