// SPDX-License-Identifier: Apache-2.0
// Flow: what is remembered about one conversation, both directions in one entry (design decision 3: a flow lives on one
// worker, so no locks). Owned by the FlowTable; stages borrow it through Packet::flow for the call. The first two cache
// lines hold what every packet touches; everything that only flows with payload need hangs off indices into per-worker
// pools, taken lazily. One worker thread.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/base/proto.h"
#include "dataplane/base/seqnum.h"
#include "dataplane/base/time.h"
#include "dataplane/packet/packet.h"

namespace sluice::flow {

inline constexpr std::uint32_t kNoIndex = 0xffffffff;

// The five-tuple as the first packet had it (initiator = client until TCP or the application says otherwise).
struct FlowKey {
    packet::IpAddr client;
    packet::IpAddr server;
    std::uint16_t client_port = 0;
    std::uint16_t server_port = 0;
    std::uint16_t vlan = 0;  // outer VLAN id; flows of different VLANs are different flows
    std::uint8_t ip_proto = 0;
    std::uint8_t segment = 0;  // segment (port pair) index

    friend bool operator==(const FlowKey&, const FlowKey&) = default;
};

enum class FlowState : std::uint8_t {
    kNew,          // packets in one direction only (UDP, ICMP), or before the TCP handshake ended
    kEstablished,  // TCP handshake complete (or midstream pick-up allowed); other protocols: both directions seen
    kClosed,       // TCP: RST, or FIN in both directions
};

// What the flow's remaining packets get. Set by verdict; read before any other stage.
enum class FlowVerdict : std::uint8_t { kInspect, kDrop, kPass };

// One direction of a TCP connection, as dataplane/stream keeps it. Sequence numbers are of the sender of this direction.
struct TcpHalf {
    SeqNum isn;          // initial sequence number; stream offset 0 is isn+1
    SeqNum next;         // next in-order byte expected to be inspected
    SeqNum acked;        // highest cumulative ACK seen from the receiver
    std::uint32_t window = 0;     // receive window announced by this direction's SENDER, scaled, bytes
    std::uint32_t store = kNoIndex;  // stream/: window and out-of-order copies; kNoIndex: none taken
    std::int8_t wscale = -1;
    bool seen = false;   // isn/next valid
    bool fin = false;    // FIN reached in order
    bool broken = false; // reassembly given up (policy); raw bytes are not inspected any more
};

struct Flow {
    FlowKey key;                          // 40 bytes
    Nanos last_seen;
    FlowState state = FlowState::kNew;
    FlowVerdict verdict = FlowVerdict::kInspect;
    AppProto app = AppProto::kUnknown;
    bool seen_to_client = false;
    bool midstream = false;
    std::uint8_t tcp_state = 0;           // dataplane/stream's own
    std::uint32_t id = 0;                 // index in the table
    std::array<TcpHalf, 2> half;          // by Direction of the sender
    std::uint32_t app_state = kNoIndex;   // dataplane/app's pool (HTTP parser)
    std::uint32_t detect_state = kNoIndex;  // dataplane/detect's pool (flowbits, pending candidates)
    std::uint32_t hash = 0;
    std::uint32_t next_in_bucket = kNoIndex;
    std::uint32_t timer_prev = kNoIndex;
    std::uint32_t timer_next = kNoIndex;
    std::uint32_t timer_slot = kNoIndex;
    std::array<std::uint32_t, 2> packets{};  // by direction
    std::array<std::uint64_t, 2> bytes{};
    std::uint64_t flow_id = 0;            // stable 64-bit id for events
    Nanos first_seen;
};

}  // namespace sluice::flow
