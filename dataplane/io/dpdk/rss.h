// SPDX-License-Identifier: Apache-2.0
// Symmetric receive-side scaling: with a key that repeats every 16 bits, Toeplitz gives both
// directions of a connection the same hash (Woo and Park, 2012), so a NIC that takes the key keeps
// a flow on one worker by itself. Any thread.
#pragma once

#include <array>
#include <cstdint>

namespace sluice::io {

inline constexpr std::size_t kRssKeyBytes = 40;

std::array<std::uint8_t, kRssKeyBytes> symmetric_rss_key();

// Computes the hash of both directions of many address and port pairs with 'key' as a NIC would:
// true when they all meet.
bool rss_key_is_symmetric(const std::array<std::uint8_t, kRssKeyBytes>& key);

}  // namespace sluice::io
