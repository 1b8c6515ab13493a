// SPDX-License-Identifier: Apache-2.0
// Transport layer: TCP, UDP, ICMP, ICMPv6 and the common header of SCTP. Sets ports, TCP and ICMP
// fields and narrows payload_off and payload_len to the transport payload; l4_ok on success only.
// Any other protocol is l4_uninspected and keeps the IP payload. Borrows the frame; no errors but
// the Reason, none on success. Any thread.
#pragma once

#include "dataplane/packet/packet.h"

namespace sluice::decode {

// REQUIRES: decode_ipv4 or decode_ipv6 succeeded, not a fragment
packet::Reason decode_transport(packet::Packet& packet, bool verify_checksum);

}  // namespace sluice::decode
