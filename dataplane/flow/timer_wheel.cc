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
    f.timer_slot = static_cast<std::uint16_t>(slot);
    f.timer_prev = kNoIndex;
    f.timer_next = heads_[slot];
    if (f.timer_next != kNoIndex) {
        table_.entry(f.timer_next).timer_prev = f.id;
    }
    heads_[slot] = f.id;
}

void TimerWheel::remove(Flow& f) {
    if (f.timer_prev != kNoIndex) {
        table_.entry(f.timer_prev).timer_next = f.timer_next;
    } else {
        heads_[f.timer_slot] = f.timer_next;
    }
    if (f.timer_next != kNoIndex) {
        table_.entry(f.timer_next).timer_prev = f.timer_prev;
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
                table_.prefetch_all_of(heads_[slot_of(tick_)]);
            }
            return &f;
        }
    }
    return nullptr;
}

}  // namespace sluice::flow
