// SPDX-License-Identifier: Apache-2.0
// EventViews: the events of a transaction as BufferId::kAppEvents, an instance for each that holds
// its name, so that rules look for them as for any other bytes. A parser keeps an AppEventSet with
// its transaction, adds what it finds, and shows the set in each point. Costs nothing while the set
// is empty. One worker thread.
#pragma once

#include "dataplane/app/buffers.h"
#include "dataplane/base/app_events.h"

#include <array>
#include <cstdint>

namespace sluice::app {

// What a transaction's events are and which of them were in a point.
struct ShownEvents {
    AppEventSet all;
    AppEventSet shown;

    void add(AppEvent e) { all.add(e); }

    bool fresh() const { return !(all == shown); }
};

class EventViews {
  public:
    // Puts them into 'point', of which 'view' is the kAppEvents buffer. More may come until tx_end.
    void show(const AppEventSet& events, bool fresh, InspectionPoint& point, BufferView& view) {
        if (events.empty()) {
            return;
        }
        std::size_t n = 0;
        events.each([&](AppEvent e) {
            const std::string_view name = kAppEventNames[static_cast<std::size_t>(e)];
            instances_[n++] = {reinterpret_cast<const std::uint8_t*>(name.data()), name.size()};
        });
        view = {};
        view.bytes = instances_[0];
        view.fresh = static_cast<std::uint32_t>(view.bytes.size());
        view.complete = true;
        view.again = true;
        view.more = {instances_.data() + 1, n - 1};
        point.present |= mask_of(BufferId::kAppEvents);
        point.resolved |= mask_of(BufferId::kAppEvents);
        point.fresh |= fresh ? mask_of(BufferId::kAppEvents) : BufferMask{};
    }

    void show(ShownEvents& events, InspectionPoint& point, BufferView& view) {
        show(events.all, events.fresh(), point, view);
        events.shown = events.all;
    }

  private:
    std::array<Bytes, kAppEventCount> instances_;
};

}  // namespace sluice::app
