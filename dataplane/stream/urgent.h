// SPDX-License-Identifier: Apache-2.0
// clear_urgent: takes the urgent pointer out of a TCP header, so that the receiver reads every byte
// in line as we do (RFC 6093 section 3: its meaning differs between systems). Writes into the
// frame; keeps the checksum right. Any thread.
#pragma once

#include "dataplane/packet/packet.h"

namespace sluice::stream {

// REQUIRES: TCP header decoded (l4_ok). Does nothing when it does not lie in the frame.
void clear_urgent(packet::Packet& p);

}  // namespace sluice::stream
