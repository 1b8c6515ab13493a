// SPDX-License-Identifier: Apache-2.0
// Exceptions: what becomes of a packet for which a stage has no room (design decision 11), by cause
// (one enumerator per row of exceptions.def) and segment, and how often it came to that. Plain
// values: policies are set before construction, counters belong to one worker.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::packet {

enum class ExceptionPolicy : std::uint8_t {
    kPass,    // forward, count as uninspected
    kDrop,    // do not forward
    kBypass,  // forward, and do not inspect the rest of the flow either
};

enum class ExceptionCause : std::uint8_t {
#define SLUICE_EXCEPTION(name, may_bypass, text) name,
#include "dataplane/packet/exceptions.def"
    count_,  // NOLINT(readability-identifier-naming): a name no row can have
    kNone = count_
};

inline constexpr std::size_t kExceptionCount = static_cast<std::size_t>(ExceptionCause::count_);

struct ExceptionInfo {
    std::string_view name;
    bool may_bypass;
    std::string_view text;
};

inline constexpr std::array<ExceptionInfo, kExceptionCount> kExceptions = {{
#define SLUICE_EXCEPTION(name, may_bypass, text) {#name, may_bypass, text},
#include "dataplane/packet/exceptions.def"
}};

constexpr const ExceptionInfo& info(ExceptionCause c) {
    return kExceptions[static_cast<std::size_t>(c)];
}

class ExceptionPolicies {
  public:
    static constexpr std::size_t kSegments = 16;  // control::kMaxSegments

    ExceptionPolicy of(ExceptionCause c, std::size_t segment) const {
        return sets_[segment % kSegments][static_cast<std::size_t>(c)];
    }

    void set(std::size_t segment, ExceptionCause c, ExceptionPolicy p) {
        sets_[segment % kSegments][static_cast<std::size_t>(c)] = p;
    }

    // For all segments.
    void set(ExceptionCause c, ExceptionPolicy p) {
        for (std::size_t s = 0; s < kSegments; ++s) {
            set(s, c, p);
        }
    }

  private:
    std::array<std::array<ExceptionPolicy, kExceptionCount>, kSegments> sets_{};
};

// How often a policy was applied, and what went by.
struct ExceptionCount {
    std::uint64_t dropped = 0;  // packets
    std::uint64_t packets = 0;  // forwarded without all of the inspection
    std::uint64_t bytes = 0;    // of their payload, not inspected at all
    std::uint64_t flows = 0;    // bypassed
};

using ExceptionCounters = std::array<ExceptionCount, kExceptionCount>;

}  // namespace sluice::packet
