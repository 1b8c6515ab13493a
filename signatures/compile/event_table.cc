// SPDX-License-Identifier: Apache-2.0
#include "signatures/compile/event_table.h"

#include <algorithm>
#include <array>

namespace sluice::compile {
namespace {

constexpr auto kEvents = std::to_array<Event>({
#define SLUICE_EVENT(name, reasons, note) {name, reasons, note},
#include "signatures/compile/events.def"
#undef SLUICE_EVENT
});

constexpr bool sorted() {
    for (std::size_t i = 1; i < kEvents.size(); ++i) {
        if (!(kEvents[i - 1].name < kEvents[i].name)) {
            return false;
        }
    }
    return true;
}

static_assert(sorted());

}  // namespace

const Event* find_event(std::string_view name) {
    const auto* at =
        std::lower_bound(kEvents.begin(), kEvents.end(), name,
                         [](const Event& e, std::string_view n) { return e.name < n; });
    return at != kEvents.end() && at->name == name ? at : nullptr;
}

std::span<const Event> all_events() {
    return kEvents;
}

}  // namespace sluice::compile
