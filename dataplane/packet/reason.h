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

using ReasonCounters = std::array<std::uint64_t, kReasonCount>;

inline void count(ReasonCounters& c, Reason r) {
    ++c[static_cast<std::size_t>(r)];
}

}  // namespace sluice::packet
