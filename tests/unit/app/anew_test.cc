// SPDX-License-Identifier: Apache-2.0
// What follows STARTTLS and AUTH TLS is what its bytes say, whatever was announced, and however
// these are cut. What is unexpected is counted as Suricata 7.0.10 raises its events.
#include "tests/unit/app/http_transcript.h"
#include "tests/unit/app/tls_maker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace sluice::test {
namespace {

using enum BufferId;
using packet::Reason;

constexpr Direction kClient = Direction::kToServer;
constexpr Direction kServer = Direction::kToClient;
constexpr std::string_view kRequest = "GET /inside HTTP/1.1\r\nHost: i\r\n\r\n";
constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
constexpr std::string_view kToH2c = "HTTP/1.1 101 on\r\nUpgrade: h2c\r\n\r\n";

using Turns = std::vector<std::pair<Direction, std::string>>;

std::string hello() {
    HelloSpec spec;
    spec.extensions = sni_extension("inner.example");
    return tls_record(22, client_hello(spec));
}

Turns smtp() {
    return {{kServer, "220 a ESMTP\r\n"},
            {kClient, "EHLO b\r\n"},
            {kServer, "250-a\r\n250 STARTTLS\r\n"},
            {kClient, "STARTTLS\r\n"},
            {kServer, "220 go\r\n"}};
}

Turns ftp() {
    return {{kServer, "220 (vsFTPd 3.0.3)\r\n"},
            {kClient, "FEAT\r\nAUTH TLS\r\n"},
            {kServer, "211 no\r\n234 go\r\n"}};
}

class Anew : public testing::TestWithParam<Turns> {
  protected:
    void TearDown() override { EXPECT_EQ(talk.broken(), ""); }

    void announce() { say(GetParam()); }

    void say(const Turns& turns) {
        for (const auto& [direction, bytes] : turns) {
            talk.send(direction, bytes);
        }
    }

    const std::vector<Message>& requests() const { return talk.transcript().requests(); }

    const std::vector<Message>& responses() const { return talk.transcript().responses(); }

    std::string sni() { return sni_of(talk); }

    std::string sni_of(Conversation& of) const {
        const app::TlsSummary tls = stage.tls_summary(of.flow());
        return {tls.sni.begin(), tls.sni.end()};
    }

    flow::Flow& flow() { return talk.flow(); }

    // All of it in pieces of this size; behind it there is TLS.
    Transcript run(const Turns& turns, std::size_t piece) {
        Conversation cut(stage);
        for (const auto& [direction, bytes] : turns) {
            cut.send_cut(direction, bytes, piece);
        }
        EXPECT_EQ(cut.broken(), "") << piece;
        EXPECT_EQ(cut.counted(Reason::app_unexpected), 1U) << piece;
        EXPECT_EQ(sni_of(cut), "inner.example") << piece;
        return cut.transcript();
    }

    void expect_unexpected(std::uint64_t times) {
        EXPECT_EQ(talk.counted(Reason::app_unexpected), times);
        EXPECT_EQ(talk.counted(Reason::app_no_tls), times);
    }

    app::AppStage stage{small_config()};
    Conversation talk{stage};
};

INSTANTIATE_TEST_SUITE_P(Announced, Anew, testing::Values(smtp(), ftp()));

TEST_P(Anew, TlsIsTls) {
    announce();
    EXPECT_EQ(flow().app, AppProto::kUnknown);
    talk.send_cut(kClient, hello(), 7);
    EXPECT_EQ(flow().app, AppProto::kTls);
    EXPECT_EQ(sni(), "inner.example");
    EXPECT_EQ(stage.flows_in_use(), 1U);
    expect_unexpected(0);
}

TEST_P(Anew, HttpIsHttp) {
    announce();
    talk.send_cut(kClient, kRequest, 5);
    talk.send_cut(kServer, kAnswer, 5);
    ASSERT_EQ(requests().size(), 1U);
    EXPECT_EQ(requests()[0].get(kHttpUri), "/inside");
    EXPECT_EQ(responses()[0].get(kHttpResponseBody), "hi");
    EXPECT_EQ(flow().app, AppProto::kHttp1);
    expect_unexpected(1);
}

TEST_P(Anew, WhatNobodyKnowsIsARawStream) {
    announce();
    talk.send_cut(kClient, std::string(2000, '\1'), 100);
    EXPECT_EQ(flow().app, AppProto::kNone);
    EXPECT_EQ(stage.flows_in_use(), 0U);
    expect_unexpected(1);
}

TEST_P(Anew, LittleOfItIsUnexpectedAtTheEnd) {
    announce();
    talk.send(kClient, "abc");
    talk.send(kServer, "def");
    expect_unexpected(0);
    talk.send(kServer, "", true);
    expect_unexpected(1);
}

TEST_P(Anew, NothingIsNotUnexpected) {
    announce();
    talk.send(kClient, "", true);
    talk.send(kServer, "", true);
    expect_unexpected(0);
    stage.release(flow());
    EXPECT_EQ(stage.flows_in_use(), 0U);
}

TEST_P(Anew, BytesThatCameEarlyBelongToIt) {
    Turns turns = GetParam();
    turns[turns.size() - 2].second += hello().substr(0, 20);
    say(turns);
    talk.send(kClient, hello().substr(20));
    EXPECT_EQ(sni(), "inner.example");
}

TEST_P(Anew, AGapHidesIt) {
    announce();
    talk.send_after_gap(kClient, 10, kRequest);
    EXPECT_EQ(flow().app, AppProto::kNone);
    EXPECT_EQ(talk.counted(Reason::app_not_recognised), 1U);
    expect_unexpected(0);
}

TEST_P(Anew, ProtocolsInEachOtherHaveALimit) {
    for (int i = 0; i < 20; ++i) {
        announce();
    }
    EXPECT_EQ(talk.counted(Reason::app_depth_limit), 1U);
    EXPECT_EQ(flow().app, AppProto::kNone);
    EXPECT_EQ(stage.flows_in_use(), 0U);
    expect_unexpected(8);
}

TEST_P(Anew, TunnelsAndBack) {
    announce();
    talk.send(kClient, "CONNECT h:25 HTTP/1.1\r\nHost: h\r\n\r\n");
    talk.send(kServer, "HTTP/1.1 200 on\r\n\r\n");
    announce();
    talk.send(kClient, hello());
    EXPECT_EQ(sni(), "inner.example");
    expect_unexpected(1);
}

// Suricata's http.failed_protocol_change, seen by rules of both directions.
TEST_P(Anew, HttpThatGoesOnAtOnce) {
    announce();
    talk.send_cut(kServer, kToH2c, 9);
    ASSERT_EQ(responses().size(), 1U);
    ASSERT_EQ(requests().size(), 1U);
    for (const Message& m : {requests()[0], responses()[0]}) {
        EXPECT_NE(m.get(kAppEvents).find("http.failed_protocol_change"), std::string::npos);
    }
    expect_unexpected(1);
}

TEST_P(Anew, HttpThatWasAskedToGoOn) {
    announce();
    talk.send(kClient, kRequest);
    talk.send(kServer, kToH2c);
    EXPECT_EQ(responses()[0].get(kAppEvents), "<absent>");
    talk.send(kClient, kRequest);
    EXPECT_EQ(talk.counted(Reason::app_unexpected), 2U);  // and no HTTP/2
    EXPECT_EQ(talk.counted(Reason::app_no_tls), 1U);
}

TEST_P(Anew, AnyCutIsTheSame) {
    Turns turns = GetParam();
    turns.insert(turns.end(), {{kClient, std::string(kRequest) + "CONNECT h:1 HTTP/1.1\r\n\r\n"},
                               {kServer, std::string(kAnswer) + "HTTP/1.1 200 on\r\n\r\n"}});
    turns.insert(turns.end(), GetParam().begin(), GetParam().end());
    turns.emplace_back(kClient, hello());
    const Transcript whole = run(turns, 10000);
    for (std::size_t piece = 1; piece < 60; ++piece) {
        EXPECT_EQ(run(turns, piece), whole) << piece;
    }
}

}  // namespace
}  // namespace sluice::test
