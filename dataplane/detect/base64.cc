// SPDX-License-Identifier: Apache-2.0
#include "dataplane/detect/base64.h"

#include <array>
#include <cstdint>

namespace sluice::detect {
namespace {

constexpr std::uint8_t kNotBase64 = 255;

constexpr std::array<std::uint8_t, 256> kValues = [] {
    std::array<std::uint8_t, 256> values{};
    values.fill(kNotBase64);
    std::uint8_t next = 0;
    const auto add = [&](char first, char last) {
        for (int c = first; c <= last; ++c) {
            values.at(static_cast<std::size_t>(c)) = next++;
        }
    };
    add('A', 'Z');
    add('a', 'z');
    add('0', '9');
    add('+', '+');
    add('/', '/');
    return values;
}();

// Four characters are three bytes; each '=' among them is one byte less.
class Group {
  public:
    bool empty() const { return count_ == 0; }

    bool full() const { return count_ == 4; }

    bool single() const { return count_ == 1; }

    void add(std::uint8_t value) {
        bits_ = (bits_ << 6) | value;
        ++count_;
    }

    void pad() {
        add(0);
        ++padding_;
    }

    // Bytes that 'count_' characters make, a group cut short being filled up; a single character
    // counts for one byte.
    std::size_t bytes() const {
        const unsigned missing = full() ? padding_ : count_ > 1 ? 4 - count_ : 2;
        return missing >= 3 ? 0 : 3 - missing;
    }

    bool write(MutableBytes out, std::size_t& at) {
        const std::size_t n = bytes();
        if (out.size() - at < n) {
            return false;
        }
        const std::uint32_t bits = bits_ << (6 * (4 - count_));
        for (std::size_t i = 0; i < n; ++i) {
            out[at++] = static_cast<std::uint8_t>(bits >> (16 - 8 * i));
        }
        *this = Group();
        return true;
    }

  private:
    std::uint32_t bits_ = 0;
    unsigned count_ = 0;
    unsigned padding_ = 0;
};

}  // namespace

Decoded decode_base64(Bytes in, MutableBytes out) {
    Decoded d;
    Group group;
    for (const std::uint8_t c : in) {
        const std::uint8_t value = kValues[c];
        if (value == kNotBase64 && c != '=') {
            d.ended = true;
            break;
        }
        if (value == kNotBase64) {
            group.pad();
        } else {
            group.add(value);
        }
        if (group.full() && !group.write(out, d.size)) {
            d.ended = true;
            return d;
        }
    }
    // A single character at the end of the input is dropped; before a foreign byte it is not.
    if (!group.empty() && (d.ended || !group.single())) {
        (void)group.write(out, d.size);
    }
    return d;
}

}  // namespace sluice::detect
