// SPDX-License-Identifier: Apache-2.0
#include "dataplane/export/eve_http.h"

#include <charconv>
#include <optional>
#include <string_view>

namespace sluice::exporter {
namespace {

using abi::HttpText;

void optional_text(const char* name, std::string_view text, JsonWriter& json) {
    if (!text.empty()) {
        json.field(name, text);
    }
}

// The number behind the host's last colon.
std::optional<std::uint16_t> port_in(std::string_view host) {
    const std::size_t colon = host.rfind(':');
    if (colon == std::string_view::npos) {
        return std::nullopt;
    }
    const std::string_view digits = host.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    const bool whole = error == std::errc() && end == digits.data() + digits.size();
    return whole ? std::optional(port) : std::nullopt;
}

}  // namespace

void write_http(const abi::HttpFields& http, JsonWriter& json) {
    if (!http.known) {
        return;
    }
    json.key("http").begin_object();
    optional_text("hostname", text_of(http, HttpText::kHost), json);
    if (const auto port = port_in(text_of(http, HttpText::kHostRaw)); port) {
        json.field("http_port", *port);
    }
    optional_text("url", text_of(http, HttpText::kUrl), json);
    optional_text("http_user_agent", text_of(http, HttpText::kUserAgent), json);
    const std::string_view type = text_of(http, HttpText::kContentType);
    optional_text("http_content_type", type.substr(0, type.find(';')), json);
    optional_text("http_refer", text_of(http, HttpText::kReferer), json);
    optional_text("http_method", text_of(http, HttpText::kMethod), json);
    optional_text("protocol", text_of(http, HttpText::kProtocol), json);
    if (http.status != 0) {
        json.field("status", http.status);
    }
    if (http.status > 300 && http.status < 304) {
        optional_text("redirect", text_of(http, HttpText::kLocation), json);
    }
    json.field("length", http.length);
    json.end_object();
}

}  // namespace sluice::exporter
