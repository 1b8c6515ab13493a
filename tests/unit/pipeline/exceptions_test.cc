// SPDX-License-Identifier: Apache-2.0
// Want of room, by cause, policy and segment, through the whole pipeline: what goes on, what is
// dropped, what is trusted from then on, and that each is counted; and the events for what is odd.
#include "dataplane/io/memory/memory_io.h"
#include "dataplane/pipeline/pipeline.h"
#include "tests/property/tcp_script.h"
#include "tests/support/fragments.h"
#include "tests/support/packet_builder.h"
#include "tests/support/rules/loaded_rules.h"

#include <gtest/gtest.h>

namespace sluice::test {
namespace {

using packet::ExceptionCause;
using packet::ExceptionPolicy;
using packet::Reason;

constexpr char kRules[] =
    "drop tcp any any -> any any (msg:\"tcp\"; content:\"EXPLOIT\"; sid:1;)\n"
    "drop udp any any -> any any (msg:\"udp\"; content:\"EXPLOIT\"; sid:2;)\n"
    "alert tcp any any -> any any (msg:\"waits\"; content:\"WAITS\"; content:\"END\"; distance:0; "
    "sid:4;)\n"
    "pass tcp any any -> any 99 (msg:\"trusted\"; content:\"TRUSTED\"; sid:3;)\n";

constexpr PortId kFirst{0};
constexpr PortId kSecond{2};  // the port of the second segment

struct Plan {
    pipeline::PipelineConfig config = pipeline::inline_config();
    packet::ExceptionPolicies policies;

    Plan() {
        config.flow.max_flows = 1024;
        config.verdict.reset_on_drop = false;
    }

    Plan& policy(ExceptionCause cause, ExceptionPolicy p) {
        policies.set(cause, p);
        return *this;
    }
};

class Box {
  public:
    explicit Box(Plan plan) : ring_(4096), rules_(load_rules(kRules)) {
        pipeline::set_exceptions(plan.config, plan.policies);
        pipeline_ = std::make_unique<pipeline::Pipeline>(plan.config, ring_);
        pipeline_->install(*rules_.ruleset, *rules_.scratch);
    }

    // True: forwarded.
    bool pass(const Frame& frame, PortId port = kFirst) {
        io_.queue(frame, port, Nanos{clock_ += 1000});
        packet::Batch batch;
        io_.receive(batch);
        pipeline_->process(batch, {Nanos{clock_}, Nanos{clock_}});
        const bool forwarded = !batch[0].dropped();
        io_.finalize(batch);
        pipeline_->out().clear();
        return forwarded;
    }

    bool open(const Peers& p, PortId port = kFirst) {
        bool all = true;
        for (const Frame& f : handshake(p)) {
            all = pass(f, port) && all;
            port.value ^= 1;
        }
        return all;
    }

    packet::ExceptionCount of(ExceptionCause cause) const {
        return pipeline_->exceptions()[static_cast<std::size_t>(cause)];
    }

    std::uint64_t count(Reason r) const {
        return pipeline_->reasons()[static_cast<std::size_t>(r)];
    }

    std::vector<Reason> anomalies() {
        std::vector<Reason> out;
        abi::EventRecord e;
        while (ring_.pop(e)) {
            if (e.type == abi::EventType::kAnomaly) {
                out.push_back(static_cast<Reason>(e.reason));
            }
        }
        return out;
    }

    void wait(Nanos time) { clock_ += time.count; }

    const pipeline::Pipeline& pipeline() const { return *pipeline_; }

  private:
    abi::EventRing ring_;
    LoadedRules rules_;
    std::unique_ptr<pipeline::Pipeline> pipeline_;
    io::MemoryIo io_;
    std::int64_t clock_ = 1'000'000'000;
};

void expect_count(const Box& box, ExceptionCause cause, const packet::ExceptionCount& want) {
    const packet::ExceptionCount c = box.of(cause);
    EXPECT_EQ(c.dropped, want.dropped) << packet::info(cause).name;
    EXPECT_EQ(c.packets, want.packets) << packet::info(cause).name;
    EXPECT_EQ(c.bytes, want.bytes) << packet::info(cause).name;
    EXPECT_EQ(c.flows, want.flows) << packet::info(cause).name;
    const pipeline::Uninspected all = box.pipeline().uninspected();
    EXPECT_EQ(all.packets, want.packets);
    EXPECT_EQ(all.bytes, want.bytes);
    const pipeline::PipelineStats& s = box.pipeline().stats();
    EXPECT_EQ(s.packets, s.forwarded + s.dropped);
}

Peers peers_on(std::uint16_t client_port, std::uint16_t server_port = 80) {
    Peers p;
    p.client_port = client_port;
    p.server_port = server_port;
    return p;
}

Frame text_of(const Peers& p, const std::string& text) {
    return client_segment(p, text, {0, text.size()});
}

Frame datagram(std::string_view text, std::uint16_t port) {
    return PacketBuilder().ipv4("10.0.0.1", "10.0.0.2").udp(port, 53).payload(text).build();
}

Frame in_tunnel(const Frame& frame) {
    return PacketBuilder()
        .ipv4("192.0.2.1", "192.0.2.2")
        .ip_proto(4)
        .payload(Bytes(frame).subspan(14))
        .build();
}

TEST(Exceptions, ThePolicyIsThatOfThePacketsSegment) {
    Plan plan;
    plan.config.decode.max_tunnel_depth = 1;
    plan.policies.set(1, ExceptionCause::tunnel_depth, ExceptionPolicy::kDrop);
    Box box(plan);
    const Frame inner = in_tunnel(datagram("EXPLOIT", 1000));
    const Frame deep = in_tunnel(inner);
    EXPECT_FALSE(box.pass(inner)) << "inspected";
    EXPECT_TRUE(box.pass(deep, kFirst));
    EXPECT_FALSE(box.pass(deep, kSecond));
    expect_count(box, ExceptionCause::tunnel_depth, {1, 1, inner.size() - 14 - 20, 0});
}

TEST(Exceptions, PacketsWithoutAFlow) {
    for (const bool drop : {false, true}) {
        Plan plan;
        plan.config.flow.max_flows = 8;
        plan.config.flow.evict = false;
        plan.policies.set(1, ExceptionCause::flow_table, ExceptionPolicy::kDrop);
        Box box(plan);
        std::uint16_t port = 1000;
        while (box.count(Reason::flow_table_full) == 0 && port < 2000) {
            EXPECT_TRUE(box.pass(datagram("text", ++port)));
        }
        EXPECT_EQ(box.pass(datagram("text", ++port), drop ? kSecond : kFirst), !drop);
        expect_count(
            box, ExceptionCause::flow_table,
            drop ? packet::ExceptionCount{1, 1, 4, 0} : packet::ExceptionCount{0, 2, 8, 0});
    }
}

// With policy pass the oldest unfinished datagrams make room, and count; what came is judged as a
// whole.
TEST(Exceptions, Fragments) {
    const Frame whole = datagram("0123456789abcdefghijklmnopqrstuvwxyz+-*/", 1000);
    for (const ExceptionPolicy policy : {ExceptionPolicy::kPass, ExceptionPolicy::kDrop}) {
        Plan plan;
        plan.config.defrag.store_bytes = std::size_t{512} * 32;  // four for a source
        plan.policy(ExceptionCause::fragment_table, policy);
        Box box(plan);
        for (int i = 0; i < 31; ++i) {
            const std::string src = "10.0.1." + std::to_string(i);
            EXPECT_TRUE(box.pass(PacketBuilder()
                                     .ipv4(src, "10.0.0.2")
                                     .fragment(0, true)
                                     .ip_proto(packet::kProtoUdp)
                                     .payload(Bytes(whole).subspan(34, 16))
                                     .build()));
        }
        EXPECT_TRUE(box.pass(fragment_of(whole, 0, 16))) << "the last block";
        const bool pass = policy == ExceptionPolicy::kPass;
        EXPECT_EQ(box.pass(fragment_of(whole, 16, 32)), pass);
        EXPECT_EQ(box.pass(fragment_of(whole, 32, 48)), pass);
        EXPECT_EQ(box.count(Reason::fragment_reassembled), pass ? 1U : 0U);
        expect_count(
            box, ExceptionCause::fragment_table,
            pass ? packet::ExceptionCount{0, 2, 32, 0} : packet::ExceptionCount{1, 0, 0, 0});
    }
}

TEST(Exceptions, MidstreamConnections) {
    for (const ExceptionPolicy policy :
         {ExceptionPolicy::kPass, ExceptionPolicy::kDrop, ExceptionPolicy::kBypass}) {
        Plan plan;
        plan.config.stream.midstream = false;
        plan.policy(ExceptionCause::midstream, policy);
        Box box(plan);
        const Peers p = peers_on(40001);
        const std::string text = "no handshake and an EXPLOIT";
        const bool drop = policy == ExceptionPolicy::kDrop;
        EXPECT_EQ(box.pass(client_segment(p, text, {0, 10})), !drop);
        EXPECT_EQ(box.pass(client_segment(p, text, {10, 15})), !drop);
        if (policy != ExceptionPolicy::kPass) {
            // Packet rules still look at what only no stream took.
            EXPECT_EQ(box.pass(client_segment(p, text, {10, text.size()})), !drop);
        }
        EXPECT_EQ(box.count(Reason::flow_dropped), drop ? 2U : 0U);
        EXPECT_EQ(box.count(Reason::exception_bypass),
                  policy == ExceptionPolicy::kBypass ? 1U : 0U);
        expect_count(box, ExceptionCause::midstream,
                     drop ? packet::ExceptionCount{1, 0, 0, 0}
                     : policy == ExceptionPolicy::kPass
                         ? packet::ExceptionCount{0, 2, 15, 0}
                         : packet::ExceptionCount{0, 3, 15 + text.size() - 10, 1});
    }
}

TEST(Exceptions, SegmentsOutOfOrderWithoutRoom) {
    for (const ExceptionPolicy policy :
         {ExceptionPolicy::kPass, ExceptionPolicy::kDrop, ExceptionPolicy::kBypass}) {
        Plan plan;
        plan.config.stream.max_held_segments = 1;
        plan.config.stream.max_held_per_stream = 8;
        plan.policy(ExceptionCause::copy_store, policy);
        Box box(plan);
        const Peers p = peers_on(40001);
        EXPECT_TRUE(box.open(p));
        const std::string text = "0123456789 and behind it the EXPLOIT";
        EXPECT_TRUE(box.pass(client_segment(p, text, {2, 3}))) << "held";
        EXPECT_EQ(box.pass(client_segment(p, text, {5, 8})), policy != ExceptionPolicy::kDrop);
        if (policy == ExceptionPolicy::kBypass) {
            EXPECT_TRUE(box.pass(client_segment(p, text, {8, text.size()})));
            expect_count(box, ExceptionCause::copy_store, {0, 2, text.size() - 5, 1});
            EXPECT_EQ(box.count(Reason::exception_bypass), 1U);
        } else {
            expect_count(box, ExceptionCause::copy_store,
                         policy == ExceptionPolicy::kDrop ? packet::ExceptionCount{1, 0, 0, 0}
                                                          : packet::ExceptionCount{0, 1, 3, 0});
        }
    }
}

TEST(Exceptions, StreamsWithoutAWindow) {
    for (const ExceptionPolicy policy :
         {ExceptionPolicy::kPass, ExceptionPolicy::kDrop, ExceptionPolicy::kBypass}) {
        Plan plan;
        plan.config.stream.max_streams = 1;
        plan.policy(ExceptionCause::window_full, policy);
        Box box(plan);
        const Peers first = peers_on(40001);
        const Peers second = peers_on(40002);
        EXPECT_TRUE(box.open(first) && box.open(second));
        EXPECT_TRUE(box.pass(text_of(first, "takes the only one")));
        const std::string text = "finds none";
        const bool drop = policy == ExceptionPolicy::kDrop;
        EXPECT_EQ(box.pass(client_segment(second, text, {0, 5})), !drop);
        EXPECT_EQ(box.pass(client_segment(second, text, {drop ? 0U : 5U, 10})), !drop);
        expect_count(
            box, ExceptionCause::window_full,
            drop ? packet::ExceptionCount{2, 0, 0, 0}
                 : packet::ExceptionCount{0, 2, 10, policy == ExceptionPolicy::kBypass ? 1U : 0U});
    }
}

// Behind the stream the bytes were taken in already: to drop means the whole connection.
TEST(Exceptions, HttpWithoutState) {
    for (const ExceptionPolicy policy :
         {ExceptionPolicy::kPass, ExceptionPolicy::kDrop, ExceptionPolicy::kBypass}) {
        Plan plan;
        plan.config.app.http_flows = 1;
        plan.policy(ExceptionCause::app_store, policy);
        Box box(plan);
        const Peers first = peers_on(40001);
        const Peers second = peers_on(40002);
        EXPECT_TRUE(box.open(first) && box.open(second));
        const std::string request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        const std::string text = request + "GET /EXPLOIT HTTP/1.1\r\n";
        EXPECT_TRUE(box.pass(text_of(first, request)));
        const bool drop = policy == ExceptionPolicy::kDrop;
        EXPECT_EQ(box.pass(text_of(second, request)), !drop);
        const Frame attack = client_segment(second, text, {request.size(), text.size()});
        EXPECT_EQ(box.pass(attack), policy == ExceptionPolicy::kBypass)
            << "pass: inspected as a raw stream";
        EXPECT_EQ(box.count(Reason::flow_dropped), drop ? 1U : 0U);
        EXPECT_EQ(box.count(Reason::rule_drop), policy == ExceptionPolicy::kPass ? 1U : 0U);
        expect_count(box, ExceptionCause::app_store,
                     drop ? packet::ExceptionCount{1, 0, 0, 0}
                     : policy == ExceptionPolicy::kPass
                         ? packet::ExceptionCount{0, 1, 0, 0}
                         : packet::ExceptionCount{0, 2, text.size() - request.size(), 1});
    }
}

// Whatever the policies: a sender who could reach a limit to hide what follows.
TEST(Exceptions, HeadersOverTheLimit) {
    Plan plan;
    plan.config.app.max_header_bytes = 256;
    Box box(plan);
    const Peers p = peers_on(40001);
    EXPECT_TRUE(box.open(p));
    EXPECT_FALSE(
        box.pass(text_of(p, "GET / HTTP/1.1\r\nHost: " + std::string(400, 'x') + "\r\n\r\n")));
    EXPECT_EQ(box.count(Reason::http_header_limit), 1U);
    EXPECT_FALSE(box.pass(text_of(p, "GET /EXPLOIT HTTP/1.1\r\n"))) << "the flow is dropped";
}

// Nor may it blind a tap.
TEST(Exceptions, HeadersOverTheLimitInATap) {
    Plan plan;
    plan.config = pipeline::tap_config();
    plan.config.flow.max_flows = 1024;
    plan.config.app.max_header_bytes = 256;
    Box box(plan);
    const Peers p = peers_on(40001);
    EXPECT_TRUE(box.open(p));
    const std::string request = "GET / HTTP/1.1\r\nHost: " + std::string(400, 'x') + "\r\n\r\n";
    const std::string text = request + "GET /EXPLOIT HTTP/1.1\r\n";
    EXPECT_TRUE(box.pass(text_of(p, request)));
    EXPECT_EQ(box.count(Reason::http_header_limit), 1U);
    EXPECT_TRUE(box.pass(client_segment(p, text, {request.size(), text.size()})));
    EXPECT_EQ(box.count(Reason::rule_would_block), 1U);
    EXPECT_EQ(box.count(Reason::flow_dropped), 0U);
}

// The rule has its content, and waits for bytes that say whether it matches.
TEST(Exceptions, MatchesInTheMakingWithoutState) {
    for (const ExceptionPolicy policy : {ExceptionPolicy::kPass, ExceptionPolicy::kDrop}) {
        Plan plan;
        plan.config.detect.store.states = 1;
        plan.policy(ExceptionCause::detect_state, policy);
        Box box(plan);
        const bool drop = policy == ExceptionPolicy::kDrop;
        const Peers first = peers_on(40001);
        const Peers second = peers_on(40002);
        EXPECT_TRUE(box.open(first) && box.open(second));
        EXPECT_TRUE(box.pass(text_of(first, "WAITS for")));
        EXPECT_EQ(box.pass(text_of(second, "WAITS for")), !drop);
        EXPECT_EQ(box.count(Reason::detect_state_full), 1U);
        expect_count(
            box, ExceptionCause::detect_state,
            drop ? packet::ExceptionCount{1, 0, 0, 0} : packet::ExceptionCount{0, 1, 0, 0});
    }
}

TEST(Exceptions, ATapDropsNothing) {
    Plan plan;
    plan.config = pipeline::tap_config();
    plan.config.flow.max_flows = 1024;
    plan.config.decode.max_tunnel_depth = 1;
    for (std::size_t i = 0; i < packet::kExceptionCount; ++i) {
        plan.policies.set(static_cast<ExceptionCause>(i), ExceptionPolicy::kDrop);
    }
    Box box(plan);
    const Peers p = peers_on(40001);
    EXPECT_TRUE(box.pass(text_of(p, "midstream")));
    EXPECT_TRUE(box.pass(text_of(p, "midstream")));
    expect_count(box, ExceptionCause::midstream, {0, 2, 18, 0});
    const Frame inner = in_tunnel(datagram("text", 1000));
    EXPECT_TRUE(box.pass(in_tunnel(inner)));
    EXPECT_EQ(box.of(ExceptionCause::tunnel_depth).packets, 1U);
    EXPECT_EQ(box.pipeline().stats().dropped, 0U);
}

TEST(Exceptions, WhatIsTrustedAndWhatIsNotIpCountsToo) {
    Box box(Plan{});
    EXPECT_TRUE(box.pass(PacketBuilder().ether_type(0x88cc).payload("neighbour").build()));
    const Peers p = peers_on(40001, 99);
    EXPECT_TRUE(box.open(p));
    const std::string text = "TRUSTED and an EXPLOIT";
    EXPECT_TRUE(box.pass(client_segment(p, text, {0, 7})));
    EXPECT_TRUE(box.pass(client_segment(p, text, {7, text.size()})));
    const pipeline::PipelineStats& s = box.pipeline().stats();
    EXPECT_EQ(s.trusted_packets, 1U);
    EXPECT_EQ(s.trusted_bytes, text.size() - 7);
    EXPECT_EQ(s.not_ip_packets, 1U);
    const pipeline::Uninspected all = box.pipeline().uninspected();
    EXPECT_EQ(all.packets, 2U);
    EXPECT_EQ(all.bytes, s.trusted_bytes + s.not_ip_bytes);
}

Frame urgent(const Peers& p, std::uint32_t at) {
    return PacketBuilder()
        .ipv4(p.client, p.server)
        .tcp(p.client_port, p.server_port)
        .seq(p.client_isn + 1 + at)
        .ack(p.server_isn + 1)
        .flags(packet::kTcpAck | packet::kTcpUrg)
        .urgent(1)
        .payload("x")
        .build();
}

TEST(Anomalies, AnEventForWhatIsOddAndGoesOn) {
    Plan plan;
    plan.config.verdict.anomaly_events_per_second = 3;
    Box box(plan);
    const Peers p = peers_on(40001);
    EXPECT_TRUE(box.open(p));
    EXPECT_TRUE(box.anomalies().empty()) << "an ordinary handshake";
    EXPECT_TRUE(box.pass(urgent(p, 0)));
    EXPECT_EQ(box.anomalies(), std::vector<Reason>{Reason::tcp_urgent});
    for (std::uint32_t i = 1; i < 10; ++i) {
        EXPECT_TRUE(box.pass(urgent(p, i)));
    }
    EXPECT_EQ(box.anomalies().size(), 2U) << "three a second";
    EXPECT_EQ(box.count(Reason::tcp_urgent), 10U);
    box.wait(seconds(1));
    EXPECT_TRUE(box.pass(urgent(p, 10)));
    EXPECT_EQ(box.anomalies().size(), 1U);
}

// Decode judges the whole batch before the first packet is inspected.
TEST(Anomalies, EachPacketOfABatchHasItsOwn) {
    Plan plan;
    plan.config = pipeline::tap_config();
    plan.config.flow.max_flows = 1024;
    plan.config.verdict.anomaly_events_per_second = 10;
    Box box(plan);
    EXPECT_TRUE(box.pass(PacketBuilder().ipv4("10.0.0.1", "10.0.0.2").udp(1, 2).ttl(0).build()));
    EXPECT_EQ(box.anomalies(), std::vector<Reason>{Reason::ip_low_ttl});
    EXPECT_TRUE(box.pass(datagram("text", 1000)));
    EXPECT_TRUE(box.anomalies().empty());
}

TEST(Anomalies, ADroppedPacketHasADropEventInstead) {
    Plan plan;
    plan.config.verdict.anomaly_events_per_second = 10;
    Box box(plan);
    EXPECT_FALSE(box.pass(PacketBuilder().ipv4("10.0.0.1", "10.0.0.2").udp(1, 2).ttl(0).build()));
    EXPECT_TRUE(box.anomalies().empty());
}

TEST(Anomalies, OffUnlessAskedFor) {
    Box box(Plan{});
    const Peers p = peers_on(40001);
    EXPECT_TRUE(box.open(p));
    EXPECT_TRUE(box.pass(urgent(p, 0)));
    EXPECT_EQ(box.count(Reason::tcp_urgent), 1U);
    EXPECT_TRUE(box.anomalies().empty());
}

}  // namespace
}  // namespace sluice::test
