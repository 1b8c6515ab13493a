// SPDX-License-Identifier: Apache-2.0
// WorkerStats: a worker's counters as others may read them. The worker counts in plain variables
// and publishes a copy every few milliseconds; readers sum over workers. Names are what `sluice
// stats` and telemetry show. publish side: the worker; read side: any thread.
#pragma once

#include "dataplane/packet/exception.h"
#include "dataplane/packet/reason.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

namespace sluice::worker {

enum class Stat : std::uint8_t {
#define SLUICE_STAT(name) name,
#include "dataplane/worker/stats.def"
    count_
};

inline constexpr std::size_t kStatCount = static_cast<std::size_t>(Stat::count_);

inline constexpr std::array<std::string_view, kStatCount> kStatNames = {
#define SLUICE_STAT(name) #name,
#include "dataplane/worker/stats.def"
};

struct StatValues {
    std::array<std::uint64_t, kStatCount> stats{};
    packet::ReasonCounters reasons{};
    packet::ExceptionCounters exceptions{};

    std::uint64_t& operator[](Stat s) { return stats[static_cast<std::size_t>(s)]; }

    std::uint64_t operator[](Stat s) const { return stats[static_cast<std::size_t>(s)]; }

    StatValues& operator+=(const StatValues& other) {
        for (std::size_t i = 0; i < kStatCount; ++i) {
            stats[i] += other.stats[i];
        }
        for (std::size_t i = 0; i < packet::kReasonCount; ++i) {
            reasons[i] += other.reasons[i];
        }
        for (std::size_t i = 0; i < packet::kExceptionCount; ++i) {
            exceptions[i].dropped += other.exceptions[i].dropped;
            exceptions[i].packets += other.exceptions[i].packets;
            exceptions[i].bytes += other.exceptions[i].bytes;
            exceptions[i].flows += other.exceptions[i].flows;
        }
        return *this;
    }
};

// What was to go on and was refused by the transmit queue was dropped. The worker that sends need
// not be the one that judged, so that only sums over all workers are exact; forwarded + dropped is
// right for each.
inline void settle_losses(StatValues& v) {
    const std::uint64_t lost = std::min(v[Stat::tx_lost], v[Stat::forwarded]);
    v[Stat::forwarded] -= lost;
    v[Stat::dropped] += lost;
}

class WorkerStats {
  public:
    void publish(const StatValues& values) {
        for (std::size_t i = 0; i < kStatCount; ++i) {
            stats_[i].store(values.stats[i], std::memory_order_relaxed);
        }
        for (std::size_t i = 0; i < packet::kReasonCount; ++i) {
            reasons_[i].store(values.reasons[i], std::memory_order_relaxed);
        }
        for (std::size_t i = 0; i < packet::kExceptionCount; ++i) {
            const packet::ExceptionCount& from = values.exceptions[i];
            exceptions_[i][0].store(from.dropped, std::memory_order_relaxed);
            exceptions_[i][1].store(from.packets, std::memory_order_relaxed);
            exceptions_[i][2].store(from.bytes, std::memory_order_relaxed);
            exceptions_[i][3].store(from.flows, std::memory_order_relaxed);
        }
    }

    StatValues read() const {
        StatValues out;
        for (std::size_t i = 0; i < kStatCount; ++i) {
            out.stats[i] = stats_[i].load(std::memory_order_relaxed);
        }
        for (std::size_t i = 0; i < packet::kReasonCount; ++i) {
            out.reasons[i] = reasons_[i].load(std::memory_order_relaxed);
        }
        for (std::size_t i = 0; i < packet::kExceptionCount; ++i) {
            out.exceptions[i] = {exceptions_[i][0].load(std::memory_order_relaxed),
                                 exceptions_[i][1].load(std::memory_order_relaxed),
                                 exceptions_[i][2].load(std::memory_order_relaxed),
                                 exceptions_[i][3].load(std::memory_order_relaxed)};
        }
        return out;
    }

  private:
    std::array<std::atomic<std::uint64_t>, kStatCount> stats_{};
    std::array<std::atomic<std::uint64_t>, packet::kReasonCount> reasons_{};
    std::array<std::array<std::atomic<std::uint64_t>, 4>, packet::kExceptionCount> exceptions_{};
};

}  // namespace sluice::worker
