// SPDX-License-Identifier: Apache-2.0
#include "dataplane/app/uri.h"

#include "dataplane/app/bestfit.h"
#include "dataplane/app/http1_text.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace sluice::app {
namespace {

std::size_t find_any(Bytes s, std::size_t pos, const char* stops) {
    while (pos < s.size() && (s[pos] == 0 || std::strchr(stops, s[pos]) == nullptr)) {
        ++pos;
    }
    return pos;
}

Bytes host_in_authority(Bytes authority) {
    const auto* at =
        static_cast<const std::uint8_t*>(std::memchr(authority.data(), '@', authority.size()));
    if (at != nullptr) {
        authority = authority.subspan(static_cast<std::size_t>(at - authority.data()) + 1);
    }
    const bool v6 = !authority.empty() && authority.front() == '[';
    const std::size_t end = find_any(authority, 0, v6 ? "]" : ":");
    return authority.first(end < authority.size() && v6 ? end + 1 : end);
}

// Reads one %XX at pos; -1 if it is none.
int percent_byte(Bytes s, std::size_t pos) {
    if (s.size() - pos < 3 || s[pos] != '%') {
        return -1;
    }
    const int hi = hex_value(s[pos + 1]);
    const int lo = hex_value(s[pos + 2]);
    return hi < 0 || lo < 0 ? -1 : hi * 16 + lo;
}

// Reads one %uXXXX at pos; -1 if it is none.
int percent_u_byte(Bytes s, std::size_t pos) {
    if (s.size() - pos < 6 || s[pos] != '%' || to_lower(s[pos + 1]) != 'u') {
        return -1;
    }
    std::uint32_t codepoint = 0;
    for (std::size_t i = 2; i < 6; ++i) {
        const int digit = hex_value(s[pos + i]);
        if (digit < 0) {
            return -1;
        }
        codepoint = codepoint * 16 + static_cast<std::uint32_t>(digit);
    }
    return best_fit_byte(codepoint);
}

std::size_t percent_decode(Bytes in, std::uint8_t* out) {
    std::size_t w = 0;
    for (std::size_t r = 0; r < in.size();) {
        const int byte = percent_byte(in, r);
        out[w++] = byte < 0 ? in[r] : static_cast<std::uint8_t>(byte);
        r += byte < 0 ? 1 : 3;
    }
    return w;
}

std::size_t decode_path(Bytes in, std::uint8_t* out) {
    std::size_t w = 0;
    bool after_slash = false;
    for (std::size_t r = 0; r < in.size();) {
        std::uint8_t c = in[r];
        std::size_t used = 1;
        if (c == '%') {
            const int byte = percent_byte(in, r);
            const int wide = byte < 0 ? percent_u_byte(in, r) : -1;
            if (byte >= 0) {
                c = static_cast<std::uint8_t>(byte);
                used = 3;
            } else if (wide >= 0) {
                c = static_cast<std::uint8_t>(wide);
                used = 6;
            }
        }
        r += used;
        c = c == '\\' ? std::uint8_t{'/'} : c;
        if (c == '/' && after_slash) {
            continue;
        }
        after_slash = c == '/';
        out[w++] = c;
    }
    return w;
}

// Length that the lead byte promises, 0 if it cannot lead. Overlong forms are welcome: servers take
// them.
unsigned utf8_length(std::uint8_t lead) {
    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xc0 && lead < 0xe0) {
        return 2;
    }
    if (lead >= 0xe0 && lead < 0xf0) {
        return 3;
    }
    return lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
}

bool is_continuation(std::uint8_t lead, unsigned index, std::uint8_t c) {
    if ((c & 0xc0) != 0x80) {
        return false;
    }
    if (index != 1) {
        return true;
    }
    return !(lead == 0xed && c >= 0xa0) &&
           !(lead == 0xf4 && c >= 0x90);  // surrogates, beyond U+10FFFF
}

// In place: every character becomes one byte, every damaged sequence one '?', an unfinished one at
// the end nothing.
std::size_t utf8_to_bytes(std::uint8_t* s, std::size_t size) {
    std::size_t w = 0;
    std::size_t r = 0;
    while (r < size) {
        const std::uint8_t lead = s[r];
        const unsigned length = utf8_length(lead);
        if (length == 0) {
            s[w++] = kNoBestFit;
            ++r;
            continue;
        }
        std::uint32_t codepoint = length == 1 ? lead : lead & (0xffU >> (length + 1));
        unsigned i = 1;
        while (i < length && r + i < size && is_continuation(lead, i, s[r + i])) {
            codepoint = (codepoint << 6) | (s[r + i] & 0x3fU);
            ++i;
        }
        if (i == length) {
            s[w++] = best_fit_byte(codepoint);
        } else if (r + i < size) {
            s[w++] = kNoBestFit;
        }
        r += i;
    }
    return w;
}

// RFC 3986 section 5.2.4, in place. Unlike the RFC, and like libhtp, "/a/." and "/a/b/.." lose
// their final slash.
class DotRemover {
  public:
    DotRemover(std::uint8_t* s, std::size_t size) : s_(s), size_(size) {}

    std::size_t run() {
        while (r_ < size_) {  // a slash that a final dot segment left behind is lost
            if (!slash_ && skip_leading_dots()) {
                continue;
            }
            if (at_slash() && dot_segment()) {
                continue;
            }
            copy_segment();
        }
        return w_;
    }

  private:
    // A pending '/' stands before s_[r_] when slash_ is set.
    bool at_slash() {
        if (!slash_ && s_[r_] == '/') {
            slash_ = true;
            ++r_;
        }
        return slash_;
    }

    bool next_is(std::size_t n, std::uint8_t c) const { return r_ + n < size_ && s_[r_ + n] == c; }

    bool ends_after(std::size_t n) const { return r_ + n == size_; }

    bool skip_leading_dots() {
        if (!next_is(0, '.')) {
            return false;
        }
        const std::size_t dots = next_is(1, '.') ? 2 : 1;
        if (next_is(dots, '/')) {
            r_ += dots + 1;
            return true;
        }
        if (ends_after(dots)) {
            r_ += dots;
            return true;
        }
        return false;
    }

    bool dot_segment() {
        if (!next_is(0, '.')) {
            return false;
        }
        const bool two = next_is(1, '.');
        const std::size_t dots = two ? 2 : 1;
        if (!next_is(dots, '/') && !ends_after(dots)) {
            return false;
        }
        r_ += dots + (ends_after(dots) ? 0 : 1);
        if (two) {
            drop_segment();
        }
        return true;
    }

    void drop_segment() {
        while (w_ > 0 && s_[w_ - 1] != '/') {
            --w_;
        }
        w_ -= w_ > 0 ? 1 : 0;
    }

    void copy_segment() {
        if (slash_) {
            s_[w_++] = '/';
            slash_ = false;
        } else {
            s_[w_++] = s_[r_++];
        }
        while (r_ < size_ && s_[r_] != '/') {
            s_[w_++] = s_[r_++];
        }
    }

    std::uint8_t* s_;
    std::size_t size_;
    std::size_t r_ = 0;
    std::size_t w_ = 0;
    bool slash_ = false;
};

}  // namespace

UriParts split_uri(Bytes uri) {
    UriParts out;
    std::size_t pos = 0;
    const std::size_t colon = uri.empty() || uri[0] == '/' ? uri.size() : find_any(uri, 0, ":");
    if (colon < uri.size()) {
        pos = colon + 1;
        const Bytes rest = uri.subspan(pos);
        if (rest.size() > 2 && rest[0] == '/' && rest[1] == '/' && rest[2] != '/') {
            const std::size_t end = find_any(uri, pos + 2, "?/#");
            out.host = host_in_authority(uri.subspan(pos + 2, end - pos - 2));
            pos = end;
        }
    }
    std::size_t end = find_any(uri, pos, "?#");
    if (end > pos) {
        out.path = uri.subspan(pos, end - pos);
    }
    if (end < uri.size() && uri[end] == '?') {
        pos = end + 1;
        end = find_any(uri, pos, "#");
        out.query = uri.subspan(pos, end - pos);
    }
    if (end < uri.size()) {
        out.fragment = uri.subspan(end + 1);
    }
    return out;
}

bool is_normal_uri(Bytes uri) {
    if (uri.empty() || uri[0] != '/') {
        return false;
    }
    std::size_t pos = 1;
    for (std::uint8_t before = '/'; pos < uri.size(); ++pos) {
        const std::uint8_t c = uri[pos];
        if (c == '?' || c == '#') {
            break;
        }
        if (c == '%' || c == '\\' || c >= 0x80 || (before == '/' && (c == '/' || c == '.'))) {
            return false;
        }
        before = c;
    }
    return pos == uri.size() || std::memchr(uri.data() + pos, '%', uri.size() - pos) == nullptr;
}

NormalUri normalize_uri(const UriParts& parts, MutableBytes out) {
    std::size_t w = decode_path(parts.path, out.data());
    w = utf8_to_bytes(out.data(), w);
    w = DotRemover(out.data(), w).run();
    const std::size_t path = w;
    if (parts.query.data() != nullptr) {
        out[w++] = '?';
        w += percent_decode(parts.query, out.data() + w);
    }
    if (parts.fragment.data() != nullptr) {
        out[w++] = '#';
        w += percent_decode(parts.fragment, out.data() + w);
    }
    return {w, path};
}

std::size_t normalize_uri_host(Bytes host, MutableBytes out) {
    std::size_t w = percent_decode(host, out.data());
    for (std::size_t i = 0; i < w; ++i) {
        out[i] = to_lower(out[i]);
    }
    while (w > 0 && out[w - 1] == '.') {
        --w;
    }
    return w;
}

}  // namespace sluice::app
