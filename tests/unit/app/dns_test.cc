// SPDX-License-Identifier: Apache-2.0
// DNS over UDP and TCP: which buffers a message shows, however it came; what is counted and not
// shown; what is DNS at all.
#include "tests/unit/app/dns_maker.h"
#include "tests/unit/app/dns_transcript.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace sluice::test {
namespace {

using namespace std::literals;
using packet::Reason;
using Texts = std::vector<std::string>;

constexpr Direction kUp = Direction::kToServer;
constexpr Direction kDown = Direction::kToClient;

app::AppConfig small() {
    app::AppConfig config;
    config.http_flows = 4;
    config.dns_flows = 2;
    config.slabs = {2, 0, 0, 0, 0};
    config.dns_slabs = {1, 0, 0, 1, 0};
    return config;
}

class DnsTest : public ::testing::Test {
  protected:
    void expect_all_given_back() const {
        EXPECT_EQ(stage.flows_in_use(), 0U);
        EXPECT_EQ(stage.slabs_in_use(), 0U);
    }

    app::AppStage stage{small()};
};

std::string two_questions() {
    return DnsText{.questions = 3,
                   .body = dns_question(dns_name("good.com")) + dns_question(dns_name("")) +
                           dns_question(dns_name("evil.com"), 16)}
        .bytes();
}

TEST_F(DnsTest, AQueryShowsItsNamesOnceEach) {
    DnsTalk talk(stage);
    talk.datagram(kUp, two_questions());
    ASSERT_EQ(talk.shown().size(), 1U);
    const DnsShown& m = talk.shown()[0];
    EXPECT_EQ(m.get(BufferId::kDnsQuery), (Texts{"good.com", "evil.com"}));
    EXPECT_EQ(m.get(BufferId::kDnsQueryName), (Texts{"good.com", "evil.com"}));
    EXPECT_EQ(m.get(BufferId::kDnsRrtype), (Texts{"\0\1"s, "\0\1"s, "\0\x10"s}));
    EXPECT_EQ(m.get(BufferId::kDnsOpcode), (Texts{"\0\0"s}));
    EXPECT_EQ(m.get(BufferId::kDnsRcode), (Texts{"\0\0"s}));
    EXPECT_TRUE(m.get(BufferId::kDnsAnswerName).empty());
    EXPECT_EQ(talk.broken(), "");
}

TEST_F(DnsTest, AnAnswerIsNoQuery) {
    DnsTalk talk(stage);
    talk.datagram(kUp, dns_query("evil.com"));
    talk.datagram(kDown, dns_answer("evil.com"));
    talk.datagram(kUp, dns_query("b.com"));
    ASSERT_EQ(talk.shown().size(), 3U);
    const DnsShown& m = talk.shown()[1];
    EXPECT_EQ(m.direction, kDown);
    EXPECT_EQ(m.tx_id, 1U);
    EXPECT_TRUE(m.get(BufferId::kDnsQuery).empty());
    EXPECT_EQ(m.get(BufferId::kDnsQueryName), (Texts{"evil.com"}));
    EXPECT_EQ(m.get(BufferId::kDnsAnswerName), (Texts{"evil.com"}));
    EXPECT_EQ(m.get(BufferId::kDnsRrtype), (Texts{"\0\1"s, "\0\1"s}));
    EXPECT_EQ(talk.shown()[2].tx_id, 2U);
}

TEST_F(DnsTest, DamagedMessagesAreCountedAndOthersGoOn) {
    DnsTalk talk(stage);
    const std::string good = dns_query("a.com");
    talk.datagram(kUp, good);
    talk.datagram(kUp, good.substr(0, good.size() - 3));
    talk.datagram(kUp, "\x01hello, this is no DNS");
    EXPECT_EQ(talk.counted(Reason::dns_malformed), 2U);
    talk.datagram(kUp, DnsText{.questions = 1, .body = dns_question(dns_pointer(12))}.bytes());
    EXPECT_EQ(talk.counted(Reason::dns_name_loop), 1U);
    talk.datagram(kUp, dns_query(std::string(63, 'a') + ".com"));
    // Those that cannot be read show their events, and take no number.
    ASSERT_EQ(talk.shown().size(), 5U);
    EXPECT_EQ(talk.shown()[1].get(BufferId::kAppEvents), (Texts{"dns.malformed_data"}));
    EXPECT_EQ(talk.shown()[3].get(BufferId::kAppEvents),
              (Texts{"dns.infinite_loop", "dns.malformed_data", "dns.too_many_labels"}));
    EXPECT_EQ(talk.shown()[4].tx_id, 1U);
    EXPECT_EQ(talk.flow().app, AppProto::kDns);
}

TEST_F(DnsTest, TcpInAnyCutShowsTheSame) {
    const std::string big = DnsText{.questions = 1,
                                    .additionals = 1,
                                    .body = dns_question(dns_name("big.com")) +
                                            dns_record("\0"sv, 41, std::string(3000, 'x'))}
                                .bytes();
    const std::string up = dns_framed(dns_query("good.com")) + "\0\0"s +
                           dns_framed(two_questions()) + dns_framed(big) +
                           dns_framed(dns_query("last.com"));
    DnsTalk whole(stage);
    whole.send(kUp, up);
    ASSERT_EQ(whole.shown().size(), 4U);
    EXPECT_EQ(whole.shown()[3].tx_id, 3U);
    EXPECT_EQ(whole.shown()[3].get(BufferId::kDnsQuery), (Texts{"last.com"}));
    for (const std::size_t piece : {1U, 2U, 3U, 7U, 13U, 50U, 1000U}) {
        DnsTalk cut(stage);
        cut.send_cut(kUp, up, piece);
        EXPECT_EQ(cut.shown(), whole.shown()) << piece;
        EXPECT_EQ(cut.broken(), "");
    }
}

TEST_F(DnsTest, BothDirectionsOfAConnectionCountTogether) {
    {
        DnsTalk talk(stage);
        talk.send(kUp, dns_framed(dns_query("a.com")).substr(0, 9));
        EXPECT_TRUE(talk.shown().empty());
        talk.send(kUp, dns_framed(dns_query("a.com")).substr(9));
        talk.send(kDown, dns_framed(dns_answer("a.com")) + dns_framed(dns_answer("b.com")));
        talk.send(kUp, dns_framed(dns_query("c.com")), true);
        ASSERT_EQ(talk.shown().size(), 4U);
        EXPECT_EQ(talk.shown()[2].direction, kDown);
        EXPECT_EQ(talk.shown()[3].tx_id, 3U);
        EXPECT_EQ(stage.flows_in_use(), 1U);
    }
    expect_all_given_back();
}

TEST_F(DnsTest, BehindAGapAMessageAtASegmentStartIsFound) {
    DnsTalk talk(stage);
    const std::string query = dns_framed(dns_query("evil.com"));
    talk.send(kUp, query + query.substr(0, 10));
    talk.send(kUp, query.substr(15), false, 5);
    EXPECT_EQ(talk.shown().size(), 1U);
    talk.send(kUp, query);
    ASSERT_EQ(talk.shown().size(), 2U);
    EXPECT_EQ(talk.shown()[1].get(BufferId::kDnsQuery), (Texts{"evil.com"}));
}

// One slab of 2 KiB and one of 64: what finds none is passed over, and the next message is seen.
TEST_F(DnsTest, WithoutASlabAMessageIsPassedOver) {
    const std::string query = dns_framed(dns_query("evil.com"));
    {
        DnsTalk one(stage);
        DnsTalk two(stage);
        one.send(kUp, query + query.substr(0, 20));
        one.send(kDown, dns_framed(dns_answer("evil.com")).substr(0, 20));
        two.send(kUp, query + query.substr(0, 20));
        EXPECT_EQ(two.counted(Reason::dns_store_full), 1U);
        two.send_cut(kUp, query.substr(20), 3);
        EXPECT_EQ(two.shown().size(), 1U);
        two.send(kUp, query);
        EXPECT_EQ(two.shown().size(), 2U);
        EXPECT_EQ(stage.slabs_in_use(), 2U);
        DnsTalk three(stage);
        three.send(kUp, query);
        EXPECT_EQ(three.counted(Reason::dns_store_full), 1U);
        EXPECT_EQ(three.flow().app, AppProto::kNone);
    }
    expect_all_given_back();
}

struct DetectCase {
    std::string_view what;
    std::string payload;
    std::uint16_t port;
    AppProto expected;
};

std::vector<DetectCase> datagram_cases() {
    const std::string netbios =
        DnsText{.flags = 0x0110,
                .questions = 1,
                .body = dns_question("\x20" + std::string(32, 'C') + '\0', 32)}
            .bytes();
    const std::string odd =
        DnsText{.flags = 0x7940, .questions = 1, .body = dns_question("\x02\xff\x80\0"sv)}.bytes();
    const std::string query = dns_query("example.com");
    return {
        {"query", query, 53, AppProto::kDns},
        {"query, other port", query, 5300, AppProto::kDns},
        {"answer, other port", dns_answer("example.com"), 5300, AppProto::kDns},
        {"multicast DNS", query, 5353, AppProto::kNone},
        {"LLMNR", query, 5355, AppProto::kNone},
        {"NetBIOS", netbios, 137, AppProto::kNone},
        {"NetBIOS, other port", netbios, 1137, AppProto::kUnknown},
        {"odd opcode and bytes", odd, 53, AppProto::kDns},
        {"odd opcode and bytes, other port", odd, 5300, AppProto::kUnknown},
        {"text", "GET / HTTP/1.0\r\nHost: evil.example.com\r\n\r\n", 53, AppProto::kUnknown},
        {"records that cannot be there",
         DnsText{.questions = 1, .additionals = 60000, .body = dns_question(dns_name("a.b"))}
             .bytes(),
         53, AppProto::kUnknown},
        {"short", "\x12\x34", 53, AppProto::kUnknown},
        {"zeros", std::string(40, '\0'), 5300, AppProto::kUnknown},
    };
}

TEST_F(DnsTest, DatagramsAreDnsByTheirContent) {
    for (const DetectCase& c : datagram_cases()) {
        SCOPED_TRACE(c.what);
        DnsTalk talk(stage, c.port);
        talk.datagram(kUp, c.payload);
        EXPECT_EQ(talk.flow().app, c.expected);
    }
}

// A first datagram that is none hides nothing; after a few the flow is let go.
TEST_F(DnsTest, AFlowIsTriedAFewTimes) {
    DnsTalk talk(stage);
    talk.datagram(kUp, "hello");
    talk.datagram(kUp, dns_query("evil.com"));
    EXPECT_EQ(talk.flow().app, AppProto::kDns);
    EXPECT_EQ(talk.shown().size(), 1U);
    DnsTalk other(stage);
    for (int i = 0; i < 4; ++i) {
        other.datagram(kUp, "hello");
    }
    EXPECT_EQ(other.flow().app, AppProto::kNone);
    EXPECT_FALSE(app::AppStage::wants_datagrams(other.flow()));
}

TEST_F(DnsTest, StreamsAreDnsByTheirContent) {
    const std::string query = dns_framed(dns_query("example.com"));
    const std::string odd = dns_framed(
        DnsText{.flags = 0x7940, .questions = 1, .body = dns_question("\x02\xff\x80\0"sv)}.bytes());
    const std::vector<DetectCase> cases = {
        {"query", query, 53, AppProto::kDns},
        {"query, other port", query, 5300, AppProto::kDns},
        {"cut in the header", query.substr(0, 9), 53, AppProto::kUnknown},
        {"cut in the name, other port", query.substr(0, 20), 5300, AppProto::kUnknown},
        {"cut in the name", query.substr(0, 20), 53, AppProto::kDns},
        {"odd", odd, 53, AppProto::kDns},
        {"an answer from the client", dns_framed(dns_answer("a.b")), 53, AppProto::kUnknown},
    };
    for (const DetectCase& c : cases) {
        SCOPED_TRACE(c.what);
        DnsTalk talk(stage, c.port);
        talk.send(kUp, c.payload);
        EXPECT_EQ(talk.flow().app, c.expected);
    }
}

}  // namespace
}  // namespace sluice::test
