// SPDX-License-Identifier: Apache-2.0
// What rules ask of the bytes of one packet's headers: header buffers, IPv4 options, checksums.
// Reads through the bounded cursor; borrows the packet for the call; any thread.
#pragma once

#include "dataplane/packet/packet.h"
#include "signatures/bundle/model.h"

namespace sluice::detect {

// The bytes of a header buffer (is_header_buffer); empty: the packet has no such header.
Bytes header_bytes(const packet::Packet& p, BufferId buffer);

// Item of kind kIpOpts.
bool has_ip_option(const bundle::Item& item, const packet::Packet& p);

// Item of kind kChecksum: the packet has such a checksum, and it is as the item wants it.
bool checksum_matches(const bundle::Item& item, const packet::Packet& p);

}  // namespace sluice::detect
