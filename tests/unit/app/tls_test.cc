// SPDX-License-Identifier: Apache-2.0
// Buffers of TLS handshakes. Texts and hashes are what Suricata 7.0.10 logged for the same bytes.
#include "dataplane/app/tls.h"

#include "tests/support/alloc_guard.h"
#include "tests/support/lone_flow.h"
#include "tests/unit/app/parser_talk.h"
#include "tests/unit/app/tls_maker.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::app {
namespace {

using namespace std::string_literals;
using namespace sluice::test;
using packet::Reason;
using Talk = ParserTalk<Tls, TlsFlow>;

constexpr Direction kUp = Direction::kToServer;
constexpr Direction kDown = Direction::kToClient;

AppConfig small_config() {
    AppConfig c;
    c.tls_slabs = {8, 4, 2, 2, 1};
    return c;
}

class TlsTest : public ::testing::Test {
  protected:
    Tls tls_{small_config()};
};

std::string hello_record(const std::string& extensions) {
    HelloSpec spec;
    spec.extensions = extensions;
    return tls_record(22, client_hello(spec), 0x0301);
}

TEST_F(TlsTest, UsualHandshake) {
    const MadeTls made = usual_tls12();
    Talk talk(tls_);
    talk.send(kUp, made.client.substr(0, 200));
    talk.send(kUp, made.client.substr(200, 10));
    talk.send(kDown, made.server);
    talk.send(kUp, made.client.substr(210));
    EXPECT_EQ(talk.broken(), "");
    EXPECT_EQ(talk.seen(kUp, BufferId::kTlsSni), "www.Example.com");
    EXPECT_EQ(talk.seen(kUp, BufferId::kJa3String),
              "771,4865-49195-49199-156,0-10-11-13-16,29-23-24,0-1-2");
    EXPECT_EQ(talk.seen(kUp, BufferId::kJa3Hash), "8d809b394900b971fe785db8d86e978a");
    EXPECT_EQ(talk.seen(kUp, BufferId::kJa4Hash), "t12d0405h2_f2e306f16df0_876bcc86782c");
    EXPECT_EQ(talk.seen(kUp, BufferId::kTlsAlpn), "h2|http/1.1");
    EXPECT_EQ(talk.seen(kUp, BufferId::kTlsVersion), "\x03\x03");
    EXPECT_EQ(talk.seen(kUp, BufferId::kTlsRandomTime), "RRRR");
    EXPECT_EQ(talk.seen(kUp, BufferId::kTlsRandomBytes), std::string(28, 'R'));
    EXPECT_EQ(talk.seen(kUp, BufferId::kTlsState), "\x01|\x04");
    EXPECT_EQ(talk.seen(kDown, BufferId::kTlsState), "\x02|\x08");
    EXPECT_EQ(talk.seen(kDown, BufferId::kJa3sString), "771,49199,");
    EXPECT_EQ(talk.seen(kDown, BufferId::kTlsCertSubject), "CN=leaf");
    EXPECT_EQ(talk.seen(kDown, BufferId::kTlsCertIssuer), "CN=issuer");
    EXPECT_EQ(talk.seen(kDown, BufferId::kTlsCertSerial), "01");
    EXPECT_EQ(talk.seen(kDown, BufferId::kTlsCertChainLen), "\0\0\0\2"s);
    EXPECT_EQ(talk.seen(kDown, BufferId::kTlsCertNotBefore), be(1577836800, 8));
    EXPECT_EQ(talk.seen(kDown, BufferId::kTlsCerts), certificate({}));
    EXPECT_TRUE(talk.flow().encrypted);
}

TEST_F(TlsTest, EndsBothDirectionsWhenEncrypted) {
    const MadeTls made = usual_tls12();
    Talk talk(tls_);
    talk.send(kUp, made.client.substr(0, 260));
    talk.send(kDown, made.server);
    ASSERT_TRUE(talk.flow().encrypted);
    EXPECT_TRUE(talk.points().back().end);
    const std::size_t before = talk.points().size();
    talk.send(kUp, made.client.substr(260));
    ASSERT_EQ(talk.points().size(), before + 1);
    EXPECT_TRUE(talk.points().back().end);
    EXPECT_EQ(talk.points().back().direction, kUp);
    talk.send(kUp, "more");
    talk.send(kDown, "more");
    EXPECT_EQ(talk.points().size(), before + 1);
}

TEST_F(TlsTest, Tls13) {
    HelloSpec server;
    server.ciphers = {0x1301};
    server.extensions = extension(43, be(0x0304, 2)) + extension(51, be(29, 2) + be(0, 2));
    Talk talk(tls_);
    talk.send(kUp, hello_record(usual_extensions() + list_extension(43, {0x5a5a, 0x0304, 0x0303})));
    talk.send(kDown, tls_record(22, server_hello(server)) + tls_record(20, be(1, 1)) +
                         tls_record(23, std::string(500, 'E')));
    EXPECT_EQ(talk.seen(kUp, BufferId::kTlsVersion), "\x03\x04");
    EXPECT_EQ(talk.seen(kDown, BufferId::kTlsVersion), "\x03\x04");
    EXPECT_EQ(talk.seen(kDown, BufferId::kJa3sString), "771,4865,43-51");
    EXPECT_EQ(talk.seen(kDown, BufferId::kJa3sHash), "f4febc55ea12b31ae17cfb7e614afda8");
    EXPECT_TRUE(talk.flow().encrypted);
}

// Both hellos come twice, behind ChangeCipherSpec; the random is the latest, the names the first.
TEST_F(TlsTest, HelloRetryRequest) {
    HelloSpec retry;
    retry.random =
        "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91"
        "\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c";
    retry.extensions = extension(43, be(0x0304, 2));
    HelloSpec server = retry;
    server.random = std::string(32, 'S');
    Talk talk(tls_);
    talk.send(kUp, hello_record(usual_extensions()));
    talk.send(kDown, tls_record(22, server_hello(retry)) + tls_record(20, be(1, 1)));
    talk.send(kUp, tls_record(20, be(1, 1)) + hello_record(sni_extension("other.example")));
    talk.send(kDown, tls_record(22, server_hello(server)) + tls_record(23, "EEEE"));
    EXPECT_EQ(talk.seen(kUp, BufferId::kTlsSni), "www.Example.com");
    EXPECT_EQ(talk.seen(kDown, BufferId::kTlsRandom), retry.random + "|" + server.random);
    EXPECT_TRUE(talk.flow().encrypted);
}

TEST_F(TlsTest, EarlyDataIsNotTheEnd) {
    Talk talk(tls_);
    talk.send(kUp, hello_record(usual_extensions() + extension(42, "")) + tls_record(20, be(1, 1)) +
                       tls_record(23, std::string(99, 'e')));
    EXPECT_FALSE(talk.flow().encrypted);
    EXPECT_FALSE(talk.points().back().end);
    HelloSpec server;
    server.extensions = extension(43, be(0x0304, 2));
    talk.send(kDown, tls_record(22, server_hello(server)) + tls_record(23, "E"));
    EXPECT_TRUE(talk.flow().encrypted);
}

TEST_F(TlsTest, FragmentsOfOneByte) {
    HelloSpec spec;
    spec.extensions = usual_extensions();
    Talk talk(tls_);
    talk.send(kUp, tls_records(22, client_hello(spec), 1));
    talk.send(kDown,
              tls_records(22, server_hello(spec) + certificate_message({certificate({})}), 1));
    EXPECT_EQ(talk.seen(kUp, BufferId::kTlsSni), "www.Example.com");
    EXPECT_EQ(talk.seen(kDown, BufferId::kTlsCertSubject), "CN=leaf");
}

TEST_F(TlsTest, EachCertificateIsAPoint) {
    CertSpec mid;
    mid.subject = common_name("mid");
    mid.alt_names = {{0x82, "m.example"}};
    CertSpec leaf;
    leaf.alt_names = {{0x82, "a.example"}, {0x82, "b.example"}, {0x82, "c.example"}};
    Talk talk(tls_);
    talk.send(kUp, hello_record(usual_extensions()));
    talk.send(kDown, tls_record(22, server_hello({}) + certificate_message(
                                                           {certificate(leaf), certificate(mid)})));
    EXPECT_EQ(talk.seen(kDown, BufferId::kTlsCerts), certificate(leaf) + "|" + certificate(mid));
    EXPECT_EQ(talk.seen(kDown, BufferId::kTlsSubjectAltName), "a.example|b.example|c.example");
    // A rule over a later certificate is found by what it wants of the first, too.
    const ShownPoint& second = talk.points().at(talk.points().size() - 2);
    EXPECT_EQ(second.fresh.at(BufferId::kTlsCerts), certificate(mid));
    EXPECT_EQ(second.fresh.at(BufferId::kTlsCertSubject), "CN=leaf");
    EXPECT_EQ(talk.points().back().fresh.count(BufferId::kTlsCertSubject), 0U);
}

TEST_F(TlsTest, FieldsAreOfTheFirstReadableCertificate) {
    CertSpec second;
    second.subject = common_name("second");
    Talk talk(tls_);
    talk.send(kUp, hello_record(""));
    talk.send(kDown, tls_record(22, server_hello({}) + certificate_message({"\x30\x03\x02\x01\x01",
                                                                            certificate(second)})));
    EXPECT_EQ(talk.seen(kDown, BufferId::kTlsCertSubject), "CN=second");
    EXPECT_EQ(talk.seen(kDown, BufferId::kTlsCertChainLen), "\0\0\0\2"s);
}

TEST_F(TlsTest, ClientCertificate) {
    CertSpec client;
    client.subject = common_name("the client");
    Talk talk(tls_);
    talk.send(kUp, hello_record(usual_extensions()));
    talk.send(kDown, tls_record(22, server_hello({}) + certificate_message({certificate({})})));
    talk.send(kUp, tls_record(22, certificate_message({certificate(client)})));
    EXPECT_EQ(talk.seen(kUp, BufferId::kTlsCertSubject), "CN=the client");
    EXPECT_TRUE(talk.points().back().present.has(BufferId::kTlsSni));
}

TEST_F(TlsTest, ValidityIsJudgedByTheFirstPacket) {
    for (const auto& [when, expected] : {std::pair{1577836799, kTlsCertNotYet},
                                         {1577836800, kTlsCertValid},
                                         {1893456000, kTlsCertValid},
                                         {1893456001, kTlsCertExpired}}) {
        Talk talk(tls_);
        talk.flow().rest().first_seen = seconds(when);
        talk.send(kUp, hello_record(""));
        talk.send(kDown, tls_record(22, server_hello({}) + certificate_message({certificate({})})));
        EXPECT_EQ(talk.seen(kDown, BufferId::kTlsCertValidity),
                  std::string(1, static_cast<char>(expected)))
            << when;
    }
}

struct SniCase {
    std::string extensions;
    std::string sni;
    std::string ja3;
    std::string event = "<absent>";
};

TEST_F(TlsTest, OddServerNames) {
    const std::string groups = list_extension(10, {29});
    const auto names = [](const std::string& list) {
        return extension(0, be(list.size(), 2) + list);
    };
    const SniCase cases[] = {
        {extension(0, "") + groups, "<absent>", "0-10,29,"},
        {names("\1\0\1a"s) + groups, "<absent>", ",,", "tls.invalid_sni_type"},
        {names("\0\0\2a"s) + groups, "<absent>", ",,", "tls.invalid_sni_length"},
        {sni_extension(std::string(256, 'a')) + groups, "<absent>", ",,", "tls.invalid_sni_length"},
        {sni_extension(std::string(255, 'a')), std::string(255, 'a'), "0,,"},
        {sni_extension("") + groups, "<absent>", ",,", "tls.invalid_sni_length"},
        {sni_extension("first.com") + sni_extension("second.com"), "first.com", "0-0,,",
         "tls.multiple_sni_extensions"},
        {sni_extension("a\0b.com"s), "a", "0,,"},
    };
    for (const SniCase& c : cases) {
        Talk talk(tls_);
        talk.send(kUp, hello_record(c.extensions));
        EXPECT_EQ(talk.seen(kUp, BufferId::kTlsSni), c.sni);
        EXPECT_EQ(talk.seen(kUp, BufferId::kAppEvents), c.event);
        EXPECT_EQ(talk.seen(kUp, BufferId::kJa3String), "771,4865-49195-49199-156," + c.ja3);
    }
}

TEST_F(TlsTest, DamagedHelloKeepsWhatCameBefore) {
    Talk talk(tls_);
    talk.send(kUp, hello_record(sni_extension("over.run") + be(10, 2) + be(50, 2) + "ab"));
    EXPECT_EQ(talk.seen(kUp, BufferId::kTlsSni), "over.run");
    EXPECT_EQ(talk.seen(kUp, BufferId::kJa3Hash), "<absent>");
    EXPECT_EQ(talk.counted(Reason::tls_malformed), 1U);
}

struct Ja4Case {
    std::string extensions;
    std::string ja4;
};

TEST_F(TlsTest, Ja4) {
    const std::string a = sni_extension("a");
    const Ja4Case cases[] = {
        {"", "t12i040000_f2e306f16df0_d2e2adf7177b"},
        {a + alpn_extension({"\xab"
                             "cd\xff"}),
         "t12d0402af_f2e306f16df0_d2e2adf7177b"},
        {a + alpn_extension({"\x0a\x0a", "h2"}), "t12d040200_f2e306f16df0_d2e2adf7177b"},
        {a + alpn_extension({"x"}), "t12d0402xx_f2e306f16df0_d2e2adf7177b"},
        {a + alpn_extension({"ab-"}), "t12d04026d_f2e306f16df0_d2e2adf7177b"},
        {list_extension(10, {29}) + list_extension(13, {0x0403}),
         "t12i040200_f2e306f16df0_63be3268461f"},
        {a + list_extension(13, {0x0403, 0x0a0a}), "t12d040200_f2e306f16df0_79c50902419d"},
        {usual_extensions() + list_extension(43, {0x7f1c, 0x0303}),
         "t00d0406h2_f2e306f16df0_fb71836bce29"},
        {usual_extensions() + list_extension(43, {0x9999, 0x1234}),
         "t12d0406h2_f2e306f16df0_fb71836bce29"},
    };
    for (const Ja4Case& c : cases) {
        Talk talk(tls_);
        talk.send(kUp, hello_record(c.extensions));
        EXPECT_EQ(talk.seen(kUp, BufferId::kJa4Hash), c.ja4);
    }
}

TEST_F(TlsTest, HelloOfSsl2) {
    const auto record = [](const std::string& m) { return be(0x8000 | m.size(), 2) + m; };
    const std::string hello =
        "\1"s + be(0x0301, 2) + be(6, 2) + be(0, 2) + be(16, 2) + std::string(22, 'c');
    Talk talk(tls_);
    talk.send_cut(kUp, record(hello) + tls_record(22, handshake(16, "K")), 3);
    EXPECT_EQ(talk.seen(kUp, BufferId::kTlsVersion), "\0\2"s);
    EXPECT_EQ(talk.seen(kUp, BufferId::kTlsState), "\1|\4");
    talk.send(kDown, tls_record(22, server_hello({})));
    EXPECT_EQ(talk.seen(kDown, BufferId::kTlsVersion), "\3\3");
    EXPECT_FALSE(talk.flow().encrypted);
}

TEST_F(TlsTest, Ssl2BecomesSecretBehindTheKey) {
    const auto record = [](const std::string& m) { return be(0x8000 | m.size(), 2) + m; };
    Talk talk(tls_);
    talk.send(kUp, record("\1"s + be(2, 2) + std::string(20, 'c')));
    talk.send(kDown, record("\4"s + be(0, 2) + be(2, 2) + std::string(20, 's')));
    EXPECT_EQ(talk.seen(kDown, BufferId::kTlsVersion), "\0\2"s);
    talk.send(kUp, record("\2"s + std::string(20, 'k')));
    EXPECT_FALSE(talk.flow().encrypted);
    talk.send(kUp, record("\3"s + std::string(20, 'x')));
    EXPECT_TRUE(talk.flow().encrypted);
}

TEST_F(TlsTest, AlertInPlaceOfAHello) {
    Talk talk(tls_);
    talk.send(kUp, hello_record(usual_extensions()));
    talk.send(kDown, tls_record(21, "\2\x28", 0x0302), true);
    EXPECT_EQ(talk.seen(kDown, BufferId::kTlsVersion), "\3\2");
}

TEST_F(TlsTest, NotTlsAfterAll) {
    Talk talk(tls_);
    talk.send(kUp, "\x16\x03\x01\xff\xff\x01 and so on");
    EXPECT_TRUE(talk.gave_up());
    EXPECT_EQ(talk.counted(Reason::tls_malformed), 1U);
    EXPECT_TRUE(talk.points().empty());
}

TEST_F(TlsTest, GapTurnsTheDirectionOff) {
    Talk talk(tls_);
    talk.send(kUp, hello_record(usual_extensions()));
    talk.send(kDown, tls_record(22, server_hello({})));
    talk.lose(kDown, 10);
    talk.send(kDown, tls_record(22, certificate_message({certificate({})})));
    EXPECT_EQ(talk.seen(kDown, BufferId::kTlsCertSubject), "<absent>");
    EXPECT_TRUE(talk.points().back().end);
}

TEST_F(TlsTest, MessageOverTheLimitIsPassedOver) {
    AppConfig config = small_config();
    config.max_tls_message = 600;
    Tls tls(config);
    CertSpec big;
    big.subject = common_name(std::string(700, 'x'));
    Talk talk(tls);
    talk.send(kUp, hello_record(usual_extensions()));
    talk.send(kDown, tls_record(22, server_hello({}) + certificate_message({certificate(big)}) +
                                        handshake(12, "X")));
    EXPECT_EQ(talk.seen(kDown, BufferId::kTlsCertSubject), "<absent>");
    EXPECT_EQ(talk.seen(kDown, BufferId::kTlsState), "\x02|\x08");
    EXPECT_EQ(talk.counted(Reason::tls_message_limit), 1U);
}

TEST_F(TlsTest, NoMemoryEndsTls) {
    AppConfig config = small_config();
    config.tls_slabs = {1, 0, 0, 0, 0};
    Tls tls(config);
    Talk talk(tls);
    talk.send(kUp, hello_record(usual_extensions()));
    talk.send(kDown, tls_record(22, server_hello({})));
    EXPECT_TRUE(talk.gave_up());
    EXPECT_EQ(talk.counted(Reason::tls_store_full), 1U);
    tls.release(const_cast<TlsFlow&>(talk.state()));
    EXPECT_EQ(tls.arena().in_use(), 0U);
}

TEST_F(TlsTest, Summary) {
    const MadeTls made = usual_tls12();
    Talk talk(tls_);
    talk.send(kUp, made.client.substr(0, 260));
    talk.send(kDown, made.server);
    const TlsSummary s = tls_.summary(talk.state());
    const auto text = [](Bytes b) { return std::string(b.begin(), b.end()); };
    EXPECT_EQ(text(s.sni), "www.Example.com");
    EXPECT_EQ(text(s.subject), "CN=leaf");
    EXPECT_EQ(text(s.ja3s_string), "771,49199,");
    EXPECT_EQ(s.not_after, 1893456000U);
    EXPECT_EQ(s.version, kTls12);
    EXPECT_EQ(std::string(tls_version_name(s.version)), "TLS 1.2");
}

TEST_F(TlsTest, AllocatesNothing) {
    if (!AllocGuard::supported()) {
        GTEST_SKIP() << "sanitizers have their own malloc";
    }
    const MadeTls made = usual_tls12();
    TlsFlow state;
    const LoneFlow flow;
    packet::ReasonCounters counters{};
    stream::StreamChunk up;
    up.flow = flow.get();
    up.window = {static_cast<const std::uint8_t*>(static_cast<const void*>(made.client.data())),
                 240};
    up.fresh = 240;
    stream::StreamChunk down = up;
    down.direction = kDown;
    down.window = {static_cast<const std::uint8_t*>(static_cast<const void*>(made.server.data())),
                   made.server.size()};
    down.fresh = static_cast<std::uint32_t>(made.server.size());
    std::uint64_t points = 0;
    AllocGuard guard;
    for (const stream::StreamChunk* c : {&up, &down}) {
        tls_.begin(state, *c, counters);
        InspectionPoint point;
        while (tls_.next(point)) {
            ++points;
        }
    }
    tls_.release(state);
    EXPECT_EQ(guard.allocations(), 0U);
    EXPECT_GE(points, 6U);
}

}  // namespace
}  // namespace sluice::app
