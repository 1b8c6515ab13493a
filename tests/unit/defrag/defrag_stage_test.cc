// SPDX-License-Identifier: Apache-2.0
// What DefragStage does with each fragment: verdict, rebuilt frame and every counter.
#include "dataplane/defrag/defrag_stage.h"

#include "dataplane/decode/decode_stage.h"
#include "tests/support/alloc_guard.h"
#include "tests/support/fragments.h"
#include "tests/support/usual_packets.h"
#include "tests/unit/defrag/defrag_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace sluice::test {
namespace {

using packet::Reason;

TEST(Defrag, EveryOrderOfFourFragmentsGivesTheSameDatagram) {
    for (const Frame& whole : {udp4(), udp6()}) {
        const std::vector<Frame> pieces = {
            fragment_of(whole, 0, 8, 7), fragment_of(whole, 8, 24, 7),
            fragment_of(whole, 24, 40, 7), fragment_of(whole, 40, ip_payload_size(whole), 7)};
        std::array<std::size_t, 4> order{0, 1, 2, 3};
        do {
            DefragWorld world;
            CounterDelta delta(world.counters);
            for (std::size_t i = 0; i < 3; ++i) {
                EXPECT_FALSE(world.take(pieces[order[i]]).complete);
            }
            const Taken last = world.take(pieces[order[3]]);
            ASSERT_TRUE(last.complete);
            EXPECT_EQ(last.payload, std::string(kText));
            EXPECT_EQ(last.src_port, 1000);
            EXPECT_EQ(delta.difference({{Reason::fragment_reassembled, 1}}), "");
        } while (std::next_permutation(order.begin(), order.end()));
    }
}

struct Case {
    const char* name;
    std::vector<Frame> frames;
    std::string verdicts;  // f forwarded, d dropped, c forwarded and complete
    CounterDelta::Expected counters;
};

void run(const Case& c, const defrag::DefragConfig& config = {}) {
    DefragWorld world(config);
    CounterDelta delta(world.counters);
    std::string verdicts;
    for (const Frame& f : c.frames) {
        const Taken t = world.take(f);
        verdicts += t.dropped ? 'd' : t.complete ? 'c' : 'f';
    }
    EXPECT_EQ(verdicts, c.verdicts) << c.name;
    EXPECT_EQ(delta.difference(c.counters), "") << c.name;
}

Frame changed(Frame f) {
    f.back() ^= 0x20;
    return f;
}

TEST(Defrag, CopiesAndOverlaps) {
    const Frame a4 = fragment_of(udp4(), 0, 32);
    const Frame b4 = fragment_of(udp4(), 32, kSize);
    const Frame over4 = fragment_of(udp4(), 24, 40);
    const Frame a6 = fragment_of(udp6(), 0, 32);
    const Frame b6 = fragment_of(udp6(), 32, kSize);
    const Frame over6 = fragment_of(udp6(), 24, 40);
    run({"a copy of a fragment",
         {a4, a4, b4},
         "ffc",
         {{Reason::fragment_duplicate, 1}, {Reason::fragment_reassembled, 1}}});
    run({"the same over IPv6",
         {a6, a6, b6},
         "ffc",
         {{Reason::fragment_duplicate, 1}, {Reason::fragment_reassembled, 1}}});
    run({"equal bytes, cut otherwise",
         {a4, over4, b4},
         "ffc",
         {{Reason::fragment_duplicate, 2}, {Reason::fragment_reassembled, 1}}});
    run({"the same over IPv6: RFC 5722",
         {a6, over6, b6},
         "fdd",
         {{Reason::fragment_overlap, 1}, {Reason::fragment_refused, 1}}});
    run({"a differing copy",
         {a4, changed(a4), b4},
         "fdd",
         {{Reason::fragment_overlap, 1}, {Reason::fragment_refused, 1}}});
    run({"a differing overlap",
         {a4, changed(fragment_of(udp4(), 24, 32)), a4},
         "fdd",
         {{Reason::fragment_overlap, 1}, {Reason::fragment_refused, 1}}});
    run({"a differing overlap that came first",
         {changed(fragment_of(udp4(), 24, 32)), a4, b4},
         "fdd",
         {{Reason::fragment_overlap, 1}, {Reason::fragment_refused, 1}}});
    run({"after completion, equal",
         {a4, b4, a4},
         "fcd",
         {{Reason::fragment_reassembled, 1}, {Reason::fragment_duplicate, 1}}});
    run({"after completion, another",
         {a4, b4, changed(b4), a4},
         "fcdd",
         {{Reason::fragment_reassembled, 1},
          {Reason::fragment_overlap, 1},
          {Reason::fragment_refused, 1}}});
}

TEST(Defrag, ATapReadsTheFirstCopyAndDropsNothing) {
    const Frame a = fragment_of(udp4(), 0, 32);
    const Frame b = fragment_of(udp4(), 32, kSize);
    DefragWorld world(tap());
    EXPECT_FALSE(world.take(a).complete);
    EXPECT_FALSE(world.take(changed(a)).dropped);
    const Taken t = world.take(b);
    ASSERT_TRUE(t.complete);
    EXPECT_EQ(t.payload, std::string(kText));
    EXPECT_EQ(world.stage.stats().datagrams, 0U);
    EXPECT_EQ(world.of(Reason::fragment_overlap), 1U);
}

TEST(Defrag, SizesThatCannotBe) {
    const std::string k16(16, 'x');
    const Frame middle = v4().fragment(16, true).ip_proto(17).payload(k16).build();
    const Frame last = v4().fragment(32, false).ip_proto(17).payload(k16).build();
    const Frame earlier_last = v4().fragment(16, false).ip_proto(17).payload("12345678").build();
    const Frame behind = v4().fragment(48, true).ip_proto(17).payload(k16).build();
    run({"not a multiple of 8",
         {v4().fragment(16, true).ip_proto(17).payload("1234567").build()},
         "d",
         {{Reason::fragment_bad_size, 1}}});
    run({"over 65535",
         {v4().fragment(65528, false).ip_proto(17).payload(k16).build()},
         "d",
         {{Reason::fragment_too_large, 1}}});
    run({"over 65535 only with its header",
         {v4().fragment(65504, false).ip_proto(17).payload(k16).build()},
         "d",
         {{Reason::fragment_too_large, 1}}});
    run({"IPv6 over 65535",
         {v6().fragment(65528, false).ip_proto(17).payload(k16).build()},
         "d",
         {{Reason::fragment_too_large, 1}}});
    run({"empty",
         {v4().fragment(16, false).ip_proto(17).build()},
         "d",
         {{Reason::fragment_bad_size, 1}}});
    run({"two ends",
         {last, earlier_last, middle},
         "fdd",
         {{Reason::fragment_bad_size, 1}, {Reason::fragment_refused, 1}}});
    run({"end before what came", {last, behind}, "fd", {{Reason::fragment_bad_size, 1}}});
    run({"what came is behind the end", {behind, last}, "fd", {{Reason::fragment_bad_size, 1}}});
}

TEST(Defrag, FirstFragmentsWithoutTheTransportHeader) {
    const std::string k16(16, 'x');
    const Frame tcp = v4().fragment(0, true).ip_proto(6).payload(k16).build();
    run({"TCP", {tcp}, "d", {{Reason::fragment_tiny, 1}}});
    run({"TCP from byte 8 on",
         {v4().fragment(8, false).ip_proto(6).payload(k16).build()},
         "d",
         {{Reason::fragment_tiny, 1}}});
    run({"TCP over IPv6",
         {v6().fragment(0, true).ip_proto(6).payload(k16).build()},
         "d",
         {{Reason::fragment_tiny, 1}}});
    run({"UDP holds its header",
         {v4().fragment(0, true).ip_proto(17).payload("12345678").build()},
         "f",
         {}});
    const std::string destination_options = std::string("\x11\x01", 2) + std::string(14, '\0');
    run({"IPv6 chain cut: RFC 7112",
         {v6().fragment(0, true).ip_proto(60).payload(destination_options.substr(0, 8)).build()},
         "d",
         {{Reason::fragment_tiny, 1}}});
    run({"IPv6 chain whole, UDP header not",
         {v6().fragment(0, true).ip_proto(60).payload(destination_options).build()},
         "d",
         {{Reason::fragment_tiny, 1}}});
    run({"IPv6 chain and UDP header",
         {v6().fragment(0, true).ip_proto(60).payload(destination_options + "12345678").build()},
         "f",
         {}});
    // An authentication header counts in words of four bytes: 2 and 4 are six of them.
    const std::string authentication = std::string("\x11\x04", 2) + std::string(22, '\0');
    run({"IPv6 chain with AH, cut",
         {v6().fragment(0, true).ip_proto(51).payload(authentication).build()},
         "d",
         {{Reason::fragment_tiny, 1}}});
    run({"IPv6 chain with AH and UDP header",
         {v6().fragment(0, true).ip_proto(51).payload(authentication + "12345678").build()},
         "f",
         {}});
    defrag::DefragConfig pass;
    pass.drop_tiny = false;
    run({"switched off", {tcp}, "f", {{Reason::fragment_tiny, 1}}}, pass);
}

TEST(Defrag, WhatIsInTheKeyKeepsDatagramsApart) {
    const Frame a = fragment_of(udp4(), 0, 32);
    const Frame last = fragment_of(udp4(), 32, kSize);
    const auto completes = [&](Frame other, PortId port = {}, std::uint8_t depth = 0) {
        DefragWorld world;
        world.take(a);
        return world.take(other, port, depth).complete;
    };
    EXPECT_TRUE(completes(last));
    EXPECT_FALSE(completes(fragment_of(udp4(), 32, kSize, 2)));
    EXPECT_FALSE(completes(fragment_of(udp4("10.0.0.3"), 32, kSize)));
    EXPECT_FALSE(completes(fragment_of(udp4("10.0.0.1", "10.0.0.4"), 32, kSize)));
    EXPECT_FALSE(completes(last, PortId{2})) << "another wire";
    EXPECT_FALSE(completes(last, {}, 1)) << "inside a tunnel";
    Frame proto = last;
    proto[14 + 9] = 132;
    EXPECT_FALSE(completes(proto));
}

TEST(Defrag, ABlockedDatagramStaysRefused) {
    DefragWorld world;
    const Frame a = fragment_of(udp4(), 0, 32);
    const Frame b = fragment_of(udp4(), 32, kSize);
    world.take(a);
    EXPECT_TRUE(world.take(b).complete);
    world.stage.settle(true, world.now);
    CounterDelta delta(world.counters);
    EXPECT_TRUE(world.take(b).dropped);
    EXPECT_TRUE(world.take(a).dropped);
    EXPECT_EQ(delta.difference({{Reason::fragment_refused, 2}}), "");
    world.advance(seconds(32));
    EXPECT_FALSE(world.take(a).dropped) << "the receiver has forgotten it by now";
}

TEST(Defrag, TheLargestDatagram) {
    const std::string text(65507, 'u');
    const Frame whole = v4().udp(1000, 53).payload(text).build();
    DefragWorld world;
    const std::size_t size = ip_payload_size(whole);
    for (std::size_t at = 0; at < size; at += 1480) {
        const std::size_t end = std::min(size, at + 1480);
        const Taken t = world.take(fragment_of(whole, at, end));
        EXPECT_EQ(t.complete, end == size);
        if (t.complete) {
            EXPECT_EQ(t.payload, text);
        }
    }
}

TEST(Defrag, AllocatesNothing) {
    DefragWorld world;
    std::vector<Frame> frames;
    for (std::uint32_t id = 0; id < 100; ++id) {
        frames.push_back(fragment_of(udp4(), 32, kSize, id));
        frames.push_back(fragment_of(udp4(), 0, 32, id));
    }
    AllocGuard guard;
    std::size_t complete = 0;
    for (Frame& f : frames) {
        packet::Packet p = world.decoded(f);
        packet::Packet whole;
        complete += world.stage.take(p, world.now, world.counters, whole) ? 1U : 0U;
        world.stage.settle(false, world.now);
    }
    world.stage.expire({seconds(1000), {}}, 1000, world.counters);
    EXPECT_EQ(guard.allocations(), 0U);
    EXPECT_EQ(complete, 100U);
}

}  // namespace
}  // namespace sluice::test
