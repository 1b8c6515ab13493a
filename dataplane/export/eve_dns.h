// SPDX-License-Identifier: Apache-2.0
// The dns objects of EVE, in Suricata 7's version 2 format, from the bytes of a message: in alerts,
// and as events of their own (one per question, one per response). Exporter thread or replay;
// allocates.
#pragma once

#include "dataplane/abi/event.h"
#include "dataplane/export/json_writer.h"

#include <functional>

namespace sluice::exporter {

// The member "dns" of an alert; nothing when the record carries no message that can be read.
void write_alert_dns(const abi::EventRecord& e, JsonWriter& json);

// Calls 'line' for each event that the message makes, with a writer of its member "dns".
using DnsMember = std::function<void(JsonWriter&)>;
void for_each_dns_event(const abi::EventRecord& e,
                        const std::function<void(const DnsMember&)>& line);

}  // namespace sluice::exporter
