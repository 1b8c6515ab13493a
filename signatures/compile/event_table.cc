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

constexpr auto kAppEvents = std::to_array<AppEventRow>({
#define SLUICE_APP_EVENT(protocol, event, note) {#protocol "." #event, note, true},
#define SLUICE_APP_EVENT_MISSING(protocol, event, why) {#protocol "." #event, why, false},
#include "dataplane/base/app_events.def"
});

template <typename Row, std::size_t N>
constexpr bool sorted(const std::array<Row, N>& rows) {
    for (std::size_t i = 1; i < N; ++i) {
        if (!(rows[i - 1].name < rows[i].name)) {
            return false;
        }
    }
    return true;
}

static_assert(sorted(kEvents) && sorted(kAppEvents));

template <typename Row, std::size_t N>
const Row* find(const std::array<Row, N>& rows, std::string_view name) {
    const auto* at =
        std::lower_bound(rows.begin(), rows.end(), name,
                         [](const Row& row, std::string_view n) { return row.name < n; });
    return at != rows.end() && at->name == name ? at : nullptr;
}

}  // namespace

const Event* find_event(std::string_view name) {
    return find(kEvents, name);
}

std::span<const Event> all_events() {
    return kEvents;
}

const AppEventRow* find_app_event(std::string_view name) {
    return find(kAppEvents, name);
}

std::span<const AppEventRow> all_app_events() {
    return kAppEvents;
}

}  // namespace sluice::compile
