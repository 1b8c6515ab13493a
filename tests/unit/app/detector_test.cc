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
        {kClient, "helo\r\n"sv, AppProto::kSmtp},
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
        // Not text.
        {kClient, "\x10\x0e\0\x04MQTT\x05"sv, AppProto::kMqtt},
        {kClient, "\x10\x80\x01\0\x06MQIsdp"sv, AppProto::kMqtt},
        {kClient, "\x10\x0e\0\x05MQTTX"sv, AppProto::kNone},
        {kClient, "\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0\x08\0\x03\0\0\0"sv, AppProto::kRdp},
        {kClient, "\x03\0\0\x2c\x27\xe0\0\0\0\0\0Cookie: mstshash=a"sv, AppProto::kRdp},
        {kServer, "\x03\0\0\x13\x0e\xd0\0\0\x12\x34\0\x02\0\x08\0\x02\0\0\0"sv, AppProto::kRdp},
        {kClient, "\x03\0\0\x16\x11\xe0\0\0\0\x01\0\xc0\x01\x0a"sv, AppProto::kNone},  // S7
        {kServer, "\xff\xfd\x18\xff\xfd\x20"sv, AppProto::kTelnet},
        {kServer, "\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01"sv, AppProto::kNone},
        {kClient, "\0\0\0\x08\x04\xd2\x16\x2f"sv, AppProto::kPgsql},
        {kClient, "\0\0\0\x20\0\x03\0\0user"sv, AppProto::kPgsql},
        {kClient, "\x05\x64\x05\xc0"sv, AppProto::kDnp3},
        {kClient,
         "\0\0\0\x1a\x6a\x18\x30\x16\xa1\x03\x02\x01\x05\xa2\x03\x02\x01\x0a"
         "\xa4\x0a\x30\x08\xa0\x06\x03\x02"sv,
         AppProto::kKrb5},
        {kClient,
         "\0\0\0\x1b\x6a\x18\x30\x16\xa1\x03\x02\x01\x05\xa2\x03\x02\x01\x0a"
         "\xa4\x0a\x30\x08\xa0\x06\x03\x02"sv,
         AppProto::kNone},
        {kClient, "\x80\0\0\x28\1\2\3\4\0\0\0\0\0\0\0\x02\0\x01\x86\xa3\0\0\0\x03"sv,
         AppProto::kNfs},
        {kClient, "\x80\0\0\x28\1\2\3\4\0\0\0\0\0\0\0\x02\0\x01\x86\xa0\0\0\0\x03"sv,
         AppProto::kNone},
        {kServer, "\x82\0\0\0\0\0\0\x20\xffSMB"sv, AppProto::kSmb},
    };
    return all;
}

TEST(Detector, Table) {
    for (const Case& c : cases()) {
        EXPECT_EQ(app::detect_protocol(c.sender, bytes_of(c.bytes)), c.expected) << c.bytes;
    }
}

TEST(Detector, Datagrams) {
    struct Row {
        std::string bytes;
        std::uint16_t port;
        AppProto expected;
    };

    const std::string snmp = "\x30\x0b\x02\x01\x01\x04\x06public"s;
    const std::string ike = std::string(8, 'i') + std::string(8, '\0') + "\x01\x10\x02\0"s +
                            std::string(4, '\0') + "\0\0\0\x1c"s;
    const std::string nfs = "\1\2\3\4\0\0\0\0\0\0\0\x02\0\x01\x86\xa3\0\0\0\x03"s;
    const std::string dhcp = "\x01"s + std::string(235, '\0') + "\x63\x82\x53\x63\x35"s;
    const std::vector<Row> rows = {
        {"\xc3\0\0\0\x01\x08"s + std::string(30, 'q'), 443, AppProto::kQuic},
        {"\xc3\x6b\x33\x43\xcf\x08" + std::string(30, 'q'), 9, AppProto::kQuic},
        {"\xc3\0\0\0\x07\x08"s + std::string(30, 'q'), 443, AppProto::kUnknown},
        {snmp, 161, AppProto::kSnmp},
        {snmp + "x", 161, AppProto::kUnknown},
        {ike, 500, AppProto::kIke},
        {"\0\0\0\0"s + ike, 4500, AppProto::kIke},
        {ike + "x", 500, AppProto::kUnknown},
        {nfs, 2049, AppProto::kNfs},
        {dhcp, 67, AppProto::kDhcp},
        {"\x23" + std::string(47, '\0'), 123, AppProto::kNtp},
        {"\x23" + std::string(47, '\0'), 124, AppProto::kUnknown},
        {"\0\x01name\0OCTET\0"s, 69, AppProto::kTftp},
        {"\0\x01name\0octe"s, 69, AppProto::kUnknown},
        {"d1:ad2:id20:abcdefghij0123456789e"s, 6881, AppProto::kBittorrentDht},
    };
    for (const Row& r : rows) {
        EXPECT_EQ(app::detect_datagram(bytes_of(r.bytes), 50000, r.port), r.expected) << r.bytes;
    }
}

TEST(Detector, PortsConfirm) {
    const std::string_view modbus = "\0\x01\0\0\0\x06\x01\x03\0\0\0\x01"sv;
    EXPECT_EQ(app::detect_protocol(kClient, bytes_of(modbus), 502), AppProto::kModbus);
    EXPECT_NE(app::detect_protocol(kClient, bytes_of(modbus), 503), AppProto::kModbus);
    const std::string enip = "\x65\0\x04\0"s + std::string(20, '\0');
    EXPECT_EQ(app::detect_protocol(kClient, bytes_of(enip), 44818), AppProto::kEnip);
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
