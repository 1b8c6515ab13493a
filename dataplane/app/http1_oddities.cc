// SPDX-License-Identifier: Apache-2.0
#include "dataplane/app/http1_oddities.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace sluice::app {
namespace {

constexpr unsigned kManyLayers = 2;
constexpr std::size_t kMaxHostName = 255;
constexpr std::size_t kMaxLabel = 63;

bool starts_with_nocase(Bytes text, std::string_view lower) {
    return text.size() >= lower.size() && equals_nocase(text.first(lower.size()), lower);
}

bool is_name(Bytes name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), is_token_char);
}

bool is_host_char(std::uint8_t c) {
    const std::uint8_t l = to_lower(c);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

// As libhtp's htp_validate_hostname(): labels of 1 to 63 characters, one final dot.
bool is_host_name(Bytes host) {
    if (host.empty() || host.size() > kMaxHostName) {
        return false;
    }
    if (host.front() == '[') {
        return host.size() > 3 && host.back() == ']' &&
               std::all_of(host.begin() + 1, host.end() - 1, [](std::uint8_t c) {
                   return hex_value(c) >= 0 || c == ':' || c == '.';
               });
    }
    std::size_t label = 0;
    for (std::size_t i = 0; i < host.size(); ++i) {
        if (host[i] == '.') {
            if (label == 0) {
                return false;
            }
            label = 0;
        } else if (!is_host_char(host[i]) || ++label > kMaxLabel) {
            return false;
        }
    }
    return true;
}

// What follows the host in "host:port"; null: nothing does.
Bytes port_of(Bytes value, Bytes host) {
    const Bytes text = trim_lws(value);
    const std::size_t end = host.data() == nullptr
                                ? 0
                                : static_cast<std::size_t>(host.data() - text.data()) + host.size();
    const Bytes rest = trim_lws(text.subspan(std::min(end, text.size())));
    return rest.empty() || rest.front() != ':' ? Bytes{} : trim_lws(rest.subspan(1));
}

bool is_port(Bytes digits) {
    std::uint32_t n = 0;
    for (const std::uint8_t c : digits) {
        n = c >= '0' && c <= '9' && n <= 0xffff ? n * 10 + (c - '0') : 0x10000;
    }
    return n != 0 && n <= 0xffff;
}

void note_host(const Http1Field& field, Bytes uri_host, AppEventSet& events) {
    const Bytes host = host_of(field.value);
    const Bytes port = port_of(field.value, host);
    const bool bad_port = port.data() != nullptr && !is_port(port);
    // A second one is joined to the first, which is no name any more.
    if (!is_host_name(host) || bad_port || field.next != Http1Field::kNone) {
        events.add(AppEvent::http_request_header_host_invalid);
    }
    const bool same =
        uri_host.size() == host.size() &&
        std::equal(host.begin(), host.end(), uri_host.begin(),
                   [](std::uint8_t a, std::uint8_t b) { return to_lower(a) == to_lower(b); });
    if (uri_host.data() != nullptr && !same) {
        events.add(AppEvent::http_host_header_ambiguous);
    }
}

struct FieldEvents {
    AppEvent missing_colon;
    AppEvent invalid;
    AppEvent folding;
    AppEvent bad_length;
    AppEvent two_lengths;
};

constexpr FieldEvents kOfRequest{AppEvent::http_request_field_missing_colon,
                                 AppEvent::http_request_header_invalid,
                                 AppEvent::http_invalid_request_field_folding,
                                 AppEvent::http_invalid_content_length_field_in_request,
                                 AppEvent::http_duplicate_content_length_field_in_request};
constexpr FieldEvents kOfResponse{AppEvent::http_response_field_missing_colon,
                                  AppEvent::http_response_header_invalid,
                                  AppEvent::http_invalid_response_field_folding,
                                  AppEvent::http_invalid_content_length_field_in_response,
                                  AppEvent::http_duplicate_content_length_field_in_response};

// What both directions have in common.
void note_fields(const Http1Fields& fields, const FieldEvents& of, AppEventSet& events) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const Http1Field& f = fields[i];
        if (!is_name(f.name)) {
            events.add(f.no_colon ? of.missing_colon : of.invalid);
        } else if (f.blank_before_colon) {
            events.add(of.invalid);
        }
    }
    if (fields.first_is_folded()) {
        events.add(of.folding);
    }
    const Http1Field* length = fields.find("content-length");
    if (length == nullptr) {
        return;
    }
    const std::int64_t first = parse_content_length(length->value);
    if (first < 0) {
        events.add(of.bad_length);
    }
    for (std::uint16_t i = length->next; i != Http1Field::kNone; i = fields[i].next) {
        if (parse_content_length(fields[i].value) != first) {
            events.add(of.two_lengths);
        }
    }
}

// Content-Encoding of a response: words that only nearly are one of those that are undone, or too
// many of them.
void note_codings(Bytes value, AppEventSet& events) {
    unsigned layers = 0;
    for (Bytes left = value; !left.empty();) {
        const auto comma = std::find(left.begin(), left.end(), std::uint8_t{','});
        const auto n = static_cast<std::size_t>(comma - left.begin());
        const Bytes word = trim_lws(left.first(n));
        left = left.subspan(std::min(n + 1, left.size()));
        constexpr std::array<std::string_view, 4> kExact = {"gzip", "x-gzip", "deflate",
                                                            "x-deflate"};
        constexpr std::array<std::string_view, 4> kOther = {"br", "lzma", "inflate", "none"};
        const auto is = [&](std::string_view w) {
            return equals_nocase(word, w) && word.size() == w.size();
        };
        if (std::any_of(kExact.begin(), kExact.end(), is)) {
            ++layers;
        } else if (contains_nocase(word, "gzip") || contains_nocase(word, "deflate")) {
            ++layers;
            events.add(AppEvent::http_abnormal_ce_header);
        } else if (std::none_of(kOther.begin(), kOther.end(), is)) {
            events.add(AppEvent::http_abnormal_ce_header);
        }
    }
    if (layers > kManyLayers) {
        events.add(AppEvent::http_too_many_encoding_layers);
    }
}

void take_blanks(Bytes& in) {
    while (!in.empty() && in.front() == ' ') {
        in = in.subspan(1);
    }
}

bool take_char(Bytes& in, char c) {
    const bool is = !in.empty() && in.front() == static_cast<std::uint8_t>(c);
    in = in.subspan(is ? 1 : 0);
    return is;
}

// False: there is none, or it is too large.
bool take_number(Bytes& in, std::int64_t& n) {
    constexpr std::int64_t kMost = (std::int64_t{1} << 62) / 10;
    const std::size_t before = in.size();
    for (n = 0; !in.empty() && in.front() >= '0' && in.front() <= '9'; in = in.subspan(1)) {
        if (n > kMost) {
            return false;
        }
        n = n * 10 + (in.front() - '0');
    }
    return in.size() != before;
}

}  // namespace

void note_request_line(Bytes line, const RequestLine& request, AppEventSet& events) {
    if (!line.empty() && is_space(line.front())) {
        events.add(AppEvent::http_request_line_leading_whitespace);
    }
    const auto odd_space = [](std::uint8_t c) { return is_space(c) && c != ' '; };
    const auto gap = [&](Bytes before, Bytes after) {
        const std::uint8_t* from = before.data() + before.size();
        return Bytes(from, static_cast<std::size_t>(after.data() - from));
    };
    if (request.uri.data() == nullptr) {
        return;
    }
    const Bytes first = gap(request.method, request.uri);
    if (std::any_of(first.begin(), first.end(), odd_space)) {
        events.add(AppEvent::http_method_delim_non_compliant);
    }
    if (request.protocol.data() == nullptr) {
        return;
    }
    const Bytes second = gap(request.uri, request.protocol);
    if (std::any_of(second.begin(), second.end(), odd_space)) {
        events.add(AppEvent::http_uri_delim_non_compliant);
    }
}

void note_status_line(const StatusLine& status, AppEventSet& events) {
    if (!equals_nocase(status.protocol, "http/1.1") &&
        !equals_nocase(status.protocol, "http/1.0") &&
        !equals_nocase(status.protocol, "http/0.9")) {
        events.add(AppEvent::http_response_invalid_protocol);
    }
    if (status.status < 100) {
        events.add(AppEvent::http_response_invalid_status);
    }
}

void note_request_fields(const Http1Fields& fields, const RequestLine& request, Bytes uri_host,
                         AppEventSet& events) {
    note_fields(fields, kOfRequest, events);
    if (uri_host.data() != nullptr && !is_host_name(uri_host)) {
        events.add(AppEvent::http_request_uri_host_invalid);
    }
    if (const Http1Field* host = fields.find("host"); host != nullptr) {
        note_host(*host, uri_host, events);
    } else if (equals_nocase(request.protocol, "http/1.1")) {
        events.add(AppEvent::http_missing_host_header);
    }
    if (const Http1Field* te = fields.find("transfer-encoding");
        te != nullptr && !list_has(te->value, "chunked")) {
        events.add(AppEvent::http_invalid_transfer_encoding_value_in_request);
    }
    const Http1Field* auth = fields.find("authorization");
    if (auth != nullptr && !starts_with_nocase(auth->value, "basic") &&
        !starts_with_nocase(auth->value, "digest") && !starts_with_nocase(auth->value, "bearer")) {
        events.add(AppEvent::http_request_auth_unrecognized);
    }
}

void note_response_fields(const Http1Fields& fields, const StatusLine& status,
                          AppEventSet& events) {
    note_fields(fields, kOfResponse, events);
    if (const Http1Field* te = fields.find("transfer-encoding");
        te != nullptr && contains_nocase(te->value, "chunked")) {
        if (te->value.size() != std::string_view("chunked").size()) {
            events.add(AppEvent::http_response_abnormal_transfer_encoding);
        }
        if (!equals_nocase(status.protocol, "http/1.1")) {
            events.add(AppEvent::http_response_chunked_old_proto);
        }
    }
    if (const Http1Field* type = fields.find("content-type");
        type != nullptr && fields.find("content-length") == nullptr &&
        fields.find("transfer-encoding") == nullptr &&
        contains_nocase(type->value, "multipart/byteranges")) {
        events.add(AppEvent::http_response_multipart_byteranges);
    }
    if (const Http1Field* coding = fields.find("content-encoding"); coding != nullptr) {
        note_codings(coding->value, events);
    }
}

bool has_bad_range(const Http1Fields& fields) {
    const Http1Field* field = fields.find("content-range");
    if (field == nullptr) {
        return false;
    }
    // "bytes 0-7/100", "bytes 0-7/*", "bytes */100"; any unit, anything behind.
    Bytes in = field->value;
    take_blanks(in);
    while (!in.empty() && in.front() != ' ') {
        in = in.subspan(1);
    }
    take_blanks(in);
    std::int64_t first = 0;
    std::int64_t last = 0;
    std::int64_t size = 0;
    if (take_char(in, '*')) {
        return !take_char(in, '/') || !take_number(in, size);
    }
    if (!take_number(in, first) || !take_char(in, '-') || !take_number(in, last) ||
        !take_char(in, '/')) {
        return true;
    }
    if (take_char(in, '*')) {
        return false;
    }
    return !take_number(in, size) || (last > 0 && size > 0 && (first > last || last > size - 1));
}

}  // namespace sluice::app
