// SPDX-License-Identifier: Apache-2.0
#include "dataplane/app/mime_text.h"

#include "dataplane/app/http1_text.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace sluice::app {
namespace {

constexpr std::uint32_t kMaxSections = 32;

struct Token {
    Bytes name;
    Bytes value;
};

constexpr bool is_blank(std::uint8_t c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

Bytes until(Bytes in, std::uint8_t stop) {
    return in.first(static_cast<std::size_t>(std::find(in.begin(), in.end(), stop) - in.begin()));
}

Bytes after(Bytes in, std::size_t n) {
    return in.subspan(std::min(n, in.size()));
}

// Takes the next name=value of 'in'. False: there is none.
bool next_token(Bytes& in, Token& token) {
    const auto begin = std::find_if_not(in.begin(), in.end(), is_blank);
    in = in.subspan(static_cast<std::size_t>(begin - in.begin()));
    token.name = until(in, '=');
    if (token.name.size() == in.size()) {
        return false;
    }
    in = in.subspan(token.name.size() + 1);
    const Bytes quoted = in.empty() || in.front() != '"' ? Bytes{} : until(in.subspan(1), '"');
    if (!in.empty() && in.front() == '"' && quoted.size() + 1 < in.size()) {
        token.value = quoted;
        in = in.subspan(quoted.size() + 2);
        if (!in.empty() && in.front() == ';') {
            in = in.subspan(1);
        }
        return true;
    }
    token.value = until(in, ';');
    in = after(in, token.value.size() + 1);
    return true;
}

// Of several of the same name the last one counts.
bool find_token(Bytes field, Bytes name, Bytes& value) {
    Bytes in = after(field, until(field, ';').size() + 1);
    Token token;
    bool found = false;
    while (next_token(in, token)) {
        if (token.name.size() == name.size() &&
            std::equal(name.begin(), name.end(), token.name.begin(),
                       [](std::uint8_t a, std::uint8_t b) { return to_lower(b) == a; })) {
            value = token.value;
            found = true;
        }
    }
    return found;
}

// "name*12"
class SectionName {
  public:
    explicit SectionName(std::string_view name) {
        size_ = std::min(name.size(), text_.size() - 4);
        std::copy_n(name.begin(), size_, text_.begin());
        text_[size_++] = '*';
    }

    Bytes plain() const { return Bytes(text_).first(size_ - 1); }

    Bytes extended() const { return Bytes(text_).first(size_); }

    Bytes section(std::uint32_t i) {
        std::size_t n = size_;
        if (i >= 10) {
            text_[n++] = static_cast<std::uint8_t>('0' + i / 10);
        }
        text_[n++] = static_cast<std::uint8_t>('0' + i % 10);
        return Bytes(text_).first(n);
    }

  private:
    std::array<std::uint8_t, 24> text_{};
    std::size_t size_ = 0;
};

void append(Parameter& p, Bytes value, MutableBytes out) {
    const std::size_t at = std::min(p.size, out.size());
    const std::size_t n = std::min(value.size(), out.size() - at);
    std::copy_n(value.begin(), n, out.begin() + static_cast<std::ptrdiff_t>(at));
    p.found = true;
    p.size += value.size();
}

}  // namespace

Bytes field_name(Bytes line) {
    const auto end = std::find_if_not(
        line.begin(), line.end(), [](std::uint8_t c) { return c > ' ' && c < 0x7f && c != ':'; });
    return end == line.begin() || end == line.end() || *end != ':'
               ? Bytes{}
               : line.first(static_cast<std::size_t>(end - line.begin()));
}

Parameter find_parameter(Bytes field, std::string_view name, MutableBytes out) {
    SectionName names(name);
    Parameter p;
    Bytes value;
    if (find_token(field, names.plain(), value)) {
        append(p, value, out);
        return p;
    }
    for (std::uint32_t i = 0; i < kMaxSections && find_token(field, names.section(i), value); ++i) {
        append(p, value, out);
    }
    // Suricata does not know this form; mail programs do.
    if (!p.found && find_token(field, names.extended(), value)) {
        append(p, value, out);
    }
    return p;
}

Bytes media_type(Bytes field) {
    const auto end = std::find_if(field.begin(), field.end(), [](std::uint8_t c) {
        return c == ';' || c == ' ' || c == '\r' || c == '\n';
    });
    return field.first(static_cast<std::size_t>(end - field.begin()));
}

}  // namespace sluice::app
