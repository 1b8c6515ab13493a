// SPDX-License-Identifier: Apache-2.0
// HostBits: xbits and hostbits, which belong to an address or a pair of addresses and outlive
// flows. One table for all workers, so that bits of one host meet whichever worker its flows are
// on. A fixed number of 64-bit words, each read and written as a whole: 32 bits of a keyed hash of
// bit and owner (8 places of 2^n groups), and the second at which it expires. So a look-up errs
// once in some 10^9 by a collision, never by a race; what two workers do to one bit at the same
// time happens in some order. When a group is full the bit that expires first gives way. No lock,
// no allocation after construction; any thread.
#pragma once

#include "dataplane/packet/packet.h"
#include "signatures/bundle/model.h"

#include <atomic>
#include <cstdint>
#include <vector>

namespace sluice::detect {

// Whose bit: the identity of its name (Ruleset::bit) and the addresses.
struct HostBitKey {
    std::uint32_t bit = 0;
    bundle::BitOwner owner = bundle::BitOwner::kSource;
    const packet::IpAddr* src = nullptr;
    const packet::IpAddr* dst = nullptr;
};

class HostBits {
  public:
    // REQUIRES: entries is a power of two and at least kWays
    HostBits(std::size_t entries, std::uint64_t seed);

    // Times are Unix seconds.
    bool has(const HostBitKey& key, std::uint32_t now) const;

    // False: a bit that had not expired gave way.
    bool set(const HostBitKey& key, std::uint32_t now, std::uint32_t lifetime);

    void unset(const HostBitKey& key);

    bool toggle(const HostBitKey& key, std::uint32_t now, std::uint32_t lifetime);

  private:
    static constexpr std::size_t kWays = 8;

    std::uint64_t hash(const HostBitKey& key) const;
    std::size_t group(std::uint64_t hash) const;

    std::vector<std::atomic<std::uint64_t>> words_;  // tag << 32 | expiry; 0: free
    std::uint64_t seed_;
};

}  // namespace sluice::detect
