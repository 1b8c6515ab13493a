// SPDX-License-Identifier: Apache-2.0
// tunnel_samples(): one frame inside every kind of tunnel and link header that decode opens, with
// and without their optional fields. For tests of decode, the pipeline and the fuzz seeds. Any
// thread.
#pragma once

#include "tests/support/packet_builder.h"

#include <string>
#include <vector>

namespace sluice::test {

struct TunnelSample {
    std::string name;
    packet::Tunnel tunnel;  // kNone: a link header, gone once decoded
    packet::Inner inner;
    PacketBuilder outer;  // without payload
    Frame payload;        // the tunnel's headers and what is inside
    std::size_t header;   // bytes of 'payload' before what is inside

    Frame frame() const { return PacketBuilder(outer).payload(payload).build(); }

    // As if the outer packet had been sent with that many bytes of its payload only.
    Frame cut(std::size_t bytes) const {
        return PacketBuilder(outer).payload(Bytes(payload).first(bytes)).build();
    }
};

// 'ethernet': an untagged frame with IPv4 or IPv6. Teredo only carries IPv6.
std::vector<TunnelSample> tunnel_samples(const Frame& ethernet);

}  // namespace sluice::test
