// SPDX-License-Identifier: Apache-2.0
// Rules on events: only packets that carry the event are judged by them.
#include "tests/unit/detect/detect_bench.h"
#include "tests/unit/detect/model_maker.h"

#include <gtest/gtest.h>

namespace sluice::detect {
namespace {

using packet::EventWatch;
using packet::Reason;
using test::Bench;
using test::ModelMaker;
using Sids = Bench::Sids;

bundle::Item event() {
    bundle::Item i;
    i.kind = bundle::ItemKind::kEvent;
    return i;
}

TEST(EventLook, OnlyWithTheEvent) {
    ModelMaker maker;
    maker.rule(1).proto(bundle::HeaderProto::kIp).header_item(event(), {"fragment_overlap"});
    maker.rule(2)
        .proto(bundle::HeaderProto::kIp)
        .header_item(event(), {"tcp_gap", "fragment_overlap"});
    maker.rule(3).proto(bundle::HeaderProto::kTcp).header_item(event(), {"tcp_gap"});
    Bench b(test::build(maker.finish()));
    EXPECT_EQ(b.rules().watched(), (std::vector{Reason::fragment_overlap, Reason::tcp_gap}));
    packet::Packet p;
    p.ip_version = 4;
    EXPECT_EQ(b.packet(p), Sids({}));
    p.events.add(0);
    b.matches.clear();
    b.stage.inspect_events(p, b.matches, b.reasons);
    ASSERT_EQ(b.matches.size(), 2U);
    p.events = {};
    p.events.add(1);
    p.ip_version = 0;  // what could not be decoded is no TCP
    b.matches.clear();
    b.stage.inspect_events(p, b.matches, b.reasons);
    ASSERT_EQ(b.matches.size(), 1U);
    EXPECT_EQ(b.rules().text(b.matches.begin()->rule).sid, 2U);
}

TEST(EventLook, AnUnknownEventIsRefused) {
    ModelMaker maker;
    maker.rule(1).proto(bundle::HeaderProto::kIp).header_item(event(), {"no_such_reason"});
    EXPECT_THROW(test::build(maker.finish()), std::runtime_error);
}

TEST(EventWatch, ComparesCounters) {
    EventWatch watch;
    packet::ReasonCounters counters{};
    EXPECT_FALSE(watch.active());
    EXPECT_TRUE(watch.since(counters).empty());
    const std::array reasons{Reason::tcp_gap, Reason::tcp_rst_data};
    watch.watch(reasons);
    packet::count(counters, Reason::tcp_gap);
    watch.begin(counters);
    EXPECT_TRUE(watch.since(counters).empty()) << "counted before";
    packet::count(counters, Reason::tcp_rst_data);
    packet::count(counters, Reason::tcp_keepalive);
    EXPECT_EQ(watch.since(counters).words[0], 2U);
}

}  // namespace
}  // namespace sluice::detect
