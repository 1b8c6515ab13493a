// SPDX-License-Identifier: Apache-2.0
#include "dataplane/detect/byte_search.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <emmintrin.h>

namespace sluice::detect {
namespace {

constexpr std::size_t kLanes = 16;

// How common a byte is in ordinary traffic; only the order matters.
constexpr std::uint8_t weight_of(std::uint8_t c) {
    constexpr std::uint8_t kCommonLetters[] = {'e', 't', 'a', 'o', 'i', 'n',
                                               's', 'r', 'l', 'c', 'd'};
    for (std::uint8_t l : kCommonLetters) {
        if (to_lower(c) == l) {
            return c == l ? 250 : 120;
        }
    }
    if (c == 0 || c == ' ') {
        return 255;
    }
    if (c == 0xff || c == '\n' || c == '\r' || c == '/' || c == '.' || c == '-' || c == '=') {
        return 200;
    }
    if (c >= 'a' && c <= 'z') {
        return 190;
    }
    if (c >= '0' && c <= '9') {
        return 180;
    }
    return c < 0x80 ? 90 : 40;
}

constexpr std::array<std::uint8_t, 256> make_weights() {
    std::array<std::uint8_t, 256> w{};
    for (std::size_t i = 0; i < w.size(); ++i) {
        w[i] = weight_of(static_cast<std::uint8_t>(i));
    }
    return w;
}

constexpr std::array<std::uint8_t, 256> kWeights = make_weights();

constexpr std::array<std::uint8_t, 256> make_lower() {
    std::array<std::uint8_t, 256> t{};
    for (std::size_t i = 0; i < t.size(); ++i) {
        t[i] = to_lower(static_cast<std::uint8_t>(i));
    }
    return t;
}

constexpr std::array<std::uint8_t, 256> kLower = make_lower();

constexpr bool is_lower_letter(std::uint8_t c) {
    return c >= 'a' && c <= 'z';
}

// The rarest position, other than 'except' when there is a choice.
std::uint32_t rarest(Bytes needle, std::size_t except) {
    std::uint32_t best = 0;
    int best_weight = 1000;
    for (std::size_t i = 0; i < needle.size(); ++i) {
        if (i != except && kWeights[needle[i]] < best_weight) {
            best = static_cast<std::uint32_t>(i);
            best_weight = kWeights[needle[i]];
        }
    }
    return best;
}

__m128i load16(const std::uint8_t* p) {
    __m128i v;
    std::memcpy(&v, p, sizeof v);
    return v;
}

__m128i splat(std::uint8_t c) {
    return _mm_set1_epi8(static_cast<char>(c));
}

}  // namespace

Finder::Finder(Bytes needle, bool nocase)
    : needle_(needle.data()), size_(needle.size()), nocase_(nocase) {
    if (needle.empty()) {
        return;
    }
    first_index_ = rarest(needle, needle.size());
    second_index_ = needle.size() > 1 ? rarest(needle, first_index_) : first_index_;
    first_ = needle[first_index_];
    second_ = needle[second_index_];
    first_fold_ = nocase && is_lower_letter(first_) ? 0x20 : 0;
    second_fold_ = nocase && is_lower_letter(second_) ? 0x20 : 0;
}

bool Finder::prefix_at(const std::uint8_t* at, std::size_t n) const {
    if (!nocase_) {
        return n == 0 || std::memcmp(at, needle_, n) == 0;
    }
    for (std::size_t i = 0; i < n; ++i) {
        if (kLower[at[i]] != needle_[i]) {
            return false;
        }
    }
    return true;
}

std::size_t Finder::find_scalar(const std::uint8_t* data, std::size_t len) const {
    if (size_ > len) {
        return kNone;
    }
    for (std::size_t i = 0; i + size_ <= len; ++i) {
        if (at(data + i)) {
            return i;
        }
    }
    return kNone;
}

std::size_t Finder::scan_few(const std::uint8_t* data, std::size_t positions) const {
    for (std::size_t i = 0; i < positions; ++i) {
        if ((data[i + first_index_] | first_fold_) == first_ && at(data + i)) {
            return i;
        }
    }
    return kNone;
}

// Positions [at, at + 16) where both bytes are as in the needle, one bit each.
template <bool kFold>
class Finder::Pair {
  public:
    explicit Pair(const Finder& f)
        : first_index_(f.first_index_),
          second_index_(f.second_index_),
          first_(splat(f.first_)),
          second_(splat(f.second_)),
          first_fold_(splat(f.first_fold_)),
          second_fold_(splat(f.second_fold_)) {}

    __m128i at(const std::uint8_t* data) const {
        __m128i a = load16(data + first_index_);
        __m128i b = load16(data + second_index_);
        if constexpr (kFold) {
            a = _mm_or_si128(a, first_fold_);
            b = _mm_or_si128(b, second_fold_);
        }
        return _mm_and_si128(_mm_cmpeq_epi8(a, first_), _mm_cmpeq_epi8(b, second_));
    }

  private:
    std::uint32_t first_index_;
    std::uint32_t second_index_;
    __m128i first_;
    __m128i second_;
    __m128i first_fold_;
    __m128i second_fold_;
};

std::size_t Finder::confirm(const std::uint8_t* data, std::size_t from, __m128i pairs) const {
    for (auto mask = static_cast<unsigned>(_mm_movemask_epi8(pairs)); mask != 0; mask &= mask - 1) {
        const std::size_t p = from + static_cast<std::size_t>(std::countr_zero(mask));
        if (at(data + p)) {
            return p;
        }
    }
    return kNone;
}

// REQUIRES: positions >= kLanes. The last load reads data[positions - 1 + index] with index <
// size_, so stays below the end.
template <bool kFold>
std::size_t Finder::scan(const std::uint8_t* data, std::size_t positions) const {
    constexpr std::size_t kBlocks = 4;
    const Pair<kFold> pair(*this);
    std::size_t i = 0;
    for (; i + kBlocks * kLanes <= positions; i += kBlocks * kLanes) {
        const __m128i found[kBlocks] = {pair.at(data + i), pair.at(data + i + kLanes),
                                        pair.at(data + i + 2 * kLanes),
                                        pair.at(data + i + 3 * kLanes)};
        const __m128i any =
            _mm_or_si128(_mm_or_si128(found[0], found[1]), _mm_or_si128(found[2], found[3]));
        if (_mm_movemask_epi8(any) == 0) [[likely]] {
            continue;
        }
        for (std::size_t k = 0; k < kBlocks; ++k) {
            if (const std::size_t p = confirm(data, i + k * kLanes, found[k]); p != kNone) {
                return p;
            }
        }
    }
    while (i < positions) {
        i = std::min(i, positions - kLanes);  // some of the last ones are looked at twice
        if (const std::size_t p = confirm(data, i, pair.at(data + i)); p != kNone) {
            return p;
        }
        i += kLanes;
    }
    return kNone;
}

std::size_t Finder::find(const std::uint8_t* data, std::size_t len) const {
    if (size_ > len) {
        return kNone;
    }
    if (size_ == 0) {
        return 0;
    }
    const std::size_t positions = len - size_ + 1;
    if (size_ == 1 && first_fold_ == 0) {
        const void* p = std::memchr(data, first_, len);
        return p == nullptr ? kNone
                            : static_cast<std::size_t>(static_cast<const std::uint8_t*>(p) - data);
    }
    if (positions < kLanes) {
        return scan_few(data, positions);
    }
    return (first_fold_ | second_fold_) != 0 ? scan<true>(data, positions)
                                             : scan<false>(data, positions);
}

}  // namespace sluice::detect
