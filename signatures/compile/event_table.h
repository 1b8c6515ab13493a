// SPDX-License-Identifier: Apache-2.0
// Suricata's events by name. Those of decoders, TCP tracking and protocol detection: which of
// Sluice's reasons (dataplane/packet/reasons.def) stand for each. Those of application parsers:
// whether a parser reports it (dataplane/base/app_events.def). Constant tables; any thread.
#pragma once

#include <span>
#include <string_view>

namespace sluice::compile {

struct Event {
    std::string_view name;  // "decoder.ipv4.pkt_too_small", "stream.3whs_ack_in_wrong_dir"
    std::string_view
        reasons;            // names between blanks, any of them; "": this version has no such event
    std::string_view note;  // no reason: why; else how it differs
};

// Null: no event of Suricata 7.0.10.
const Event* find_event(std::string_view name);

// Sorted by name.
std::span<const Event> all_events();

struct AppEventRow {
    std::string_view name;  // "http.missing_host_header"
    std::string_view note;  // not reported: why; else how it differs
    bool reported;
};

// Null: no event of Suricata 7.0.10, or of a protocol whose parser reports none.
const AppEventRow* find_app_event(std::string_view name);

// Sorted by name.
std::span<const AppEventRow> all_app_events();

}  // namespace sluice::compile
