// SPDX-License-Identifier: Apache-2.0
// DefragConfig: limits and policies of the fragment table, and DefragStats, what it holds. Plain
// data; set before construction, read by the worker's thread only.
#pragma once

#include "dataplane/base/time.h"
#include "dataplane/packet/exception.h"

#include <cstddef>
#include <cstdint>

namespace sluice::defrag {

struct DefragConfig {
    bool inline_mode = true;  // false (tap): nothing is dropped; of overlaps the first copy is read
    bool drop_tiny = true;    // inline: first fragments without the transport header are dropped
    std::uint32_t max_datagrams = 16'384;             // unfinished, refused and just completed ones
    std::size_t store_bytes = std::size_t{16} << 20;  // copies of fragments; touched as needed
    // Reached by one sender alone, so inline what goes beyond is dropped whatever the policy.
    std::uint32_t max_per_source = 256;  // unfinished datagrams; and no more than an eighth of
                                         // the store
    std::uint32_t max_fragments = 256;   // of one datagram; also bounds the work of one packet

    // How long receivers wait for the rest: no shorter than theirs, or they complete what was given
    // up here. Linux: 30 s for IPv4, 60 s for IPv6 (RFC 8200 section 4.5). A refused datagram stays
    // refused for as long, and a completed one is remembered (while there is room): a receiver that
    // missed a fragment of it cannot be given another one in its place.
    Nanos timeout = seconds(30);
    Nanos timeout_ipv6 = seconds(60);

    // For want of memory of the whole.
    packet::ExceptionPolicies exceptions{};
    std::uint64_t hash_seed = 0;  // from the operating system; fixed in tests and replay
};

struct DefragStats {
    std::uint32_t datagrams = 0;  // entries in use, now
    std::uint32_t blocks = 0;     // of the store, in use now
};

}  // namespace sluice::defrag
