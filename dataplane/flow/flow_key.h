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
    Fit fit(const Flow& f) const {
        std::array<std::uint64_t, 5> k;
        std::memcpy(k.data(), &f.key, sizeof(k));
        const std::uint64_t forward = (k[0] ^ src_[0]) | (k[1] ^ src_[1]) | (k[2] ^ dst_[0]) |
                                      (k[3] ^ dst_[1]) | (k[4] ^ meta_);
        const std::uint64_t backward = (k[0] ^ dst_[0]) | (k[1] ^ dst_[1]) | (k[2] ^ src_[0]) |
                                       (k[3] ^ src_[1]) | (k[4] ^ meta_reversed());
        static_assert(index_of(Direction::kToClient) == 1);
        return {((forward == 0) | (backward == 0)) != 0, static_cast<Direction>(forward != 0)};
    }

    // The key of a flow whose first packet this is, travelling in direction d.
    FlowKey flow_key(Direction d) const;

  private:
    // Ports are the two low 16-bit words of the last key word, see FlowKey.
    std::uint64_t meta_reversed() const {
        return (meta_ & 0xffffffff00000000ULL) | ((meta_ & 0xffffULL) << 16) |
               ((meta_ >> 16) & 0xffffULL);
    }

    std::array<std::uint64_t, 2> src_{};
    std::array<std::uint64_t, 2> dst_{};
    std::uint64_t meta_ = 0;  // source port, destination port, VLAN, protocol, segment
};

}  // namespace sluice::flow
