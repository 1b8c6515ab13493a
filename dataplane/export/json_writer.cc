// SPDX-License-Identifier: Apache-2.0
#include "dataplane/export/json_writer.h"

#include <array>
#include <cstddef>

namespace sluice::exporter {
namespace {

std::uint8_t byte_at(std::string_view s, std::size_t i) {
    return i < s.size() ? static_cast<std::uint8_t>(s[i]) : 0;
}

bool is_continuation(std::uint8_t b) {
    return (b & 0xc0U) == 0x80U;
}

// Length of the well-formed UTF-8 sequence at i (RFC 3629 section 4), 0 when there is none.
std::size_t utf8_length(std::string_view s, std::size_t i) {
    const std::uint8_t a = byte_at(s, i);
    const std::uint8_t b = byte_at(s, i + 1);
    if (a < 0x80) {
        return 1;
    }
    if (a >= 0xc2 && a <= 0xdf) {
        return is_continuation(b) ? 2 : 0;
    }
    if (a >= 0xe0 && a <= 0xef) {
        const std::uint8_t lo = a == 0xe0 ? 0xa0 : 0x80;  // no overlong form
        const std::uint8_t hi = a == 0xed ? 0x9f : 0xbf;  // no surrogate
        return b >= lo && b <= hi && is_continuation(byte_at(s, i + 2)) ? 3 : 0;
    }
    if (a >= 0xf0 && a <= 0xf4) {
        const std::uint8_t lo = a == 0xf0 ? 0x90 : 0x80;
        const std::uint8_t hi = a == 0xf4 ? 0x8f : 0xbf;
        const bool rest = is_continuation(byte_at(s, i + 2)) && is_continuation(byte_at(s, i + 3));
        return b >= lo && b <= hi && rest ? 4 : 0;
    }
    return 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t length = utf8_length(text, i);
        if (length == 0) {
            return false;
        }
        i += length;
    }
    return true;
}

void JsonWriter::separate() {
    if (!first_) {
        out_ += ',';
    }
    first_ = false;
}

JsonWriter& JsonWriter::begin_object() {
    separate();
    out_ += '{';
    first_ = true;
    return *this;
}

JsonWriter& JsonWriter::end_object() {
    out_ += '}';
    first_ = false;
    return *this;
}

JsonWriter& JsonWriter::begin_array() {
    separate();
    out_ += '[';
    first_ = true;
    return *this;
}

JsonWriter& JsonWriter::end_array() {
    out_ += ']';
    first_ = false;
    return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
    separate();
    append_escaped(name);
    out_ += ':';
    first_ = true;  // the value follows without a comma
    return *this;
}

JsonWriter& JsonWriter::text(std::string_view value) {
    separate();
    append_escaped(value);
    return *this;
}

JsonWriter& JsonWriter::number(std::uint64_t value) {
    separate();
    out_ += std::to_string(value);
    return *this;
}

JsonWriter& JsonWriter::boolean(bool value) {
    separate();
    out_ += value ? "true" : "false";
    return *this;
}

void JsonWriter::append_escaped(std::string_view value) {
    static constexpr std::array<char, 17> kHex = {"0123456789abcdef"};
    out_ += '"';
    for (std::size_t i = 0; i < value.size();) {
        const std::uint8_t c = byte_at(value, i);
        const std::size_t length = utf8_length(value, i);
        if (length == 0) {
            out_ += "\\ufffd";
            ++i;
            continue;
        }
        if (c == '"' || c == '\\') {
            out_ += '\\';
            out_ += value[i];
        } else if (c == '\n') {
            out_ += "\\n";
        } else if (c == '\r') {
            out_ += "\\r";
        } else if (c == '\t') {
            out_ += "\\t";
        } else if (c < 0x20 || c == 0x7f) {
            out_ += "\\u00";
            out_ += kHex[c >> 4U];
            out_ += kHex[c & 0x0fU];
        } else {
            out_ += value.substr(i, length);
        }
        i += length;
    }
    out_ += '"';
}

}  // namespace sluice::exporter
