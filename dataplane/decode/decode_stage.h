// SPDX-License-Identifier: Apache-2.0
// DecodeStage: Ethernet II (RFC 894), up to two VLAN tags (IEEE 802.1Q), MPLS, PPPoE, IPv4 (RFC
// 791), IPv6 with extension headers (RFC 8200), TCP (RFC 9293), UDP, ICMP, ICMPv6, SCTP, and the
// headers of tunnels (tunnel.h): fills the "Set by decode" part of each packet. Borrows the frames
// for the call, never writes to them. One pass per batch, iterative, no state between packets.
// Every frame that is not understood has a Reason: malformed ones are dropped (or, in tap and
// replay, left alone), unknown ones forwarded. One worker thread.
#pragma once

#include "dataplane/packet/batch.h"
#include "dataplane/packet/reason.h"

namespace sluice::decode {

struct DecodeConfig {
    // IPv4 header, TCP, UDP and ICMP checksums. Off where the NIC has checked them, and for
    // captures taken on a sending host, whose checksums are not filled in yet.
    bool verify_checksums = true;

    // False: a malformed packet is counted and forwarded, with ip_version 0, so that no later stage
    // looks at it.
    bool drop_malformed = true;

    // Inline: packets whose sender chooses their path are dropped. Counted either way.
    bool drop_source_route = true;

    // Inline: a packet with a lower TTL or hop limit is dropped (1: only those that no router may
    // forward). Set to the number of hops behind this box, nothing that the receiver will not get
    // can pass for its data. Counted either way.
    std::uint8_t min_ttl = 1;

    bool tunnels = true;  // packets inside tunnels are inspected, too
    std::uint8_t max_tunnel_depth = 4;

    // For tunnels in tunnels beyond that depth.
    packet::ExceptionPolicies exceptions{};

    // What is no IP, and transport protocols that are not decoded, pass; true: they are dropped,
    // but for ARP, PPPoE's control packets and link headers in numbers beyond ours.
    bool drop_unknown = false;
};

class DecodeStage {
  public:
    explicit DecodeStage(const DecodeConfig& config) : config_(config) {}

    // REQUIRES: packets fresh from Batch::add(), with only the backend's fields set
    void process(packet::Batch& batch, packet::ReasonCounters& reasons) const;

    // The packet that 'outer' carries. False: none that is inspected (counted); when inner is
    // dropped, outer may not go on either.
    // 'inner' borrows outer's bytes. A malformed inner packet is left alone: its receiver discards
    // it, and what looks like a tunnel may be something else.
    // REQUIRES: outer.tunnel != kNone; inner fresh
    bool enter(const packet::Packet& outer, packet::Packet& inner,
               packet::ReasonCounters& reasons) const;

    // One frame that another stage made (a datagram put together from fragments).
    // False: malformed; then it is dropped, or in a tap has ip_version 0, as by process().
    bool decode_one(packet::Packet& packet, packet::ReasonCounters& reasons) const;

  private:
    DecodeConfig config_;
};

}  // namespace sluice::decode
