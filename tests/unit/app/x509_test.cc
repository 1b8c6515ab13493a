// SPDX-License-Identifier: Apache-2.0
// What is expected here is what Suricata 7.0.10 logged for the same certificates.
#include "dataplane/app/x509.h"

#include "tests/unit/app/tls_maker.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::app {
namespace {

using namespace std::string_literals;
using test::der;
using test::der_name;
using test::NamePart;

Bytes bytes_of(const std::string& s) {
    const void* p = s.data();
    return {static_cast<const std::uint8_t*>(p), s.size()};
}

const std::string kCn = "\x55\x04\x03";

// The subject of a certificate with this Name.
std::string subject(const std::string& name) {
    test::CertSpec spec;
    spec.subject = name;
    const std::string made = test::certificate(spec);
    X509 x;
    if (!parse_x509(bytes_of(made), x)) {
        return "<none>";
    }
    std::string text(4096, '\0');
    void* p = text.data();
    Writer out({static_cast<std::uint8_t*>(p), text.size()});
    EXPECT_TRUE(write_name(x.subject, out));
    return text.substr(0, out.size());
}

std::string one(const std::string& oid, std::uint8_t tag, const std::string& value) {
    return subject(der_name({{{oid, tag, value}}}));
}

TEST(X509, AttributeTypes) {
    EXPECT_EQ(one("\x55\x04\x06", 0x13, "US"), "C=US");
    EXPECT_EQ(one("\x55\x04\x08", 0x13, "CA"), "ST=CA");
    EXPECT_EQ(one("\x55\x04\x2d", 0x0c, "V"), "uniqueIdentifier=V");
    EXPECT_EQ(one("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01", 0x16, "a@b.c"), "Email=a@b.c");
    EXPECT_EQ(one("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19", 0x16, "com"), "DC=com");
    EXPECT_EQ(one("\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x03", 0x13, "DE"),
              "msJurisdictionCountry=DE");
    EXPECT_EQ(one("\x55\x04\x61", 0x0c, "V"), "OID(2.5.4.97)=V");
    EXPECT_EQ(one("\x2a\x03", 0x0c, "V"), "OID(1.2.3)=V");
    EXPECT_EQ(one("\0"s, 0x0c, "V"), "OID(0)=V");
    EXPECT_EQ(one("\x88\x37\x01", 0x0c, "V"), "OID(3.16.55.1)=V");
    EXPECT_EQ(one("\x55\x04\x84\xa2\x70", 0x0c, "V"), "OID(2.5.4.70000)=V");
}

TEST(X509, StringTypes) {
    for (const int tag : {0x07, 0x0c, 0x12, 0x13, 0x14, 0x15, 0x16, 0x19, 0x1a, 0x1b}) {
        EXPECT_EQ(one(kCn, static_cast<std::uint8_t>(tag), "AbC1"), "CN=AbC1") << tag;
    }
    for (const int tag : {0x01, 0x02, 0x04, 0x17, 0x1c, 0x1d, 0x80}) {
        EXPECT_EQ(one(kCn, static_cast<std::uint8_t>(tag), "AbC1"), "CN=41624331") << tag;
    }
    EXPECT_EQ(one(kCn, 0x30, der(0x0c, "AbC")), "CN=0C03416243");
    EXPECT_EQ(one(kCn, 0x1e, "\0h\0\xe9\x20\xac"s), "CN=h\xc3\xa9\xe2\x82\xac");
    EXPECT_EQ(one(kCn, 0x1e, "\xd8\x3d\xde\x00"s), "CN=\xf0\x9f\x98\x80");
    EXPECT_EQ(one(kCn, 0x1e, "\xd8\x3d\0a"s), "<X509Error: Invalid X.509 name>");
    EXPECT_EQ(one(kCn, 0x1c, "\0\0\0h\0\x01\xf6\0"s), "CN=000000680001F600");
    EXPECT_EQ(one(kCn, 0x0c, "a\xff\xfe"), "<X509Error: Invalid X.509 name>");
    EXPECT_EQ(one(kCn, 0x14, "caf\xe9"), "<X509Error: Invalid X.509 name>");
    EXPECT_EQ(one(kCn, 0x13, "a*b@c\x01"), "CN=a*b@c\x01");
    EXPECT_EQ(one(kCn, 0x0c, "a\nb\"c\\d,e=f+g/h"), "CN=a\nb\"c\\d,e=f+g/h");
    EXPECT_EQ(one(kCn, 0x0c, ""), "CN=");
}

// Suricata gives up on the whole certificate where a C string would end; here the rest is shown.
TEST(X509, NulInAName) {
    EXPECT_EQ(one(kCn, 0x0c, "www.good.com\0.evil.com"s), "CN=www.good.com\0.evil.com"s);
}

TEST(X509, ManyRdns) {
    EXPECT_EQ(subject(der_name({{{"\x55\x04\x06", 0x13, "US"}, {"\x55\x04\x08", 0x13, "CA"}},
                                {{"\x55\x04\x0a", 0x0c, "O1"}},
                                {{kCn, 0x0c, "x"}}})),
              "C=US + ST=CA, O=O1, CN=x");
    EXPECT_EQ(subject(der_name({})), "");
    EXPECT_EQ(subject("\x30\x81\x0d"s + der_name({{{kCn, 0x0c, "ab"}}}).substr(2)), "CN=ab");
    EXPECT_EQ(subject("\x30\x80"s + der_name({{{kCn, 0x0c, "ab"}}}).substr(2) + "\0\0"s), "<none>");
}

struct TimeCase {
    std::uint8_t tag;
    std::string text;
    std::optional<std::int64_t> seconds;
};

TEST(X509, Times) {
    const TimeCase cases[] = {
        {0x17, "200101000000Z", 1577836800},
        {0x17, "500101000000Z", -631152000},
        {0x17, "491231235959Z", 2524607999},
        {0x17, "3001010000Z", 1893456000},
        {0x17, "200101000000+0100", 1577833200},
        {0x17, "200229120000Z", 1582977600},
        {0x18, "99991231235959Z", 253402300799},
        {0x18, "19500101000000Z", -631152000},
        {0x18, "20200101000000.5Z", {}},
        {0x18, "20200101000000+0100", {}},
        {0x17, "2x0101000000Z", {}},
        {0x17, "201301000000Z", {}},
        {0x17, "", {}},
        {0x0c, "200101000000Z", {}},
    };
    for (const TimeCase& c : cases) {
        test::CertSpec spec;
        spec.not_before = der(c.tag, c.text);
        const std::string made = test::certificate(spec);
        X509 x;
        ASSERT_TRUE(parse_x509(bytes_of(made), x)) << c.text;
        EXPECT_EQ(x.not_before, c.seconds) << c.text;
        EXPECT_EQ(x.not_after, 1893456000) << c.text;
    }
}

TEST(X509, AlternativeNames) {
    test::CertSpec spec;
    spec.alt_names = {{0x82, "a.example"},
                      {0x87, std::string("\x0a\x01\x02\xff", 4)},
                      {0xa4, "ignored"},
                      {0x81, "m@x"},
                      {0x87, std::string(16, '\x20')},
                      {0x87, "odd"},
                      {0x86, "http://u"}};
    const std::string made = test::certificate(spec);
    X509 x;
    ASSERT_TRUE(parse_x509(bytes_of(made), x));
    std::array<std::uint8_t, 48> scratch;
    std::string all;
    for (Bytes n = next_alt_name(x.alt_names, scratch); !n.empty();
         n = next_alt_name(x.alt_names, scratch)) {
        all += std::string(n.begin(), n.end()) + " ";
    }
    EXPECT_EQ(all, "a.example 10.1.2.255 m@x 2020:2020:2020:2020:2020:2020:2020:2020 http://u ");
}

// No prefix of a certificate, and no length changed in it, may lead out of it.
TEST(X509, DamageIsHarmless) {
    test::CertSpec spec;
    spec.alt_names = {{0x82, "a.example"}};
    const std::string made = test::certificate(spec);
    for (std::size_t n = 0; n < made.size(); ++n) {
        const std::vector<std::uint8_t> part(made.begin(),
                                             made.begin() + static_cast<std::ptrdiff_t>(n));
        X509 x;
        EXPECT_FALSE(parse_x509(part, x)) << n;
    }
    for (std::size_t i = 0; i < made.size(); ++i) {
        for (const int b : {0x00, 0x7f, 0x80, 0x84, 0xff}) {
            std::vector<std::uint8_t> bad(made.begin(), made.end());
            bad[i] = static_cast<std::uint8_t>(b);
            X509 x;
            std::array<std::uint8_t, 512> text;
            Writer out(text);
            if (parse_x509(bad, x)) {
                (void)write_name(x.subject, out);
                std::array<std::uint8_t, 48> scratch;
                while (!next_alt_name(x.alt_names, scratch).empty()) {
                }
            }
        }
    }
}

}  // namespace
}  // namespace sluice::app
