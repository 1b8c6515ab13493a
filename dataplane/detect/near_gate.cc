// SPDX-License-Identifier: Apache-2.0
#include "dataplane/detect/near_gate.h"

#include "dataplane/base/check.h"

#include <algorithm>
#include <cstring>
#include <tmmintrin.h>

namespace sluice::detect {
namespace {

constexpr std::size_t kBuckets = 8;

bool is_letter(std::uint8_t c) {
    const std::uint8_t lower = c | 0x20U;
    return lower >= 'a' && lower <= 'z';
}

__m128i load(const std::uint8_t* p) {
    __m128i v;
    std::memcpy(&v, p, sizeof v);
    return v;
}

// A load that begins 'n' before its middle gives n bytes of ones, then zeros.
constexpr std::size_t kMaskMiddle = 32;
constexpr std::array<std::uint8_t, 2 * kMaskMiddle> kMask = [] {
    std::array<std::uint8_t, 2 * kMaskMiddle> mask{};
    for (std::size_t i = 0; i < kMaskMiddle; ++i) {
        mask[i] = 0xff;
    }
    return mask;
}();
static_assert(kMaskMiddle >= NearGate::kReach);

// Per lane, the buckets that both halves of the byte allow.
__m128i buckets_of(__m128i bytes, __m128i low, __m128i high) {
    const __m128i half = _mm_set1_epi8(0x0f);
    const __m128i upper = _mm_and_si128(_mm_srli_epi16(bytes, 4), half);
    return _mm_and_si128(_mm_shuffle_epi8(low, _mm_and_si128(bytes, half)),
                         _mm_shuffle_epi8(high, upper));
}

}  // namespace

void NearGate::Nibbles::add_all(std::uint8_t buckets) {
    for (std::size_t i = 0; i < low.size(); ++i) {
        low[i] |= buckets;
        high[i] |= buckets;
    }
}

NearGate::NearGate(std::span<const Literal> literals) : closed_(true) {
    for (std::size_t k = 0; k < literals.size(); ++k) {
        const Literal& l = literals[k];
        const auto bucket = static_cast<std::uint8_t>(1U << (k % kBuckets));
        SLUICE_CHECK(l.first_place >= 0 && l.last_place < static_cast<std::int64_t>(kReach));
        for (std::int64_t i = l.first_place; i <= l.last_place; ++i) {
            places_[static_cast<std::size_t>(i)] |= bucket;
        }
        last_.add(l.last, bucket);
        if (l.nocase && is_letter(l.last)) {
            last_.add(l.last ^ 0x20U, bucket);
        }
        if (!l.two) {
            before_.add_all(bucket);
            continue;
        }
        before_.add(l.before, bucket);
        if (l.nocase && is_letter(l.before)) {
            before_.add(l.before ^ 0x20U, bucket);
        }
    }
}

bool NearGate::may_hit(Bytes region, std::size_t from) const {
    SLUICE_ASSERT(closed_ && from + region.size() <= kReach);
    // One byte in front, which no literal of two bytes can begin before.
    alignas(kLanes) std::array<std::uint8_t, kLanes + kReach> text{};
    std::copy(region.begin(), region.end(), text.begin() + kLanes);  // it may be empty
    const __m128i last_low = load(last_.low.data());
    const __m128i last_high = load(last_.high.data());
    const __m128i before_low = load(before_.low.data());
    const __m128i before_high = load(before_.high.data());
    __m128i any = _mm_setzero_si128();
    for (std::size_t i = 0; i < kReach; i += kLanes) {
        const std::uint8_t* at = text.data() + kLanes + i;
        const __m128i ends = buckets_of(load(at), last_low, last_high);
        const __m128i goes = buckets_of(load(at - 1), before_low, before_high);
        const __m128i here = _mm_and_si128(load(places_.data() + from + i),
                                           load(kMask.data() + kMaskMiddle - region.size() + i));
        any = _mm_or_si128(any, _mm_and_si128(_mm_and_si128(ends, goes), here));
    }
    return _mm_movemask_epi8(_mm_cmpeq_epi8(any, _mm_setzero_si128())) != 0xffff;
}

}  // namespace sluice::detect
