// SPDX-License-Identifier: Apache-2.0
// CounterDelta: what a step added to the reason counters. All of them are compared, so that an
// unexpected side effect fails too: EXPECT_EQ(delta.difference({{Reason::tcp_gap, 1}}), "").
// Borrows the counters. One thread.
#pragma once

#include "dataplane/packet/reason.h"

#include <initializer_list>
#include <string>
#include <utility>

namespace sluice::test {

class CounterDelta {
  public:
    using Expected = std::initializer_list<std::pair<packet::Reason, std::uint64_t>>;

    explicit CounterDelta(const packet::ReasonCounters& counters)
        : counters_(counters), before_(counters) {}

    // Empty when exactly this was added since construction or restart(); else one line for each
    // counter that differs.
    std::string difference(Expected expected) const;

    std::uint64_t of(packet::Reason r) const;

    void restart() { before_ = counters_; }

  private:
    const packet::ReasonCounters& counters_;
    packet::ReasonCounters before_;
};

}  // namespace sluice::test
