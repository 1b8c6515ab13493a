// SPDX-License-Identifier: Apache-2.0
#include "dataplane/flow/timer_wheel.h"

#include <algorithm>

namespace sluice::flow {

namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

}  // namespace

void TimerWheel::insert(Flow& f, Nanos delay) {
    const std::int64_t ticks =
        std::clamp<std::int64_t>(delay.count / kNanosPerSecond + 1, 1, kMaxDelay);
    const std::size_t slot = slot_of((tick_ == INT64_MIN ? 0 : tick_) + ticks);
    FlowRest& r = f.rest();
    const std::uint32_t number = table_.number_of(f);
    r.timer_prev = kHeadOf | static_cast<std::uint32_t>(slot);
    r.timer_next = heads_[slot];
    if (r.timer_next != kNoIndex) {
        table_.entry(r.timer_next).rest().timer_prev = number;
    }
    heads_[slot] = number;
}

void TimerWheel::remove(Flow& f) {
    const FlowRest& r = f.rest();
    if ((r.timer_prev & kHeadOf) == 0) {
        table_.entry(r.timer_prev).rest().timer_next = r.timer_next;
    } else {
        heads_[r.timer_prev & ~kHeadOf] = r.timer_next;
    }
    if (r.timer_next != kNoIndex) {
        table_.entry(r.timer_next).rest().timer_prev = r.timer_prev;
    }
}

Flow* TimerWheel::next_due(Nanos now) {
    const std::int64_t now_tick = now.count / kNanosPerSecond;
    // At the start and after a long silence, one turn of the wheel sees everything.
    tick_ = std::max(tick_, now_tick - kSlots);
    for (; tick_ < now_tick; ++tick_) {
        const std::uint32_t head = heads_[slot_of(tick_)];
        if (head != kNoIndex) {
            Flow& f = table_.entry(head);
            remove(f);
            if (heads_[slot_of(tick_)] != kNoIndex) {
                table_.prefetch_for_visit(heads_[slot_of(tick_)]);
            }
            return &f;
        }
    }
    return nullptr;
}

}  // namespace sluice::flow
