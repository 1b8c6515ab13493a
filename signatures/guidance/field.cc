// SPDX-License-Identifier: Apache-2.0
#include "signatures/guidance/field.h"

#include "signatures/lang/text.h"

#include <array>
#include <charconv>

namespace sluice::guidance {

namespace {

constexpr std::uint8_t kClient = 1;
constexpr std::uint8_t kServer = 2;
constexpr std::uint8_t kEither = 3;
constexpr std::uint32_t kMaxIndex =
    65535;  // the largest repeat count of a pcre and offset of a content
constexpr std::size_t kMaxLiteralBytes = 255;

constexpr std::array kBuffers = {
    Buffer{"payload", "", kEither, false},
    Buffer{"file.data", "file.data", kEither, false},
    Buffer{"http.uri", "http.uri", kClient, true},
    Buffer{"http.uri.raw", "http.uri.raw", kClient, true},
    Buffer{"http.method", "http.method", kClient, true},
    Buffer{"http.host", "http.host", kClient, true},
    Buffer{"http.user_agent", "http.user_agent", kClient, true},
    Buffer{"http.referer", "http.referer", kClient, true},
    Buffer{"http.cookie", "http.cookie", kEither, true},
    Buffer{"http.content_type", "http.content_type", kEither, true},
    Buffer{"http.request_body", "http.request_body", kClient, false},
    Buffer{"http.response_body", "http.response_body", kServer, false},
    Buffer{"http.stat_code", "http.stat_code", kServer, true},
    Buffer{"http.stat_msg", "http.stat_msg", kServer, true},
    Buffer{"http.server", "http.server", kServer, true},
    Buffer{"http.location", "http.location", kServer, true},
};

constexpr Buffer kHeaderLines = {"http.header", "http.header", kEither, true};

struct HeaderRow {
    std::string_view header;  // lower case
    Buffer buffer;
};

constexpr std::array kHeaders = {
    HeaderRow{"accept", {"http.header", "http.accept", kClient, true}},
    HeaderRow{"accept-encoding", {"http.header", "http.accept_enc", kClient, true}},
    HeaderRow{"accept-language", {"http.header", "http.accept_lang", kClient, true}},
    HeaderRow{"connection", {"http.header", "http.connection", kEither, true}},
    HeaderRow{"content-length", {"http.header", "http.content_len", kEither, true}},
    HeaderRow{"content-type", {"http.header", "http.content_type", kEither, true}},
    HeaderRow{"cookie", {"http.header", "http.cookie", kClient, true}},
    HeaderRow{"host", {"http.header", "http.host.raw", kClient, true}},
    HeaderRow{"location", {"http.header", "http.location", kServer, true}},
    HeaderRow{"referer", {"http.header", "http.referer", kClient, true}},
    HeaderRow{"server", {"http.header", "http.server", kServer, true}},
    HeaderRow{"set-cookie", {"http.header", "http.cookie", kServer, true}},
    HeaderRow{"user-agent", {"http.header", "http.user_agent", kClient, true}},
};

// RFC 9110 section 5.6.2: a header's name is a token.
bool is_token(std::string_view s) {
    constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
    for (char c : s) {
        const char l = lang::to_lower(c);
        if (!(l >= 'a' && l <= 'z') && !lang::is_digit(c) &&
            kMarks.find(c) == std::string_view::npos) {
            return false;
        }
    }
    return !s.empty() && s.size() <= 128;
}

std::optional<std::uint32_t> parse_index(std::string_view s) {
    const bool hex = s.starts_with("0x");
    s.remove_prefix(hex ? 2 : 0);
    std::uint32_t v = 0;
    const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), v, hex ? 16 : 10);
    if (s.empty() || error != std::errc() || end != s.data() + s.size() || v > kMaxIndex) {
        return std::nullopt;
    }
    return v;
}

FieldResult fault(std::string text) {
    return FieldResult{{}, std::move(text)};
}

FieldResult header_field(std::string_view text) {
    constexpr std::string_view kOpen = "http.header[\"";
    if (!text.starts_with(kOpen) || !text.ends_with("\"]") || text.size() < kOpen.size() + 2) {
        return fault("a header is named as in http.header[\"Accept-Encoding\"]");
    }
    text = text.substr(kOpen.size(), text.size() - kOpen.size() - 2);
    if (!is_token(text)) {
        return fault("'" + std::string(text) + "' is not a header's name");
    }
    return FieldResult{{Field::Kind::kHeader, std::string(text), std::nullopt}, ""};
}

int hex_digit(char c) {
    c = lang::to_lower(c);
    if (lang::is_digit(c)) {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// "0d 0a" -> two bytes; false: not hex.
bool hex_bytes(std::string_view s, std::vector<std::uint8_t>& out) {
    int high = -1;
    for (char c : s) {
        if (c == ' ') {
            continue;
        }
        const int v = hex_digit(c);
        if (v < 0) {
            return false;
        }
        if (high < 0) {
            high = v;
        } else {
            out.push_back(static_cast<std::uint8_t>(high * 16 + v));
            high = -1;
        }
    }
    return high < 0;
}

}  // namespace

const Buffer* find_buffer(std::string_view field) {
    for (const Buffer& b : kBuffers) {
        if (b.field == field) {
            return &b;
        }
    }
    return nullptr;
}

const Buffer* find_header_buffer(std::string_view header, bool to_server) {
    const std::uint8_t side = to_server ? kClient : kServer;
    for (const HeaderRow& row : kHeaders) {
        if (lang::equal_nocase(row.header, header) && (row.buffer.sides & side) != 0) {
            return &row.buffer;
        }
    }
    return nullptr;
}

const Buffer& header_lines() {
    return kHeaderLines;
}

FieldResult parse_field(std::string_view text) {
    if (text.starts_with("http.header")) {
        return header_field(text);
    }
    Field field;
    if (const std::size_t open = text.find('['); open != std::string_view::npos) {
        if (!text.ends_with(']')) {
            return fault("']' is missing");
        }
        field.index = parse_index(text.substr(open + 1, text.size() - open - 2));
        if (!field.index) {
            return fault("index is not a number from 0 to 65535");
        }
        text = text.substr(0, open);
    }
    field.kind = text == "buffer" ? Field::Kind::kLocated : Field::Kind::kNamed;
    field.name = text;
    return FieldResult{std::move(field), ""};
}

LiteralResult parse_literal(std::string_view text) {
    LiteralResult r;
    while (!text.empty()) {
        if (text.front() != '|') {
            r.bytes.push_back(static_cast<std::uint8_t>(text.front()));
            text.remove_prefix(1);
            continue;
        }
        const std::size_t end = text.find('|', 1);
        if (end == std::string_view::npos || !hex_bytes(text.substr(1, end - 1), r.bytes)) {
            r.fault = "hex bytes between two '|' expected";
            return r;
        }
        text.remove_prefix(end + 1);
    }
    if (r.bytes.empty() || r.bytes.size() > kMaxLiteralBytes) {
        r.fault = "literal of 1 to 255 bytes expected";
    }
    return r;
}

}  // namespace sluice::guidance
