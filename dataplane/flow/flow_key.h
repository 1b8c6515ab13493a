// SPDX-License-Identifier: Apache-2.0
// PacketKey: a packet's five-tuple in the words that the table hashes and compares. The hash is
// keyed and symmetric: both directions of a conversation give the same value, and an outsider
// without the seed cannot aim at one bucket. One thread.
#pragma once

#include "dataplane/base/proto.h"
#include "dataplane/flow/flow.h"
#include "dataplane/packet/packet.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace sluice::flow {

class PacketKey {
  public:
    PacketKey() = default;

    explicit PacketKey(const packet::Packet& p);

    std::uint64_t hash(std::uint64_t seed) const;

    struct Fit {
        bool belongs;
        Direction direction;  // meaningless unless it belongs
    };

    // Whether the packet belongs to f, and which way it travels then. The way is computed, not
    // branched on: half of all packets go either way, and a wrong guess would wait for f's memory.
    // For IPv4 f's line is all that is read.
    Fit fit(const Flow& f) const {
        std::array<std::uint64_t, 2> k;
        std::memcpy(k.data(), static_cast<const void*>(&f), sizeof(k));
        const std::uint64_t forward = (k[0] ^ words_) | (k[1] ^ meta_);
        const std::uint64_t backward =
            (k[0] ^ (words_ << 32 | words_ >> 32)) | (k[1] ^ meta_reversed());
        const bool belongs =
            (static_cast<unsigned>((forward == 0) | (backward == 0)) & (f.is_v6 == is_v6_)) != 0;
        if (is_v6_ && belongs) {
            return fit_addresses(f);
        }
        static_assert(index_of(Direction::kToClient) == 1);
        return {belongs, static_cast<Direction>(forward != 0)};
    }

    bool is_v6() const { return is_v6_; }

    // The key of a flow whose first packet this is, travelling in direction d.
    FlowKey flow_key(Direction d) const;

  private:
    Fit fit_addresses(const Flow& f) const;

    // Ports are the two low 16-bit words of the last key word, see FlowKey.
    std::uint64_t meta_reversed() const {
        return (meta_ & 0xffffffff00000000ULL) | ((meta_ & 0xffffULL) << 16) |
               ((meta_ >> 16) & 0xffffULL);
    }

    std::array<std::uint64_t, 2> src_{};
    std::array<std::uint64_t, 2> dst_{};
    std::uint64_t words_ = 0;  // address_word() of the source, of the destination
    std::uint64_t meta_ = 0;   // source port, destination port, VLAN, protocol, segment
    bool is_v6_ = false;       // Flow::is_v6
};

}  // namespace sluice::flow
