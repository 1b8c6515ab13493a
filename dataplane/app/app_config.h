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
    // Compressed bodies at one time, per worker; 88 KiB each, half of it for a second layer and
    // touched only then. A body that finds none is shown as sent.
    std::uint32_t inflate_states = 512;
    // Shared by the Brotli bodies among them: some 40 KiB each and a window that grows with the
    // body, up to what its sender says, 16 MiB at most. Touched on first use only.
    std::uint64_t brotli_bytes = std::uint64_t{64} * 1024 * 1024;
    // A body is a bomb, and its flow is dropped, when more than inflate_bomb_bytes came out and
    // that is more than inflate_bomb_ratio times what went in; or inflate_large_bytes and
    // inflate_large_ratio. One layer of deflate makes 1,032 bytes of one at most.
    std::uint64_t inflate_bomb_bytes = std::uint64_t{1024} * 1024;
    std::uint32_t inflate_bomb_ratio = 2048;
    std::uint64_t inflate_large_bytes = std::uint64_t{64} * 1024 * 1024;
    std::uint32_t inflate_large_ratio = 256;
    std::uint32_t tls_flows = 16384;  // connections in a TLS handshake at one time, per worker
    // A longer handshake message is passed over. OpenSSL takes hellos of up to 131,396 bytes.
    std::uint32_t max_tls_message = 132 * 1024;
    // Slabs of the same sizes for what is kept of a handshake: most need one of the smallest for
    // each direction.
    std::array<std::uint32_t, kSlabClasses> tls_slabs = {16384, 4096, 1024, 64, 16};
    std::uint32_t ssh_flows = 8192;  // connections before their NEWKEYS at one time, per worker
    std::uint32_t max_ssh_packet = 35000;  // RFC 4253 section 6.1
    std::array<std::uint32_t, kSlabClasses> ssh_slabs = {16384, 4096, 256, 16, 4};
    std::uint32_t smtp_flows = 16384;  // SMTP connections at one time, per worker
    // A mail in transit takes one of 8 KiB, and a file in it one of up to 32 KiB.
    std::array<std::uint32_t, kSlabClasses> smtp_slabs = {4096, 4096, 2048, 64, 0};
    std::uint32_t ftp_flows = 8192;       // FTP control connections at one time, per worker
    std::uint32_t ftp_data_flows = 8192;  // and data connections
    // Slabs of 2, 8, 32, 64 and 256 KiB for header blocks and chunked bodies in flight, per worker.
    // Memory is touched on first use only.
    std::array<std::uint32_t, kSlabClasses> slabs = {4096, 4096, 1024, 64, 16};
    std::uint32_t dns_flows = 8192;  // TCP connections that speak DNS at one time, per worker
    // The same for DNS messages that TCP segments cut (up to 64 KiB each).
    std::array<std::uint32_t, kSlabClasses> dns_slabs = {1024, 128, 32, 32, 0};
};

}  // namespace sluice::app
