// SPDX-License-Identifier: Apache-2.0
// Whole pipeline: ICMP errors find the conversation that they are about, forged ones do not get
// through, and none of them can do anything to that conversation.
#include "dataplane/io/memory/memory_io.h"
#include "dataplane/pipeline/pipeline.h"
#include "tests/support/packet_builder.h"
#include "tests/support/rules/loaded_rules.h"

#include <gtest/gtest.h>

namespace sluice::test {
namespace {

using packet::Reason;

constexpr std::uint8_t kUnreachable = 3;
constexpr std::uint8_t kTimeExceeded = 11;

struct Ends {
    bool v6 = false;
    std::string client = v6 ? "fd00::1" : "10.0.0.1";
    std::string server = v6 ? "fd00::2" : "10.0.0.2";
    std::string router = v6 ? "fd00::99" : "10.0.0.99";
};

PacketBuilder from_to(const Ends& e, const std::string& from, const std::string& to) {
    PacketBuilder b;
    if (e.v6) {
        b.ipv6(from, to);
    } else {
        b.ipv4(from, to);
    }
    return b;
}

class IcmpErrors : public testing::Test {
  protected:
    explicit IcmpErrors(const std::string& rules =
                            "alert tcp any any -> any any (msg:\"none\"; "
                            "content:\"never\"; sid:1;)\n") {
        use(rules, flow::IcmpErrors::kCheck);
    }

    void use(const std::string& rules, flow::IcmpErrors policy) {
        pipeline::PipelineConfig config = pipeline::inline_config();
        config.flow.max_flows = 256;
        config.flow.icmp_errors = policy;
        config.stream.arena_bytes = 4 << 20;
        config.stream.copy_store_bytes = 1 << 20;
        loaded_ = std::make_unique<LoadedRules>(load_rules(rules));
        ring_ = std::make_unique<abi::EventRing>(1024);
        pipeline_ = std::make_unique<pipeline::Pipeline>(config, *ring_);
        pipeline_->install(*loaded_->ruleset, *loaded_->scratch);
    }

    bool pass(const PacketBuilder& b) {
        io::MemoryIo io;
        io.queue(b.build(), PortId{}, Nanos{clock_ += 1000});
        packet::Batch batch;
        io.receive(batch);
        pipeline_->process(batch, {Nanos{clock_}, Nanos{clock_}});
        io.finalize(batch);
        return !io.forwarded().empty();
    }

    // Client ISN 1000, five bytes sent and acknowledged, then ten more under way.
    void connect(const Ends& e) {
        const auto client = [&e] { return from_to(e, e.client, e.server).tcp(4000, 80); };
        const auto server = [&e] { return from_to(e, e.server, e.client).tcp(80, 4000); };
        EXPECT_TRUE(pass(client().seq(1000).ack(0).flags(packet::kTcpSyn)));
        EXPECT_TRUE(pass(server().seq(5000).ack(1001).flags(packet::kTcpSyn | packet::kTcpAck)));
        EXPECT_TRUE(pass(client().seq(1001).ack(5001).payload("12345")));
        EXPECT_TRUE(pass(server().seq(5001).ack(1006)));
        EXPECT_TRUE(pass(segment(e, 1006)));
    }

    static PacketBuilder segment(const Ends& e, std::uint32_t seq) {
        return from_to(e, e.client, e.server)
            .tcp(4000, 80)
            .seq(seq)
            .ack(5001)
            .payload("abcdefghij");
    }

    static PacketBuilder error(const Ends& e, std::uint8_t type, const PacketBuilder& about,
                               std::size_t quoted = 1000, const std::string& to = "") {
        const Frame frame = about.build();
        const Frame ip(frame.begin() + 14, frame.end());
        return from_to(e, e.router, to.empty() ? e.client : to)
            .icmp(type, 1)
            .payload(Bytes(ip).first(std::min(quoted, ip.size())));
    }

    std::uint64_t count(Reason r) const {
        return pipeline_->reasons()[static_cast<std::size_t>(r)];
    }

    abi::EventRecord event() {
        abi::EventRecord e;
        EXPECT_TRUE(ring_->pop(e));
        return e;
    }

    std::unique_ptr<LoadedRules> loaded_;
    std::unique_ptr<abi::EventRing> ring_;
    std::unique_ptr<pipeline::Pipeline> pipeline_;
    std::int64_t clock_ = 1'000'000'000;
};

TEST_F(IcmpErrors, OfBothVersionsAreRelatedByWhatTheyQuote) {
    for (const bool v6 : {false, true}) {
        const Ends e{v6};
        connect(e);
        const std::uint64_t before = count(Reason::icmp_related);
        const std::uint8_t type = v6 ? 1 : kUnreachable;
        EXPECT_TRUE(pass(error(e, type, segment(e, 1006))));
        EXPECT_TRUE(pass(error(e, v6 ? 3 : kTimeExceeded, segment(e, 1006), v6 ? 48 : 28)));
        EXPECT_EQ(count(Reason::icmp_related), before + 2);
    }
    EXPECT_EQ(count(Reason::icmp_unrelated), 0U);
    EXPECT_EQ(count(Reason::icmp_forged), 0U);
}

TEST_F(IcmpErrors, AboutAnythingElseAreCountedAndGoOnUnlessToldOtherwise) {
    const Ends e;
    const std::vector<PacketBuilder> strange = {
        error(e, kUnreachable, from_to(e, e.client, e.server).tcp(4001, 80)),  // no such connection
        error(e, kUnreachable, segment(e, 1006), 27),                          // cut too short
        error(e, kUnreachable, segment(e, 1006), 0),
        error(e, kUnreachable, segment(e, 1006), 1000, "10.0.0.7"),  // not to the sender
        from_to(e, e.router, e.client)
            .icmp(kUnreachable, 1)
            .payload("exxxxxxxxxxxxxxxxxxxxxxxxxxx"),
    };
    for (const auto policy : {flow::IcmpErrors::kCheck, flow::IcmpErrors::kDrop}) {
        use("alert tcp any any -> any any (content:\"never\"; sid:1;)\n", policy);
        connect(e);
        for (const PacketBuilder& b : strange) {
            EXPECT_EQ(pass(b), policy == flow::IcmpErrors::kCheck);
        }
        EXPECT_EQ(count(Reason::icmp_unrelated), strange.size());
        EXPECT_EQ(count(Reason::icmp_related), 0U);
    }
}

TEST_F(IcmpErrors, WhatFlowsAreNotKeptOfIsNotJudged) {
    const Ends e;
    use("alert tcp any any -> any any (content:\"never\"; sid:1;)\n", flow::IcmpErrors::kDrop);
    EXPECT_TRUE(pass(
        error(e, kTimeExceeded, from_to(e, e.client, e.server).ip_proto(50).payload("12345678"))));
    EXPECT_TRUE(pass(
        error(e, kTimeExceeded,
              from_to(e, e.client, e.server).ip_proto(17).fragment(64, true).payload("12345678"))));
    EXPECT_EQ(count(Reason::icmp_unrelated), 0U);
}

TEST_F(IcmpErrors, OutsideOfWhatIsUnderWayAreForged) {
    const Ends e;
    connect(e);
    for (const std::uint32_t seq : {1006U + 0x10000000U, 1006U - 0x10000000U}) {
        EXPECT_FALSE(pass(error(e, kUnreachable, segment(e, seq))));
    }
    EXPECT_EQ(count(Reason::icmp_forged), 2U);
    EXPECT_EQ(event().reason, static_cast<std::uint8_t>(Reason::icmp_forged));
    use("alert tcp any any -> any any (content:\"never\"; sid:1;)\n", flow::IcmpErrors::kPass);
    connect(e);
    EXPECT_TRUE(pass(error(e, kUnreachable, segment(e, 77))));
    EXPECT_TRUE(pass(error(e, kUnreachable, segment(e, 0x77777777))));
    EXPECT_EQ(count(Reason::icmp_forged), 1U);  // 77 is near enough
}

TEST_F(IcmpErrors, UnreachableHasTheFlowOfWhatItQuotesAsInSuricata) {
    const Ends e;
    use("alert icmp any any -> any any (msg:\"u\"; itype:3; flow:to_client; sid:1;)\n",
        flow::IcmpErrors::kCheck);
    connect(e);
    EXPECT_TRUE(pass(error(e, kUnreachable, segment(e, 1006))));
    const abi::EventRecord r = event();
    EXPECT_NE(r.flow_id, 0U);
    EXPECT_EQ(r.ip_proto, packet::kProtoIcmp);
    EXPECT_EQ(r.flow_packets[0], 3U);  // it counts for nothing there
}

TEST_F(IcmpErrors, CannotMakeTheirConversationPassOrBlocked) {
    const Ends e;
    for (const char* action : {"pass", "drop"}) {
        use(std::string(action) +
                " icmp any any -> any any (itype:3; sid:1;)\n"
                "drop tcp any any -> any 80 (content:\"EXPLOIT\"; sid:2;)\n",
            flow::IcmpErrors::kCheck);
        connect(e);
        EXPECT_EQ(pass(error(e, kUnreachable, segment(e, 1006))), action[0] == 'p');
        EXPECT_TRUE(pass(segment(e, 1016)));
        EXPECT_FALSE(pass(
            from_to(e, e.client, e.server).tcp(4000, 80).seq(1026).ack(5001).payload("EXPLOIT")));
    }
}

TEST_F(IcmpErrors, DoNotUseUpTheAddressRulesOfTheirConversation) {
    const Ends e;
    use("drop ip 10.0.0.2 any -> any any (msg:\"bad host\"; sid:1;)\n", flow::IcmpErrors::kCheck);
    EXPECT_TRUE(pass(from_to(e, e.client, e.server).udp(4000, 53).payload("question")));
    EXPECT_TRUE(pass(
        error(e, kUnreachable, from_to(e, e.client, e.server).udp(4000, 53).payload("question"))));
    EXPECT_FALSE(pass(from_to(e, e.server, e.client).udp(53, 4000).payload("answer")));
}

TEST_F(IcmpErrors, MakeNoFlow) {
    const Ends e;
    for (int i = 0; i < 50; ++i) {
        EXPECT_TRUE(pass(PacketBuilder()
                             .ipv4("10.9.0." + std::to_string(i + 1), e.client)
                             .icmp(kUnreachable, 1)
                             .payload("x")));
    }
    EXPECT_EQ(pipeline_->flows().stats().active, 0U);
}

}  // namespace
}  // namespace sluice::test
