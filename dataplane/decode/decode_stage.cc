// SPDX-License-Identifier: Apache-2.0
#include "dataplane/decode/decode_stage.h"

#include "dataplane/decode/l2.h"
#include "dataplane/decode/l3.h"
#include "dataplane/decode/l4.h"

namespace sluice::decode {

using packet::Packet;
using packet::Reason;

namespace {

// One 64-byte line holds Ethernet (14), IPv4 (20), TCP (20) and 10 bytes of options; a frame's
// start is line-aligned in the NIC's buffers. At some 15 ns of work per packet, 6 packets cover one
// miss to memory (about 90 ns).
constexpr std::size_t kPrefetchDistance = 6;

Reason decode_packet(Packet& packet, bool verify_checksums) {
    const LinkResult link = decode_link(packet);
    if (link.reason != Reason::none) {
        return link.reason;
    }
    const NetworkResult network =
        link.ether_type == kEtherIpv4 ? decode_ipv4(packet, verify_checksums) : decode_ipv6(packet);
    if (network.reason != Reason::none) {
        return network.reason;
    }
    if (packet.is_fragment) {
        return Reason::fragment_uninspected;
    }
    return decode_transport(packet, verify_checksums && !network.checksum_unknown);
}

// Well-formed, but beyond what we inspect.
bool is_uninspected(Reason reason) {
    return reason == Reason::ethertype_uninspected || reason == Reason::vlan_depth ||
           reason == Reason::fragment_uninspected || reason == Reason::l4_uninspected;
}

void note(Packet& packet, Reason reason, bool drop_malformed, packet::ReasonCounters& reasons) {
    packet::count(reasons, reason);
    if (is_uninspected(reason)) {
        return;
    }
    if (drop_malformed) {
        packet.drop(reason);
    } else {
        packet.ip_version = 0;
    }
}

}  // namespace

void DecodeStage::process(packet::Batch& batch, packet::ReasonCounters& reasons) const {
    const std::size_t size = batch.size();
    for (std::size_t i = 0; i < size && i < kPrefetchDistance; ++i) {
        __builtin_prefetch(batch[i].data);
    }
    for (std::size_t i = 0; i < size; ++i) {
        if (i + kPrefetchDistance < size) {
            __builtin_prefetch(batch[i + kPrefetchDistance].data);
        }
        const Reason reason = decode_packet(batch[i], config_.verify_checksums);
        if (reason != Reason::none) [[unlikely]] {
            note(batch[i], reason, config_.drop_malformed, reasons);
        }
    }
}

}  // namespace sluice::decode
