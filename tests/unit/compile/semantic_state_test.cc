// SPDX-License-Identifier: Apache-2.0
// xbits, hostbits, flowint, flow.age, alert. Verdicts are those of `suricata -T` 7.0.10.
#include "tests/unit/compile/semantic_fixture.h"

namespace sluice::compile {
namespace {

using bundle::BitOwner;
using bundle::CompareOp;
using bundle::FlowbitOp;
using bundle::FlowintOp;
using bundle::ItemKind;
using enum Verdict;

bundle::Item header_item(const Compiled& r) {
    EXPECT_EQ(r.verdict(), kGood) << r.reason();
    return r.rules.empty() ? bundle::Item() : r.items(BufferId::kPacketHeader).at(0);
}

TEST(Xbits, Fields) {
    const Compiled r = compile_rule("xbits:isset,ET.a, track ip_pair, expire 10;");
    const bundle::Item i = header_item(r);
    EXPECT_EQ(i.kind, ItemKind::kXbits);
    EXPECT_EQ(static_cast<FlowbitOp>(i.op), FlowbitOp::kIsSet);
    EXPECT_EQ(static_cast<BitOwner>(i.var), BitOwner::kPair);
    EXPECT_EQ(i.lo, 10);
    EXPECT_EQ(r.model.bit_names.at(i.data), "ET.a");
    EXPECT_EQ(header_item(compile_rule("xbits:set,a,track ip_dst;")).lo, 300);
    const bundle::Item h = header_item(compile_rule("hostbits:toggle,a,dst;"));
    EXPECT_EQ(h.kind, ItemKind::kXbits);
    EXPECT_EQ(static_cast<BitOwner>(h.var), BitOwner::kDestination);
    EXPECT_EQ(static_cast<BitOwner>(header_item(compile_rule("hostbits:set,a;")).var),
              BitOwner::kSource);
}

TEST(Xbits, Table) {
    check_cases({
        {"xbits:noalert;", kInvalid},
        {"xbits:set,a,track ip_src;", kGood},
        {"xbits:set,a, track ip_src;", kGood},
        {"xbits:isset,a,track ip_dst,expire 0;", kInvalid},
        {"xbits:set,a;", kInvalid},
        {"xbits:set,a,track host;", kInvalid},
        {"xbits:foo,a,track ip_src;", kInvalid},
        {"xbits:set,a b,track ip_src;", kGood},
        {"xbits:set , a , track ip_src;", kInvalid},
        {"xbits:set,a,noalert,track ip_pair;", kInvalid},
        {"hostbits:isset,a,dst;", kGood},
        {"hostbits:set,a,both;", kInvalid},
        {"hostbits:noalert;", kGood},
        {"hostbits:isnotset, a, dst;", kGood},
        {"hostbits:set,a,foo;", kInvalid},
    });
}

TEST(Flowint, Fields) {
    const Compiled r = compile_rule("flowint: abc, >=, 5;");
    const bundle::Item i = header_item(r);
    EXPECT_EQ(i.kind, ItemKind::kFlowint);
    EXPECT_EQ(static_cast<FlowintOp>(i.nbytes), FlowintOp::kTest);
    EXPECT_EQ(i.op, CompareOp::kGe);
    EXPECT_EQ(i.lo, 5);
    const Compiled v = compile_rule("flowint:abc,=,bcd;");
    const bundle::Item j = header_item(v);
    EXPECT_EQ(static_cast<FlowintOp>(j.nbytes), FlowintOp::kSet);
    EXPECT_EQ(j.flags, std::uint32_t{bundle::kValueVar});
    EXPECT_EQ(v.model.bit_names.at(j.data + 1), "bcd");
}

TEST(Flowint, Table) {
    check_cases({
        {"flowint:a,+,1;", kInvalid},
        {"flowint:abc,+,1;", kGood},
        {"flowint:abc,=,b;", kInvalid},
        {"flowint:abc,isset;", kGood},
        {"flowint:abc , isset;", kGood},
        {"flowint:abc,isset,;", kGood},
        {"flowint:abc,notset;", kGood},
        {"flowint:abc,isnotset;", kGood},
        {"flowint:abc,==,5;", kGood},
        {"flowint:abc,!=,5;", kGood},
        {"flowint:abc,!,5;", kInvalid},
        {"flowint:abc,+;", kInvalid},
        {"flowint:abc,=,-1;", kInvalid},
        {"flowint:abc,=,4294967296;", kInvalid},
        {"flowint:abc b,=,1;", kInvalid},
        {"flowint:abc.d/e,=,1;", kGood},
        {"flowint:abc,>,1; flowint:abc,-,1;", kGood},
    });
}

TEST(FlowAge, Table) {
    check_cases({
        {"flow.age:>10;", kGood},
        {"flow.age:10-20;", kGood},
        {"flow.age:!10;", kGood},
        {"flow.age:x;", kInvalid},
        {"alert;", kInvalid},
        {"noalert; alert;", kGood},
    });
    check_cases({{"alert;", kGood}}, "pass tcp any any -> any any");
    const Compiled told = compile_rule("alert;", "pass tcp any any -> any any");
    EXPECT_EQ(told.rules.at(0).flow_flags & bundle::kRuleTold, std::uint32_t{bundle::kRuleTold});
}

}  // namespace
}  // namespace sluice::compile
