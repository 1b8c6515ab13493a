// SPDX-License-Identifier: Apache-2.0
// The bytes of a body sent as it is are scanned once for the stream and the body
// (bundle::JointDb). The same conversation, cut in the same way, must give the same alerts with the
// same packets when they are scanned twice.
#include "dataplane/io/memory/memory_io.h"
#include "dataplane/pipeline/pipeline.h"
#include "tests/property/tcp_script.h"
#include "tests/support/packet_builder.h"
#include "tests/support/rules/loaded_rules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sluice::test {
namespace {

constexpr std::uint16_t kHttpPort = 80;

// Over the file, the body, the raw stream, the segment, and several at once; contents that lie
// anywhere, near the start, at the end, across segments; one that is longer than its literal.
constexpr char kRules[] = R"(
alert http any any -> any any (msg:"1"; flow:to_client; file.data; content:"quartz"; sid:1;)
alert http any any -> any any (msg:"2"; flow:to_client; http.response_body; content:"jackdaw"; sid:2;)
alert http any any -> any any (msg:"3"; flow:to_client; file.data; content:"vexing sphinx of quartz"; sid:3;)
alert http any any -> any any (msg:"4"; flow:to_client; file.data; content:"quartz"; content:"zephyr"; distance:0; within:60; sid:4;)
alert http any any -> any any (msg:"5"; flow:to_client; file.data; content:"glyph"; offset:4; depth:400; sid:5;)
alert http any any -> any any (msg:"6"; flow:to_client; file.data; content:"quick waltz"; endswith; sid:6;)
alert tcp any any -> any any (msg:"7"; content:"quartz jackdaw"; sid:7;)
alert tcp any any -> any any (msg:"8"; content:"zephyr"; depth:600; sid:8;)
alert http any any -> any any (msg:"9"; flow:to_client; http.stat_code; content:"200"; file.data; content:"sphinx"; pcre:"/sphinx.{1,20}waltz/"; sid:9;)
alert http any any -> any any (msg:"10"; flow:to_server; file.data; content:"jackdaw"; sid:10;)
alert http any any -> any any (msg:"11"; flow:to_server; http.request_body; content:"quartz"; sid:11;)
alert http any any -> any any (msg:"12"; flow:to_client; file.data; content:!"absent"; content:"zephyr"; sid:12;)
)";

const std::vector<std::string>& words() {
    static const std::vector<std::string> kWords = {"quartz", "jackdaw", "vexing sphinx of quartz",
                                                    "zephyr", "glyph",   "quick waltz",
                                                    "sphinx", "waltz",   "quartz jackdaw",
                                                    " ",      "quartz",  "lorem ipsum dolor sit"};
    return kWords;
}

std::string random_body(Rng& rng) {
    std::string out;
    const std::size_t parts = 1 + below(rng, 60);
    for (std::size_t i = 0; i < parts; ++i) {
        if (below(rng, 3) == 0) {
            out += words()[below(rng, words().size())];
        } else {
            out.append(below(rng, 60), static_cast<char>('a' + below(rng, 26)));
        }
    }
    return out;
}

std::string chunked(Rng& rng, const std::string& body) {
    std::string out;
    for (std::size_t at = 0; at < body.size();) {
        const std::size_t n = std::min(body.size() - at, 1 + below(rng, 300));
        std::array<char, 16> size{};
        std::snprintf(size.data(), size.size(), "%zx", n);
        out.append(size.data()).append("\r\n").append(body, at, n).append("\r\n");
        at += n;
    }
    return out + "0\r\n\r\n";
}

struct Exchange {
    std::string request;
    std::string response;
    bool closes = false;
};

Exchange random_exchange(Rng& rng) {
    Exchange e;
    const std::string sent = random_body(rng);
    e.request = below(rng, 2) == 0 ? "GET /x HTTP/1.1\r\nHost: h\r\n\r\n"
                                   : "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: " +
                                         std::to_string(sent.size()) + "\r\n\r\n" + sent;
    const std::string body = random_body(rng);
    switch (below(rng, 4)) {
        case 0:
            e.response =
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(rng, body);
            break;
        case 1:
            e.response = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body;
            e.closes = true;
            break;
        default:
            e.response = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
                         "\r\n\r\n" + body;
            break;
    }
    return e;
}

struct Piece {
    Direction direction;
    std::string bytes;
};

// Requests and responses in turn, each cut anew.
std::vector<Piece> random_talk(Rng& rng) {
    std::vector<Piece> out;
    bool closes = false;
    for (std::size_t i = 1 + below(rng, 3); i != 0 && !closes; --i) {
        const Exchange e = random_exchange(rng);
        closes = e.closes;
        for (const auto& [d, text] : {std::pair{Direction::kToServer, e.request},
                                      std::pair{Direction::kToClient, e.response}}) {
            const std::size_t most = below(rng, 3) == 0 ? 9 : 400;
            for (std::size_t at = 0; at < text.size();) {
                const std::size_t n = std::min(text.size() - at, 1 + below(rng, most));
                out.push_back({d, text.substr(at, n)});
                at += n;
            }
        }
    }
    return out;
}

class Appliance {
  public:
    explicit Appliance(const LoadedRules& rules) : ring_(4096) {
        pipeline::PipelineConfig config = pipeline::inline_config();
        config.flow.max_flows = 64;
        pipeline_ = std::make_unique<pipeline::Pipeline>(config, ring_);
        pipeline_->install(*rules.ruleset, *rules.scratch);
    }

    // Number of the packet and rule of each alert.
    using Alerts = std::vector<std::pair<std::size_t, std::uint32_t>>;

    Alerts play(const std::vector<Piece>& talk) {
        Peers p;
        p.server_port = kHttpPort;
        Alerts alerts;
        std::size_t number = 0;
        const auto pass = [&](const Frame& frame) {
            send(frame);
            collect(number++, alerts);
        };
        for (const Frame& f : handshake(p)) {
            pass(f);
        }
        std::array<std::uint32_t, 2> next = {p.client_isn + 1, p.server_isn + 1};
        for (const Piece& piece : talk) {
            const bool up = piece.direction == Direction::kToServer;
            pass(PacketBuilder()
                     .ipv4(up ? p.client : p.server, up ? p.server : p.client)
                     .tcp(up ? p.client_port : kHttpPort, up ? kHttpPort : p.client_port)
                     .seq(next[up ? 0 : 1])
                     .ack(next[up ? 1 : 0])
                     .payload(piece.bytes)
                     .build());
            next[up ? 0 : 1] += static_cast<std::uint32_t>(piece.bytes.size());
        }
        pipeline_->end_all({Nanos{clock_}, Nanos{clock_}});
        collect(number, alerts);
        return alerts;
    }

    std::uint64_t scans() const { return pipeline_->detection().stats().scans; }

  private:
    void collect(std::size_t number, Alerts& alerts) {
        for (abi::EventRecord e; ring_.pop(e);) {
            if (e.type == abi::EventType::kAlert) {
                alerts.emplace_back(number, e.rule_index);
            }
        }
    }

    void send(const Frame& frame) {
        clock_ += 1000;
        io_.queue(frame, PortId{}, Nanos{clock_});
        packet::Batch batch;
        io_.receive(batch);
        pipeline_->process(batch, {Nanos{clock_}, Nanos{clock_}});
        EXPECT_FALSE(batch[0].dropped());
        io_.finalize(batch);
        pipeline_->out().clear();
    }

    abi::EventRing ring_;
    std::unique_ptr<pipeline::Pipeline> pipeline_;
    io::MemoryIo io_;
    std::int64_t clock_ = 1'000'000'000;
};

// The same rules without joint databases.
LoadedRules apart_of(const LoadedRules& rules) {
    bundle::Model model = *rules.model;
    model.joint_dbs.clear();
    LoadedRules out;
    out.model = std::make_shared<const bundle::Model>(std::move(model));
    out.ruleset = detect::Ruleset::build(out.model, detect::SiteVars::defaults(), 1).value();
    out.scratch = detect::WorkerScratch::create(*out.ruleset).value();
    return out;
}

// A content may be near the start of the body and far from that of the stream.
TEST(JointScan, ReachIsCountedFromTheStartOfEach) {
    const LoadedRules rules = load_rules(R"(
alert http any any -> any any (msg:"1"; flow:to_client; file.data; content:"quartz"; depth:600; sid:1;)
alert tcp any any -> any any (msg:"2"; flow:only_stream; content:"zephyr"; depth:1000; sid:2;)
)");
    ASSERT_FALSE(rules.model->joint_dbs.empty());
    const std::string header =
        "HTTP/1.1 200 OK\r\nContent-Length: 900\r\nX: " + std::string(800, 'x') + "\r\n\r\n";
    const std::string body = std::string(500, '.') + "quartz" + std::string(394, '.');
    const std::vector<Piece> talk = {
        {Direction::kToServer, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n"},
        {Direction::kToClient, header},
        {Direction::kToClient, body},
    };
    EXPECT_EQ(Appliance(rules).play(talk), (Appliance::Alerts{{5, 0}}));
}

TEST(JointScan, FindsWhatTwoScansFind) {
    const LoadedRules rules = load_rules(kRules);
    ASSERT_EQ(rules.model->joint_dbs.size(), 2U);
    const LoadedRules twice_scanned = apart_of(rules);
    std::size_t alerts = 0;
    std::uint64_t once = 0;
    std::uint64_t twice = 0;
    for (std::uint64_t seed = 1; seed <= 120; ++seed) {
        Rng rng(seed);
        const std::vector<Piece> talk = random_talk(rng);
        Appliance joint(rules);
        Appliance apart(twice_scanned);
        const Appliance::Alerts found = joint.play(talk);
        ASSERT_EQ(found, apart.play(talk)) << "seed " << seed;
        alerts += found.size();
        once += joint.scans();
        twice += apart.scans();
    }
    EXPECT_GT(alerts, 300U);
    EXPECT_LT(once, twice * 9 / 10);
}

}  // namespace
}  // namespace sluice::test
