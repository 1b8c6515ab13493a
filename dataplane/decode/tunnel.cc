// SPDX-License-Identifier: Apache-2.0
#include "dataplane/decode/tunnel.h"

namespace sluice::decode {

using packet::Inner;
using packet::Packet;
using packet::Tunnel;

namespace {

void carries(Packet& packet, Tunnel tunnel, Inner inner, std::size_t offset) {
    packet.tunnel = tunnel;
    packet.inner = inner;
    packet.inner_off = static_cast<std::uint32_t>(packet.payload_off + offset);
}

}  // namespace

void find_tunnel(Packet& packet) {
    switch (packet.ip_proto) {
        case packet::kProtoTcp:
            return;
        case kProtoIpv4:
            carries(packet, Tunnel::kIpInIp, Inner::kIpv4, 0);
            return;
        case kProtoIpv6:
            carries(packet, Tunnel::kIpInIp, Inner::kIpv6, 0);
            return;
        default:
            return;
    }
}

}  // namespace sluice::decode
