// SPDX-License-Identifier: Apache-2.0
// TunnelPorts: on which UDP ports which tunnel is looked for. A filter says no at once for nearly
// every port. Plain data, set before use; any thread.
#pragma once

#include "dataplane/packet/packet.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice::decode {

class TunnelPorts {
  public:
    static constexpr std::size_t kMax = 32;

    TunnelPorts() {
        add(packet::Tunnel::kVxlan, 4789);
        add(packet::Tunnel::kVxlan, 8472);  // Linux before IANA gave one
        add(packet::Tunnel::kGeneve, 6081);
        add(packet::Tunnel::kTeredo, 3544);
        add(packet::Tunnel::kGtpu, 2152);
    }

    void clear() { *this = TunnelPorts(Empty{}); }

    // False: full.
    bool add(packet::Tunnel kind, std::uint16_t port) {
        if (count_ == kMax) {
            return false;
        }
        ports_[count_++] = {port, kind};
        filter_[port / 64 % filter_.size()] |= std::uint64_t{1} << port % 64;
        return true;
    }

    packet::Tunnel at(std::uint16_t port) const {
        if ((filter_[port / 64 % filter_.size()] >> port % 64 & 1U) == 0) [[likely]] {
            return packet::Tunnel::kNone;
        }
        for (std::size_t i = 0; i < count_; ++i) {
            if (ports_[i].port == port) {
                return ports_[i].kind;
            }
        }
        return packet::Tunnel::kNone;
    }

  private:
    struct Empty {};

    explicit TunnelPorts(Empty /*tag*/) {}

    struct Entry {
        std::uint16_t port = 0;
        packet::Tunnel kind = packet::Tunnel::kNone;
    };

    std::array<std::uint64_t, 4> filter_{};
    std::array<Entry, kMax> ports_{};
    std::size_t count_ = 0;
};

}  // namespace sluice::decode
