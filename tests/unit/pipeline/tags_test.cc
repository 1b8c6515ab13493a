// SPDX-License-Identifier: Apache-2.0
// The keyword tag from the frame to the event.
#include "dataplane/io/memory/memory_io.h"
#include "dataplane/pipeline/pipeline.h"
#include "tests/support/alloc_guard.h"
#include "tests/support/packet_builder.h"
#include "tests/support/rules/loaded_rules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace sluice::test {
namespace {

const std::string kUdp = "alert udp any any -> any any (msg:\"t\"; content:\"hit\"; ";

struct Told {
    std::vector<std::uint64_t> alerts;   // numbers of packets
    std::vector<std::uint64_t> packets;  // likewise, of events of type packet
};

class Box {
  public:
    explicit Box(const std::string& rules,
                 pipeline::PipelineConfig config = pipeline::inline_config(),
                 std::size_t ring = 1024)
        : ring_(ring), loaded_(load_rules(rules)) {
        config.flow.max_flows = 256;
        pipeline_ = std::make_unique<pipeline::Pipeline>(config, ring_);
        pipeline_->install(*loaded_.ruleset, *loaded_.scratch);
    }

    // Each a batch, 'gap' seconds apart.
    Box& pass(const std::vector<Frame>& frames, std::int64_t gap = 0) {
        for (const Frame& f : frames) {
            clock_ += gap * 1'000'000'000;
            io_.queue(f, {}, Nanos{clock_});
            packet::Batch batch;
            io_.receive(batch);
            const AllocGuard guard;
            pipeline_->process(batch, {Nanos{clock_}, Nanos{clock_}});
            EXPECT_EQ(guard.allocations(), 0U);
            io_.finalize(batch);
            pipeline_->out().clear();
        }
        return *this;
    }

    Told told() {
        Told out;
        while (ring_.pop(last_)) {
            if (last_.type == abi::EventType::kAlert) {
                out.alerts.push_back(last_.packet_number);
            } else if (last_.type == abi::EventType::kPacket) {
                out.packets.push_back(last_.packet_number);
            }
        }
        return out;
    }

    std::vector<std::uint64_t> packets() { return told().packets; }

    const abi::EventRecord& last() const { return last_; }

    pipeline::Pipeline& pipeline() { return *pipeline_; }

    void end() { pipeline_->end_all({Nanos{clock_}, Nanos{clock_}}); }

  private:
    abi::EventRing ring_;
    LoadedRules loaded_;
    std::unique_ptr<pipeline::Pipeline> pipeline_;
    io::MemoryIo io_;
    abi::EventRecord last_;
    std::int64_t clock_ = 1'700'000'000'000'000'000;
};

using Numbers = std::vector<std::uint64_t>;

Frame udp(const char* src, const char* dst, std::string_view text = "none") {
    return PacketBuilder().ipv4(src, dst).udp(1000, 99).payload(text).build();
}

Frame hit() {
    return udp("10.0.0.1", "10.0.0.2", "a hit");
}

Frame other() {
    return udp("10.0.0.1", "10.0.0.2");
}

Frame back() {
    return PacketBuilder().ipv4("10.0.0.2", "10.0.0.1").udp(99, 1000).payload("none").build();
}

TEST(PipelineTags, APacketOfTheFlowIsToldWithItsBytes) {
    Box box(kUdp + "tag:session,3,packets; sid:1;)");
    const Frame far = udp("10.0.0.1", "10.0.0.3");
    const Told told = box.pass({other(), hit(), far, back(), other(), other()}).told();
    EXPECT_EQ(told.alerts, Numbers{2});
    EXPECT_EQ(told.packets, (Numbers{4, 5}));
    const abi::EventRecord& e = box.last();
    const Frame frame = other();
    EXPECT_EQ(e.data_len, frame.size());
    EXPECT_TRUE(std::equal(frame.begin(), frame.end(), e.data.begin()));
    EXPECT_EQ(e.link, abi::EventLink::kEthernet);
    EXPECT_FALSE(e.has_rule);
    EXPECT_EQ(box.pipeline().verdicts().stats().tagged_packets, 2U);
}

TEST(PipelineTags, AHostIsFollowedThroughItsFlows) {
    const std::vector<Frame> frames = {hit(),
                                       udp("10.0.0.1", "10.0.0.7"),
                                       udp("10.0.0.8", "10.0.0.2"),
                                       udp("10.0.0.7", "10.0.0.1"),
                                       udp("10.0.0.8", "10.0.0.9"),
                                       udp("10.0.0.1", "10.0.0.9")};
    Box source(kUdp + "tag:host,3,packets,src; sid:1;)");
    EXPECT_EQ(source.pass(frames).packets(), (Numbers{2, 4}));
    Box destination(kUdp + "tag:host,3,packets; sid:1;)");
    EXPECT_EQ(destination.pass(frames).packets(), Numbers{3});
}

TEST(PipelineTags, HostsOfIpv6) {
    const auto six = [](const char* src, const char* dst, std::string_view text) {
        return PacketBuilder().ipv6(src, dst).udp(1000, 99).payload(text).build();
    };
    Box box(kUdp + "tag:host,9,packets,src; sid:1;)");
    EXPECT_EQ(box.pass({six("2001:db8::1", "2001:db8::2", "a hit"),
                        six("2001:db8::3", "2001:db8::2", "none"),
                        six("2001:db8::3", "2001:db8::1", "none")})
                  .packets(),
              Numbers{3});
}

// The flows of a host are on several workers.
TEST(PipelineTags, HostsAreThoseOfAllWorkers) {
    pipeline::PipelineConfig config = pipeline::inline_config();
    config.verdict.host_tags = verdict::make_host_tags(7);
    const std::string rule = kUdp + "tag:host,9,packets,src; tag:session; sid:1;)";
    Box one(rule, config);
    Box two(rule, config);
    one.pass({hit()});
    EXPECT_EQ(two.pass({udp("10.0.0.1", "10.0.0.5"), udp("10.0.0.6", "10.0.0.5")}).packets(),
              Numbers{1});
}

TEST(PipelineTags, SecondsArePacketTime) {
    Box box(kUdp + "tag:session,2,seconds; sid:1;)");
    box.pass({hit()});
    EXPECT_EQ(box.pass({other(), other(), other(), other()}, 1).packets(), (Numbers{2, 3}));
}

// As in Suricata: what is not told by an alert may have tags.
TEST(PipelineTags, SilentMatches) {
    Box noalert(kUdp + "tag:session,2,packets; noalert; sid:1;)");
    const Told told = noalert.pass({hit(), other(), other()}).told();
    EXPECT_EQ(told.alerts, Numbers{});
    EXPECT_EQ(told.packets, Numbers{2});
    Box limit(
        kUdp +
        "tag:session,2,packets; threshold:type limit,track by_src,count 1,seconds 60; sid:1;)");
    EXPECT_EQ(limit.pass({hit(), other(), other(), hit(), other(), other()}).packets(),
              (Numbers{2, 5}));
    Box second(
        kUdp +
        "tag:session,2,packets; threshold:type threshold,track by_src,count 2,seconds 60; sid:1;)");
    EXPECT_EQ(second.pass({hit(), other(), other(), hit(), other(), other()}).packets(),
              Numbers{5});
}

TEST(PipelineTags, AMatchAgainIsTold) {
    Box box(kUdp + "tag:session,2,packets; sid:1;)");
    const Told told = box.pass({hit(), hit(), other(), other()}).told();
    EXPECT_EQ(told.alerts, (Numbers{1, 2}));
    EXPECT_EQ(told.packets, (Numbers{2, 3}));
}

TEST(PipelineTags, WhatIsNotInspectedIsNotTold) {
    const auto tcp = [](std::string_view text) {
        return PacketBuilder().ipv4("10.0.0.1", "10.0.0.2").tcp(1000, 80).payload(text).build();
    };
    for (const char* action : {"drop", "pass"}) {
        Box box(
            std::string(action) +
            " tcp any any -> any any (msg:\"t\"; content:\"hit\"; tag:host,9,packets,src; sid:1;)");
        EXPECT_EQ(box.pass({tcp("a hit"), tcp("none"), other()}).packets(), Numbers{3}) << action;
    }
}

TEST(PipelineTags, AFlowsTagsEndWithIt) {
    Box box(kUdp + "tag:session; sid:1;)");
    box.pass({hit(), other()});
    EXPECT_EQ(box.packets(), Numbers{2});
    box.end();
    EXPECT_EQ(box.pass({other()}).packets(), Numbers{});
}

TEST(PipelineTags, NoneWhereNobodyAsks) {
    pipeline::PipelineConfig config = pipeline::inline_config();
    config.verdict.packet_events = false;
    Box off(kUdp + "tag:session; sid:1;)", config);
    const Told told = off.pass({hit(), other()}).told();
    EXPECT_EQ(told.alerts, Numbers{1});
    EXPECT_EQ(told.packets, Numbers{});
    Box untagged(kUdp + "sid:1;)");
    EXPECT_EQ(untagged.pass({hit(), other()}).packets(), Numbers{});
}

TEST(PipelineTags, AFullRingIsCounted) {
    Box box(kUdp + "tag:session; sid:1;)", pipeline::inline_config(), 2);
    box.pass({hit(), other(), other(), other()});
    EXPECT_EQ(box.told().packets, Numbers{2});
    EXPECT_EQ(box.pipeline().reasons()[static_cast<std::size_t>(packet::Reason::event_ring_full)],
              2U);
}

TEST(PipelineTags, AFullTableIsCounted) {
    pipeline::PipelineConfig config = pipeline::inline_config();
    config.verdict.flow_tag_entries = verdict::TagTable::kWays;
    Box box(kUdp + "tag:session; sid:1;)", config);
    std::vector<Frame> hits;
    for (std::size_t i = 0; i <= verdict::TagTable::kWays; ++i) {
        const auto port = static_cast<std::uint16_t>(2000 + i);
        hits.push_back(
            PacketBuilder().ipv4("10.0.0.1", "10.0.0.2").udp(port, 99).payload("a hit").build());
    }
    box.pass(hits, 1);
    EXPECT_EQ(box.pipeline().verdicts().stats().tags_lost, 1U);
}

}  // namespace
}  // namespace sluice::test
