// SPDX-License-Identifier: Apache-2.0
#include "dataplane/export/eve_tls.h"

#include <array>
#include <cstdio>
#include <ctime>
#include <string>
#include <string_view>

namespace sluice::exporter {
namespace {

using abi::TlsText;

std::string version_text(std::uint16_t version) {
    switch (version) {
        case 0x0002:
            return "SSLv2";
        case 0x0300:
            return "SSLv3";
        case 0x0301:
            return "TLSv1";
        case 0x0302:
            return "TLS 1.1";
        case 0x0303:
            return "TLS 1.2";
        case 0x0304:
            return "TLS 1.3";
        default:
            break;
    }
    if ((version >> 8) == 0x7f) {
        return "TLS 1.3 draft-" + std::to_string(version & 0xff);
    }
    std::array<char, 8> hex{};
    std::snprintf(hex.data(), hex.size(), "0x%04x", static_cast<unsigned>(version));
    return hex.data();
}

std::string date_text(std::int64_t seconds) {
    const std::time_t when = seconds;
    std::tm utc{};
    std::array<char, 32> text{};
    if (gmtime_r(&when, &utc) == nullptr) {
        return {};
    }
    return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc)};
}

void write_fingerprint(const char* name, std::string_view hash, std::string_view string,
                       JsonWriter& json) {
    if (hash.empty()) {
        return;
    }
    json.key(name).begin_object();
    json.field("hash", hash).field("string", string);
    json.end_object();
}

}  // namespace

void write_tls(const abi::TlsFields& tls, JsonWriter& json) {
    if (tls.version == 0) {
        return;
    }
    json.key("tls").begin_object();
    if (tls.has_certificate) {
        json.field("subject", text_of(tls, TlsText::kSubject));
        json.field("issuerdn", text_of(tls, TlsText::kIssuer));
        json.field("serial", text_of(tls, TlsText::kSerial));
        json.field("fingerprint", text_of(tls, TlsText::kFingerprint));
    }
    if (const std::string_view sni = text_of(tls, TlsText::kSni); !sni.empty()) {
        json.field("sni", sni);
    }
    json.field("version", version_text(tls.version));
    if (tls.has_certificate) {
        json.field("notbefore", date_text(tls.not_before));
        json.field("notafter", date_text(tls.not_after));
    }
    write_fingerprint("ja3", text_of(tls, TlsText::kJa3Hash), text_of(tls, TlsText::kJa3String),
                      json);
    write_fingerprint("ja3s", text_of(tls, TlsText::kJa3sHash), text_of(tls, TlsText::kJa3sString),
                      json);
    if (const std::string_view ja4 = text_of(tls, TlsText::kJa4); !ja4.empty()) {
        json.field("ja4", ja4);
    }
    json.end_object();
}

}  // namespace sluice::exporter
