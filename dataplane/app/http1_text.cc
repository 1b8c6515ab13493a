// SPDX-License-Identifier: Apache-2.0
#include "dataplane/app/http1_text.h"

#include <array>
#include <cstring>

namespace sluice::app {
namespace {

constexpr std::array<bool, 256> make_token_table() {
    std::array<bool, 256> t{};
    for (unsigned c = 0x21; c < 0x7f; ++c) {
        t[c] = true;
    }
    for (const char c : std::string_view("()<>@,;:\\\"/[]?={}")) {
        t[static_cast<unsigned char>(c)] = false;
    }
    return t;
}

constexpr std::array<bool, 256> kToken = make_token_table();

std::size_t skip_spaces(Bytes line, std::size_t pos) {
    while (pos < line.size() && is_space(line[pos])) {
        ++pos;
    }
    return pos;
}

std::size_t skip_word(Bytes line, std::size_t pos) {
    while (pos < line.size() && !is_space(line[pos])) {
        ++pos;
    }
    return pos;
}

// Methods are case-sensitive (RFC 9110 section 9.1): "head" gets a body, if only an error page.
bool equals(Bytes text, std::string_view s) {
    return text.size() == s.size() && std::memcmp(text.data(), s.data(), s.size()) == 0;
}

MethodKind kind_of(Bytes method) {
    if (equals(method, "HEAD")) {
        return MethodKind::kHead;
    }
    return equals(method, "CONNECT") ? MethodKind::kConnect : MethodKind::kOther;
}

}  // namespace

bool is_token_char(std::uint8_t c) {
    return kToken[c];
}

bool equals_nocase(Bytes text, std::string_view lower) {
    if (text.size() != lower.size()) {
        return false;
    }
    for (std::size_t i = 0; i < lower.size(); ++i) {
        if (to_lower(text[i]) != static_cast<std::uint8_t>(lower[i])) {
            return false;
        }
    }
    return true;
}

bool contains_nocase(Bytes text, std::string_view lower) {
    for (std::size_t i = 0; i + lower.size() <= text.size(); ++i) {
        if (equals_nocase(text.subspan(i, lower.size()), lower)) {
            return true;
        }
    }
    return false;
}

bool list_has(Bytes list, std::string_view lower) {
    std::size_t pos = 0;
    while (pos < list.size()) {
        const void* comma = std::memchr(list.data() + pos, ',', list.size() - pos);
        const std::size_t end =
            comma == nullptr
                ? list.size()
                : static_cast<std::size_t>(static_cast<const std::uint8_t*>(comma) - list.data());
        if (equals_nocase(trim_lws(list.subspan(pos, end - pos)), lower)) {
            return true;
        }
        pos = end + 1;
    }
    return false;
}

Bytes trim_lws(Bytes text) {
    while (!text.empty() && is_lws(text.front())) {
        text = text.subspan(1);
    }
    while (!text.empty() && is_lws(text.back())) {
        text = text.first(text.size() - 1);
    }
    return text;
}

std::size_t find_lf(Bytes in) {
    const void* p = in.empty() ? nullptr : std::memchr(in.data(), '\n', in.size());
    return p == nullptr ? in.size()
                        : static_cast<std::size_t>(static_cast<const std::uint8_t*>(p) - in.data());
}

Bytes chomp(Bytes line) {
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) {
        line = line.first(line.size() - 1);
    }
    return line;
}

RequestLine parse_request_line(Bytes line) {
    RequestLine out;
    std::size_t pos = skip_spaces(line, 0);
    std::size_t end = skip_word(line, pos);
    out.method = line.subspan(pos, end - pos);
    out.kind = kind_of(out.method);
    pos = skip_spaces(line, end);
    if (pos == line.size()) {
        return out;
    }
    // The target ends at the first SP; only when there is none do other white space characters
    // delimit it.
    const void* sp = std::memchr(line.data() + pos, ' ', line.size() - pos);
    end = sp == nullptr
              ? skip_word(line, pos)
              : static_cast<std::size_t>(static_cast<const std::uint8_t*>(sp) - line.data());
    out.uri = line.subspan(pos, end - pos);
    pos = skip_spaces(line, end);
    if (pos < line.size()) {
        out.protocol = line.subspan(pos);
    }
    return out;
}

StatusLine parse_status_line(Bytes line) {
    StatusLine out;
    std::size_t pos = skip_spaces(line, 0);
    std::size_t end = skip_word(line, pos);
    if (end == pos) {
        return out;
    }
    out.protocol = line.subspan(pos, end - pos);
    pos = skip_spaces(line, end);
    end = skip_word(line, pos);
    if (end == pos) {
        return out;
    }
    out.code = line.subspan(pos, end - pos);
    if (out.code.size() == 3) {
        unsigned status = 0;
        bool digits = true;
        for (const std::uint8_t c : out.code) {
            digits = digits && c >= '0' && c <= '9';
            status = status * 10 + static_cast<unsigned>(c - '0');
        }
        out.status = digits ? static_cast<std::uint16_t>(status) : std::uint16_t{0};
    }
    pos = skip_spaces(line, end);
    if (pos < line.size()) {
        out.message = line.subspan(pos);
    }
    return out;
}

std::int64_t parse_content_length(Bytes value) {
    constexpr std::int64_t kLimit = std::int64_t{1} << 59;
    std::size_t pos = 0;
    while (pos < value.size() && (value[pos] < '0' || value[pos] > '9')) {
        ++pos;
    }
    if (pos == value.size()) {
        return -1;
    }
    std::int64_t n = 0;
    for (; pos < value.size() && value[pos] >= '0' && value[pos] <= '9'; ++pos) {
        n = n * 10 + (value[pos] - '0');
        if (n > kLimit) {
            return -1;
        }
    }
    return n;
}

Bytes host_of(Bytes value) {
    const Bytes text = trim_lws(value);
    if (text.empty()) {
        return {};
    }
    if (text.front() == '[') {
        const void* close = std::memchr(text.data(), ']', text.size());
        if (close == nullptr) {
            return {};
        }
        return text.first(
            static_cast<std::size_t>(static_cast<const std::uint8_t*>(close) - text.data()) + 1);
    }
    const void* colon = std::memchr(text.data(), ':', text.size());
    if (colon == nullptr) {
        return text;
    }
    const Bytes host = trim_lws(text.first(
        static_cast<std::size_t>(static_cast<const std::uint8_t*>(colon) - text.data())));
    return host.empty() ? Bytes{} : host;
}

}  // namespace sluice::app
