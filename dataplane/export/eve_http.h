// SPDX-License-Identifier: Apache-2.0
// The 'http' object of events, with the names of Suricata 7. Borrows for the call. Exporter thread
// or replay; allocates.
#pragma once

#include "dataplane/abi/event.h"
#include "dataplane/export/json_writer.h"

namespace sluice::exporter {

// Nothing when the record has nothing to tell of HTTP.
void write_http(const abi::HttpFields& http, JsonWriter& json);

}  // namespace sluice::exporter
