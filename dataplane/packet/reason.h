// SPDX-License-Identifier: Apache-2.0
// Reason: why a packet was not simply forwarded, or what was odd about it. One enumerator per row
// of reasons.def, with its name, severity and text; counters are plain per-worker arrays indexed by
// it, summed by the reader. Any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::packet {

enum class Severity : std::uint8_t { kInfo, kNotice, kWarning };

enum class Reason : std::uint8_t {
#define SLUICE_REASON(name, severity, text) name,
#include "dataplane/packet/reasons.def"
    count_  // NOLINT(readability-identifier-naming): a name no row can have
};

constexpr std::size_t kReasonCount = static_cast<std::size_t>(Reason::count_);

struct ReasonInfo {
    std::string_view name;
    Severity severity;
    std::string_view text;
};

inline constexpr std::array<ReasonInfo, kReasonCount> kReasons = {{
#define SLUICE_REASON(name, severity, text) {#name, Severity::severity, text},
#include "dataplane/packet/reasons.def"
}};

constexpr const ReasonInfo& info(Reason r) {
    return kReasons[static_cast<std::size_t>(r)];
}

// A set of reasons.
struct ReasonSet {
    std::array<std::uint64_t, 3> words{};

    constexpr void add(Reason r) {
        const auto i = static_cast<std::size_t>(r);
        words[i / 64] |= std::uint64_t{1} << (i % 64);
    }

    constexpr bool has(Reason r) const {
        const auto i = static_cast<std::size_t>(r);
        return (words[i / 64] >> (i % 64) & 1U) != 0;
    }

    constexpr bool empty() const { return (words[0] | words[1] | words[2]) == 0; }

    friend constexpr ReasonSet operator&(const ReasonSet& a, const ReasonSet& b) {
        return {{a.words[0] & b.words[0], a.words[1] & b.words[1], a.words[2] & b.words[2]}};
    }

    friend constexpr ReasonSet operator|(const ReasonSet& a, const ReasonSet& b) {
        return {{a.words[0] | b.words[0], a.words[1] | b.words[1], a.words[2] | b.words[2]}};
    }
};

static_assert(kReasonCount <= 192);

// Which of the reasons that rules ask for: bits that EventWatch gives out.
struct EventSet {
    std::array<std::uint64_t, 2> words{};

    constexpr void add(std::size_t bit) { words[bit / 64] |= std::uint64_t{1} << (bit % 64); }

    constexpr bool empty() const { return (words[0] | words[1]) == 0; }

    constexpr bool meets(const EventSet& o) const {
        return ((words[0] & o.words[0]) | (words[1] & o.words[1])) != 0;
    }

    constexpr EventSet& operator|=(const EventSet& o) {
        words[0] |= o.words[0];
        words[1] |= o.words[1];
        return *this;
    }
};

struct ReasonCounters : std::array<std::uint64_t, kReasonCount> {
    ReasonSet recent;  // counted since the owner last emptied it
};

inline void count(ReasonCounters& c, Reason r) {
    ++c[static_cast<std::size_t>(r)];
    c.recent.add(r);
}

}  // namespace sluice::packet
