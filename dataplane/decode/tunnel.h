// SPDX-License-Identifier: Apache-2.0
// find_tunnel: says whether a decoded packet carries another one, and where. Sets tunnel, inner and
// inner_off; reads only the tunnel's own header: IP in IP (RFC 2003, 2473, 4213), GRE (RFC 2784,
// 2890, 2637, ERSPAN), VXLAN (RFC 7348), GENEVE (RFC 8926), Teredo (RFC 4380), GTP-U (3GPP
// TS 29.281). Those over UDP are known by their port, so anything may be in them. Borrows the
// frame. Any thread.
#pragma once

#include "dataplane/decode/tunnel_ports.h"
#include "dataplane/packet/packet.h"

namespace sluice::decode {

inline constexpr std::uint8_t kProtoIpv4 = 4;
inline constexpr std::uint8_t kProtoIpv6 = 41;
inline constexpr std::uint8_t kProtoGre = 47;

// Some chain of GTP-U headers must be the longest.
inline constexpr int kMaxGtpExtensions = 8;

// none: 'tunnel' says whether there is one. tunnel_malformed, tunnel_not_ip: 'tunnel' stays kNone.
// REQUIRES: network layer decoded, not a fragment; of UDP also the transport layer
packet::Reason find_tunnel(packet::Packet& packet, const TunnelPorts& ports);

}  // namespace sluice::decode
