// SPDX-License-Identifier: Apache-2.0
// Mails through the SMTP parser: what is a file and what its bytes are, however the conversation
// goes and however it is cut. Files and names are what Suricata 7.0.10 logs for the same mails, but
// where a comment says otherwise.
#include "dataplane/app/smtp.h"

#include "tests/unit/app/parser_talk.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::app {
namespace {

using namespace sluice::test;
using packet::Reason;
using Talk = ParserTalk<Smtp, SmtpFlow>;

constexpr Direction kUp = Direction::kToServer;
constexpr Direction kDown = Direction::kToClient;
constexpr BufferId kFile = BufferId::kFileDataToServer;

AppConfig small_config() {
    AppConfig c;
    c.smtp_slabs = {4, 4, 4, 1, 0};
    return c;
}

class SmtpTest : public ::testing::Test {
  protected:
    void TearDown() override { EXPECT_EQ(smtp_.arena().in_use(), 0U); }

    static void greet(Talk& talk) {
        talk.send(kDown, "220 mail.example ESMTP\r\n");
        talk.send(kUp, "EHLO client.example\r\n");
        talk.send(kDown, "250-mail.example\r\n250-SIZE 1000\r\n250 PIPELINING\r\n");
        talk.send(kUp, "MAIL FROM:<a@example>\r\n");
        talk.send(kDown, "250 ok\r\n");
        talk.send(kUp, "RCPT TO:<b@example>\r\n");
        talk.send(kDown, "250 ok\r\n");
    }

    static void to_data(Talk& talk) {
        greet(talk);
        talk.send(kUp, "DATA\r\n");
        talk.send(kDown, "354 go on\r\n");
    }

    // All files of a mail, "|" between them, in pieces of any size.
    std::string files(const std::string& mail) {
        std::string first;
        for (const std::size_t piece : {std::size_t{100000}, std::size_t{1}, std::size_t{7}}) {
            Talk talk(smtp_);
            to_data(talk);
            talk.send_cut(kUp, mail + "\r\n.\r\n", piece);
            talk.send(kDown, "250 queued\r\n");
            talk.send(kUp, "QUIT\r\n");
            EXPECT_EQ(talk.broken(), "");
            std::string all;
            for (const ShownPoint& p : talk.points()) {
                if (!p.present.has(kFile)) {
                    continue;  // events
                }
                const auto bytes = p.fresh.find(kFile);
                all += (all.empty() ? "" : "|") + (bytes == p.fresh.end() ? "" : bytes->second);
                EXPECT_TRUE(p.end);
            }
            if (piece != 100000) {
                EXPECT_EQ(all, first) << piece;
            }
            first = all;
        }
        return first;
    }

    Smtp smtp_{small_config()};
};

const std::string kAttachment = "Content-Disposition: attachment; filename=\"a.txt\"\r\n";

std::string multipart(const std::string& parts) {
    return "From: a@example\r\nMIME-Version: 1.0\r\n"
           "Content-Type: multipart/mixed;\r\n boundary=\"=_b\"\r\n\r\npreamble\r\n" +
           parts + "--=_b--\r\nepilogue\r\n";
}

TEST_F(SmtpTest, APlainMailHasNoFile) {
    EXPECT_EQ(files("Subject: x\r\n\r\nhello"), "");
    EXPECT_EQ(files("no header at all"), "");
}

TEST_F(SmtpTest, ANamedPartIsAFile) {
    EXPECT_EQ(files(multipart("--=_b\r\nContent-Type: text/plain\r\n\r\nbody\r\n"
                              "--=_b\r\n" +
                              kAttachment + "\r\nhello\r\nworld\r\n")),
              "hello\r\nworld\r\n");
    EXPECT_EQ(files(kAttachment + "\r\nwhole mail"), "whole mail\r\n");
    EXPECT_EQ(files("Content-Type: text/plain; name=x.txt\r\n\r\nnamed by its type"),
              "named by its type\r\n");
    EXPECT_EQ(files("Content-Type: text/plain; noname=x.txt\r\n\r\nno"), "");
    EXPECT_EQ(files("Content-Disposition: attachment; filename*0=a; filename*1=\"b\"\r\n\r\nx"),
              "x\r\n");
}

TEST_F(SmtpTest, Base64) {
    const std::string head = kAttachment + "Content-Transfer-Encoding: BASE64\r\n\r\n";
    EXPECT_EQ(files(multipart("--=_b\r\n" + head + "aGVsbG8g\r\nd29ybGQ=\r\n")), "hello world");
    EXPECT_EQ(files(multipart("--=_b\r\n" + head + "\r\naGVs bG8\r\ngd29y\r\nbGQ\r\n")),
              "hello world");
    // Groups that end early go on behind the padding.
    EXPECT_EQ(files(multipart("--=_b\r\n" + head + "aA==aQ==\r\n")), "hi");
    // What is no digit is passed over.
    EXPECT_EQ(files(multipart("--=_b\r\n" + head + "a-G_V*s\r\nbG8=\r\n")), "hello");
}

TEST_F(SmtpTest, QuotedPrintable) {
    const std::string head = kAttachment + "Content-Transfer-Encoding: quoted-printable\r\n\r\n";
    EXPECT_EQ(files(multipart("--=_b\r\n" + head + "a=3Db soft=\r\n line\r\n=41=\r\n\r\nend\r\n")),
              "a=b soft line\r\nAend\r\n");
    // Lower-case digits, which Suricata refuses, are read by mail programs.
    EXPECT_EQ(files(multipart("--=_b\r\n" + head + "=6a=zz\r\n")), "jzz\r\n");
}

TEST_F(SmtpTest, SeveralFilesAreSeveralTransactions) {
    const std::string part = "--=_b\r\n" + kAttachment + "\r\n";
    EXPECT_EQ(files(multipart(part + "one\r\n" + part + part + "three\r\n")), "one\r\n||three\r\n");
}

TEST_F(SmtpTest, Nested) {
    const std::string inner =
        "--=_b\r\nContent-Type: multipart/alternative; boundary=inner\r\n\r\n"
        "--inner\r\n" +
        kAttachment +
        "\r\nfirst\r\n"
        "--inner--\r\n"
        "--=_b\r\n" +
        kAttachment + "\r\nsecond\r\n";
    EXPECT_EQ(files(multipart(inner)), "first\r\n|second\r\n");
    // The end of the inner one is missing.
    const std::string open =
        "--=_b\r\nContent-Type: multipart/alternative; boundary=inner\r\n\r\n"
        "--inner\r\n" +
        kAttachment +
        "\r\nfirst\r\n"
        "--=_b\r\n" +
        kAttachment + "\r\nsecond\r\n";
    EXPECT_EQ(files(multipart(open)), "first\r\n|second\r\n");
    // A mail in the mail.
    EXPECT_EQ(
        files("Content-Type: message/rfc822\r\n\r\nSubject: y\r\n" + kAttachment + "\r\ninside"),
        "inside\r\n");
}

TEST_F(SmtpTest, DotsAreUnstuffed) {
    EXPECT_EQ(files(kAttachment + "\r\n..\r\n..x"), ".\r\n.x\r\n");
}

TEST_F(SmtpTest, LongLinesAndFilesKeepTheirBytes) {
    std::string text;
    for (int i = 0; text.size() < 100000; ++i) {
        text += std::to_string(i) + (i % 1000 == 999 ? "\r\n" : "=");
    }
    EXPECT_EQ(files(kAttachment + "\r\n" + text), text + "\r\n");
}

TEST_F(SmtpTest, TooDeepIsCounted) {
    Talk talk(smtp_);
    to_data(talk);
    for (std::size_t i = 0; i <= MimeMessage::kMaxDepth; ++i) {
        const std::string b = "b" + std::to_string(i) + "x";
        talk.send(kUp, "Content-Type: multipart/mixed; boundary=" + b + "\r\n\r\n--" + b + "\r\n");
    }
    EXPECT_EQ(talk.counted(Reason::smtp_mime_limit), 1U);
}

TEST_F(SmtpTest, Chunking) {
    Talk talk(smtp_);
    greet(talk);
    const std::string mail = kAttachment + "\r\nhello\r\nworld\r\n.\r\n";
    for (std::size_t i = 0; i < mail.size(); i += 10) {
        const std::string piece = mail.substr(i, 10);
        talk.send(kUp, "BDAT " + std::to_string(piece.size()) + "\r\n" + piece);
    }
    talk.send(kUp, "BDAT 0 LAST\r\nRSET\r\n");
    EXPECT_EQ(talk.broken(), "");
    EXPECT_EQ(talk.seen(kUp, kFile), "hello\r\nworld\r\n.\r\n");
    EXPECT_TRUE(talk.points().back().end);
}

TEST_F(SmtpTest, FilesHaveNames) {
    Talk talk(smtp_);
    to_data(talk);
    talk.send_cut(kUp,
                  multipart("--=_b\r\n" + kAttachment +
                            "\r\none\r\n--=_b\r\n"
                            "Content-Type: text/x; name=b.txt\r\n\r\ntwo\r\n") +
                      ".\r\n",
                  5);
    EXPECT_EQ(talk.broken(), "");
    EXPECT_EQ(talk.seen(kUp, BufferId::kFileNameToServer), "a.txt|b.txt");
}

// When Suricata 7.0.10 raises them.
TEST_F(SmtpTest, Events) {
    Talk talk(smtp_);
    talk.send(kUp, "EHLO early\r\n");
    EXPECT_EQ(talk.seen(kUp, BufferId::kAppEvents), "smtp.no_server_welcome_message");
    talk.send(kDown, "220 hi\r\n999 what\r\n");
    for (const Direction d : {kUp, kDown}) {
        EXPECT_EQ(talk.seen(d, BufferId::kAppEvents),
                  "smtp.no_server_welcome_message|smtp.invalid_reply");
    }
    talk.send(kUp, "DATA\r\n");
    talk.send(kDown, "550 no\r\n");
    talk.send(kUp, "STARTTLS\r\n");
    talk.send(kDown, "502 no\r\n");
    EXPECT_EQ(talk.seen(kDown, BufferId::kAppEvents),
              "smtp.no_server_welcome_message|smtp.invalid_reply|smtp.data_command_rejected|"
              "smtp.tls_rejected");
    EXPECT_EQ(talk.broken(), "");
}

TEST_F(SmtpTest, EventsOfMails) {
    for (const std::size_t piece : {std::size_t{100000}, std::size_t{3}}) {
        Talk talk(smtp_);
        to_data(talk);
        const std::string head =
            "--=_b\r\n" + kAttachment + "Content-Transfer-Encoding: quoted-printable\r\n\r\n";
        talk.send_cut(kUp,
                      multipart(std::string(1200, 'x') + "\r\n" + head + "a=zz\r\n") +
                          ".\r\nMAIL FROM:<a>\r\nMAIL FROM:<b>\r\n",
                      piece);
        EXPECT_EQ(talk.broken(), "");
        EXPECT_EQ(talk.seen(kUp, BufferId::kAppEvents),
                  "smtp.mime_long_line|smtp.mime_invalid_qp|smtp.duplicate_fields");
        EXPECT_EQ(talk.points().size(), 6U);
    }
}

TEST_F(SmtpTest, PipelinedMailIsReadBeforeItsReply) {
    Talk talk(smtp_);
    greet(talk);
    talk.send(kUp, "DATA\r\n" + kAttachment + "\r\nhello\r\n.\r\nQUIT\r\n");
    EXPECT_EQ(talk.seen(kUp, kFile), "hello\r\n");
}

TEST_F(SmtpTest, RefusedMailIsOver) {
    Talk talk(smtp_);
    greet(talk);
    talk.send(kUp, "DATA\r\n");
    talk.send(kDown, "550-no\r\n550 never\r\n");
    talk.send(kUp, "DATA\r\n");
    talk.send(kDown, "354 well\r\n");
    talk.send(kUp, kAttachment + "\r\nhello\r\n.\r\n");
    EXPECT_EQ(talk.seen(kUp, kFile), "hello\r\n");
}

TEST_F(SmtpTest, StartTls) {
    Talk talk(smtp_);
    greet(talk);
    talk.send(kUp, "STARTTLS\r\n");
    EXPECT_FALSE(talk.handed_over());
    talk.send(kDown, "220 go on\r\n");
    EXPECT_TRUE(talk.handed_over());
    EXPECT_EQ(talk.state().half[0].consumed,
              std::string("EHLO client.example\r\nMAIL FROM:<a@example>\r\nRCPT TO:<b@example>\r\n"
                          "STARTTLS\r\n")
                  .size());
}

// A server that keeps what came too early acts on it (RFC 3207 section 4.2 forbids that).
TEST_F(SmtpTest, CommandsBehindStartTlsAreRead) {
    Talk talk(smtp_);
    greet(talk);
    talk.send_cut(kUp, "STARTTLS\r\nSTARTTLS\r\nDATA\r\n" + kAttachment + "\r\nhello\r\n", 4);
    talk.send(kDown, "220 go on\r\n");
    EXPECT_FALSE(talk.handed_over());  // the mail is to be closed first
    talk.send(kUp, "\x16\x03\x01");
    EXPECT_TRUE(talk.handed_over());
    EXPECT_EQ(talk.seen(kUp, kFile), "hello\r\n");
    EXPECT_TRUE(talk.points().back().end);
    for (const Direction d : {kUp, kDown}) {
        const std::string events = talk.seen(d, BufferId::kAppEvents);
        EXPECT_NE(events.find("smtp.invalid_pipelined_sequence"), std::string::npos) << events;
        EXPECT_NE(events.find("smtp.failed_protocol_change"), std::string::npos) << events;
    }
    EXPECT_EQ(talk.broken(), "");
}

TEST_F(SmtpTest, StartTlsBehindManyCommands) {
    for (const std::size_t before : {std::size_t{31}, std::size_t{32}, std::size_t{40}}) {
        Talk talk(smtp_);
        greet(talk);
        std::string commands;
        std::string replies;
        for (std::size_t i = 0; i < before; ++i) {
            commands += "NOOP\r\n";
            replies += "250 ok\r\n";
        }
        talk.send(kUp, commands + "STARTTLS\r\n");
        talk.send(kDown, replies);
        EXPECT_FALSE(talk.handed_over()) << before;
        talk.send(kDown, "220 go on\r\n");
        EXPECT_TRUE(talk.handed_over()) << before;
    }
}

TEST_F(SmtpTest, RefusedStartTlsGoesOn) {
    Talk talk(smtp_);
    greet(talk);
    talk.send(kUp, "STARTTLS\r\n");
    talk.send(kDown, "454 not now\r\n");
    EXPECT_FALSE(talk.handed_over());
    talk.send(kUp, "DATA\r\n" + kAttachment + "\r\nhello\r\n.\r\n");
    EXPECT_EQ(talk.seen(kUp, kFile), "hello\r\n");
}

TEST_F(SmtpTest, GapEndsTheFile) {
    Talk talk(smtp_);
    to_data(talk);
    talk.send(kUp, kAttachment + "\r\nhello\r\n");
    talk.lose(kUp, 100);
    talk.send(kUp, "more\r\n");
    EXPECT_EQ(talk.broken(), "");
    EXPECT_EQ(talk.seen(kUp, kFile), "hello\r\n");
    EXPECT_TRUE(talk.points().back().end);
}

TEST_F(SmtpTest, FullIsCounted) {
    AppConfig config = small_config();
    config.smtp_slabs = {0, 0, 0, 0, 0};
    Smtp smtp(config);
    Talk talk(smtp);
    to_data(talk);
    EXPECT_TRUE(talk.gave_up());
    EXPECT_EQ(talk.counted(Reason::smtp_store_full), 1U);
}

TEST_F(SmtpTest, OddLinesAreCounted) {
    Talk talk(smtp_);
    talk.send(kDown, "220 hi\r\n");
    talk.send(kUp, std::string(5000, 'x') + "\r\nBDAT x\r\n");
    EXPECT_EQ(talk.counted(Reason::smtp_malformed), 2U);
    talk.send(kDown, "what\r\n");
    EXPECT_EQ(talk.counted(Reason::smtp_malformed), 3U);
    EXPECT_FALSE(talk.gave_up());
}

}  // namespace
}  // namespace sluice::app
