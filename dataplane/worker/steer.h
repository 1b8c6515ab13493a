// SPDX-License-Identifier: Apache-2.0
// steer_hash: which worker a frame belongs to, when the NIC cannot say. By the two outer addresses
// alone, whichever is the source: ports are not in every fragment, and tunnels over UDP use another
// source port per direction, so with them a sender could split its own flow over two workers. VLAN
// tags, MPLS labels and PPPoE are read through as decode does; what it cannot read hashes to 0.
// Any thread, no state.
#pragma once

#include "dataplane/base/cursor.h"

#include <cstdint>

namespace sluice::worker {

std::uint32_t steer_hash(Bytes frame);

// Proves on made-up frames of every kind that both directions meet: run once at start. False is a
// fault of this program.
bool steer_self_test();

}  // namespace sluice::worker
