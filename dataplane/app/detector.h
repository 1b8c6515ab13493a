// SPDX-License-Identifier: Apache-2.0
// Which application protocol a TCP connection speaks, told from the first bytes of a direction and
// never from a port; likewise a UDP flow, told from its first datagrams. A pure function of the
// prefix: once decided, more bytes do not change the answer, so segmentation does not matter.
#pragma once

#include "dataplane/base/cursor.h"
#include "dataplane/base/proto.h"

#include <cstddef>
#include <cstdint>

namespace sluice::app {

// Bytes of a direction after which an undecided one is no protocol of ours.
inline constexpr std::size_t kDetectBytes = 1024;

// 'sender' is the direction of these bytes, which start at stream offset 0. kUnknown: more bytes
// may tell; kNone: no protocol that this direction could begin with. The server's port, where it is
// known, decides nothing, but lets pass what is odd and can only be DNS.
AppProto detect_protocol(Direction sender, Bytes first, std::uint16_t server_port = 0);

// Datagrams of a UDP flow after which an undecided one is no protocol of ours.
inline constexpr std::uint32_t kDetectDatagrams = 4;

// The same for the payload of one datagram between these ports. kUnknown: the next one may tell.
AppProto detect_datagram(Bytes payload, std::uint16_t port_a, std::uint16_t port_b);

}  // namespace sluice::app
