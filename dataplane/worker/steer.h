// SPDX-License-Identifier: Apache-2.0
// steer_hash: which worker a frame belongs to, when the NIC cannot say. Both directions of a flow
// give the same value, with VLAN tags and IPv6 extension headers or without, so that no sender can
// split its own flow over two workers. Reads as much of the frame as decode does to find the ports;
// what it cannot read hashes by what it could. Any thread, no state.
#pragma once

#include "dataplane/base/cursor.h"

#include <cstdint>

namespace sluice::worker {

std::uint32_t steer_hash(Bytes frame);

// Proves on made-up frames of every kind that both directions meet: run once at start. False is a
// fault of this program.
bool steer_self_test();

}  // namespace sluice::worker
