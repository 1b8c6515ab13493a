// SPDX-License-Identifier: Apache-2.0
// Events of HTTP transactions and of flows, from the frame to the ring.
#include "dataplane/io/memory/memory_io.h"
#include "dataplane/pipeline/pipeline.h"
#include "tests/property/tcp_script.h"
#include "tests/support/alloc_guard.h"
#include "tests/support/packet_builder.h"
#include "tests/support/rules/loaded_rules.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

namespace sluice::test {
namespace {

constexpr char kRules[] =
    "alert http any any -> any any (msg:\"uri\"; http.uri; content:\"/told\"; sid:1;)\n";

std::string text_of(const abi::EventRecord& e, abi::HttpText which) {
    const auto i = static_cast<std::size_t>(which);
    const auto from =
        std::accumulate(e.http.text_length.begin(), e.http.text_length.begin() + i, std::size_t{0});
    return {e.http.text.data() + from, e.http.text_length[i]};
}

class Box {
  public:
    explicit Box(bool http = true, bool flow = true) : ring_(4096), loaded_(load_rules(kRules)) {
        pipeline::PipelineConfig config = pipeline::inline_config();
        config.flow.max_flows = 64;
        config.verdict.http_events = http;
        config.verdict.flow_events = flow;
        pipeline_ = std::make_unique<pipeline::Pipeline>(config, ring_);
        pipeline_->install(*loaded_.ruleset, *loaded_.scratch);
    }

    void open() {
        for (const Frame& f : handshake(peers_)) {
            pass(f);
        }
    }

    void client(const std::string& bytes, std::uint8_t flags = packet::kTcpAck) {
        pass(segment(peers_.client, peers_.server, peers_.client_port, peers_.server_port, 0, bytes,
                     flags));
    }

    void server(const std::string& bytes, std::uint8_t flags = packet::kTcpAck) {
        pass(segment(peers_.server, peers_.client, peers_.server_port, peers_.client_port, 1, bytes,
                     flags));
    }

    void pass(const Frame& frame) {
        clock_ += 1'000'000'000;
        io_.queue(frame, PortId{}, Nanos{clock_});
        packet::Batch batch;
        io_.receive(batch);
        {
            const AllocGuard guard;
            pipeline_->process(batch, now());
            EXPECT_EQ(guard.allocations(), 0U);
        }
        io_.finalize(batch);
        pipeline_->out().clear();
    }

    void end() { pipeline_->end_all(now()); }

    void wait(std::int64_t s) {
        clock_ += s * 1'000'000'000;
        pipeline_->expire(now(), 1000);
    }

    std::vector<abi::EventRecord> events(abi::EventType type) {
        abi::EventRecord e;
        while (ring_.pop(e)) {
            all_.push_back(e);
        }
        std::vector<abi::EventRecord> out;
        for (const abi::EventRecord& one : all_) {
            if (one.type == type) {
                out.push_back(one);
            }
        }
        return out;
    }

  private:
    Now now() const { return {Nanos{clock_}, Nanos{clock_}}; }

    Frame segment(std::string_view from, std::string_view to, std::uint16_t from_port,
                  std::uint16_t to_port, std::size_t side, const std::string& bytes,
                  std::uint8_t flags) {
        const std::array<std::uint32_t, 2> isn = {peers_.client_isn, peers_.server_isn};
        const Frame f = PacketBuilder()
                            .ipv4(std::string(from), std::string(to))
                            .tcp(from_port, to_port)
                            .flags(flags)
                            .seq(isn[side] + 1 + sent_[side])
                            .ack(isn[1 - side] + 1 + sent_[1 - side])
                            .payload(bytes)
                            .build();
        sent_[side] += static_cast<std::uint32_t>(bytes.size());
        sent_[side] += (flags & packet::kTcpFin) != 0 ? 1U : 0U;
        return f;
    }

    abi::EventRing ring_;
    LoadedRules loaded_;
    std::unique_ptr<pipeline::Pipeline> pipeline_;
    io::MemoryIo io_;
    Peers peers_;
    std::array<std::uint32_t, 2> sent_{};
    std::int64_t clock_ = 1'000'000'000;
    std::vector<abi::EventRecord> all_;
};

constexpr std::uint8_t kFinAck = packet::kTcpFin | packet::kTcpAck;

TEST(Records, ATransactionIsToldWhenItsResponseIsOver) {
    Box box;
    box.open();
    box.client(
        "GET /told?a=1 HTTP/1.1\r\nHost: www.example:81\r\nUser-Agent: me\r\nReferer: r\r\n\r\n");
    EXPECT_TRUE(box.events(abi::EventType::kHttp).empty());
    box.server(
        "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Type: text/html; a\r\nContent-Length: "
        "5\r\n\r\nab");
    EXPECT_TRUE(box.events(abi::EventType::kHttp).empty());
    box.server("cde");
    const auto http = box.events(abi::EventType::kHttp);
    ASSERT_EQ(http.size(), 1U);
    EXPECT_EQ(text_of(http[0], abi::HttpText::kMethod), "GET");
    EXPECT_EQ(text_of(http[0], abi::HttpText::kUrl), "/told?a=1");
    EXPECT_EQ(text_of(http[0], abi::HttpText::kHost), "www.example");
    EXPECT_EQ(text_of(http[0], abi::HttpText::kHostRaw), "www.example:81");
    EXPECT_EQ(text_of(http[0], abi::HttpText::kUserAgent), "me");
    EXPECT_EQ(text_of(http[0], abi::HttpText::kReferer), "r");
    EXPECT_EQ(text_of(http[0], abi::HttpText::kProtocol), "HTTP/1.1");
    EXPECT_EQ(text_of(http[0], abi::HttpText::kLocation), "/x");
    EXPECT_EQ(text_of(http[0], abi::HttpText::kContentType), "text/html; a");
    EXPECT_EQ(http[0].http.status, 302);
    EXPECT_EQ(http[0].http.length, 5U);
    EXPECT_EQ(http[0].src_port, Peers{}.client_port);  // the client's, whoever sent last
    const auto alerts = box.events(abi::EventType::kAlert);
    ASSERT_EQ(alerts.size(), 1U);
    EXPECT_EQ(alerts[0].flow_id, http[0].flow_id);
    EXPECT_EQ(text_of(alerts[0], abi::HttpText::kUrl), "/told?a=1");
}

// The parser has let go of the first ones when the packet is judged.
TEST(Records, AlertsTellOfTheirOwnTransaction) {
    Box box;
    box.open();
    box.client(
        "GET /told?a HTTP/1.1\r\nHost: a.example\r\n\r\nGET /told?longer HTTP/1.1\r\nHost: "
        "b.example\r\n\r\nGET /quiet HTTP/1.1\r\nHost: c.example\r\n\r\n");
    const auto alerts = box.events(abi::EventType::kAlert);
    ASSERT_EQ(alerts.size(), 2U);
    EXPECT_EQ(text_of(alerts[0], abi::HttpText::kUrl), "/told?a");
    EXPECT_EQ(text_of(alerts[0], abi::HttpText::kHost), "a.example");
    EXPECT_EQ(text_of(alerts[1], abi::HttpText::kUrl), "/told?longer");
    EXPECT_EQ(text_of(alerts[1], abi::HttpText::kHost), "b.example");
}

TEST(Records, OfMoreTransactionsThanThereIsRoomForTheLatestIsTold) {
    Box box;
    box.open();
    std::string all;
    for (int i = 10; i < 30; ++i) {
        all += "GET /told?" + std::to_string(i) + " HTTP/1.1\r\n\r\n";
    }
    box.client(all);
    const auto alerts = box.events(abi::EventType::kAlert);
    ASSERT_EQ(alerts.size(), 20U);
    EXPECT_EQ(text_of(alerts[0], abi::HttpText::kUrl), "/told?10");
    EXPECT_EQ(text_of(alerts[6], abi::HttpText::kUrl), "/told?16");
    EXPECT_FALSE(alerts[10].http.known) << "nothing rather than another one's";
    EXPECT_EQ(text_of(alerts[19], abi::HttpText::kUrl), "/told?29");
}

TEST(Records, LengthIsThatOfTheBodyAsSent) {
    Box box;
    box.open();
    box.client("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    // Suricata counts chunk lines, not what is behind the last one.
    box.server(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: x\r\n\r\n");
    const auto http = box.events(abi::EventType::kHttp);
    ASSERT_EQ(http.size(), 1U);
    EXPECT_EQ(http[0].http.length, 11U);
}

TEST(Records, PipelinedRequestsKeepTheirOwnResponses) {
    Box box;
    box.open();
    box.client(
        "GET /0 HTTP/1.1\r\nHost: h0\r\n\r\nGET /1 HTTP/1.1\r\nHost: h1\r\n\r\nGET /2 "
        "HTTP/1.1\r\nHost: h2\r\n\r\n");
    box.server(
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: "
        "1\r\n\r\nx");
    auto http = box.events(abi::EventType::kHttp);
    ASSERT_EQ(http.size(), 2U);
    box.end();
    http = box.events(abi::EventType::kHttp);
    ASSERT_EQ(http.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(http[i].tx_id, i);
        EXPECT_EQ(text_of(http[i], abi::HttpText::kUrl), "/" + std::to_string(i));
        EXPECT_EQ(text_of(http[i], abi::HttpText::kHost), "h" + std::to_string(i));
    }
    EXPECT_EQ(http[0].http.status, 200);
    EXPECT_EQ(http[1].http.status, 404);
    EXPECT_EQ(http[2].http.status, 0);     // never answered
    EXPECT_EQ(http[2].packet_number, 0U);  // the end of the flow brought it out
}

TEST(Records, MoreOpenRequestsThanAreKeptAreToldWithoutTheirResponse) {
    constexpr std::size_t kRequests = 40;
    Box box;
    box.open();
    for (std::size_t i = 0; i < kRequests; ++i) {
        box.client("GET /" + std::to_string(i) + " HTTP/1.1\r\n\r\n");
    }
    box.end();
    const auto http = box.events(abi::EventType::kHttp);
    ASSERT_EQ(http.size(), kRequests);
    for (std::size_t i = 0; i < kRequests; ++i) {
        EXPECT_EQ(http[i].tx_id, i);
    }
}

TEST(Records, AResponseBeforeTheEndOfItsRequestIsToldOnce) {
    Box box;
    box.open();
    box.client("POST /p HTTP/1.1\r\nContent-Length: 4\r\n\r\nab");
    box.server("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n");
    box.client("cd");
    box.end();
    const auto http = box.events(abi::EventType::kHttp);
    ASSERT_EQ(http.size(), 1U);
    EXPECT_EQ(http[0].http.status, 401);
    EXPECT_EQ(text_of(http[0], abi::HttpText::kUrl), "/p");
}

TEST(Records, AFlowIsToldAtItsEnd) {
    Box box;
    box.open();  // at 2, 3 and 4 s
    box.client("GET /told HTTP/1.1\r\n\r\n");
    box.client("", kFinAck);
    box.server("", kFinAck);
    box.client("");
    EXPECT_TRUE(box.events(abi::EventType::kFlow).empty());
    box.wait(30);
    const auto flows = box.events(abi::EventType::kFlow);
    ASSERT_EQ(flows.size(), 1U);
    const abi::EventRecord& e = flows[0];
    EXPECT_EQ(e.flow.end, abi::FlowEnd::kTimeout);
    EXPECT_EQ(e.flow.phase, abi::FlowPhase::kClosed);
    EXPECT_EQ(e.flow.tcp, abi::TcpPhase::kClosed);
    EXPECT_TRUE(e.flow.alerted);
    EXPECT_FALSE(e.flow.dropped);
    EXPECT_EQ(e.flow_packets, (std::array<std::uint32_t, 2>{5, 2}));
    EXPECT_EQ(e.flow.tcp_flags,
              (std::array<std::uint8_t, 2>{packet::kTcpSyn | kFinAck, packet::kTcpSyn | kFinAck}));
    EXPECT_EQ(e.flow_start_ns, 2'000'000'000);
    EXPECT_EQ(e.flow.last_ns, 8'000'000'000);
    EXPECT_EQ(e.app, AppProto::kHttp1);
    EXPECT_EQ(e.flow_id, box.events(abi::EventType::kAlert).at(0).flow_id);
    EXPECT_EQ(e.packet_number, 0U);
}

TEST(Records, EachEndHasItsReason) {
    Box box;
    box.open();
    box.client("", packet::kTcpRst | packet::kTcpAck);
    box.open();  // on the same ports
    box.end();
    const auto flows = box.events(abi::EventType::kFlow);
    ASSERT_EQ(flows.size(), 2U);
    EXPECT_EQ(flows[0].flow.end, abi::FlowEnd::kReused);
    EXPECT_EQ(flows[0].flow.phase, abi::FlowPhase::kClosed);
    EXPECT_EQ(flows[1].flow.end, abi::FlowEnd::kShutdown);
    EXPECT_EQ(flows[1].flow.phase, abi::FlowPhase::kEstablished);
    EXPECT_NE(flows[0].flow_id, flows[1].flow_id);
}

TEST(Records, EvictedFlowsSaySo) {
    Box box;
    for (std::uint16_t port = 1; port <= 200; ++port) {
        box.pass(PacketBuilder().ipv4("10.0.0.1", "10.0.0.2").udp(port, 9).payload("x").build());
    }
    const auto flows = box.events(abi::EventType::kFlow);
    ASSERT_FALSE(flows.empty());
    EXPECT_EQ(flows[0].flow.end, abi::FlowEnd::kEvicted);
    EXPECT_EQ(flows[0].flow.phase, abi::FlowPhase::kNew);
    EXPECT_EQ(flows[0].flow_bytes[1], 0U);
}

TEST(Records, NothingIsToldThatNobodyAsksFor) {
    Box box(false, false);
    box.open();
    box.client("GET / HTTP/1.1\r\n\r\n");
    box.server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    box.end();
    EXPECT_TRUE(box.events(abi::EventType::kHttp).empty());
    EXPECT_TRUE(box.events(abi::EventType::kFlow).empty());
}

}  // namespace
}  // namespace sluice::test
