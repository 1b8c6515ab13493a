// SPDX-License-Identifier: Apache-2.0
// The words of HTTP/1 (RFC 9112), read as leniently as libhtp's generic personality does: white
// space is isspace(), a line ends at LF. Views point into the caller's bytes; an absent part has a
// null data(). Pure functions, any thread.
#pragma once

#include "dataplane/base/cursor.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::app {

// What the response parser must know about the request it answers.
enum class MethodKind : std::uint8_t { kOther, kHead, kConnect };

constexpr bool is_lws(std::uint8_t c) {
    return c == ' ' || c == '\t';
}

constexpr bool is_space(std::uint8_t c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

constexpr std::uint8_t to_lower(std::uint8_t c) {
    return c >= 'A' && c <= 'Z' ? static_cast<std::uint8_t>(c + ('a' - 'A')) : c;
}

// Value of a hexadecimal digit, or -1.
constexpr int hex_value(std::uint8_t c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const std::uint8_t l = to_lower(c);
    return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

// RFC 9110 section 5.6.2.
bool is_token_char(std::uint8_t c);

// 'lower' is lower-case ASCII.
bool equals_nocase(Bytes text, std::string_view lower);
bool contains_nocase(Bytes text, std::string_view lower);

// Whether a comma-separated list has this element.
bool list_has(Bytes list, std::string_view lower);

Bytes trim_lws(Bytes text);

// Where the first LF is; in.size(): there is none.
std::size_t find_lf(Bytes in);

// Without the CRs and LFs at its end.
Bytes chomp(Bytes line);

struct RequestLine {
    Bytes method;
    Bytes uri;
    Bytes protocol;  // null: HTTP/0.9, or a client that forgot it
    MethodKind kind = MethodKind::kOther;
};

RequestLine parse_request_line(Bytes line);

struct StatusLine {
    Bytes protocol;
    Bytes code;
    Bytes message;
    std::uint16_t status = 0;  // 0: not a number
};

StatusLine parse_status_line(Bytes line);

// 100 Continue and its like: the response that counts is still to come (RFC 9110 section 15.2).
constexpr bool is_interim(std::uint16_t status) {
    return status >= 100 && status < 200 && status != 101;
}

// The first run of digits in a Content-Length; -1 when there is none or it does not fit.
std::int64_t parse_content_length(Bytes value);

// "host[:port]" or "[v6]:port" of a Host header or CONNECT target; null when there is no host in
// it.
Bytes host_of(Bytes value);

}  // namespace sluice::app
