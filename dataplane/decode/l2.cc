// SPDX-License-Identifier: Apache-2.0
#include "dataplane/decode/l2.h"

#include "dataplane/decode/header_bytes.h"

namespace sluice::decode {

using packet::Reason;

namespace {

bool is_vlan(std::uint16_t ether_type) {
    return ether_type == kEtherVlan || ether_type == kEtherServiceVlan ||
           ether_type == kEtherOldQinQ;
}

}  // namespace

LinkResult decode_link(packet::Packet& packet) {
    if (packet.len < kEthernetHeader) {
        return {Reason::frame_truncated, 0};
    }
    std::size_t at = kEthernetHeader;
    std::uint16_t ether_type = load16(packet.data, at - 2);
    while (is_vlan(ether_type))
        [[unlikely]] {
            if (packet.vlan_count == packet.vlan.size()) {
                return {Reason::vlan_depth, ether_type};
            }
            if (packet.len - at < kVlanTag) {
                return {Reason::frame_truncated, ether_type};
            }
            packet.vlan[packet.vlan_count++] = load16(packet.data, at) & 0x0fff;
            ether_type = load16(packet.data, at + 2);
            at += kVlanTag;
        }
    packet.l3_off = static_cast<std::uint16_t>(at);
    if (ether_type != kEtherIpv4 && ether_type != kEtherIpv6) {
        return {Reason::ethertype_uninspected, ether_type};
    }
    return {Reason::none, ether_type};
}

}  // namespace sluice::decode
