// SPDX-License-Identifier: Apache-2.0
// AppConfig: the sizes of everything that AppStage takes at construction. Plain data, any thread.
// Units: bytes, counts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice::app {

inline constexpr std::size_t kSlabClasses = 5;

struct AppConfig {
    std::uint32_t http_flows = 32768;  // connections that speak HTTP/1 at one time, per worker
    std::uint32_t max_header_bytes =
        64 * 1024;  // one header block with its first line; also one block of trailers
    std::uint32_t body_history = 16 * 1024;  // of a chunked body: kept before the fresh bytes
    // Slabs of 2, 8, 32, 64 and 256 KiB for header blocks and chunked bodies in flight, per worker.
    // Memory is touched on first use only.
    std::array<std::uint32_t, kSlabClasses> slabs = {4096, 4096, 1024, 64, 16};
};

}  // namespace sluice::app
