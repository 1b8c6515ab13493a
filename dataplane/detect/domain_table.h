// SPDX-License-Identifier: Apache-2.0
// DomainTable: a prefilter for rules that want a buffer to end with a given text (design decision
// 8): domain lists over dns.query, tls.sni and http.host. One pass over the name from its end looks
// every suffix up by hash, so the cost does not grow with the number of rules. A hit is a candidate
// that the rule's engine has to verify; without one the text is not there. Built at load; any
// worker reads.
#pragma once

#include "dataplane/base/cursor.h"
#include "dataplane/detect/byte_search.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace sluice::detect {

class DomainTable {
  public:
    static constexpr std::size_t kMaxText = 255;

    // A name that ends with 'text', in any case, or is it but for a '.' in front, names 'value'.
    struct Entry {
        Bytes text;  // 1 to kMaxText bytes
        std::uint32_t value = 0;
    };

    DomainTable() = default;
    explicit DomainTable(std::span<const Entry> entries);

    bool empty() const { return values_.empty(); }

    std::size_t bytes() const;

    // Calls hit(value) for what the name names.
    template <typename Hit>
    void find(Bytes name, Hit&& hit) const {
        std::uint64_t h = kSeed;
        const std::size_t longest = std::min(name.size(), longest_);
        for (std::size_t n = 1; n <= longest; ++n) {
            h = step(h, to_lower(name[name.size() - n]));
            if (has_length(n)) {
                look_up(h, hit);
            }
        }
        // What "dotprefix" puts in front.
        if (longest == name.size() && has_length(longest + 1)) {
            look_up(step(h, '.'), hit);
        }
    }

  private:
    struct Slot {
        std::uint64_t hash = 0;
        std::uint32_t first = 0;  // in values_
        std::uint32_t count = 0;  // 0: free
    };

    static constexpr std::uint64_t kSeed = 0xcbf29ce484222325ULL;

    // As FNV-1a, with the upper half folded in: few bytes reach all bits.
    static constexpr std::uint64_t step(std::uint64_t h, std::uint8_t c) {
        const std::uint64_t x = (h ^ c) * 0x9e3779b97f4a7c15ULL;
        return x ^ (x >> 32);
    }

    bool has_length(std::size_t n) const { return ((lengths_[n / 64] >> (n % 64)) & 1U) != 0; }

    template <typename Hit>
    void look_up(std::uint64_t h, Hit&& hit) const {
        const std::size_t bit = h & bit_mask_;
        if (((present_[bit / 64] >> (bit % 64)) & 1U) == 0) {
            return;
        }
        for (std::size_t i = (h >> 20) & slot_mask_; slots_[i].count != 0;
             i = (i + 1) & slot_mask_) {
            if (slots_[i].hash == h) {
                for (std::uint32_t k = 0; k < slots_[i].count; ++k) {
                    hit(values_[slots_[i].first + k]);
                }
                return;
            }
        }
    }

    static std::uint64_t hash_of(Bytes text);

    std::array<std::uint64_t, 5> lengths_{};  // bit n: some text has n bytes
    std::size_t longest_ = 0;
    std::size_t bit_mask_ = 0;
    std::size_t slot_mask_ = 0;
    std::vector<std::uint64_t> present_;  // a few bits per text: most suffixes end here
    std::vector<Slot> slots_;             // open addressing, at most half full
    std::vector<std::uint32_t> values_;
};

}  // namespace sluice::detect
