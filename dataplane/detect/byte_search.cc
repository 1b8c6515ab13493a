// SPDX-License-Identifier: Apache-2.0
#include "dataplane/detect/byte_search.h"

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

std::size_t Finder::scan_tail(const std::uint8_t* data, std::size_t from,
                              std::size_t positions) const {
    for (std::size_t i = from; i < positions; ++i) {
        if ((data[i + first_index_] | first_fold_) == first_ && at(data + i)) {
            return i;
        }
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
    const __m128i first = splat(first_);
    const __m128i second = splat(second_);
    const __m128i first_fold = splat(first_fold_);
    const __m128i second_fold = splat(second_fold_);
    std::size_t i = 0;
    // The last load reads data[i + 15 + index] with index < size_, so stays below positions + size_
    // - 1 = len.
    for (; i + kLanes <= positions; i += kLanes) {
        const __m128i a = _mm_or_si128(load16(data + i + first_index_), first_fold);
        const __m128i b = _mm_or_si128(load16(data + i + second_index_), second_fold);
        const __m128i hit = _mm_and_si128(_mm_cmpeq_epi8(a, first), _mm_cmpeq_epi8(b, second));
        auto mask = static_cast<unsigned>(_mm_movemask_epi8(hit));
        while (mask != 0) {
            const std::size_t p = i + static_cast<std::size_t>(std::countr_zero(mask));
            if (at(data + p)) {
                return p;
            }
            mask &= mask - 1;
        }
    }
    return scan_tail(data, i, positions);
}

}  // namespace sluice::detect
