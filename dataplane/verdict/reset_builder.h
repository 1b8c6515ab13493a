// SPDX-License-Identifier: Apache-2.0
// Frames that tell an end that its packet was stopped: TCP RST toward either end (RFC 9293
// section 3.5.2, so numbered that RFC 5961 endpoints accept it at once), ICMP port unreachable
// toward the source (RFC 792, RFC 4443 section 3.1). Written into the caller's buffer; VLAN tags
// are kept, MPLS and PPPoE are not answered, frames are padded to the Ethernet minimum. Each
// returns the size in bytes, or 0: nothing may be sent in answer to this packet, or no room. Sizes
// in bytes without FCS. No allocation, any thread.
#pragma once

#include "dataplane/packet/packet.h"

namespace sluice::verdict {

inline constexpr std::size_t kMinFrame = 60;       // Ethernet minimum without FCS
inline constexpr std::size_t kMaxResetFrame = 82;  // Ethernet, two VLAN tags, IPv6, TCP
inline constexpr std::size_t kMinReplyRoom =
    160;  // holds every RST, and a shortened quote for most unreachables

// As if from the sender of 'packet', leaving where 'packet' would have left. Its number is that of
// the stopped segment: what the receiver expects next. REQUIRES for a result: a decoded TCP packet
// that is no RST
std::size_t build_reset_to_receiver(const packet::Packet& packet, MutableBytes out);

// As if from the receiver, leaving where 'packet' came in; acknowledges the stopped segment, so
// that it counts even for a connection being opened.
std::size_t build_reset_to_sender(const packet::Packet& packet, MutableBytes out);

// To the source of any IP packet, quoting as much of it as allowed and as 'out' has room for. 0 for
// ICMP errors, fragments, broadcast and multicast (RFC 1122 section 3.2.2, RFC 4443 section 2.4 e).
std::size_t build_unreachable(const packet::Packet& packet, MutableBytes out);

}  // namespace sluice::verdict
