// SPDX-License-Identifier: Apache-2.0
// What is odd about IPv6 extension headers without hindering anybody from reading them: headers
// that come twice, options nobody knows, padding alone (RFC 8200 section 4). Counted, so that rules
// on events see it; the verdict is decode's. Bounded by the chain's limit and the bytes of the
// headers; a packet without extension headers costs one comparison. Any thread.
#pragma once

#include "dataplane/packet/packet.h"

namespace sluice::decode {

// Counts each kind once. REQUIRES: packet.l3_off lies in the frame
void count_ipv6_oddities(const packet::Packet& packet, packet::ReasonCounters& reasons);

}  // namespace sluice::decode
