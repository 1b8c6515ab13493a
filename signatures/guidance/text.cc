// SPDX-License-Identifier: Apache-2.0
#include "signatures/guidance/text.h"

namespace sluice::guidance {

namespace {

constexpr std::string_view kHex = "0123456789abcdef";

bool is_word(std::uint8_t c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

void add_hex(std::string& out, std::uint8_t b) {
    out += kHex[b >> 4U];
    out += kHex[b & 15U];
}

std::uint8_t byte_at(std::string_view s, std::size_t i) {
    return i < s.size() ? static_cast<std::uint8_t>(s[i]) : 0;
}

void put_unit(std::vector<std::uint8_t>& out, std::uint32_t unit) {
    out.push_back(static_cast<std::uint8_t>(unit));
    out.push_back(static_cast<std::uint8_t>(unit >> 8U));
}

}  // namespace

std::string content_text(Bytes bytes) {
    constexpr std::string_view kSpecial = "\";:\\|";
    std::string out = "\"";
    bool hex = false;
    for (std::uint8_t b : bytes) {
        const bool plain =
            b >= 0x20 && b < 0x7f && kSpecial.find(static_cast<char>(b)) == std::string_view::npos;
        if (plain == hex) {
            out += '|';
            hex = !hex;
        } else if (hex) {
            out += ' ';
        }
        if (plain) {
            out += static_cast<char>(b);
        } else {
            add_hex(out, b);
        }
    }
    out += hex ? "|\"" : "\"";
    return out;
}

std::string regex_text(Bytes bytes) {
    std::string out;
    for (std::uint8_t b : bytes) {
        if (is_word(b)) {
            out += static_cast<char>(b);
        } else {
            out += "\\x";
            add_hex(out, b);
        }
    }
    return out;
}

std::string pcre_text(std::string_view expression, std::string_view flags) {
    std::string out = "\"/";
    for (std::size_t i = 0; i < expression.size(); ++i) {
        char c = expression[i];
        const bool escaped = c == '\\' && i + 1 < expression.size();
        if (escaped) {
            c = expression[++i];
        }
        if (c == '"' || c == ';' || c == '/') {
            out += "\\x";
            add_hex(out, static_cast<std::uint8_t>(c));
        } else {
            out += escaped ? "\\" : "";
            out += c;
        }
    }
    out += '/';
    out += flags;
    out += '"';
    return out;
}

std::string regex_fault(std::string_view e) {
    if (e.empty()) {
        return "expression is empty";
    }
    for (std::size_t i = 0; i < e.size(); ++i) {
        const auto c = static_cast<std::uint8_t>(e[i]);
        if (c < 0x20 || c >= 0x7f) {
            return "a byte outside printable ASCII; write it as \\xHH";
        }
        const std::string_view rest = e.substr(i);
        if (rest.starts_with("(*") || rest.starts_with("(?C")) {
            return "verbs and callouts are not allowed";
        }
        if (c == '\\') {
            if (++i == e.size()) {
                return "expression ends in a backslash";
            }
            if (e[i] == 'Q' || e[i] == 'E' || e[i] == 'c') {
                return std::string("\\") + e[i] + " is not allowed; write \\xHH";
            }
        }
    }
    return {};
}

bool has_anchor(std::string_view e) {
    bool in_class = false;
    for (std::size_t i = 0; i < e.size(); ++i) {
        const char c = e[i];
        if (c == '\\') {
            const char next = static_cast<char>(byte_at(e, ++i));
            if (!in_class && (next == 'A' || next == 'Z' || next == 'z' || next == 'G')) {
                return true;
            }
        } else if (in_class) {
            in_class = c != ']';
        } else if (c == '[') {
            in_class = true;
            // "[]...]" and "[^]...]": a bracket in first place is a member.
            i += byte_at(e, i + 1) == '^' ? 1U : 0U;
            i += byte_at(e, i + 1) == ']' ? 1U : 0U;
        } else if (c == '^' || c == '$') {
            return true;
        }
    }
    return false;
}

std::string message_text(std::string_view text) {
    std::string out = "\"";
    for (char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
        }
        out += c;
    }
    return out + '"';
}

std::vector<std::uint8_t> bytes_of(std::string_view text) {
    return std::vector<std::uint8_t>(text.begin(), text.end());
}

std::vector<std::uint8_t> utf16le_of(std::string_view text) {
    std::vector<std::uint8_t> out;
    for (std::size_t i = 0; i < text.size();) {
        const std::uint32_t lead = byte_at(text, i);
        const std::size_t more = lead < 0x80 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
        std::uint32_t code = more == 0 ? lead : lead & (0x3fU >> more);
        for (std::size_t k = 1; k <= more; ++k) {
            code = code << 6U | (byte_at(text, i + k) & 0x3fU);
        }
        i += more + 1;
        if (code < 0x10000) {
            put_unit(out, code);
        } else {
            put_unit(out, 0xd800U + ((code - 0x10000U) >> 10U));
            put_unit(out, 0xdc00U + ((code - 0x10000U) & 0x3ffU));
        }
    }
    return out;
}

}  // namespace sluice::guidance
