// SPDX-License-Identifier: Apache-2.0
// The internet checksum as RFC 1071 section 4.1 writes it, two bytes at a time: slow, obvious, and
// sharing no code with dataplane/base/checksum, so that tests can judge that one by it. Any thread.
#pragma once

#include "dataplane/packet/packet.h"
#include "tests/support/packet_builder.h"

namespace sluice::test {

std::uint16_t reference_checksum(Bytes bytes);

// 12 bytes for two IPv4 addresses, else the 40 of RFC 8200.
Frame reference_pseudo_header(const packet::IpAddr& src, const packet::IpAddr& dst,
                              std::uint8_t protocol, std::size_t length);

}  // namespace sluice::test
