// SPDX-License-Identifier: Apache-2.0
// fragment_of: one fragment of a frame, cut anywhere, for tests. The frame is Ethernet, then IPv4,
// or IPv6 without extension headers. Allocates. Any thread.
#pragma once

#include "tests/support/packet_builder.h"

#include <cstdint>

namespace sluice::test {

// Bytes behind the IP header.
std::size_t ip_payload_size(const Frame& whole);

// Bytes begin to end of the IP payload. REQUIRES: begin a multiple of 8, begin <= end <=
// ip_payload_size(whole)
Frame fragment_of(const Frame& whole, std::size_t begin, std::size_t end, std::uint32_t id = 1);

}  // namespace sluice::test
