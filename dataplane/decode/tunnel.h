// SPDX-License-Identifier: Apache-2.0
// find_tunnel: says whether a decoded packet carries another one, and where. Sets tunnel, inner and
// inner_off; reads only the tunnel's own header. Borrows the frame. Any thread.
#pragma once

#include "dataplane/packet/packet.h"

namespace sluice::decode {

inline constexpr std::uint8_t kProtoIpv4 = 4;
inline constexpr std::uint8_t kProtoIpv6 = 41;

// REQUIRES: network layer decoded, not a fragment; of UDP also the transport layer
void find_tunnel(packet::Packet& packet);

}  // namespace sluice::decode
