// SPDX-License-Identifier: Apache-2.0
#include "tools/sluice/status_text.h"

#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

constexpr const char* kStatus = R"({"version":"1","pid":7,"uptime_s":3,"mode":"inline",
  "exception_policy":"pass","workers":1,"steering":"one queue","bundle":{"path":""},"segments":[],
  "exceptions":[
    {"cause":"flow_table","policy":"drop","segments":{},"dropped_packets":0,"passed_packets":0,
     "uninspected_bytes":0,"bypassed_flows":0},
    {"cause":"copy_store","policy":"pass","segments":{"dmz":"bypass"},"dropped_packets":3,
     "passed_packets":7,"uninspected_bytes":900,"bypassed_flows":2}],
  "events":"eve.json",
  "uninspected":{"packets":12,"bytes":1000,"of_packets":50,"of_bytes":9000,"trusted_packets":4,
    "trusted_bytes":60,"not_ip_packets":1,"not_ip_bytes":40}})";

TEST(StatusText, SaysPerCauseWhatIsInForceAndWhatCameOfIt) {
    const std::string text = format_status(kStatus);
    EXPECT_NE(text.find("not inspected               12 packets of 50, 1000 bytes\n"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("    by a pass rule            4 packets, 60 bytes\n"), std::string::npos);
    EXPECT_NE(text.find("    not IP, or malformed      1 packets, 40 bytes\n"), std::string::npos);
    EXPECT_NE(text.find("    flow_table                drop; never applied\n"), std::string::npos);
    EXPECT_NE(text.find("    copy_store                pass; dmz: bypass; 3 packets dropped, 7 "
                        "passed, 900 bytes not inspected, 2 flows bypassed\n"),
              std::string::npos)
        << text;
}

TEST(StatusText, AnAnswerWithoutThemIsNoFault) {
    EXPECT_NE(format_status("{}").find("not inspected"), std::string::npos);
    EXPECT_EQ(format_status("busy"), "busy\n");
}

}  // namespace
}  // namespace sluice::cli
