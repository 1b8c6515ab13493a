// SPDX-License-Identifier: Apache-2.0
// Whether bytes are DNS, by their content: a plausible header and a first question as clients send
// it. Where 'dns_port' says that the server's port is DNS's own, the bar is as low as Suricata's:
// anything that can be read as a message counts, so that an odd first message hides nothing. Pure
// functions; any thread.
#pragma once

#include "dataplane/base/cursor.h"
#include "dataplane/base/proto.h"

#include <cstdint>

namespace sluice::app {

inline constexpr std::uint16_t kDnsPort = 53;

// Ports of protocols in DNS's format that are not DNS: NetBIOS names (RFC 1002), multicast DNS (RFC
// 6762), LLMNR (RFC 4795).
constexpr bool is_dns_lookalike_port(std::uint16_t port) {
    return port == 137 || port == 5353 || port == 5355;
}

// kDns or kNone.
AppProto dns_in_datagram(Bytes payload, bool dns_port);

// From the first bytes of a TCP direction. kUnknown: more bytes may tell, never more than
// kDnsProbeBytes.
AppProto dns_in_stream(Direction sender, Bytes first, bool dns_port);

// Length, header, the longest name, type and class.
inline constexpr std::size_t kDnsProbeBytes = 2 + 12 + 255 + 4;

}  // namespace sluice::app
