// SPDX-License-Identifier: Apache-2.0
// Packet: one frame with what decode found in it. The I/O backend owns the bytes and lends them
// until it is finalized with the packet's verdict, exactly once; stages borrow it for the call.
// Offsets are from the start of the frame, in bytes; they are set by dataplane/decode only and
// always lie inside the frame. A packet inside a tunnel, and one put together from fragments, is a
// Packet of its own that lives while its outer one is judged (Pipeline::inspect_within). One worker
// thread at a time.
#pragma once

#include "dataplane/base/cursor.h"
#include "dataplane/base/proto.h"
#include "dataplane/base/seqnum.h"
#include "dataplane/base/strong_id.h"
#include "dataplane/base/time.h"
#include "dataplane/packet/exception.h"
#include "dataplane/packet/reason.h"
#include "dataplane/packet/verdict.h"

#include <array>
#include <cstdint>

namespace sluice::flow {
struct Flow;
}

namespace sluice::packet {

// 16 bytes in network order; IPv4 is ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2), so that one table
// holds both.
struct IpAddr {
    std::array<std::uint8_t, 16> bytes{};

    bool is_v4() const {
        static constexpr std::array<std::uint8_t, 12> kPrefix = {0, 0, 0, 0, 0,    0,
                                                                 0, 0, 0, 0, 0xff, 0xff};
        return std::memcmp(bytes.data(), kPrefix.data(), kPrefix.size()) == 0;
    }

    friend auto operator<=>(const IpAddr&, const IpAddr&) = default;
};

inline constexpr std::uint8_t kProtoIcmp = 1;
inline constexpr std::uint8_t kProtoTcp = 6;
inline constexpr std::uint8_t kProtoUdp = 17;
inline constexpr std::uint8_t kProtoIcmp6 = 58;
inline constexpr std::uint8_t kProtoSctp = 132;

// Types of ICMP messages that quote a packet, as bits: unreachable, source quench, redirect, time
// exceeded, parameter problem (RFC 792); unreachable, too big, time exceeded, parameter problem
// (RFC 4443).
inline constexpr std::uint32_t kIcmp4Errors = 1U << 3 | 1U << 4 | 1U << 5 | 1U << 11 | 1U << 12;
inline constexpr std::uint32_t kIcmp6Errors = 1U << 1 | 1U << 2 | 1U << 3 | 1U << 4;

inline constexpr std::uint8_t kTcpFin = 0x01;
inline constexpr std::uint8_t kTcpSyn = 0x02;
inline constexpr std::uint8_t kTcpRst = 0x04;
inline constexpr std::uint8_t kTcpPsh = 0x08;
inline constexpr std::uint8_t kTcpAck = 0x10;
inline constexpr std::uint8_t kTcpUrg = 0x20;
inline constexpr std::uint8_t kTcpEce = 0x40;
inline constexpr std::uint8_t kTcpCwr = 0x80;

struct TcpFields {
    SeqNum seq;
    SeqNum ack;
    std::uint16_t window = 0;  // raw field, not scaled
    std::uint16_t urgent = 0;
    std::uint16_t mss = 0;  // option value, 0 when absent
    std::uint8_t flags = 0;
    std::int8_t wscale = -1;    // option value, -1 when absent
    std::uint8_t reserved = 0;  // the four bits beside the header length, 0 from honest senders
    bool has_timestamp = false;
    std::uint8_t options = 0;    // kOpt* bits of those that are there, see tcp_options.h
    std::uint32_t ts_value = 0;  // RFC 7323 section 3.2, when has_timestamp
};

// What carries another packet. MPLS, PPPoE and VLAN tags are read as part of the link layer.
enum class Tunnel : std::uint8_t {
    kNone,
    kIpInIp,  // IPv4 or IPv6 in either (RFC 2003, RFC 4213, RFC 2473)
    kGre,     // RFC 2784, RFC 2890, PPTP's RFC 2637, and ERSPAN over it
    kVxlan,   // RFC 7348
    kGeneve,  // RFC 8926
    kTeredo,  // RFC 4380
    kGtpu,    // 3GPP TS 29.281
};

// What a tunnel carries.
enum class Inner : std::uint8_t { kEthernet, kIpv4, kIpv6, kPpp };

struct Packet {
    // Set by the backend.
    std::uint8_t* data = nullptr;  // frame, starting at the Ethernet header; writable
    std::uint32_t len = 0;         // bytes in the frame
    std::uint64_t handle = 0;      // the backend's own (mbuf, slot); opaque to stages
    std::uint64_t number = 0;      // 1-based count on this input, "pcap_cnt" in EVE
    Nanos wall;                    // receive time, Unix, for events
    PortId in_port;

    // Set by decode. ip_version 0: not IP (or not decodable); nothing below is valid then.
    std::uint8_t ip_version = 0;
    std::uint8_t ip_proto = 0;  // transport protocol after extension headers
    std::uint8_t ttl = 0;       // or hop limit
    std::uint8_t vlan_count = 0;
    bool is_fragment = false;  // any fragment: payload is not a transport message
    bool l4_ok = false;        // transport header decoded and, where asked, its checksum good
    std::uint8_t icmp_type = 0;
    std::uint8_t icmp_code = 0;
    std::uint8_t depth = 0;  // tunnels around this packet; 0: it lay on the wire itself
    bool writable = true;    // false: inside a tunnel, or a copy; what is written is not forwarded
    bool more_fragments = false;
    Tunnel tunnel = Tunnel::kNone;  // the payload is another packet, at inner_off
    Inner inner = Inner::kEthernet;
    std::uint32_t inner_off = 0;  // inside payload; the inner packet ends where payload ends
    std::uint32_t frag_id = 0;    // of a fragment
    std::uint16_t frag_off = 0;   // of a fragment: bytes
    std::array<std::uint16_t, 2> vlan{};
    std::uint16_t ip_id = 0;  // IPv4 identification
    std::uint16_t l3_off = 0;
    std::uint16_t l4_off = 0;
    std::uint16_t payload_off =
        0;                       // transport payload (IP payload when the transport is not decoded)
    std::uint16_t src_port = 0;  // host order; 0 when the transport has none
    std::uint16_t dst_port = 0;
    std::uint32_t payload_len = 0;
    IpAddr src;
    IpAddr dst;
    TcpFields tcp;

    // Set by flow.
    flow::Flow* flow = nullptr;  // null: no flow (fragments, non-IP, table full)
    Direction direction = Direction::kToServer;
    bool both_ways = false;  // not TCP: this packet or one before it answered (the flow itself is
                             // further on when the batch holds more of it)

    // Set by stream and the pipeline, for rules over the packet itself.
    bool reassembled = false;  // the payload went into the stream, and is inspected there
    bool outside_stream =
        false;            // TCP payload that no stream took: judged as it is, also by stream rules
    bool opened = false;  // this packet completed the handshake

    // Set by the stage that had no room for the packet, through except(); counted by the pipeline.
    ExceptionCause exception = ExceptionCause::kNone;
    ExceptionPolicy applied = ExceptionPolicy::kPass;  // to the packet, when there is an exception
    std::uint32_t uninspected = 0;                     // payload bytes that go by

    // What was odd about it when it was judged with its whole batch (decode, flow) and went on.
    Reason odd = Reason::none;

    // Events of this packet that rules ask for: bits of EventWatch.
    EventSet events;

    // Set by any stage through drop(), read by io.
    Verdict verdict = Verdict::kForward;
    Reason reason = Reason::none;

    Bytes frame() const { return {data, len}; }

    Bytes payload() const { return {data + payload_off, payload_len}; }

    // First decision stands.
    void drop(Reason why) {
        if (verdict == Verdict::kForward) {
            verdict = Verdict::kDrop;
            reason = why;
        }
    }

    // For want of room 'bytes' of the payload go by uninspected, or would but for the policy. The
    // first cause stands, bytes add up.
    void except(ExceptionCause cause, ExceptionPolicy policy, std::size_t bytes) {
        if (exception == ExceptionCause::kNone) {
            exception = cause;
            applied = policy;
        }
        uninspected += static_cast<std::uint32_t>(bytes);
    }

    std::size_t segment() const { return in_port.value >> 1U; }

    bool dropped() const { return verdict == Verdict::kDrop; }
};

}  // namespace sluice::packet
