// SPDX-License-Identifier: Apache-2.0
// Probes for protocols whose messages are not text: which of them could have sent these first bytes
// of a connection, or this datagram. They ask for as much as can be checked, as Suricata's probing
// parsers do; where that is little (NTP, Modbus, EtherNet/IP), a port must agree. Pure functions of
// the prefix, any thread.
#pragma once

#include "dataplane/base/cursor.h"
#include "dataplane/base/proto.h"

#include <cstdint>

namespace sluice::app {

// kUnknown: more bytes may tell; kNone: none of these.
AppProto probe_binary_stream(Direction sender, Bytes first, std::uint16_t server_port);

// kNone: none of these.
AppProto probe_binary_datagram(Bytes payload, std::uint16_t port_a, std::uint16_t port_b);

}  // namespace sluice::app
