// SPDX-License-Identifier: Apache-2.0
// Suricata's decoder and stream events by name, and Sluice's reasons (dataplane/packet/reasons.def)
// that stand for each. A constant table; any thread.
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

}  // namespace sluice::compile
