// SPDX-License-Identifier: Apache-2.0
// Framing of HTTP/1 messages: pipelining, bodies, tunnels, ends, gaps; and what hostile peers send.
#include "tests/support/lone_flow.h"
#include "tests/unit/app/http_transcript.h"

#include <gtest/gtest.h>

namespace sluice::test {
namespace {

using enum BufferId;
using packet::Reason;

constexpr Direction kClient = Direction::kToServer;
constexpr Direction kServer = Direction::kToClient;
constexpr std::string_view kGet = "GET /a HTTP/1.1\r\nHost: h\r\nUser-Agent: ua\r\n\r\n";

class Http : public testing::Test {
  protected:
    void TearDown() override { EXPECT_EQ(talk.broken(), ""); }

    const std::vector<Message>& requests() const { return talk.transcript().requests(); }

    const std::vector<Message>& responses() const { return talk.transcript().responses(); }

    app::AppStage stage{small_config()};
    Conversation talk{stage};
};

TEST_F(Http, RequestInOneChunkIsOnePoint) {
    talk.send(kClient, kGet);
    EXPECT_EQ(talk.points(), 1u);
    ASSERT_EQ(requests().size(), 1u);
    EXPECT_TRUE(requests()[0].ended);
    EXPECT_EQ(requests()[0].get(kHttpUri), "/a");
    // Absent for good, not merely not yet.
    EXPECT_FALSE(requests()[0].has(kHttpReferer));
    EXPECT_TRUE(requests()[0].resolved.has(kHttpReferer));
    EXPECT_EQ(talk.counted(), 0u);
}

TEST_F(Http, RequestLineIsShownBeforeTheHeadersCome) {
    talk.send(kClient, "GET /early HTTP/1.1\r\nHo");
    ASSERT_EQ(requests().size(), 1u);
    EXPECT_EQ(requests()[0].get(kHttpUri), "/early");
    EXPECT_FALSE(requests()[0].resolved.has(kHttpHost));
    talk.send(kClient, "st: x\r\n\r\n");
    EXPECT_EQ(requests()[0].get(kHttpHost), "x");
    EXPECT_TRUE(requests()[0].ended);
    EXPECT_EQ(talk.points(), 2u);
}

TEST_F(Http, PipelinedRequestsAreCountedAndMatchedToTheirResponses) {
    talk.send(kClient, "HEAD /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n");
    talk.send(kServer,
              "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 201 Two\r\nContent-Length: "
              "2\r\n\r\nhi");
    ASSERT_EQ(requests().size(), 2u);
    EXPECT_EQ(requests()[1].tx_id, 1u);
    ASSERT_EQ(responses().size(), 2u);
    EXPECT_FALSE(responses()[0].has(kHttpResponseBody));
    EXPECT_EQ(responses()[1].get(kHttpStatCode), "201");
    EXPECT_EQ(responses()[1].get(kHttpResponseBody), "hi");
    EXPECT_EQ(responses()[1].get(kFileDataToClient), "hi");
}

TEST_F(Http, MoreRequestsThanAreTrackedStillParse) {
    std::string client;
    std::string server;
    for (int i = 0; i < 200; ++i) {
        client += "GET / HTTP/1.1\r\n\r\n";
        server += "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";
    }
    talk.send(kClient, client);
    talk.send(kServer, server);
    EXPECT_EQ(requests().size(), 200u);
    EXPECT_EQ(responses().size(), 200u);
}

TEST_F(Http, InterimResponsesAreSkipped) {
    talk.send(kClient, "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    talk.send(kServer, "HTTP/1.1 100 Continue\r\nX: y");
    talk.send(kServer, "\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n");
    EXPECT_TRUE(responses().empty());
    talk.send(kClient, "ab");
    talk.send(kServer, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    ASSERT_EQ(responses().size(), 1u);
    EXPECT_EQ(responses()[0].get(kHttpStatCode), "200");
    EXPECT_EQ(requests()[0].get(kHttpRequestBody), "ab");
}

TEST_F(Http, RefusedConnectGoesOn) {
    talk.send(kClient, "CONNECT h:443 HTTP/1.1\r\n\r\n");
    talk.send(kServer, "HTTP/1.1 407 auth\r\nContent-Length: 0\r\n\r\n");
    talk.send(kClient, kGet);
    EXPECT_EQ(requests().size(), 2u);
}

TEST_F(Http, IdentityBodyAliasesTheStreamWindow) {
    talk.send(kClient, kGet);
    const std::string body(50000, 'b');
    talk.send(kServer, "HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n");
    talk.send_cut(kServer, body, 1460);
    ASSERT_EQ(responses().size(), 1u);
    EXPECT_TRUE(responses()[0].ended);
    EXPECT_EQ(responses()[0].get(kHttpResponseBody), body);
    EXPECT_LE(stage.slabs_in_use(), 2u);  // header stores only
}

TEST_F(Http, ChunkedBodyLargerThanItsWindow) {
    talk.send(kClient, kGet);
    std::string body;
    for (int i = 0; i < 200000; ++i) {
        body += static_cast<char>('a' + i % 23);
    }
    talk.send(kServer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    talk.send(kServer, "30D40\r\n" + body + "\r\n0\r\n\r\n");
    ASSERT_EQ(responses().size(), 1u);
    EXPECT_EQ(responses()[0].get(kHttpResponseBody), body);
    EXPECT_TRUE(responses()[0].ended);
}

TEST_F(Http, UntilCloseBodyEndsWithTheConnection) {
    talk.send(kClient, kGet);
    talk.send(kServer, "HTTP/1.1 200 OK\r\n\r\nabc");
    EXPECT_FALSE(responses()[0].ended);
    talk.send(kServer, "def");
    talk.send(kServer, "", true);
    EXPECT_TRUE(responses()[0].ended);
    EXPECT_EQ(responses()[0].get(kHttpResponseBody), "abcdef");
}

TEST_F(Http, GapTurnsOneDirectionOff) {
    talk.send(kClient, "POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\nabc");
    talk.send_after_gap(kClient, 10, "GET /lost HTTP/1.1\r\n\r\n");
    ASSERT_EQ(requests().size(), 1u);
    EXPECT_TRUE(requests()[0].ended);
    EXPECT_EQ(requests()[0].get(kHttpRequestBody), "abc");
    talk.send(kServer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    EXPECT_EQ(responses().size(), 1u);
    EXPECT_EQ(talk.flow().app, AppProto::kHttp1);
}

TEST_F(Http, DamageAfterAGoodMessageTurnsOneDirectionOff) {
    talk.send(kClient, std::string(kGet) + "\x01\x02\x03");
    EXPECT_EQ(requests().size(), 1u);
    EXPECT_EQ(talk.counted(Reason::http_malformed), 1u);
    EXPECT_EQ(talk.flow().app, AppProto::kHttp1);
    talk.send(kServer, "HTTP/1.1 200 OK\r\n\r\nx");
    EXPECT_EQ(responses().size(), 1u);
}

TEST_F(Http, WhatNeverWasHttpBecomesNone) {
    talk.send(kClient, "GET\x01/ HTTP/1.1\r\n\r\n");
    EXPECT_EQ(talk.flow().app, AppProto::kUnknown);
    talk.send(kServer, "HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(talk.flow().app, AppProto::kHttp1);
    talk.send(kClient, "\r\n");
    EXPECT_EQ(talk.counted(Reason::http_malformed), 1u);
}

TEST_F(Http, SmugglingIsCounted) {
    talk.send(kClient,
              "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: "
              "chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
    talk.send(kClient, "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na");
    EXPECT_EQ(talk.counted(Reason::http_malformed), 2u);
    ASSERT_EQ(requests().size(), 2u);
    EXPECT_EQ(requests()[0].get(kHttpRequestBody), "hello");
    EXPECT_EQ(requests()[1].get(kHttpRequestBody), "a");
}

TEST_F(Http, HugeChunkSizes) {
    talk.send(kClient,
              "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\nabc");
    EXPECT_EQ(talk.counted(Reason::http_malformed), 1u);
    ASSERT_EQ(requests().size(), 1u);
    EXPECT_TRUE(requests()[0].ended);
    talk.send(kServer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7FFFFFFFFFFF\r\nabc");
    EXPECT_EQ(responses()[0].get(kHttpResponseBody), "abc");
    talk.send(kServer, "def", true);
    EXPECT_EQ(responses()[0].get(kHttpResponseBody), "abcdef");
    EXPECT_TRUE(responses()[0].ended);
}

TEST_F(Http, HeaderBlockOfSixtyKilobytesIsShown) {
    const std::string value(60000, 'v');
    talk.send_cut(
        kClient, "GET / HTTP/1.1\r\nX-Long: " + value + "\r\nHost: H:1\r\nCookie: c\r\n\r\n", 1460);
    ASSERT_EQ(requests().size(), 1u);
    EXPECT_EQ(requests()[0].get(kHttpRequestHeader), "X-Long: " + value + "\r\nHost: H:1\r\n");
    EXPECT_EQ(requests()[0].get(kHttpHost), "h");
    EXPECT_EQ(talk.counted(), 0u);
}

TEST_F(Http, EndlessHeaderIsLetGoAtTheLimit) {
    talk.send(kClient, "GET /endless HTTP/1.1\r\n");
    talk.send_cut(kClient, std::string(100000, 'x'), 1000);
    EXPECT_EQ(talk.counted(Reason::http_header_limit), 1u);
    ASSERT_EQ(requests().size(), 1u);
    EXPECT_EQ(requests()[0].get(kHttpUri), "/endless");
    EXPECT_TRUE(requests()[0].ended);
    talk.send(kServer, "HTTP/1.1 414 no\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(responses().size(), 1u);
}

TEST_F(Http, EndlessRequestLineIsLetGoAtTheLimit) {
    talk.send_cut(kClient, "GET /" + std::string(100000, 'x'), 1000);
    EXPECT_EQ(talk.counted(Reason::http_header_limit), 1u);
    EXPECT_TRUE(requests().empty());
    EXPECT_EQ(talk.flow().app, AppProto::kNone);
}

TEST_F(Http, TooManyFieldsAreLetGo) {
    std::string request = "GET /many HTTP/1.1\r\n";
    for (int i = 0; i < 1025; ++i) {
        request += "a" + std::to_string(i) + ": b\r\n";
    }
    talk.send(kClient, request + "\r\n");
    EXPECT_EQ(talk.counted(Reason::http_header_limit), 1u);
    ASSERT_EQ(requests().size(), 1u);
    EXPECT_EQ(requests()[0].get(kHttpUri), "/many");
    EXPECT_TRUE(requests()[0].ended);
}

TEST_F(Http, EndlessTrailersAreLetGo) {
    talk.send(kClient, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n");
    talk.send_cut(kClient, std::string(70000, 't'), 7000);
    EXPECT_EQ(talk.counted(Reason::http_header_limit), 1u);
    EXPECT_TRUE(requests()[0].ended);
}

TEST_F(Http, NulsAnywhere) {
    using namespace std::literals;
    talk.send(kClient, "GET /\0 HTTP/1.1\r\nA\0: b\r\nHost: \0h\r\n\0fold\r\n\r\n"sv);
    ASSERT_EQ(requests().size(), 1u);
    EXPECT_EQ(requests()[0].get(kHttpUri), "/\0"sv);
    EXPECT_EQ(requests()[0].get(kHttpHost), "\0h\0fold"sv);
}

TEST_F(Http, SummaryNamesTheTransaction) {
    talk.send(kClient, kGet);
    const app::HttpSummary request = stage.summary(talk.flow(), kClient);
    EXPECT_EQ(std::string(request.uri.begin(), request.uri.end()), "/a");
    talk.send(kServer, "HTTP/1.1 404 no\r\nContent-Length: 0\r\n\r\n");
    const app::HttpSummary s = stage.summary(talk.flow(), kServer);
    EXPECT_EQ(s.status, 404);
    EXPECT_EQ(std::string(s.method.begin(), s.method.end()), "GET");
    EXPECT_EQ(std::string(s.host.begin(), s.host.end()), "h");
    EXPECT_EQ(std::string(s.user_agent.begin(), s.user_agent.end()), "ua");
    const LoneFlow other;
    EXPECT_EQ(stage.summary(*other, kClient).status, 0);
}

TEST_F(Http, IdleKeepAliveHoldsNoSlab) {
    talk.send(kClient, kGet);
    talk.send(kServer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    Conversation other(stage);
    other.send(kClient, "GET / HTTP/1.1\r\n\r\n");
    EXPECT_EQ(stage.slabs_in_use(), 1u);  // the other one's request
}

// What servers send to slip a body past a parser that is stricter than clients are. Every cut of
// the response must show the same.
struct OddResponse {
    const char* name;
    std::string_view response;
    std::string_view body;  // of the last message
};

constexpr std::string_view kChunks = "4\r\nevil\r\n4\r\ncode\r\n0\r\n\r\n";

std::vector<OddResponse> odd_responses() {
    using namespace std::literals;
    return {
        {"longer than its length", "HTTP/1.1 200 OK\r\nContent-Length: 2 8\r\n\r\nevilcode"sv,
         "evilcode"},
        {"line ends between", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil\r\n\r\ncode"sv,
         "evil\r\n\r\ncode"},
        {"304 with a body", "HTTP/1.1 304 NM\r\nContent-Length: 8\r\n\r\nevilcode"sv, "evilcode"},
        {"100 with a body", "HTTP/1.1 100 OK\r\nContent-Length: 8\r\n\r\nevilcode"sv, "evilcode"},
        {"100, junk, 200", "HTTP/1.1 100 OK\r\n\r\njunk\r\nHTTP/1.1 200 OK\r\n\r\nevilcode"sv,
         "evilcode"},
        {"junk first", " junk\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
         "evilcode"},
        {"CR ends the status line", "HTTP/1.1\rTransfer-Encoding: chunked\r\n\r\n", "evilcode"},
        {"folded field", "HTTP/1.1 200 OK\r\nA: b\r\n Transfer-Encoding: chunked\r\n\r\n",
         "evilcode"},
        {"folded text", "HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n chunked\r\n\r\n", "evilcode"},
        {"LF CR CR LF", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\n\r\r\n", "evilcode"},
        {"LF CR CR LF CR LF", "HTTP/1.1 200 OK\r\nContent-Length: 8\n\r\r\n\r\nevilcode"sv,
         "evilcode"},
        {"CR CR CR LF is no end", "HTTP/1.1 200 OK\r\n\r\r\r\nTransfer-Encoding: chunked\r\n\r\n",
         "evilcode"},
        {"a line of one blank", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\n \n", "evilcode"},
        {"a line of one blank and LF", "HTTP/1.1 200 OK\r\nContent-Length: 8\n \n\nevilcode"sv,
         "evilcode"},
    };
}

TEST(HttpOddResponse, IsReadAsClientsDoHoweverItIsCut) {
    for (const OddResponse& odd : odd_responses()) {
        std::string bytes(odd.response);
        if (bytes.find("evil") == std::string::npos) {
            bytes += kChunks;
        }
        for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
            app::AppStage stage{small_config()};
            Conversation talk{stage};
            talk.send(kClient, kGet);
            talk.send(kServer, std::string_view(bytes).substr(0, cut));
            talk.send(kServer, std::string_view(bytes).substr(cut));
            talk.send(kServer, "", true);
            ASSERT_EQ(talk.broken(), "") << odd.name << ", cut at " << cut;
            ASSERT_FALSE(talk.transcript().responses().empty()) << odd.name;
            const Message& last = talk.transcript().responses().back();
            ASSERT_EQ(last.get(kFileDataToClient), odd.body) << odd.name << ", cut at " << cut;
            ASSERT_TRUE(last.ended) << odd.name;
        }
    }
}

TEST_F(Http, StrayBytesAfterADecodedBodyAreShownAsSent) {
    talk.send(kClient, kGet);
    talk.send(kServer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n");
    talk.send(kServer, "evil");
    talk.send(kServer, "code\r\nHTTP/1.1 201 Two\r\nContent-Length: 1\r\n\r\nx");
    ASSERT_EQ(responses().size(), 2u);
    EXPECT_EQ(responses()[0].get(kHttpResponseBody), "hievilcode\r\n");
    EXPECT_EQ(responses()[1].get(kHttpStatCode), "201");
    EXPECT_EQ(responses()[1].tx_id, 1u);
    EXPECT_EQ(talk.counted(Reason::http_malformed), 1u);
}

TEST_F(Http, StrayBytesAfterAnInterimResponseTakeNoNumber) {
    talk.send(kClient, kGet);
    talk.send(kServer,
              "HTTP/1.1 100 OK\r\nContent-Length: 4\r\n\r\njunk\r\nHTTP/1.1 200 OK\r\n"
              "Content-Length: 2\r\n\r\nhi");
    ASSERT_EQ(responses().size(), 2u);
    EXPECT_EQ(responses()[1].tx_id, 0u);
    EXPECT_EQ(responses()[1].get(kHttpResponseBody), "hi");
}

TEST(HttpEvents, EventsAreNamedInBothDirections) {
    app::AppStage stage(small_config());
    const Transcript t =
        whole(stage, "GET\t/ HTTP/1.1\r\nnonsense\r\nAuthorization: Odd x\r\n\r\n",
              "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na");
    const std::string of_request =
        "http.method_delim_non_compliant\nhttp.missing_host_header\n"
        "http.request_auth_unrecognized\nhttp.request_field_missing_colon";
    EXPECT_EQ(t.requests().at(0).get(BufferId::kAppEvents), of_request);
    EXPECT_EQ(t.responses().at(0).get(BufferId::kAppEvents),
              "http.duplicate_content_length_field_in_response\n" + of_request);
}

TEST(HttpEvents, EventsOfABodyComeWithIt) {
    app::AppStage stage(small_config());
    Conversation talk(stage);
    talk.send(Direction::kToServer,
              "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    EXPECT_EQ(talk.transcript().requests().at(0).get(BufferId::kAppEvents), "<absent>");
    talk.send(Direction::kToServer, "1;x=y\r\na\r\n");
    EXPECT_EQ(talk.transcript().requests().at(0).get(BufferId::kAppEvents),
              "http.request_chunk_extension");
    EXPECT_EQ(talk.broken(), "");
}

// When Suricata 7.0.10 raises http.range_invalid.
TEST(HttpEvents, RangesThatSayNothing) {
    app::AppStage stage(small_config());
    const auto events = [&](std::string_view range, std::string_view body) {
        const Transcript t = whole(stage, "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
                                   "HTTP/1.1 206 P\r\nContent-Range: " + std::string(range) +
                                       "\r\nContent-Length: " + std::to_string(body.size()) +
                                       "\r\n\r\n" + std::string(body));
        return t.responses().at(0).get(BufferId::kAppEvents);
    };
    for (const std::string_view good :
         {"bytes 0-7/100", "bytes 0-7/*", "bytes */100", "  x  0-99/100 more", "bytes 0-0/0"}) {
        EXPECT_EQ(events(good, "body"), "<absent>") << good;
    }
    for (const std::string_view bad :
         {"", "bytes", "0-7/100", "bytes 7/100", "bytes 0-7", "bytes 0-7/", "bytes */*",
          "bytes 9-7/100", "bytes 0-100/100", "bytes 0-7/99999999999999999999"}) {
        EXPECT_EQ(events(bad, "body"), "http.range_invalid") << bad;
        EXPECT_EQ(events(bad, ""), "<absent>") << bad;
    }
}

TEST(HttpEvents, EachHeaderIsShownOnItsOwn) {
    app::AppStage stage(small_config());
    const Transcript t =
        whole(stage, "GET / HTTP/1.1\r\nHost: a\r\nX:1\r\nCookie: c\r\nX: 2\r\n\r\n",
              "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(t.requests().at(0).get(BufferId::kHttpRequestHeaderEach),
              "Host: a\nX: 1, 2\nCookie: c");
    EXPECT_EQ(t.responses().at(0).get(BufferId::kHttpResponseHeaderEach), "Content-Length: 0");
}

}  // namespace
}  // namespace sluice::test
