// SPDX-License-Identifier: Apache-2.0
// The 'tls' object of events, with the names and texts of Suricata 7. Borrows for the call.
// Exporter thread or replay; allocates.
#pragma once

#include "dataplane/abi/event.h"
#include "dataplane/export/json_writer.h"

namespace sluice::exporter {

// Nothing when the record has nothing to tell of TLS.
void write_tls(const abi::TlsFields& tls, JsonWriter& json);

}  // namespace sluice::exporter
