// SPDX-License-Identifier: Apache-2.0
// Protocols are told by content; a decision never depends on how the bytes were cut.
#include "dataplane/app/detector.h"

#include "tests/unit/app/http_transcript.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace sluice::test {
namespace {

using namespace std::literals;

constexpr Direction kClient = Direction::kToServer;
constexpr Direction kServer = Direction::kToClient;

Bytes bytes_of(std::string_view s) {
    return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}

struct Case {
    Direction sender;
    std::string_view bytes;
    AppProto expected;
};

const std::vector<Case>& cases() {
    static const std::vector<Case> all = {
        {kClient, "GET / HTTP/1.1\r\n"sv, AppProto::kHttp1},
        {kClient, "get /"sv, AppProto::kHttp1},
        {kClient, "GET\t/"sv, AppProto::kHttp1},
        {kClient, "\r\n\r\n  POST /"sv, AppProto::kHttp1},
        {kClient, "VERSION-CONTROL /x"sv, AppProto::kHttp1},
        {kClient, "FOO /x HTTP/1.0\r\n"sv, AppProto::kHttp1},
        {kClient, "FOO /x\r\n"sv, AppProto::kNone},
        {kClient, "FOO /x"sv, AppProto::kUnknown},
        {kClient, "GETX"sv, AppProto::kUnknown},
        {kClient, "GE"sv, AppProto::kUnknown},
        {kClient, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"sv, AppProto::kHttp2},
        {kClient, "INVITE sip:a@b SIP/2.0\r\n"sv, AppProto::kSip},
        {kClient, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"sv, AppProto::kTls},
        {kClient, "\x16\x03\x01"sv, AppProto::kUnknown},
        {kClient, "\x16\x04\x01\x02\x00\x01"sv, AppProto::kNone},
        {kClient, "SSH-2.0-OpenSSH\r\n"sv, AppProto::kSsh},
        {kClient, "EHLO me\r\n"sv, AppProto::kSmtp},
        {kClient, "USER anonymous\r\n"sv, AppProto::kFtp},
        {kClient, "\x00\x00\x00\x45\xffSMBr"sv, AppProto::kSmb},
        {kClient, "\x00\x00\x00\x45\xfeSMB@"sv, AppProto::kSmb},
        {kClient, "\x00\x00\x00\x45"sv, AppProto::kUnknown},
        {kClient, "\x05\x00\x0b\x03\x10\x00\x00\x00"sv, AppProto::kDcerpc},
        {kClient, "\x01\x02\x03\x04\xff"sv, AppProto::kNone},
        {kServer, "HTTP/1.1 200 OK\r\n"sv, AppProto::kHttp1},
        {kServer, "http/1.0 200"sv, AppProto::kHttp1},
        {kServer, "HTT"sv, AppProto::kUnknown},
        {kServer, "220 mail ESMTP ready\r\n"sv, AppProto::kSmtp},
        {kServer, "220-Welcome to FTP\r\n"sv, AppProto::kFtp},
        {kServer, "220 hello\r\n"sv, AppProto::kUnknown},
        {kServer, "SSH-1.99-x"sv, AppProto::kSsh},
        {kServer, "+OK ready"sv, AppProto::kPop3},
        {kServer, "* OK IMAP"sv, AppProto::kImap},
        {kServer, "RFB 003.008\n"sv, AppProto::kRfb},
        {kServer, "\x16\x03\x03\x00\x7a\x02\x00"sv, AppProto::kTls},
        {kServer, "hello"sv, AppProto::kNone},
    };
    return all;
}

TEST(Detector, Table) {
    for (const Case& c : cases()) {
        EXPECT_EQ(app::detect_protocol(c.sender, bytes_of(c.bytes)), c.expected) << c.bytes;
    }
}

TEST(Detector, FirstDecisionStands) {
    for (const Case& c : cases()) {
        AppProto first = AppProto::kUnknown;
        for (std::size_t n = 0; n <= c.bytes.size(); ++n) {
            const AppProto p = app::detect_protocol(c.sender, bytes_of(c.bytes.substr(0, n)));
            if (first != AppProto::kUnknown) {
                EXPECT_EQ(p, first) << c.bytes << " at " << n;
            }
            first = first == AppProto::kUnknown ? p : first;
        }
    }
}

TEST(Detector, UndecidedForTooLongIsNone) {
    const std::string long_word = "220 " + std::string(app::kDetectBytes, 'x');
    EXPECT_EQ(app::detect_protocol(kServer, bytes_of(long_word)), AppProto::kNone);
    const std::string blanks(app::kDetectBytes, ' ');
    EXPECT_EQ(app::detect_protocol(kClient, bytes_of(blanks)), AppProto::kNone);
}

TEST(Detector, EitherDirectionMayDecide) {
    app::AppStage stage(small_config());
    Conversation talk(stage);
    talk.send(kClient, "FOO /x\r\nHost: a\r\n\r\n");
    EXPECT_EQ(talk.flow().app, AppProto::kUnknown);
    talk.send(kServer, "HTTP/1.1 405 no\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(talk.flow().app, AppProto::kHttp1);
    talk.send(kClient, "FOO /y HTTP/1.1\r\n\r\n");  // and the first request is read now, too
    ASSERT_EQ(talk.transcript().requests().size(), 2u);
    EXPECT_EQ(talk.transcript().requests()[0].get(BufferId::kHttpUri), "/x");
    EXPECT_EQ(talk.broken(), "");
}

TEST(Detector, OtherProtocolsHaveNoParser) {
    app::AppStage stage(small_config());
    Conversation talk(stage);
    talk.send(kServer, "* OK IMAP4rev1\r\n");
    talk.send(kClient, "GET / HTTP/1.1\r\n\r\n");
    EXPECT_EQ(talk.flow().app, AppProto::kImap);
    EXPECT_EQ(talk.points(), 0u);
    EXPECT_EQ(stage.flows_in_use(), 0u);
}

TEST(Detector, MissingFirstBytesDecideNothing) {
    app::AppStage stage(small_config());
    Conversation talk(stage);
    talk.send_after_gap(kClient, 100, "GET / HTTP/1.1\r\n\r\n");
    EXPECT_EQ(talk.flow().app, AppProto::kNone);
}

}  // namespace
}  // namespace sluice::test
