// SPDX-License-Identifier: Apache-2.0
// Verdicts of all tables here are those of `suricata -T` 7.0.10, but where a comment says so.
#include "tests/unit/compile/semantic_fixture.h"

namespace sluice::compile {
namespace {

using enum Verdict;

constexpr const char* kTls = "alert tls any any -> any any";

TEST(Tls, StickyBuffers) {
    struct Case {
        const char* keyword;
        const char* older;
        BufferId buffer;
        std::size_t rules;  // one for each direction
    };

    const Case cases[] = {
        {"tls.sni", "tls_sni", BufferId::kTlsSni, 1},
        {"tls.cert_subject", "tls_cert_subject", BufferId::kTlsCertSubject, 2},
        {"tls.cert_issuer", "tls_cert_issuer", BufferId::kTlsCertIssuer, 2},
        {"tls.certs", "tls.certs", BufferId::kTlsCerts, 2},
        {"tls.random", "tls.random", BufferId::kTlsRandom, 2},
        {"tls.random_time", "tls.random_time", BufferId::kTlsRandomTime, 2},
        {"tls.random_bytes", "tls.random_bytes", BufferId::kTlsRandomBytes, 2},
        {"ja3.string", "ja3_string", BufferId::kJa3String, 1},
        {"ja3s.string", "ja3s.string", BufferId::kJa3sString, 1},
        {"ja4.hash", "ja4_hash", BufferId::kJa4Hash, 1},
    };
    for (const Case& c : cases) {
        for (const char* name : {c.keyword, c.older}) {
            const Compiled r = compile_rule(std::string(name) + "; content:\"a\";", kTls);
            ASSERT_EQ(r.verdict(), kGood) << name << ": " << r.reason();
            EXPECT_EQ(r.rules.size(), c.rules) << name;
            EXPECT_EQ(r.rules[0].engines.at(0).buffer, c.buffer) << name;
            EXPECT_EQ(r.rules[0].app, AppProto::kTls) << name;
        }
    }
}

TEST(Tls, DigestsInEitherCase) {
    const std::string hash = "8D809B394900B971FE785DB8D86E978A";
    const Compiled ja3 = compile_rule("ja3_hash; content:\"" + hash + "\";", kTls);
    ASSERT_EQ(ja3.verdict(), kGood) << ja3.reason();
    EXPECT_EQ(ja3.bytes(ja3.items(BufferId::kJa3Hash).at(0)), "8d809b394900b971fe785db8d86e978a");
    const Compiled serial = compile_rule("tls.cert_serial; content:\"0a:fF\";", kTls);
    ASSERT_EQ(serial.verdict(), kGood) << serial.reason();
    EXPECT_EQ(serial.bytes(serial.items(BufferId::kTlsCertSerial).at(0)), "0A:FF");
}

TEST(Tls, VersionsAreContents) {
    const Compiled r = compile_rule("tls.version: 1.2 ;", kTls);
    ASSERT_EQ(r.verdict(), kGood) << r.reason();
    EXPECT_EQ(r.bytes(r.items(BufferId::kTlsVersion).at(0)), "\x03\x03");
    const Compiled draft = compile_rule("tls.version:0x7f12;", kTls);
    EXPECT_EQ(draft.bytes(draft.items(BufferId::kTlsVersion).at(0)), "\x7f\x12");
    const Compiled latest = compile_rule("tls.version:1.3;", kTls);
    EXPECT_EQ(latest.model.pcres.at(0).pattern, "^(?:\\x03\\x04|\\x7f)");
    const Compiled ssl = compile_rule("ssl_version:sslv2,TLS1.0;", kTls);
    ASSERT_EQ(ssl.verdict(), kGood) << ssl.reason();
    EXPECT_EQ(ssl.model.pcres.at(0).pattern, "^(?:\\x00\\x02|\\x03\\x01)");
}

TEST(Tls, StatesAreOneMaskedTest) {
    const Compiled r = compile_rule("ssl_state:server_hello,!client_keyx;", kTls);
    ASSERT_EQ(r.verdict(), kGood) << r.reason();
    const bundle::Item item = r.items(BufferId::kTlsState).at(0);
    EXPECT_EQ(item.op, bundle::CompareOp::kNe);
    EXPECT_EQ(item.mask, 6U);
    EXPECT_EQ(item.lo, 2);  // what is left of client_keyx behind the mask's shift
}

TEST(Tls, TimesIncludeTheirEnds) {
    const Compiled r = compile_rule("tls_cert_notbefore:2020-01-01<>2021-01-01;", kTls);
    ASSERT_EQ(r.verdict(), kGood) << r.reason();
    const auto items = r.items(BufferId::kTlsCertNotBefore);
    ASSERT_EQ(items.size(), 2U);
    EXPECT_EQ(items[0].op, bundle::CompareOp::kGe);
    EXPECT_EQ(items[0].lo, 1577836800);
    EXPECT_EQ(items[1].op, bundle::CompareOp::kLe);
    EXPECT_EQ(items[1].lo, 1609459200);
}

TEST(Tls, OlderKeywordsWithAString) {
    const Compiled r = compile_rule("tls.subject:\"CN=a b\"; tls.issuerdn:!\"CN=c\";", kTls);
    ASSERT_EQ(r.verdict(), kGood) << r.reason();
    EXPECT_EQ(r.bytes(r.items(BufferId::kTlsCertSubject).at(0)), "CN=a b");
    EXPECT_NE(r.items(BufferId::kTlsCertIssuer).at(0).flags & bundle::kNegated, 0U);
}

TEST(Tls, Table) {
    check_cases(
        {
            {"tls.sni; content:\"A\"; nocase;", kGood},
            {"tls.sni;", kInvalid},
            {"tls.sni; content:\"a\"; http.uri; content:\"b\";", kInvalid},
            {"flow:to_client; tls.sni; content:\"a\";", kInvalid},
            {"ja3.hash; content:\"8d809b\";", kInvalid},
            {"ja3s.hash; content:\"8d809b\";", kInvalid},
            {"ja3.hash; pcre:\"/^8d/\";", kGood},
            {"ja3.hash; content:!\"8d809b394900b971fe785db8d86e978b\";", kGood},
            {"tls.cert_fingerprint; content:\"|3a|\";", kInvalid},
            {"tls.version:1.0;", kGood},
            {"tls.version:1.3;", kGood},
            {"tls.version:\"1.2\";", kInvalid},
            {"tls.version:!1.2;", kInvalid},
            {"tls.version:ssl3;", kInvalid},
            {"tls.version:0303;", kInvalid},
            {"tls.version:0x303;", kInvalid},
            {"ssl_version:SSLV3;", kGood},
            {"ssl_version:tls1.0 , tls1.2;", kGood},
            {"ssl_version:tls1.0 tls1.2;", kGood},
            {"ssl_version:!tls1.2;", kGood},
            {"ssl_version:\"tls1.2\";", kInvalid},
            {"ssl_version:tls1.0,!tls1.2;", kInvalid},
            {"ssl_version:tls1.2,tls1.2;", kInvalid},
            {"ssl_version:;", kInvalid},
            {"ssl_state:client_hello|server_hello;", kGood},
            {"ssl_state:client_hello,!server_hello;", kGood},
            {"ssl_state:unknown;", kGood},
            {"ssl_state:bogus;", kInvalid},
            {"ssl_state:\"client_hello\";", kInvalid},
            {"tls.cert_chain_len:1<>4;", kGood},
            {"tls.cert_chain_len:>=1;", kGood},
            {"tls.cert_chain_len:!1;", kGood},
            {"tls.cert_chain_len:abc;", kInvalid},
            {"flow:to_server; tls.cert_chain_len:1;", kInvalid},
            {"tls_cert_notbefore:2020-01;", kGood},
            {"tls_cert_notbefore:2020;", kGood},
            {"tls_cert_notbefore:>2015-10-22T23;", kGood},
            {"tls_cert_notbefore: > 2015-10-22 23:59:59;", kGood},
            {"tls_cert_notafter:1577836800;", kGood},
            {"tls_cert_notafter:>=2015-10-22;", kInvalid},
            {"tls_cert_notafter:<>2015-10-22;", kInvalid},
            {"tls_cert_notafter:2021-01<>2019-01;", kInvalid},
            {"tls_cert_notafter:2020-01-01<>2020-01-01;", kInvalid},
            {"tls_cert_notafter:\"2020-01-01\";", kInvalid},
            {"tls_cert_notafter:!2020-01-01;", kInvalid},
            {"tls_cert_notafter:2020-13-01;", kInvalid},
            {"tls_cert_notafter:2020-01-01T00:00:00Z;", kInvalid},
            {"tls_cert_valid;", kGood},
            {"tls_cert_valid; tls_cert_expired;", kGood},
            {"flow:to_server; tls_cert_expired;", kInvalid},
            {"tls.sni; content:\"a\"; tls_cert_expired;", kInvalid},
            {"tls.subject:\"CN=le|61|f\";", kInvalid},
            {"tls.subject:CN=leaf;", kInvalid},
            {"tls.fingerprint:\"7a:1c\";", kInvalid},
            {"tls.fingerprint:AA:bb;", kInvalid},
            {"tls.store;", kGood},
            {"tls.store:1;", kInvalid},
            {"tls.alpn; content:\"h2\";", kInvalid},
        },
        kTls);
    check_cases({{"tls.sni; content:\"a\";", kGood}});
    check_cases({{"tls.sni; content:\"a\";", kInvalid}}, kHttp);
}

}  // namespace
}  // namespace sluice::compile
