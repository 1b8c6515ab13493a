// SPDX-License-Identifier: Apache-2.0
// The objects of the event at the end of a flow, with the names and texts of Suricata 7. Borrows
// for the call. Exporter thread or replay; allocates.
#pragma once

#include "dataplane/abi/event.h"
#include "dataplane/export/json_writer.h"

namespace sluice::exporter {

// The members "flow" and, of TCP, "tcp".
void write_flow_end(const abi::EventRecord& e, JsonWriter& json);

}  // namespace sluice::exporter
