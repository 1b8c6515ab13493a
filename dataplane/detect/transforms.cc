// SPDX-License-Identifier: Apache-2.0
#include "dataplane/detect/transforms.h"

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

Bytes apply_one(bundle::Transform t, Bytes in, MutableBytes to) {
    Output out(to);
    switch (t) {
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
    }
    return out.done();
}

}  // namespace

Bytes apply_transforms(std::span<const bundle::Transform> transforms, Bytes in, MutableBytes a,
                       MutableBytes b) {
    for (const bundle::Transform t : transforms) {
        in = apply_one(t, in, a);
        std::swap(a, b);
    }
    return in;
}

}  // namespace sluice::detect
