// SPDX-License-Identifier: Apache-2.0
// app-layer-event: names of parsers' events are contents of a buffer, those of detection are
// reasons of a packet.
#include "tests/unit/compile/semantic_fixture.h"

namespace sluice::compile {
namespace {

using enum Verdict;

TEST(AppLayerEvent, IsTheWholeOfOneInstance) {
    const Compiled r = compile_rule("app-layer-event:http.Missing_Host_Header;", kHttp);
    ASSERT_EQ(r.verdict(), kGood) << r.reason();
    const bundle::Item item = r.items(BufferId::kAppEvents).at(0);
    EXPECT_EQ(r.bytes(item), "http.missing_host_header");
    EXPECT_NE(item.flags & bundle::kStartsWith, 0U);
    EXPECT_NE(item.flags & bundle::kEndsWith, 0U);
    EXPECT_EQ(r.rules.at(0).app, AppProto::kHttp1);
}

TEST(AppLayerEvent, Table) {
    check_cases(
        {
            {"app-layer-event:http.missing_host_header;", kGood},
            {"app-layer-event:http.missing_host_header; app-layer-event:http.abnormal_ce_header;",
             kGood},
            {"app-layer-event:http.missing_host_header; http.uri; content:\"a\";", kGood},
            {"app-layer-event:http.lzma_memlimit_reached;", kUnsupported},
            {"app-layer-event:dns.z_flag_set;", kInvalid},
        },
        kHttp);
    check_cases(
        {
            {"app-layer-event:applayer_mismatch_protocol_both_directions;", kGood},
            {"app-layer-event:applayer_nonsense;", kInvalid},
            {"app-layer-event:applayer_no_tls_after_starttls;", kGood},
            {"app-layer-event:tls.invalid_record_type;", kGood},
            {"app-layer-event:modbus.flooded;", kUnsupported},
        },
        "alert ip any any -> any any");
}

}  // namespace
}  // namespace sluice::compile
