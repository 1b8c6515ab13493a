// SPDX-License-Identifier: Apache-2.0
// TimerWheel: visits every flow when asked to, at the latest after kMaxDelay seconds, so that a
// packet only has to note the time: last_seen does not move a flow in the wheel. Links are in
// FlowRest; no memory of its own but the heads. One worker thread. Units: one slot
// is a second of Now::time.
#pragma once

#include "dataplane/base/time.h"
#include "dataplane/flow/flow_table.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice::flow {

class TimerWheel {
  public:
    static constexpr std::int64_t kMaxDelay = 128;

    explicit TimerWheel(FlowTable& table) : table_(table) { heads_.fill(kNoIndex); }

    // Visits f after 'delay' (clamped to 1 .. kMaxDelay seconds).
    void insert(Flow& f, Nanos delay);
    void remove(Flow& f);

    // The next flow to look at before 'now', removed from the wheel; null: none is due. A due flow
    // is not yet timed out: the caller decides, and inserts it again if not.
    Flow* next_due(Nanos now);

  private:
    static constexpr std::int64_t kSlots =
        256;  // over kMaxDelay: a flow put back never lands in the slot being emptied

    // FlowRest::timer_prev of the first in a slot's list, with the slot; flows have smaller
    // numbers.
    static constexpr std::uint32_t kHeadOf = 0x80000000;

    static std::size_t slot_of(std::int64_t tick) {
        return static_cast<std::size_t>(tick & (kSlots - 1));
    }

    FlowTable& table_;
    std::array<std::uint32_t, kSlots> heads_{};
    std::int64_t tick_ = INT64_MIN;  // the slot being emptied; before the first call: unset
};

}  // namespace sluice::flow
