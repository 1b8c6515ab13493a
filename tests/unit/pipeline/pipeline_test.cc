// SPDX-License-Identifier: Apache-2.0
#include "dataplane/pipeline/pipeline.h"

#include "dataplane/io/memory/memory_io.h"
#include "tests/property/tcp_script.h"
#include "tests/support/alloc_guard.h"
#include "tests/support/packet_builder.h"
#include "tests/support/rules/loaded_rules.h"

#include <gtest/gtest.h>

#include <map>

namespace sluice::test {
namespace {

constexpr char kBlockRules[] =
    "drop tcp any any -> any any (msg:\"bad\"; flow:established,to_server; content:\"EXPLOIT\"; "
    "sid:1;)\n"
    "alert http any any -> any any (msg:\"page\"; http.uri; content:\"/secret\"; sid:2;)\n"
    "alert http any any -> any any (msg:\"agent\"; http.user_agent; content:\"curl\"; "
    "pcre:\"/curl\\/[0-9]+/\"; sid:3;)\n"
    "alert http any any -> any any (msg:\"first\"; flow:established,to_server; http.uri; "
    "content:\"/login\"; flowbits:set,seen; "
    "flowbits:noalert; sid:4;)\n"
    "alert http any any -> any any (msg:\"then\"; flow:established,to_client; flowbits:isset,seen; "
    "file.data; content:\"welcome\"; "
    "sid:5;)\n";

struct Box {
    explicit Box(const std::string& rules, bool inline_mode = true, bool reset_on_drop = true,
                 std::uint32_t max_flows = 1024)
        : ring(4096), loaded(load_rules(rules)) {
        pipeline::PipelineConfig config =
            inline_mode ? pipeline::inline_config() : pipeline::tap_config();
        config.flow.max_flows = max_flows;
        config.verdict.reset_on_drop = reset_on_drop;
        pipeline = std::make_unique<pipeline::Pipeline>(config, ring);
        pipeline->install(*loaded.ruleset, *loaded.scratch);
    }

    // One frame through the pipeline; true: forwarded.
    bool pass(const Frame& frame, PortId port = {}) {
        io.queue(frame, port, Nanos{clock += 1000});
        packet::Batch batch;
        io.receive(batch);
        pipeline->process(batch, {Nanos{clock}, Nanos{clock}});
        const bool forwarded = !batch[0].dropped();
        io.finalize(batch);
        for (const verdict::OutFrame& f : pipeline->out()) {
            io.inject(f.port, Bytes(f.bytes.data(), f.len));
        }
        pipeline->out().clear();
        return forwarded;
    }

    std::multimap<std::uint32_t, abi::EventVerdict> alerts() {
        std::multimap<std::uint32_t, abi::EventVerdict> out;
        abi::EventRecord e;
        while (ring.pop(e)) {
            if (e.type == abi::EventType::kAlert) {
                out.emplace(loaded.model->rules[e.rule_index].sid, e.verdict);
            }
        }
        return out;
    }

    abi::EventRing ring;
    LoadedRules loaded;
    std::unique_ptr<pipeline::Pipeline> pipeline;
    io::MemoryIo io;
    std::int64_t clock = 1'000'000'000;
};

Peers peers_on(std::uint16_t client_port) {
    Peers p;
    p.client_port = client_port;
    p.server_port = 80;
    return p;
}

Frame from_server(const Peers& p, std::uint32_t at, std::uint32_t acked, std::string_view payload) {
    return PacketBuilder()
        .ipv4(p.server, p.client)
        .tcp(p.server_port, p.client_port)
        .seq(p.server_isn + 1 + at)
        .ack(p.client_isn + 1 + acked)
        .payload(payload)
        .build();
}

void open(Box& box, const Peers& p) {
    PortId port{0};
    for (const Frame& f : handshake(p)) {
        EXPECT_TRUE(box.pass(f, port));
        port.value ^= 1;
    }
}

// What inline never reaches the receiver, a tap has to take for delivered: it is judged alone.
TEST(Pipeline, ATapJudgesWhatItWouldHaveRefused) {
    for (const bool inline_mode : {true, false}) {
        Box box("alert tcp any any -> any any (content:\"EXPLOIT\"; sid:1;)\n", inline_mode);
        const Peers p = peers_on(40009);
        open(box, p);
        const Frame far =
            client_segment(p, std::string(200'000, 'x') + "EXPLOIT", {200'000, 200'007});
        EXPECT_EQ(box.pass(far), !inline_mode) << "outside the window";
        const auto seen = box.alerts();
        EXPECT_EQ(seen.size(), inline_mode ? 0U : 1U);
        const Frame flagless =
            PacketBuilder().ipv4(p.client, p.server).tcp(1, 2).flags(0).payload("EXPLOIT").build();
        EXPECT_EQ(box.pass(flagless), !inline_mode);
        EXPECT_EQ(box.alerts().size(), inline_mode ? 0U : 1U);
        EXPECT_EQ(box.pipeline->flows().stats().created, 1U);
    }
}

TEST(Pipeline, APassRuleWithAlertIsTold) {
    Box box(
        "pass tcp any any -> any any (content:\"TRUST\"; alert; sid:1;)\n"
        "drop tcp any any -> any any (content:\"EXPLOIT\"; sid:2;)\n");
    const Peers p = peers_on(40010);
    open(box, p);
    const std::string stream = "TRUST EXPLOIT";
    EXPECT_TRUE(box.pass(client_segment(p, stream, {0, 6})));
    EXPECT_TRUE(box.pass(client_segment(p, stream, {6, 13})));
    const auto seen = box.alerts();
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen.begin()->first, 1U);
    EXPECT_EQ(seen.begin()->second, abi::EventVerdict::kPass);
}

TEST(Pipeline, BlocksTheSegmentTheFlowAndResetsBothEnds) {
    Box box(kBlockRules);
    const Peers p = peers_on(40001);
    open(box, p);
    const std::string stream = "some EXPLOIT and more";
    EXPECT_TRUE(box.pass(client_segment(p, stream, {0, 8})));
    EXPECT_FALSE(box.pass(client_segment(p, stream, {8, 14})));
    EXPECT_FALSE(box.pass(client_segment(p, stream, {14, 20}))) << "the rest of the flow";
    EXPECT_FALSE(box.pass(from_server(p, 0, 14, "answer"), PortId{1}));
    ASSERT_EQ(box.io.injected().size(), 2U);
    EXPECT_NE(box.io.injected()[0].port.value, box.io.injected()[1].port.value);
    const auto alerts = box.alerts();
    ASSERT_EQ(alerts.count(1), 1U);
    EXPECT_EQ(alerts.find(1)->second, abi::EventVerdict::kDrop);
    const packet::ReasonCounters& reasons = box.pipeline->reasons();
    EXPECT_EQ(reasons[static_cast<std::size_t>(packet::Reason::rule_drop)], 1U);
    EXPECT_EQ(reasons[static_cast<std::size_t>(packet::Reason::flow_dropped)], 2U);
    const pipeline::PipelineStats& s = box.pipeline->stats();
    EXPECT_EQ(s.packets, s.forwarded + s.dropped);
    EXPECT_EQ(s.dropped, 3U);
}

// tests/e2e/two_workers.sh found it: a client that got the same port again soon was answered by
// silence.
TEST(Pipeline, ThePortsOfABlockedConnectionMayBeUsedAgain) {
    Box box(kBlockRules);
    Peers p = peers_on(40001);
    open(box, p);
    const std::string attack = "some EXPLOIT and more";
    EXPECT_FALSE(box.pass(client_segment(p, attack, {0, 13})));
    EXPECT_FALSE(box.pass(client_segment(p, attack, {0, 13}))) << "no SYN, no new connection";
    for (const bool honest : {true, false}) {
        p.client_isn += 1'000'000;
        p.server_isn += 77'000'000;
        open(box, p);
        EXPECT_EQ(box.pass(client_segment(p, honest ? "an honest text" : attack, {0, 13})), honest);
        EXPECT_EQ(box.alerts().count(1), 1U);
    }
}

// Without resets the server still has the old connection, which a SYN must not open to the sender.
TEST(Pipeline, ABlockedConnectionThatNobodyResetStaysBlocked) {
    Box box(kBlockRules, true, false);
    Peers p = peers_on(40001);
    open(box, p);
    EXPECT_FALSE(box.pass(client_segment(p, "some EXPLOIT and more", {0, 13})));
    p.client_isn += 1'000'000;
    EXPECT_FALSE(box.pass(handshake(p).front()));
}

// More open connections than are looked at for an eviction: they are told apart when they open.
TEST(Pipeline, AFloodOfSynsEvictsNoOpenConnection) {
    constexpr std::uint16_t kOpen = 2000;
    constexpr std::uint16_t kTable = 2048;
    constexpr std::uint16_t kFlood = 500;
    Box box(kBlockRules, true, true, kTable);
    for (std::uint16_t i = 0; i < kOpen; ++i) {
        open(box, peers_on(static_cast<std::uint16_t>(1024 + i)));
    }
    for (std::uint16_t i = 0; i < kFlood; ++i) {
        EXPECT_TRUE(box.pass(handshake(peers_on(static_cast<std::uint16_t>(10'000 + i))).front()));
    }
    EXPECT_EQ(box.pipeline->flows().stats().evicted, kOpen + kFlood - kTable);
    const std::string attack = "some EXPLOIT and more";
    for (std::uint16_t i = 0; i < kOpen; ++i) {
        EXPECT_FALSE(box.pass(
            client_segment(peers_on(static_cast<std::uint16_t>(1024 + i)), attack, {0, 13})));
    }
    EXPECT_EQ(box.pipeline->flows().stats().created, kOpen + kFlood);
}

TEST(Pipeline, AnOutOfOrderExploitIsStoppedByTheSegmentThatCompletesIt) {
    Box box(kBlockRules);
    const Peers p = peers_on(40002);
    open(box, p);
    const std::string stream = "some EXPLOIT and more";
    EXPECT_TRUE(box.pass(client_segment(p, stream, {8, 20}))) << "nothing is held";
    EXPECT_FALSE(box.pass(client_segment(p, stream, {0, 8})));
}

TEST(Pipeline, TapForwardsAndSaysWouldBlock) {
    Box box(kBlockRules, false);
    const Peers p = peers_on(40003);
    open(box, p);
    EXPECT_TRUE(box.pass(client_segment(p, "an EXPLOIT", {0, 10})));
    const auto alerts = box.alerts();
    ASSERT_EQ(alerts.count(1), 1U);
    EXPECT_EQ(alerts.find(1)->second, abi::EventVerdict::kWouldBlock);
    EXPECT_TRUE(box.io.injected().empty());
}

TEST(Pipeline, HttpBuffersFlowbitsAndResponses) {
    Box box(kBlockRules);
    const Peers p = peers_on(40004);
    open(box, p);
    const std::string request =
        "GET /login/secret HTTP/1.1\r\nHost: a\r\nUser-Agent: curl/7.88\r\n\r\n";
    EXPECT_TRUE(box.pass(client_segment(p, request, {0, request.size()})));
    const std::string response = "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nwelcome home";
    EXPECT_TRUE(box.pass(from_server(p, 0, static_cast<std::uint32_t>(request.size()), response),
                         PortId{1}));
    const auto alerts = box.alerts();
    EXPECT_EQ(alerts.count(3), 1U);
    EXPECT_EQ(alerts.count(4), 0U) << "noalert";
    EXPECT_EQ(alerts.count(5), 1U) << "flowbit set by the request";
    EXPECT_EQ(alerts.count(2), 1U);
}

TEST(Pipeline, PassEndsTheJudgement) {
    Box box(
        "drop tcp any any -> any any (content:\"EXPLOIT\"; sid:1;)\npass tcp any any -> any any "
        "(content:\"friend\"; sid:2;)\n");
    const Peers p = peers_on(40005);
    open(box, p);
    const std::string stream = "friend EXPLOIT";
    EXPECT_TRUE(box.pass(client_segment(p, stream, {0, stream.size()})));
    EXPECT_TRUE(box.alerts().empty());
}

TEST(Pipeline, NewRulesJudgeALiveFlowFromTheNextByte) {
    Box box("alert tcp any any -> any any (content:\"old\"; sid:1;)\n");
    const Peers p = peers_on(40006);
    open(box, p);
    const std::string stream = "old new";
    EXPECT_TRUE(box.pass(client_segment(p, stream, {0, 4})));
    LoadedRules next = load_rules("drop tcp any any -> any any (content:\"new\"; sid:7;)\n", 2);
    box.pipeline->install(*next.ruleset, *next.scratch);
    EXPECT_FALSE(box.pass(client_segment(p, stream, {4, 7})));
}

TEST(Pipeline, RejectOfUdpAnswersUnreachable) {
    Box box("reject udp any any -> any 53 (content:\"bad\"; sid:1;)\n");
    EXPECT_TRUE(box.pass(
        PacketBuilder().ipv4("10.0.0.1", "10.0.0.2").udp(5000, 53).payload("good").build()));
    EXPECT_FALSE(box.pass(
        PacketBuilder().ipv4("10.0.0.1", "10.0.0.2").udp(5000, 53).payload("bad").build()));
    ASSERT_EQ(box.io.injected().size(), 1U);
    EXPECT_EQ(box.io.injected()[0].port.value, 0);
}

// Found in a restart under live connections: the RST of an end that had forgotten the connection
// was refused, and the other end went on retransmitting.
TEST(Pipeline, TheResetOfAConnectionSeenInTheMiddlePasses) {
    Box box(kBlockRules);
    const Peers p = peers_on(40007);
    EXPECT_TRUE(box.pass(client_segment(p, "abc", {0, 3})));
    EXPECT_TRUE(box.pass(PacketBuilder()
                             .ipv4(p.server, p.client)
                             .tcp(p.server_port, p.client_port)
                             .seq(p.server_isn + 1)
                             .ack(p.client_isn + 4)
                             .flags(packet::kTcpRst | packet::kTcpAck)
                             .build(),
                         PortId{1}));
}

TEST(Pipeline, SteadyStateAllocatesNothing) {
    Box box(kBlockRules);
    const std::string request =
        "POST /login HTTP/1.1\r\nHost: a\r\nUser-Agent: curl/7.88\r\nContent-Length: "
        "5\r\n\r\nhello";
    const std::string body(30'000, 'w');
    const std::string response =
        "HTTP/1.1 200 OK\r\nContent-Length: 30007\r\n\r\n" + body + "welcome";
    io::MemoryIo io;
    std::int64_t clock = 1'000'000'000;
    const auto queue_all = [&] {
        for (std::uint16_t i = 0; i < 50; ++i) {
            const Peers p = peers_on(static_cast<std::uint16_t>(41000 + i));
            for (const Frame& f : handshake(p)) {
                io.queue(f, {}, Nanos{clock += 1000});
            }
            for (const Segment& s : cut_evenly(request.size(), 40)) {
                io.queue(client_segment(p, request, s), {}, Nanos{clock += 1000});
            }
            std::vector<Segment> pieces = cut_evenly(response.size(), 1460);
            std::swap(pieces[2], pieces[4]);  // out of order: the copy store is used
            for (const Segment& s : pieces) {
                io.queue(from_server(p, static_cast<std::uint32_t>(s.begin),
                                     static_cast<std::uint32_t>(request.size()),
                                     std::string_view(response).substr(s.begin, s.end - s.begin)),
                         {}, Nanos{clock += 1000});
            }
            for (const Frame& f : farewell(p, request.size())) {
                io.queue(f, {}, Nanos{clock += 1000});
            }
        }
    };
    std::uint64_t allocations = 0;
    for (int round = 0; round < 3; ++round) {
        queue_all();
        packet::Batch batch;
        while (!io.exhausted()) {
            batch.clear();
            io.receive(batch);
            const Now now{Nanos{clock}, Nanos{clock}};
            AllocGuard guard;
            box.pipeline->process(batch, now);
            box.pipeline->expire(now, 64);
            allocations += guard.allocations();
            box.pipeline->out().clear();
            io.finalize(batch);
        }
        box.pipeline->end_all({Nanos{clock}, Nanos{clock}});
    }
    EXPECT_GE(box.alerts().count(5), 100U);
    if (!AllocGuard::supported()) {
        GTEST_SKIP() << "AllocGuard counts nothing under a sanitizer";
    }
    EXPECT_EQ(allocations, 0U);
}

}  // namespace
}  // namespace sluice::test
