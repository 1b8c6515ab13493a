// SPDX-License-Identifier: Apache-2.0
// Whole pipeline: an exploit inside each kind of tunnel and link header is stopped, and what is
// harmless goes on as it came.
#include "dataplane/io/memory/memory_io.h"
#include "dataplane/pipeline/pipeline.h"
#include "tests/property/tcp_script.h"
#include "tests/support/rules/loaded_rules.h"
#include "tests/support/tunnel_samples.h"

#include <gtest/gtest.h>

namespace sluice::test {
namespace {

// By the inner port, so that no rule matches the outer packet.
constexpr char kRules[] =
    "drop tcp any any -> any 80 (msg:\"tcp\"; flow:established,to_server; content:\"EXPLOIT\"; "
    "sid:1;)\n"
    "drop udp any any -> any 7777 (msg:\"udp\"; content:\"EXPLOIT\"; sid:2;)\n";

class Box {
  public:
    explicit Box(const pipeline::PipelineConfig& config, const std::string& more_rules = "")
        : ring_(4096), loaded_(load_rules(kRules + more_rules)), pipeline_(config, ring_) {
        pipeline_.install(*loaded_.ruleset, *loaded_.scratch);
    }

    // True: forwarded, as it came.
    bool pass(const Frame& frame, PortId port = {}) {
        const std::size_t before = io_.forwarded().size();
        io_.queue(frame, port, Nanos{clock_ += 1000});
        packet::Batch batch;
        io_.receive(batch);
        pipeline_.process(batch, {Nanos{clock_}, Nanos{clock_}});
        sent_ += pipeline_.out().begin() != pipeline_.out().end() ? 1U : 0U;
        pipeline_.out().clear();
        io_.finalize(batch);
        if (io_.forwarded().size() == before) {
            return false;
        }
        EXPECT_EQ(io_.forwarded().back().bytes, frame);
        return true;
    }

    std::uint64_t count(packet::Reason r) const {
        return pipeline_.reasons()[static_cast<std::size_t>(r)];
    }

    std::size_t sent() const { return sent_; }

    std::size_t drops() {
        std::size_t n = 0;
        abi::EventRecord e;
        while (ring_.pop(e)) {
            n += e.type == abi::EventType::kDrop ? 1 : 0;
        }
        return n;
    }

  private:
    abi::EventRing ring_;
    LoadedRules loaded_;
    pipeline::Pipeline pipeline_;
    io::MemoryIo io_;
    std::int64_t clock_ = 1'000'000'000;
    std::size_t sent_ = 0;
};

pipeline::PipelineConfig small_config() {
    pipeline::PipelineConfig config = pipeline::inline_config();
    config.flow.max_flows = 1024;
    config.stream.arena_bytes = 4 << 20;
    config.stream.copy_store_bytes = 1 << 20;
    return config;
}

Frame datagram(std::string_view payload, std::uint16_t port) {
    return PacketBuilder()
        .ipv6("2001:db8::1", "2001:db8::2")
        .udp(port, 7777)
        .payload(payload)
        .build();
}

TEST(TunnelPipeline, ADatagramInsideEachKindIsJudged) {
    const auto harmless = tunnel_samples(datagram("EXPLORE", 1000));
    const auto bad = tunnel_samples(datagram("EXPLOIT", 1001));
    for (std::size_t i = 0; i < bad.size(); ++i) {
        Box fresh(small_config());
        EXPECT_TRUE(fresh.pass(harmless[i].frame())) << harmless[i].name;
        EXPECT_FALSE(fresh.pass(bad[i].frame())) << bad[i].name;
        EXPECT_EQ(fresh.count(packet::Reason::rule_drop), 1U) << bad[i].name;
        EXPECT_EQ(fresh.count(packet::Reason::tunnel_inspected),
                  bad[i].tunnel == packet::Tunnel::kNone ? 0U : 2U)
            << bad[i].name;
    }
}

TEST(TunnelPipeline, AStreamInsideEachKindIsJudgedAcrossItsSegments) {
    Peers p;
    p.server_port = 80;
    const std::string stream = "some EXPLOIT and more";
    std::vector<std::vector<TunnelSample>> steps;
    for (const Frame& f : handshake(p)) {
        steps.push_back(tunnel_samples(f));
    }
    for (const Segment& s : {Segment{0, 8}, Segment{8, 14}, Segment{14, 21}}) {
        steps.push_back(tunnel_samples(client_segment(p, stream, s)));
    }
    ASSERT_EQ(steps.size(), 6U);
    for (std::size_t kind = 0; kind < steps[0].size(); ++kind) {
        Box box(small_config());
        const std::string& name = steps[0][kind].name;
        PortId port{0};
        for (std::size_t i = 0; i < 3; ++i, port.value ^= 1U) {
            EXPECT_TRUE(box.pass(steps[i][kind].frame(), port)) << name << ' ' << i;
        }
        EXPECT_TRUE(box.pass(steps[3][kind].frame())) << name;
        EXPECT_FALSE(box.pass(steps[4][kind].frame())) << name;
        EXPECT_FALSE(box.pass(steps[5][kind].frame())) << name << ": the rest of the flow";
        EXPECT_EQ(box.sent(), 0U) << name << ": no way back is known";
    }
}

// As in Suricata (bug-6402-01): who trusts a tunnel does not trust everybody inside.
TEST(TunnelPipeline, APassRuleForTheOuterPacketIsNotOneForTheInside) {
    Box box(small_config(), "pass udp any any -> any 4789 (sid:9;)\n");
    for (const TunnelSample& s : tunnel_samples(datagram("EXPLOIT", 1003))) {
        if (s.tunnel == packet::Tunnel::kVxlan) {
            EXPECT_FALSE(box.pass(s.frame())) << s.name;
        }
    }
    EXPECT_EQ(box.count(packet::Reason::rule_drop), 2U);
}

Frame nested(int tunnels) {
    Frame frame = datagram("EXPLOIT", 1002);
    for (int i = 0; i < tunnels; ++i) {
        frame = PacketBuilder()
                    .ipv6("2001:db8:1::1", "2001:db8:1::2")
                    .ip_proto(41)
                    .payload(Bytes(frame).subspan(14))
                    .build();
    }
    return frame;
}

TEST(TunnelPipeline, BeyondTheDepthThePolicyDecides) {
    pipeline::PipelineConfig config = small_config();
    Box open(config);
    EXPECT_FALSE(open.pass(nested(config.decode.max_tunnel_depth))) << "inspected, and bad";
    EXPECT_TRUE(open.pass(nested(config.decode.max_tunnel_depth + 1)));
    EXPECT_EQ(open.count(packet::Reason::tunnel_depth), 1U);
    config.decode.exceptions.set(packet::ExceptionCause::tunnel_depth,
                                 packet::ExceptionPolicy::kDrop);
    Box closed(config);
    EXPECT_FALSE(closed.pass(nested(config.decode.max_tunnel_depth + 1)));
    EXPECT_EQ(closed.count(packet::Reason::tunnel_depth), 1U);
    EXPECT_EQ(closed.drops(), 1U);
}

}  // namespace
}  // namespace sluice::test
