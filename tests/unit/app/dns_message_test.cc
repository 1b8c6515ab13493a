// SPDX-License-Identifier: Apache-2.0
// Names are cut, refused and joined as Suricata 7.0.10 does (what it does was recorded with
// tests/conformance/dns_cases.py); everything is bounded.
#include "dataplane/app/dns_message.h"

#include "tests/unit/app/dns_maker.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::test {
namespace {

using namespace std::literals;
using app::DnsFault;
using app::DnsMessage;
using app::DnsSection;

Bytes bytes_of(std::string_view s) {
    return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}

std::string text_of(Bytes b) {
    return {b.begin(), b.end()};
}

std::string labels(std::size_t n, std::string_view label) {
    std::string out;
    for (std::size_t i = 0; i < n; ++i) {
        out += std::string(label) + '.';
    }
    return out;
}

std::string question(std::string_view wire_name) {
    return DnsText{.questions = 1, .body = dns_question(wire_name)}.bytes();
}

struct NameCase {
    std::string what;
    std::string message;
    DnsFault fault = DnsFault::kNone;
    std::string name;
    bool cut = false;
};

std::vector<NameCase> name_cases() {
    const std::string evil =
        "\x04"
        "evil";
    return {
        {"plain", dns_query("evil.example.com"), DnsFault::kNone, "evil.example.com"},
        {"case is kept", dns_query("EVIL.Example.COM"), DnsFault::kNone, "EVIL.Example.COM"},
        {"root", dns_query(""), DnsFault::kNone, ""},
        {"a dot within a label",
         question("\x0a"
                  "evil.co.uk\0"sv),
         DnsFault::kNone, "evil.co.uk"},
        {"a NUL within a label",
         question("\x03"
                  "a\0b\0"sv),
         DnsFault::kNone, "a\0b"s},
        {"bytes above ASCII", question("\x02\xff\x80\0"sv), DnsFault::kNone, "\xff\x80"},
        {"pointer into the header", question(evil + dns_pointer(2)), DnsFault::kNone, "evil.\0"s},
        {"pointer to the end", question(evil + dns_pointer(12 + 7 + 4)), DnsFault::kNone, "evil"},
        {"pointer beyond the end", question(evil + dns_pointer(12 + 7 + 5)), DnsFault::kQuestions,
         ""},
        {"pointer to itself", question(dns_pointer(12)), DnsFault::kQuestions, ""},
        {"reserved label types", question("\x44" + std::string(0x44, 'a') + '\0'),
         DnsFault::kQuestions, ""},
        {"label beyond the end",
         DnsText{.questions = 1,
                 .body = "\x3f"
                         "abc"}
             .bytes(),
         DnsFault::kQuestions, ""},
        {"name to the end", DnsText{.questions = 1, .body = evil}.bytes(), DnsFault::kQuestions,
         ""},
        {"255 labels", dns_query(labels(254, "a") + "b"), DnsFault::kNone, labels(254, "a") + "b"},
        {"256 labels", dns_query(labels(255, "a") + "b"), DnsFault::kQuestions, ""},
        {"over 1025 bytes", dns_query(labels(17, std::string(60, 'a')) + "b"), DnsFault::kNone,
         labels(17, std::string(60, 'a')).substr(0, 1025), true},
    };
}

TEST(DnsMessage, NamesOfQuestions) {
    DnsMessage m{DnsMessage::Room{}};
    for (const NameCase& c : name_cases()) {
        SCOPED_TRACE(c.what);
        ASSERT_EQ(m.parse(bytes_of(c.message)), c.fault);
        if (c.fault != DnsFault::kNone) {
            EXPECT_TRUE(m.records().empty());
            continue;
        }
        ASSERT_EQ(m.section(DnsSection::kQuestion).size(), 1U);
        const app::DnsRecord& q = m.section(DnsSection::kQuestion)[0];
        EXPECT_EQ(text_of(q.name), c.name);
        EXPECT_EQ(q.name_cut, c.cut);
        EXPECT_EQ(m.name_too_long(), c.cut);
        EXPECT_FALSE(m.name_looped());
    }
}

TEST(DnsMessage, LoopsEndAfter255Steps) {
    // good.com, then "evil" followed by a pointer to itself.
    const std::string body = dns_question(dns_name("good.com")) + dns_question(
                                                                      "\x04"
                                                                      "evil"s +
                                                                      dns_pointer(12 + 14));
    DnsMessage m{DnsMessage::Room{}};
    ASSERT_EQ(m.parse(bytes_of(DnsText{.questions = 2, .body = body}.bytes())), DnsFault::kNone);
    ASSERT_EQ(m.records().size(), 2U);
    EXPECT_TRUE(m.name_looped());
    EXPECT_TRUE(m.records()[1].name_cut);
    // 128 labels and as many pointers.
    EXPECT_EQ(text_of(m.records()[1].name), labels(127, "evil") + "evil");
    EXPECT_EQ(m.records()[1].type, 1);
}

TEST(DnsMessage, EveryFieldOfAnAnswer) {
    const std::string body = dns_question(dns_name("a.b"), 255, 3) +
                             dns_record(dns_pointer(12), 16,
                                        "\x03"
                                        "abc",
                                        0x12345678) +
                             dns_record(dns_name("ns"), 2, dns_name("x")) +
                             dns_record("\0"sv, app::kDnsTypeOpt, "");
    const std::string bytes = DnsText{.id = 0xabcd,
                                      .flags = 0xadb3,
                                      .questions = 1,
                                      .answers = 1,
                                      .authorities = 1,
                                      .additionals = 1,
                                      .body = body}
                                  .bytes();
    DnsMessage m{DnsMessage::Room{}};
    ASSERT_EQ(m.parse(bytes_of(bytes)), DnsFault::kNone);
    EXPECT_EQ(m.header().id, 0xabcd);
    EXPECT_TRUE(m.header().is_response());
    EXPECT_EQ(m.header().opcode(), 5);
    EXPECT_EQ(m.header().rcode(), 3);
    const app::DnsRecord& q = m.section(DnsSection::kQuestion)[0];
    EXPECT_EQ(q.type, 255);
    EXPECT_EQ(q.rr_class, 3);
    const app::DnsRecord& a = m.section(DnsSection::kAnswer)[0];
    EXPECT_EQ(text_of(a.name), "a.b");
    EXPECT_EQ(a.type, 16);
    EXPECT_EQ(a.ttl, 0x12345678U);
    EXPECT_EQ(text_of(a.data),
              "\x03"
              "abc");
    const app::DnsRecord& ns = m.section(DnsSection::kAuthority)[0];
    EXPECT_EQ(text_of(m.name_at(m.offset_of(ns.data)).text), "x");
    EXPECT_EQ(m.section(DnsSection::kAdditional)[0].type, app::kDnsTypeOpt);
}

TEST(DnsMessage, DamageBehindTheQuestionsLeavesWhatCameBefore) {
    const std::string whole = dns_answer("evil.example.com");
    DnsMessage m{DnsMessage::Room{}};
    for (std::size_t cut = 1; cut <= 16; ++cut) {
        ASSERT_EQ(m.parse(bytes_of(whole).first(whole.size() - cut)), DnsFault::kRecords) << cut;
        ASSERT_EQ(m.records().size(), 1U);
        EXPECT_EQ(text_of(m.records()[0].name), "evil.example.com");
        EXPECT_TRUE(m.section(DnsSection::kAnswer).empty());
    }
    ASSERT_EQ(m.parse(bytes_of(whole).first(whole.size() - 17)), DnsFault::kQuestions);
}

TEST(DnsMessage, AHeaderMustFitItsCounts) {
    DnsMessage m{DnsMessage::Room{}};
    EXPECT_EQ(m.parse({}), DnsFault::kHeader);
    EXPECT_EQ(m.parse(bytes_of(std::string(11, '\0'))), DnsFault::kHeader);
    EXPECT_EQ(m.parse(bytes_of(std::string(12, '\0'))), DnsFault::kNone);
    const std::string many =
        DnsText{.questions = 1, .additionals = 60000, .body = dns_question(dns_name("a.b"))}
            .bytes();
    EXPECT_EQ(m.parse(bytes_of(many)), DnsFault::kHeader);
}

// The largest message there can be, made of records whose names are as long and as far apart as
// possible: a bounded number of names is read, and the rest is told of.
TEST(DnsMessage, WorkIsBounded) {
    std::string chain = labels(16, std::string(60, 'a'));
    std::string body = dns_question(dns_name(chain.substr(0, chain.size() - 1)));
    std::size_t records = 0;
    while (body.size() + 12 < 65500) {
        body += dns_record(dns_pointer(12), 1, "");
        ++records;
    }
    DnsMessage m{DnsMessage::Room{}};
    ASSERT_EQ(
        m.parse(bytes_of(
            DnsText{.flags = 0x8180, .questions = 1, .answers = records, .body = body}.bytes())),
        DnsFault::kLimit);
    EXPECT_GT(m.records().size(), 100U);
    EXPECT_LE(m.records().size() * 900, DnsMessage::Room{}.names);
    // Pointers to pointers: no byte of name, only steps.
    body = dns_question(dns_name("a"));
    for (std::size_t i = 0; i < 250; ++i) {
        body += dns_pointer(12 + 7 + (i == 0 ? 0 : (i - 1) * 2));
    }
    const std::size_t last = 12 + 7 + 249 * 2;
    records = 0;
    while (body.size() + 12 < 65500) {
        body += dns_record(dns_pointer(last), 1, "");
        ++records;
    }
    const DnsFault fault = m.parse(bytes_of(
        DnsText{.flags = 0x8180, .questions = 1, .answers = records, .body = body}.bytes()));
    EXPECT_NE(fault, DnsFault::kNone);
    EXPECT_LE(m.records().size(), DnsMessage::Room{}.records);
}

// One datagram whose questions all point to one long name.
TEST(DnsMessage, ASmallMessageGivesNoMoreThanItsShareOfNames) {
    std::string body = dns_question(dns_name(labels(16, std::string(60, 'a')) + "b"));
    std::size_t questions = 1;
    for (; body.size() + 6 < 1400; ++questions) {
        body += dns_question(dns_pointer(12));
    }
    DnsMessage m{DnsMessage::Room{}};
    ASSERT_EQ(m.parse(bytes_of(DnsText{.questions = questions, .body = body}.bytes())),
              DnsFault::kLimit);
    std::size_t bytes = 0;
    for (const app::DnsRecord& r : m.records()) {
        bytes += r.name.size();
    }
    EXPECT_GT(bytes, 10000U);
    EXPECT_LE(bytes, 1400 * DnsMessage::kNameBytesPerByte + DnsMessage::kNameBytesAlways);
}

}  // namespace
}  // namespace sluice::test
