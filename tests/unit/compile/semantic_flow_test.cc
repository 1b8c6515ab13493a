// SPDX-License-Identifier: Apache-2.0
// Verdicts of all tables here are those of `suricata -T` 7.0.10, unless a comment says otherwise.
#include "tests/unit/compile/semantic_fixture.h"

namespace sluice::compile {
namespace {

using bundle::FlowbitOp;
using enum Verdict;

std::uint32_t flags_of(const std::string& options) {
    const Compiled r = compile_rule(options);
    EXPECT_EQ(r.verdict(), kGood) << options << r.reason();
    return r.rules.empty() ? 0 : r.rules[0].flow_flags;
}

TEST(Flow, Flags) {
    EXPECT_EQ(flags_of("flow:established,to_server;"),
              bundle::kFlowEstablished | bundle::kFlowToServer);
    EXPECT_EQ(flags_of("flow:From_Server , STATELESS;"),
              bundle::kFlowStateless | bundle::kFlowToClient);
    EXPECT_EQ(flags_of("flow:from_client,not_established,only_stream;"),
              bundle::kFlowNotEstablished | bundle::kFlowToServer | bundle::kFlowOnlyStream);
    EXPECT_EQ(flags_of("flow:no_stream;"), std::uint32_t{bundle::kFlowNoStream});
    EXPECT_EQ(flags_of("noalert; noalert;"), std::uint32_t{bundle::kRuleNoAlert});
    EXPECT_EQ(flags_of("flowbits:noalert;"), std::uint32_t{bundle::kRuleNoAlert});
}

TEST(Flow, Table) {
    check_cases({
        {"flow:only_stream,no_stream;", kInvalid},
        {"flow:established,stateless;", kInvalid},
        {"flow:established,not_established;", kInvalid},
        {"flow:to_server,to_client;", kInvalid},
        {"flow:to_server,from_client;", kInvalid},
        {"flow:established,established;", kInvalid},
        {"flow:established,to_server,only_stream,no_frag;", kInvalid},
        {"flow:established to_server;", kInvalid},
        {"flow:established,;", kInvalid},
        {"flow:foo;", kInvalid},
        {"flow;", kInvalid},
        {"flow:established,no_frag;", kUnsupported},
        {"flow:to_client; flow:to_server;", kUnsupported},
    });
}

TEST(Flowbits, ItemsAndNames) {
    const Compiled r =
        compile_rule("flowbits:isset,a|b; flowbits:set,c; flowbits:toggle,a; flowbits:isnotset,c;");
    ASSERT_EQ(r.verdict(), kGood) << r.reason();
    const auto items = r.items(BufferId::kPacketHeader);
    ASSERT_EQ(items.size(), 4U);
    EXPECT_EQ(static_cast<FlowbitOp>(items[0].op), FlowbitOp::kIsSet);
    EXPECT_EQ(items[0].data_len, 2U);
    EXPECT_EQ(r.model.bit_names.at(items[0].data + 1), "b");
    EXPECT_EQ(static_cast<FlowbitOp>(items[1].op), FlowbitOp::kSet);
    EXPECT_EQ(static_cast<FlowbitOp>(items[2].op), FlowbitOp::kToggle);
    EXPECT_EQ(items[1].data, items[3].data);
}

TEST(Flowbits, Table) {
    check_cases({
        {"flowbits:isset,a | b;", kGood},
        {"flowbits:isset,a b;", kInvalid},
        {"flowbits:isset;", kInvalid},
        {"flowbits:noalert,x;", kInvalid},
        {"flowbits:foo,x;", kInvalid},
        {"flowbits:SET,x;", kInvalid},
        {"flowbits:set , x ;", kInvalid},
        {"flowbits:set,a|b;", kUnsupported},  // good for Suricata
    });
}

TEST(AppLayerProtocol, ItemAndTable) {
    const Compiled r = compile_rule("app-layer-protocol:!http;");
    ASSERT_EQ(r.verdict(), kGood);
    const auto item = r.items(BufferId::kPacketHeader).at(0);
    EXPECT_EQ(item.lo, static_cast<std::int64_t>(AppProto::kHttp1));
    EXPECT_EQ(item.flags, std::uint32_t{bundle::kNegated});
    check_cases({
        {"app-layer-protocol:failed;", kGood},
        {"app-layer-protocol:foo;", kInvalid},
        {"app-layer-protocol:tls;", kGood},
        {"app-layer-protocol:krb5;", kGood},
        {"app-layer-protocol:ftp-data;", kGood},
    });
}

TEST(Threshold, FieldsAndTable) {
    const Compiled r = compile_rule("threshold: track by_both, seconds 60, type both, count 5;");
    ASSERT_EQ(r.verdict(), kGood) << r.reason();
    EXPECT_EQ(r.rules[0].threshold,
              (bundle::Threshold{bundle::ThresholdKind::kBoth, bundle::TrackBy::kBoth, 5, 60}));
    const Compiled f = compile_rule("detection_filter: track by_dst, count 2, seconds 3;");
    EXPECT_EQ(f.rules.at(0).threshold, (bundle::Threshold{bundle::ThresholdKind::kDetectionFilter,
                                                          bundle::TrackBy::kDestination, 2, 3}));
    check_cases({
        {"threshold: type limit, track by_src, seconds 60;", kInvalid},
        {"threshold: type limit, track by_flow, count 1, seconds 60;", kInvalid},
        {"threshold: type limit, track by_rule, count 1, seconds 0;", kGood},
        {"threshold: type limit, track by_rule, count 1, seconds 60, count 1;", kInvalid},
        {"threshold:TYPE LIMIT, TRACK BY_SRC, SECONDS 5, COUNT 5;", kInvalid},
        {"detection_filter: track by_rule, count 1, seconds 60;", kInvalid},
        {"threshold:type limit,track by_src,count 1,seconds 6; threshold:type limit,track "
         "by_src,count 1,seconds 6;",
         kInvalid},
        {"detection_filter: track by_dst, count 1, seconds 60; threshold: type limit, track "
         "by_src, count 1, seconds 60;",
         kInvalid},
        // Good for Suricata.
        {"threshold: type limit, track by_rule, count 0, seconds 60;", kUnsupported},
        {"threshold:type threshold,track by_src,count 1,seconds 6; threshold:type limit,track "
         "by_src,count 1,seconds 6;",
         kInvalid},
    });
}

}  // namespace
}  // namespace sluice::compile
