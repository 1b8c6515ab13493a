// SPDX-License-Identifier: Apache-2.0
#include "dataplane/export/eve.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <string_view>

namespace sluice::exporter {
namespace {

using nlohmann::json;

void put(abi::TlsFields& tls, abi::TlsText which, std::string_view text) {
    std::size_t at = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(which); ++i) {
        at += tls.length[i];
    }
    std::copy(text.begin(), text.end(), tls.text.begin() + static_cast<std::ptrdiff_t>(at));
    tls.length[static_cast<std::size_t>(which)] = static_cast<std::uint16_t>(text.size());
}

abi::EventRecord handshake_event() {
    abi::EventRecord e;
    e.type = abi::EventType::kTls;
    e.ip_proto = 6;
    e.flow_id = 5;
    e.app = AppProto::kTls;
    e.tls.version = 0x0303;
    put(e.tls, abi::TlsText::kSni, "www.example.com");
    return e;
}

TEST(EveTls, NamesAndTextsOfSuricata) {
    abi::EventRecord e = handshake_event();
    e.tls.has_certificate = true;
    e.tls.not_before = 1577836800;
    e.tls.not_after = 1893456000;
    put(e.tls, abi::TlsText::kSubject, "C=US, CN=leaf");
    put(e.tls, abi::TlsText::kIssuer, "CN=issuer");
    put(e.tls, abi::TlsText::kSerial, "0A:FF");
    put(e.tls, abi::TlsText::kFingerprint, "7a:1c");
    put(e.tls, abi::TlsText::kJa3Hash, "8d80");
    put(e.tls, abi::TlsText::kJa3sHash, "f4fe");
    put(e.tls, abi::TlsText::kJa4, "t12d");
    put(e.tls, abi::TlsText::kJa3sString, "771,49199,");
    put(e.tls, abi::TlsText::kJa3String, "771,4865,0");
    const json line = json::parse(to_eve_json(e, nullptr));
    EXPECT_EQ(line["event_type"], "tls");
    EXPECT_EQ(line["tls"], json::parse(R"({"subject":"C=US, CN=leaf","issuerdn":"CN=issuer",
        "serial":"0A:FF","fingerprint":"7a:1c","sni":"www.example.com","version":"TLS 1.2",
        "notbefore":"2020-01-01T00:00:00","notafter":"2030-01-01T00:00:00",
        "ja3":{"hash":"8d80","string":"771,4865,0"},"ja3s":{"hash":"f4fe","string":"771,49199,"},
        "ja4":"t12d"})"));
    EXPECT_FALSE(line.contains("alert"));
}

TEST(EveTls, WhatIsNotKnownIsLeftOut) {
    EXPECT_EQ(json::parse(to_eve_json(handshake_event(), nullptr))["tls"],
              json::parse(R"({"sni":"www.example.com","version":"TLS 1.2"})"));
    abi::EventRecord e;
    EXPECT_FALSE(json::parse(to_eve_json(e, nullptr)).contains("tls"));
}

// Nothing that a record may hold leads out of it.
TEST(EveTls, LengthsAreNotTrusted) {
    abi::EventRecord e = handshake_event();
    e.tls.length.fill(0xffff);
    e.tls.has_certificate = true;
    e.tls.not_after = INT64_MAX;
    EXPECT_NO_THROW((void)to_eve_json(e, nullptr));
}

}  // namespace
}  // namespace sluice::exporter
