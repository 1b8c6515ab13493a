// SPDX-License-Identifier: Apache-2.0
// The members of an EVE line of type packet: the bytes in base64 (RFC 4648 section 4) and how they
// begin. Borrows for the call. Exporter thread or replay.
#pragma once

#include "dataplane/abi/event.h"
#include "dataplane/base/cursor.h"
#include "dataplane/export/json_writer.h"

#include <string>

namespace sluice::exporter {

std::string to_base64(Bytes bytes);

// "packet" and "packet_info".
void write_packet(const abi::EventRecord& event, JsonWriter& json);

}  // namespace sluice::exporter
