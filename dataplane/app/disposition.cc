// SPDX-License-Identifier: Apache-2.0
#include "dataplane/app/disposition.h"

#include "dataplane/app/http1_text.h"

#include <algorithm>

namespace sluice::app {
namespace {

Bytes trim_front(Bytes text) {
    const auto at = std::find_if_not(text.begin(), text.end(), is_space);
    return text.subspan(static_cast<std::size_t>(at - text.begin()));
}

// Up to the next ';' that is neither in quotes nor behind a backslash.
std::size_t token_size(Bytes in) {
    bool quoted = false;
    for (std::size_t i = 0; i < in.size(); ++i) {
        const bool escaped = i != 0 && in[i - 1] == '\\';
        if (in[i] == '"' && !escaped) {
            quoted = !quoted;
        } else if (in[i] == ';' && !escaped && !quoted) {
            return i;
        }
    }
    return in.size();
}

Bytes unquoted(Bytes value) {
    if (!value.empty() && value.front() == '"') {
        value = value.subspan(1);
    }
    if (!value.empty() && value.back() == '"') {
        value = value.first(value.size() - 1);
    }
    return value;
}

}  // namespace

Bytes header_parameter(Bytes field, std::string_view lower) {
    for (Bytes left = trim_front(field); !left.empty();) {
        const Bytes token = left.first(token_size(left));
        left = trim_front(left.subspan(std::min(token.size() + 1, left.size())));
        if (token.size() <= lower.size() || !equals_nocase(token.first(lower.size()), lower)) {
            continue;
        }
        const Bytes rest = trim_front(token.subspan(lower.size()));
        // Suricata takes "filename=" without anything behind it for no name.
        if (rest.size() > 1 && rest.front() == '=') {
            return unquoted(trim_front(rest.subspan(1)));
        }
    }
    return {};
}

// "UTF-8'en'name" (RFC 8187).
Bytes file_name_of(Bytes disposition) {
    if (const Bytes name = header_parameter(disposition, "filename"); name.data() != nullptr) {
        return name;
    }
    Bytes name = header_parameter(disposition, "filename*");
    for (int quotes = 0; quotes < 2 && name.data() != nullptr; ++quotes) {
        const auto at = std::find(name.begin(), name.end(), std::uint8_t{'\''});
        if (at == name.end()) {
            break;
        }
        name = name.subspan(static_cast<std::size_t>(at - name.begin()) + 1);
    }
    return name;
}

Bytes boundary_of(Bytes content_type) {
    constexpr std::string_view kMultipart = "multipart/";
    const Bytes type = trim_front(content_type);
    const bool multipart =
        type.size() > kMultipart.size() && equals_nocase(type.first(kMultipart.size()), kMultipart);
    return multipart ? trim_lws(header_parameter(type, "boundary")) : Bytes{};
}

}  // namespace sluice::app
