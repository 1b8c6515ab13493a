// SPDX-License-Identifier: Apache-2.0
// What a granted CONNECT or an upgrade makes of the rest of the connection.
#include "tests/unit/app/http_transcript.h"
#include "tests/unit/app/tls_maker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>

namespace sluice::test {
namespace {

using enum BufferId;
using packet::Reason;

constexpr Direction kClient = Direction::kToServer;
constexpr Direction kServer = Direction::kToClient;
constexpr std::string_view kConnect = "CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n";
constexpr std::string_view kGranted = "HTTP/1.1 200 Connection established\r\n\r\n";
constexpr std::string_view kUpgrade =
    "GET /chat HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
constexpr std::string_view kSwitching = "HTTP/1.1 101 ok\r\nUpgrade: x\r\n\r\n";
constexpr std::string_view kInside = "GET /inside HTTP/1.1\r\nHost: i\r\n\r\n";
constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

class HttpTunnel : public testing::Test {
  protected:
    void TearDown() override { EXPECT_EQ(talk.broken(), ""); }

    void open_tunnel() {
        talk.send(kClient, kConnect);
        talk.send(kServer, kGranted);
    }

    const std::vector<Message>& requests() const { return talk.transcript().requests(); }

    const std::vector<Message>& responses() const { return talk.transcript().responses(); }

    app::AppStage stage{small_config()};
    Conversation talk{stage};
};

std::string hello() {
    HelloSpec spec;
    spec.extensions = sni_extension("inner.example");
    return tls_record(22, client_hello(spec));
}

TEST_F(HttpTunnel, TlsInsideIsTls) {
    open_tunnel();
    EXPECT_EQ(talk.flow().app, AppProto::kUnknown);
    talk.send_cut(kClient, hello(), 7);
    EXPECT_EQ(talk.flow().app, AppProto::kTls);
    const app::TlsSummary tls = stage.tls_summary(talk.flow());
    EXPECT_EQ(std::string(tls.sni.begin(), tls.sni.end()), "inner.example");
    EXPECT_EQ(requests().size(), 1u);
    EXPECT_EQ(responses().size(), 1u);
    EXPECT_EQ(talk.counted(), 0u);
    EXPECT_EQ(stage.flows_in_use(), 1u);
}

TEST_F(HttpTunnel, HttpInsideIsHttpCountedFromZero) {
    open_tunnel();
    talk.send(kClient, kInside);
    talk.send(kServer, kAnswer);
    ASSERT_EQ(requests().size(), 2u);
    EXPECT_EQ(requests()[1].get(kHttpUri), "/inside");
    EXPECT_EQ(requests()[1].tx_id, 0u);
    ASSERT_EQ(responses().size(), 2u);
    EXPECT_EQ(responses()[1].get(kHttpResponseBody), "hi");
    EXPECT_EQ(talk.flow().app, AppProto::kHttp1);
    EXPECT_EQ(talk.counted(), 0u);
}

// Clients may send before they know, servers in the segment of their answer.
TEST_F(HttpTunnel, WhatCameTogetherWithTheHandshakeIsReadToo) {
    talk.send(kClient, std::string(kConnect) + std::string(kInside));
    ASSERT_EQ(requests().size(), 2u) << "read before it goes on";
    EXPECT_EQ(requests()[1].get(kHttpUri), "/inside");
    talk.send(kServer, std::string(kGranted) + std::string(kAnswer));
    ASSERT_EQ(responses().size(), 2u);
    EXPECT_EQ(responses()[1].get(kHttpResponseBody), "hi");
    EXPECT_FALSE(responses()[1].has(kAppEvents)) << "it answers the request inside";
    talk.send(kClient, kInside);
    ASSERT_EQ(requests().size(), 3u);
    EXPECT_EQ(requests()[2].tx_id, 0u);
}

TEST_F(HttpTunnel, TlsBeforeTheAnswerIsTls) {
    talk.send(kClient, std::string(kConnect) + hello());
    talk.send(kServer, kGranted);
    EXPECT_EQ(talk.flow().app, AppProto::kUnknown);
    talk.send(kClient, "", true);
    EXPECT_EQ(talk.flow().app, AppProto::kTls);
    const app::TlsSummary tls = stage.tls_summary(talk.flow());
    EXPECT_EQ(std::string(tls.sni.begin(), tls.sni.end()), "inner.example");
}

TEST_F(HttpTunnel, TunnelsInEachOtherAllInOneSegmentOfEachSide) {
    std::string client;
    std::string server;
    for (int i = 0; i < 4; ++i) {
        client += kConnect;
        server += kGranted;
    }
    client += kInside;
    server += kAnswer;
    talk.send(kClient, client);
    talk.send(kServer, server, true);
    ASSERT_EQ(responses().size(), 5u);
    EXPECT_EQ(responses()[4].get(kHttpResponseBody), "hi");
    ASSERT_EQ(requests().size(), 5u);
    EXPECT_EQ(requests()[4].get(kHttpUri), "/inside");
}

TEST_F(HttpTunnel, AServerThatSpeaksFirstIsRecognised) {
    open_tunnel();
    talk.send(kServer, "SSH-2.0-OpenSSH_9\r\n");
    EXPECT_EQ(talk.flow().app, AppProto::kSsh);
    EXPECT_EQ(stage.flows_in_use(), 1u);
}

TEST_F(HttpTunnel, BehindOtherRequests) {
    talk.send(kClient, kInside);
    talk.send(kServer, kAnswer);
    talk.send(kClient, kConnect);
    talk.send(kServer, "HTTP/1.1 407 auth\r\nContent-Length: 0\r\n\r\n");
    open_tunnel();
    talk.send(kClient, kInside);
    ASSERT_EQ(requests().size(), 4u);
    EXPECT_EQ(requests()[3].tx_id, 0u);
}

TEST_F(HttpTunnel, WhatIsNotRecognisedIsNoProtocol) {
    open_tunnel();
    talk.send(kClient, std::string(2000, '\xee'));
    EXPECT_EQ(talk.flow().app, AppProto::kNone);
    talk.send(kServer, std::string(2000, '\xee'));
    EXPECT_EQ(talk.flow().app, AppProto::kNone);
    EXPECT_EQ(requests().size(), 1u);
    EXPECT_EQ(stage.flows_in_use(), 0u);
    EXPECT_EQ(stage.slabs_in_use(), 0u);
}

TEST_F(HttpTunnel, LostBytesBeforeTheFirstOnesEndIt) {
    open_tunnel();
    talk.send_after_gap(kClient, 10, kInside);
    EXPECT_EQ(talk.flow().app, AppProto::kNone);
    EXPECT_EQ(talk.counted(Reason::app_not_recognised), 1u);
}

// RFC 9110 section 9.3.6: content has no meaning in a CONNECT, nor in its answer.
TEST_F(HttpTunnel, AConnectHasNoBodyWhateverItSays) {
    for (const std::string_view field : {"Content-Length: 5000", "Transfer-Encoding: chunked",
                                         "Content-Length: x", "Content-Length: 0"}) {
        Conversation other(stage);
        const std::string head = "CONNECT h:443 HTTP/1.1\r\n" + std::string(field) + "\r\n\r\n";
        other.send(kClient, head);
        other.send(kServer, "HTTP/1.1 200 ok\r\nContent-Length: 5000\r\n\r\n");
        other.send(kClient, kInside);
        const auto& all = other.transcript().requests();
        ASSERT_EQ(all.size(), 2u) << field;
        EXPECT_TRUE(all[0].ended);
        EXPECT_EQ(all[1].get(kHttpUri), "/inside") << field;
        EXPECT_EQ(other.broken(), "");
    }
}

TEST_F(HttpTunnel, RefusedConnectGoesOn) {
    talk.send(kClient, kConnect);
    talk.send(kServer, "HTTP/1.1 407 auth\r\nContent-Length: 0\r\n\r\n");
    talk.send(kClient, kInside);
    ASSERT_EQ(requests().size(), 2u);
    EXPECT_EQ(requests()[1].tx_id, 1u);
}

TEST_F(HttpTunnel, AnUpgradeToSomethingUnknownStaysHttp) {
    talk.send(kClient, kUpgrade);
    talk.send(kServer, kSwitching);
    talk.send(kServer, std::string(100, '\x82'));
    EXPECT_EQ(talk.flow().app, AppProto::kHttp1);
    talk.send(kClient, kInside);
    EXPECT_EQ(requests().size(), 1u);
    EXPECT_EQ(stage.flows_in_use(), 0u);
}

TEST_F(HttpTunnel, AnUpgradeToTlsIsTls) {
    talk.send(kClient, kUpgrade);
    talk.send(kServer, kSwitching);
    talk.send(kClient, hello());
    EXPECT_EQ(talk.flow().app, AppProto::kTls);
}

TEST_F(HttpTunnel, AnUpgradeWaitsForTheEndOfItsRequest) {
    talk.send(kClient, "POST / HTTP/1.1\r\nUpgrade: x\r\nContent-Length: 9\r\n\r\nab");
    talk.send(kServer, kSwitching);
    talk.send(kClient, "cdefghi" + std::string(kInside));
    ASSERT_EQ(requests().size(), 2u);
    EXPECT_EQ(requests()[0].get(kHttpRequestBody), "abcdefghi");
    EXPECT_EQ(requests()[1].get(kHttpUri), "/inside");
    EXPECT_EQ(requests()[1].tx_id, 0u);
}

TEST_F(HttpTunnel, TunnelsInEachOtherHaveALimit) {
    for (int i = 0; i < 20; ++i) {
        open_tunnel();
    }
    EXPECT_EQ(requests().size(), 9u);
    EXPECT_EQ(talk.counted(Reason::app_depth_limit), 1u);
    EXPECT_EQ(talk.flow().app, AppProto::kNone);
    EXPECT_EQ(stage.flows_in_use(), 0u);
}

// Who is inside may answer what was not asked yet, or not seen.
TEST_F(HttpTunnel, ManyLayersInOneSegment) {
    talk.send(kClient, kConnect);
    talk.send(kServer, std::string(kGranted) + "HTTP/1.1 101 on\r\n\r\nHTTP/1.1 101 on\r\n\r\n" +
                           std::string(kAnswer));
    ASSERT_EQ(responses().size(), 4u);
    EXPECT_EQ(responses()[3].get(kHttpResponseBody), "hi");
}

TEST_F(HttpTunnel, AnyCutIsTheSame) {
    const std::string granted(kGranted);
    const std::string inside = std::string(kInside) + std::string(kConnect);
    const std::string answer = std::string(kAnswer) + granted;
    const std::string tls = hello();
    const auto run = [&](std::size_t a, std::size_t b, std::size_t c) {
        Conversation cut(stage);
        const auto send = [&](Direction d, const std::string& bytes, std::size_t at) {
            cut.send(d, bytes.substr(0, at));
            cut.send(d, std::string_view(bytes).substr(std::min(at, bytes.size())));
        };
        cut.send(kClient, kConnect);
        send(kServer, granted, a);
        send(kClient, inside, b);
        send(kServer, answer, c);
        send(kClient, tls, b);
        const app::TlsSummary seen = stage.tls_summary(cut.flow());
        EXPECT_EQ(std::string(seen.sni.begin(), seen.sni.end()), "inner.example");
        EXPECT_EQ(cut.broken(), "") << a << " " << b << " " << c;
        return cut.transcript();
    };
    const Transcript whole = run(0, 0, 0);
    ASSERT_EQ(whole.requests().size(), 3u);
    ASSERT_EQ(whole.responses().size(), 3u);
    for (std::size_t at = 1; at < answer.size(); ++at) {
        ASSERT_EQ(run(std::min(at, granted.size()), at % inside.size(), at), whole) << at;
        ASSERT_EQ(run(0, at % inside.size(), 0), whole) << at;
    }
}

}  // namespace
}  // namespace sluice::test
