// SPDX-License-Identifier: Apache-2.0
// rebuild_headers: what stands before the payload of a datagram that was put together: link header
// and IP header of one of its fragments, without what made it a fragment. The frame is a copy, for
// inspection only. Borrows the bytes; no errors but false. Any thread.
#pragma once

#include "dataplane/packet/packet.h"

#include <optional>

namespace sluice::defrag {

// MACs, VLAN tags, IPv4 options, IPv6 extension headers (whose number decode bounds, each at most
// 2048 bytes): room for the headers of any fragment.
inline constexpr std::size_t kMaxRebuiltHeaders = std::size_t{32} * 1024;
inline constexpr std::size_t kMaxDatagram = 65535;  // IPv4 total length, IPv6 payload length

// Bytes of IP header that count against kMaxDatagram in the whole datagram.
// REQUIRES: a decoded fragment
std::size_t counted_header(const packet::Packet& fragment);

// Returns how many bytes were written; nothing: the datagram or its headers are too long.
// 'next_header' is IPv6's, as the first fragment said. REQUIRES: a decoded fragment; room for
// kMaxRebuiltHeaders
std::optional<std::size_t> rebuild_headers(const packet::Packet& fragment, std::size_t payload,
                                           std::uint8_t next_header, MutableBytes out);

}  // namespace sluice::defrag
