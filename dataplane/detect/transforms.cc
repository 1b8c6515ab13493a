// SPDX-License-Identifier: Apache-2.0
#include "dataplane/detect/transforms.h"

#include "dataplane/base/digest.h"
#include "dataplane/detect/byte_search.h"

#include <algorithm>
#include <utility>

namespace sluice::detect {
namespace {

bool is_space(std::uint8_t c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

std::uint8_t to_upper(std::uint8_t c) {
    return c >= 'a' && c <= 'z' ? static_cast<std::uint8_t>(c & 0xdfU) : c;
}

int hex_of(std::uint8_t c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const int lower = c | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Appends while there is room.
class Output {
  public:
    explicit Output(MutableBytes out) : out_(out) {}

    void put(std::uint8_t c) {
        if (size_ < out_.size()) {
            out_[size_++] = c;
        }
    }

    Bytes done() const { return out_.first(size_); }

  private:
    MutableBytes out_;
    std::size_t size_ = 0;
};

void dot_prefix(Bytes in, Output& out) {
    out.put('.');
    for (const std::uint8_t c : in) {
        out.put(c);
    }
}

void strip_whitespace(Bytes in, Output& out) {
    for (const std::uint8_t c : in) {
        if (!is_space(c)) {
            out.put(c);
        }
    }
}

// A run of blanks becomes its first one.
void compress_whitespace(Bytes in, Output& out) {
    bool before = false;
    for (const std::uint8_t c : in) {
        const bool space = is_space(c);
        if (!space || !before) {
            out.put(c);
        }
        before = space;
    }
}

void url_decode(Bytes in, Output& out) {
    for (std::size_t i = 0; i < in.size(); ++i) {
        if (in[i] == '%' && i + 2 < in.size() && hex_of(in[i + 1]) >= 0 && hex_of(in[i + 2]) >= 0) {
            out.put(static_cast<std::uint8_t>(hex_of(in[i + 1]) * 16 + hex_of(in[i + 2])));
            i += 2;
        } else {
            out.put(in[i] == '+' ? std::uint8_t{' '} : in[i]);
        }
    }
}

// Lines that begin with ':', as HTTP/2's pseudo headers do, go.
void strip_pseudo_headers(Bytes in, Output& out) {
    bool line_start = true;
    bool skip = false;
    for (const std::uint8_t c : in) {
        skip = line_start ? c == ':' : skip;
        if (!skip) {
            out.put(c);
        }
        line_start = c == '\n';
    }
}

// Names of headers in lower case, values as they are.
void lower_header_names(Bytes in, Output& out) {
    bool name = true;
    for (const std::uint8_t c : in) {
        out.put(name ? to_lower(c) : c);
        name = c == '\n' || (name && c != ':');
    }
}

void xor_with(Bytes in, Bytes key, Output& out) {
    std::size_t k = 0;
    for (const std::uint8_t c : in) {
        out.put(static_cast<std::uint8_t>(c ^ key[k]));
        k = k + 1 == key.size() ? 0 : k + 1;
    }
}

template <typename Algorithm>
void digest(Bytes in, Output& out) {
    for (const std::uint8_t c : Algorithm::of(in)) {
        out.put(c);
    }
}

// The first group where the expression matches, else everything.
Bytes first_group(const bundle::TransformStep& t, Bytes in, const TransformContext& context) {
    const RegexMatch m = context.matcher.first_group(context.regexes, t.data, in);
    if (m.outcome == RegexOutcome::kLimit) {
        packet::count(context.reasons, packet::Reason::pcre_limit);
    } else if (m.outcome == RegexOutcome::kBudget) {
        packet::count(context.reasons, packet::Reason::pcre_budget);
    }
    return m.outcome == RegexOutcome::kMatch ? in.subspan(m.start, m.end - m.start) : in;
}

Bytes apply_one(const bundle::TransformStep& t, Bytes in, MutableBytes to,
                const TransformContext& context) {
    Output out(to);
    switch (t.kind) {
        case bundle::Transform::kDotPrefix:
            dot_prefix(in, out);
            break;
        case bundle::Transform::kStripWhitespace:
            strip_whitespace(in, out);
            break;
        case bundle::Transform::kCompressWhitespace:
            compress_whitespace(in, out);
            break;
        case bundle::Transform::kToLowercase:
            for (const std::uint8_t c : in) {
                out.put(to_lower(c));
            }
            break;
        case bundle::Transform::kToUppercase:
            for (const std::uint8_t c : in) {
                out.put(to_upper(c));
            }
            break;
        case bundle::Transform::kUrlDecode:
            url_decode(in, out);
            break;
        case bundle::Transform::kToMd5:
            digest<Md5>(in, out);
            break;
        case bundle::Transform::kToSha1:
            digest<Sha1>(in, out);
            break;
        case bundle::Transform::kToSha256:
            digest<Sha256>(in, out);
            break;
        case bundle::Transform::kStripPseudoHeaders:
            strip_pseudo_headers(in, out);
            break;
        case bundle::Transform::kHeaderLowercase:
            lower_header_names(in, out);
            break;
        case bundle::Transform::kPcreXform:
            return first_group(t, in, context);
        case bundle::Transform::kXor:
            xor_with(in, context.blob.subspan(t.data, t.data_len), out);
            break;
    }
    return out.done();
}

}  // namespace

Bytes apply_transforms(std::span<const bundle::TransformStep> transforms, Bytes in,
                       TransformRoom room, const TransformContext& context) {
    for (const bundle::TransformStep& t : transforms) {
        in = apply_one(t, in, room.a, context);
        std::swap(room.a, room.b);
    }
    return in;
}

}  // namespace sluice::detect
