// SPDX-License-Identifier: Apache-2.0
// Regular expressions that backtrack without end on crafted bytes: they give up, counted, after a
// bounded number of attempts; what a rule that drops cannot decide is not let through.
#include "dataplane/io/memory/memory_io.h"
#include "dataplane/pipeline/pipeline.h"
#include "tests/property/tcp_script.h"
#include "tests/support/packet_builder.h"
#include "tests/support/rules/loaded_rules.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::test {
namespace {

constexpr std::string_view kBomb = "content:\"BOMB\"; pcre:\"/(?:a+)+b[0-9]/\"; ";
// Tried again at every place of the content.
constexpr std::string_view kRetries =
    "content:\"BOMB\"; content:\"a\"; pcre:\"/[^x]*(?:a|b)+c/R\"; ";

constexpr std::uint32_t kBudget = 100'000;

class Box {
  public:
    Box(std::string_view action, std::string_view options, bool inline_mode)
        : Box(std::string(action) + " tcp any any -> any any (msg:\"bomb\"; " +
                  std::string(options) + "sid:1;)\n",
              inline_mode) {}

    Box(const std::string& rules, bool inline_mode) : ring_(1024) {
        loaded_ = load_rules(rules.c_str());
        pipeline::PipelineConfig config =
            inline_mode ? pipeline::inline_config() : pipeline::tap_config();
        config.flow.max_flows = 64;
        config.stream.midstream = true;
        config.detect.pcre_budget = kBudget;
        pipeline_ = std::make_unique<pipeline::Pipeline>(config, ring_);
        pipeline_->install(*loaded_.ruleset, *loaded_.scratch);
        for (const Frame& f : handshake(peers_)) {
            EXPECT_TRUE(pass(f));
        }
    }

    // True: forwarded.
    bool send(const std::string& bytes) {
        const bool passed = pass(PacketBuilder()
                                     .ipv4(peers_.client, peers_.server)
                                     .tcp(peers_.client_port, peers_.server_port)
                                     .seq(peers_.client_isn + 1 + sent_)
                                     .ack(peers_.server_isn + 1)
                                     .payload(bytes)
                                     .build());
        sent_ += static_cast<std::uint32_t>(bytes.size());
        return passed;
    }

    // The first bytes of another connection.
    bool send_elsewhere(std::uint16_t server_port, const std::string& bytes) {
        return pass(PacketBuilder()
                        .ipv4(peers_.client, peers_.server)
                        .tcp(peers_.client_port, server_port)
                        .seq(1)
                        .ack(1)
                        .payload(bytes)
                        .build());
    }

    std::uint64_t count(packet::Reason r) const {
        return pipeline_->reasons()[static_cast<std::size_t>(r)];
    }

    std::uint64_t alerts() const { return pipeline_->verdicts().stats().alerts; }

    const detect::DetectStats& detection() const { return pipeline_->detection().stats(); }

    std::uint64_t evaluations() const { return pipeline_->detection().stats().evaluations; }

  private:
    bool pass(const Frame& frame) {
        io_.queue(frame, PortId{}, Nanos{clock_ += 1000});
        packet::Batch batch;
        io_.receive(batch);
        pipeline_->process(batch, {Nanos{clock_}, Nanos{clock_}});
        const bool forwarded = !batch[0].dropped();
        io_.finalize(batch);
        pipeline_->out().clear();
        return forwarded;
    }

    abi::EventRing ring_;
    LoadedRules loaded_;
    std::unique_ptr<pipeline::Pipeline> pipeline_;
    io::MemoryIo io_;
    Peers peers_;
    std::uint32_t sent_ = 0;
    std::int64_t clock_ = 1'000'000'000;
};

// The 'b' lets the expression start, as PCRE2 looks for what must be there first.
std::string bomb() {
    return "BOMB" + std::string(1000, 'a') + "!b";
}

TEST(RegexBomb, WithinTheLimitsTheAnswerIsRight) {
    Box box("drop", kBomb, true);
    EXPECT_TRUE(box.send("BOMB aaaa b1 "));
    EXPECT_FALSE(box.send("aaaaaab7"));
    EXPECT_EQ(box.count(packet::Reason::pcre_limit), 0U);
    EXPECT_EQ(box.count(packet::Reason::rule_drop), 1U);
    EXPECT_EQ(box.alerts(), 1U);
}

TEST(RegexBomb, WhatARuleThatDropsCannotDecideIsDropped) {
    for (const std::string_view action : {"drop", "reject"}) {
        Box box(action, kBomb, true);
        EXPECT_FALSE(box.send(bomb()));
        EXPECT_GT(box.count(packet::Reason::pcre_limit), 0U);
        EXPECT_FALSE(box.send("more"));  // what was taken in must not be sent again
        EXPECT_EQ(box.alerts(), 0U);     // it did not match
    }
}

TEST(RegexBomb, AnAlertRuleAndATapOnlyCount) {
    Box alert("alert", kBomb, true);
    EXPECT_TRUE(alert.send(bomb()));
    EXPECT_GT(alert.count(packet::Reason::pcre_limit), 0U);
    Box tap("drop", kBomb, false);
    EXPECT_TRUE(tap.send(bomb()));
    EXPECT_TRUE(tap.send("more"));
    EXPECT_GT(tap.count(packet::Reason::pcre_limit), 0U);
    EXPECT_EQ(tap.alerts(), 0U);
}

// One evaluation a look, and in it as many attempts as the step limit pays for.
TEST(RegexBomb, AttemptsAreBounded) {
    constexpr std::size_t kSegments = 20;
    Box box("alert", kRetries, true);
    EXPECT_TRUE(box.send("BOMB"));
    for (std::size_t i = 0; i < kSegments; ++i) {
        EXPECT_TRUE(box.send(std::string(1400, 'a') + "!c"));
    }
    const std::uint64_t gave_up =
        box.count(packet::Reason::pcre_limit) + box.count(packet::Reason::detect_step_limit);
    EXPECT_GT(gave_up, 0U);
    EXPECT_LE(box.evaluations(), 4 * (kSegments + 1));
    // Each look ends at the first thing that ran out.
    EXPECT_LE(box.count(packet::Reason::detect_step_limit), box.evaluations());
}

// Every beginning runs over all that follows, for each of the rules.
std::string quadratic_rules(std::string_view action, int count) {
    std::string rules;
    for (int i = 0; i < count; ++i) {
        const std::string n = std::to_string(i);
        rules += std::string(action) + " tcp any any -> any any (msg:\"bomb\"; content:\"BOMB\"; " +
                 "pcre:\"/(\\w+)\\s*[:=]\\s*" + n + "/\"; sid:" + std::to_string(i + 1) + ";)\n";
    }
    return rules;
}

constexpr std::size_t kSegments = 12;

void send_quadratic(Box& box, bool forwarded) {
    for (std::size_t i = 0; i < kSegments; ++i) {
        EXPECT_EQ(box.send("BOMB" + std::string(1400, 'a')), forwarded) << i;
    }
}

// Rules, packets and what they have seen before share what one packet may cost.
TEST(RegexBudget, AllRulesOfAPacketShareIt) {
    Box one(quadratic_rules("alert", 1), true);
    send_quadratic(one, true);
    Box many(quadratic_rules("alert", 20), true);
    send_quadratic(many, true);
    for (const Box* box : {&one, &many}) {
        EXPECT_GT(box->count(packet::Reason::pcre_budget), 0U);
        EXPECT_EQ(box->detection().pcre_peak, kBudget);
        // After the first that needed it all, a flow's packets have little.
        EXPECT_LE(box->detection().pcre_work, 2 * kBudget + kSegments * kBudget / 32);
    }
    EXPECT_GT(many.count(packet::Reason::pcre_budget), one.count(packet::Reason::pcre_budget));
}

TEST(RegexBudget, TheNextFlowHasItsOwn) {
    Box box(quadratic_rules("alert", 20) +
                "alert tcp any any -> any 81 (msg:\"x\"; content:\"key\"; pcre:\"/key\\d/\"; "
                "sid:99;)\n",
            true);
    send_quadratic(box, true);
    EXPECT_EQ(box.alerts(), 0U);
    const std::uint64_t gave_up = box.count(packet::Reason::pcre_budget);
    EXPECT_TRUE(box.send_elsewhere(81, "key1"));
    EXPECT_EQ(box.alerts(), 1U);
    EXPECT_EQ(box.count(packet::Reason::pcre_budget), gave_up);
}

TEST(RegexBudget, WhatARuleThatDropsCannotDecideIsDropped) {
    Box box(quadratic_rules("drop", 20), true);
    send_quadratic(box, false);
    EXPECT_GT(box.count(packet::Reason::pcre_budget), 0U);
    EXPECT_EQ(box.alerts(), 0U);
    EXPECT_LE(box.detection().pcre_work, kBudget);  // nothing of a refused flow is looked at
    Box tap(quadratic_rules("drop", 20), false);
    send_quadratic(tap, true);
    EXPECT_GT(tap.count(packet::Reason::pcre_budget), 0U);
}

// The rule that gives up need not be the one whose bomb it was.
TEST(RegexBudget, ABombForAnotherRuleHidesNothing) {
    Box box(quadratic_rules("alert", 20) +
                "drop tcp any any -> any any (msg:\"x\"; content:\"key\"; pcre:\"/key\\d[z]?/\"; "
                "sid:99;)\n",
            true);
    EXPECT_FALSE(box.send("BOMB" + std::string(1400, 'a') + " key1"));
}

TEST(RegexBudget, OrdinaryTextIsFarFromIt) {
    Box box(quadratic_rules("drop", 20), true);
    for (std::size_t i = 0; i < kSegments; ++i) {
        std::string text = "BOMB";
        while (text.size() < 1400) {
            text += " function of(words, and) { return 12; } <p>";
        }
        EXPECT_TRUE(box.send(text));
    }
    EXPECT_EQ(box.count(packet::Reason::pcre_budget), 0U);
    EXPECT_EQ(box.count(packet::Reason::pcre_limit), 0U);
}

}  // namespace
}  // namespace sluice::test
