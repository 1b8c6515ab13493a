// SPDX-License-Identifier: Apache-2.0
// A second handshake between the same ports, which the server answers: another connection in the
// same flow. What rules and parsers made of the first one says nothing about it.
#include "dataplane/io/memory/memory_io.h"
#include "dataplane/pipeline/pipeline.h"
#include "tests/property/tcp_script.h"
#include "tests/support/packet_builder.h"
#include "tests/support/rules/loaded_rules.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace sluice::test {
namespace {

constexpr char kRules[] =
    "drop http any any -> any any (msg:\"uri\"; http.uri; content:\"/exploit\"; sid:1;)\n"
    "alert tcp any any -> any any (msg:\"raw\"; content:\"said twice\"; sid:2;)\n";

class SecondHandshake : public testing::Test {
  protected:
    SecondHandshake() : ring_(4096), rules_(load_rules(kRules)) {
        pipeline::PipelineConfig config = pipeline::inline_config();
        config.flow.max_flows = 64;
        pipeline_ = std::make_unique<pipeline::Pipeline>(config, ring_);
        pipeline_->install(*rules_.ruleset, *rules_.scratch);
    }

    bool pass(const Frame& frame) {
        clock_ += 1000;
        io_.queue(frame, PortId{}, Nanos{clock_});
        packet::Batch batch;
        io_.receive(batch);
        pipeline_->process(batch, {Nanos{clock_}, Nanos{clock_}});
        const bool forwarded = !batch[0].dropped();
        io_.finalize(batch);
        pipeline_->out().clear();
        return forwarded;
    }

    void open(const Peers& p) {
        for (const Frame& f : handshake(p)) {
            EXPECT_TRUE(pass(f));
        }
    }

    bool say(const Peers& p, const std::string& text) {
        return pass(client_segment(p, text, {0, text.size()}));
    }

    std::size_t alerts() {
        std::size_t n = 0;
        for (abi::EventRecord e; ring_.pop(e);) {
            n += e.type == abi::EventType::kAlert ? 1U : 0U;
        }
        return n;
    }

    static Peers other_numbers(Peers p) {
        p.client_isn += 0x01000000U;
        p.server_isn += 0x02000000U;
        return p;
    }

    Peers first_;

  private:
    abi::EventRing ring_;
    LoadedRules rules_;
    std::unique_ptr<pipeline::Pipeline> pipeline_;
    io::MemoryIo io_;
    std::int64_t clock_ = 1'000'000'000;
};

TEST_F(SecondHandshake, HttpRulesApplyToTheNewConnection) {
    open(first_);
    EXPECT_TRUE(say(first_, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"));
    const Peers second = other_numbers(first_);
    open(second);
    EXPECT_FALSE(say(second, "GET /exploit HTTP/1.1\r\nHost: a\r\n\r\n"));
}

TEST_F(SecondHandshake, AnotherProtocolMayFollow) {
    open(first_);
    EXPECT_TRUE(say(first_, "SSH-2.0-x\r\n"));
    const Peers second = other_numbers(first_);
    open(second);
    EXPECT_FALSE(say(second, "GET /exploit HTTP/1.1\r\nHost: a\r\n\r\n"));
}

TEST_F(SecondHandshake, WhatAlertedBeforeAlertsAgain) {
    open(first_);
    EXPECT_TRUE(say(first_, "0123456789 said twice"));
    EXPECT_EQ(alerts(), 1U);
    const Peers second = other_numbers(first_);
    open(second);
    EXPECT_TRUE(say(second, "said twice"));
    EXPECT_EQ(alerts(), 1U);
}

}  // namespace
}  // namespace sluice::test
