// SPDX-License-Identifier: Apache-2.0
// EventWatch: which of the reasons that rules ask for were counted while a packet was worked on. It
// compares counters before and after, so stages count as ever and pay nothing for it; without rules
// on events there is nothing to compare. One per pipeline, one thread.
#pragma once

#include "dataplane/packet/reason.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sluice::packet {

class EventWatch {
  public:
    static constexpr std::size_t kMax = 128;

    // Bit i of the answers is reasons[i]. REQUIRES: at most kMax
    void watch(std::span<const Reason> reasons) {
        size_ = 0;
        for (const Reason r : reasons) {
            watched_[size_++] = r;
        }
    }

    bool active() const { return size_ != 0; }

    // What is counted from here on belongs to the packet at hand.
    void begin(const ReasonCounters& counters) {
        for (std::size_t i = 0; i < size_; ++i) {
            before_[i] = counters[static_cast<std::size_t>(watched_[i])];
        }
    }

    EventSet since(const ReasonCounters& counters) const {
        EventSet events;
        for (std::size_t i = 0; i < size_; ++i) {
            if (counters[static_cast<std::size_t>(watched_[i])] != before_[i]) {
                events.add(i);
            }
        }
        return events;
    }

  private:
    std::array<Reason, kMax> watched_{};
    std::array<std::uint64_t, kMax> before_{};
    std::size_t size_ = 0;
};

}  // namespace sluice::packet
