// SPDX-License-Identifier: Apache-2.0
// Flow: what is remembered about one conversation, both directions in one entry (design decision 3:
// a flow lives on one worker, so no locks). Owned by the FlowTable; stages borrow it through
// Packet::flow for the call. The first cache line holds what every packet reads, the second what it
// writes, the third what start, end and housekeeping touch; everything that only flows with payload
// need hangs off indices into per-worker pools, taken lazily. One worker thread.
#pragma once

#include "dataplane/base/proto.h"
#include "dataplane/base/seqnum.h"
#include "dataplane/base/time.h"
#include "dataplane/packet/packet.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace sluice::flow {

inline constexpr std::uint32_t kNoIndex = 0xffffffff;

// The five-tuple as the first packet had it (initiator = client until TCP or the application says
// otherwise).
struct FlowKey {
    packet::IpAddr client;
    packet::IpAddr server;
    std::uint16_t client_port = 0;
    std::uint16_t server_port = 0;
    std::uint16_t vlan = 0;  // outer VLAN id; flows of different VLANs are different flows
    std::uint8_t ip_proto = 0;
    std::uint8_t segment = 0;  // segment (port pair) index; upper 3 bits: tunnels around the flow

    friend bool operator==(const FlowKey&, const FlowKey&) = default;
};

enum class FlowState : std::uint8_t {
    kNew,          // packets in one direction only (UDP, ICMP), or before the TCP handshake ended
    kEstablished,  // TCP handshake complete (or midstream pick-up allowed); other protocols: both
                   // directions seen
    kClosed,       // TCP: RST, or FIN in both directions
};

enum class FlowEnd : std::uint8_t {
    kTimeout,   // silence
    kEvicted,   // to make room for another
    kReused,    // a new connection began on its ports
    kShutdown,  // end of the capture, or of the worker
};

// What the flow's remaining packets get. Set by verdict; read before any other stage.
enum class FlowVerdict : std::uint8_t { kInspect, kDrop, kPass };

// One direction of a TCP connection, as dataplane/stream keeps it. Sequence numbers are of the
// sender of this direction.
struct TcpHalf {
    SeqNum next;                   // next in-order byte expected to be inspected
    SeqNum acked;                  // highest cumulative ACK seen from the receiver
    std::uint32_t ts_recent = 0;   // RFC 7323 section 4.3, when ts_on
    std::uint16_t window = 0;      // receive window announced by this direction's SENDER, as sent
    std::int8_t wscale = -1;       // shift of this sender's window field; -1: not offered
    bool seen : 1 = false;         // next valid
    bool fin : 1 = false;          // FIN reached in order; next is the byte after it
    bool fin_pending : 1 = false;  // a FIN was seen at fin_seq, bytes before it are missing
    bool broken : 1 = false;       // reassembly given up (policy); bytes are not inspected any more
    bool end_sent : 1 = false;     // stream/: final chunk handed on
    bool syn_window : 1 = false;   // window is that of a SYN, which is never scaled
    bool ts_on : 1 = false;        // began with a timestamp
    bool syn_unanswered : 1 =
        false;  // answered a SYN by one without ACK, and sent no SYN/ACK since

    std::uint32_t window_bytes() const {
        return std::uint32_t{window}
               << (syn_window || wscale < 0 ? 0U : static_cast<unsigned>(wscale));
    }
};

// Before the handshake, or without having seen it.
inline constexpr std::uint8_t kAnyTcpOption = 0x0f;

inline constexpr std::uint8_t kClosingFinToServer = 1;
inline constexpr std::uint8_t kClosingFinToClient = 2;
inline constexpr std::uint8_t kClosingBothFins = 3;
inline constexpr std::uint8_t kClosingReset = 4;
inline constexpr std::uint8_t kClosingBits = 7;

struct alignas(64) Flow {
    // Line 1: every packet reads it, few write it, so it need not go back to memory.
    FlowKey key;  // 40 bytes; ICMP echo: both ports are the identifier
    // stream/: window and out-of-order copies by Direction of the sender; kNoIndex: none
    std::array<std::uint32_t, 2> stream_state{kNoIndex, kNoIndex};
    std::uint32_t app_state = kNoIndex;  // dataplane/app's pool (HTTP parser)
    std::uint32_t detect_state =
        kNoIndex;  // dataplane/detect's pool (flowbits, pending candidates)
    FlowState state = FlowState::kNew;
    FlowVerdict verdict = FlowVerdict::kInspect;
    AppProto app = AppProto::kUnknown;
    std::uint8_t tcp_state : 3 = 0;     // dataplane/stream's own
    std::uint8_t closing : 3 = 0;       // kClosing* bits, before stream validates them: a new SYN
                                        // starts a new flow
    std::uint8_t detect_flags : 2 = 0;  // dataplane/detect's own
    bool seen_to_client : 1 = false;
    bool midstream : 1 = false;
    bool one_sided : 1 = false;     // counted as tcp_asymmetric
    bool syn_data : 1 = false;      // stream/: its SYN carried data, and counts against their share
    bool encrypted : 1 = false;     // app/: payload from here on is not worth a look
    bool pcre_overran : 1 = false;  // detect/: a packet of it used up its pcre budget
    std::uint8_t sack_offered : 2 = 0;     // stream/: by direction, bit 0: to server
    std::array<std::uint8_t, 2> ts_age{};  // stream/: when ts_recent was set, see tcp_half.h
    std::uint8_t tcp_options =
        kAnyTcpOption;  // stream/: what the handshake agreed on, normalizer.h

    // Line 2: every packet writes it.
    Nanos last_seen;                         // Now::time of the latest packet
    std::array<std::uint64_t, 2> bytes{};    // frame bytes, by direction
    std::array<std::uint32_t, 2> packets{};  // by direction
    std::array<TcpHalf, 2> half;             // by Direction of the sender

    // Line 3: start, end, housekeeping.
    std::uint64_t flow_id = 0;  // stable id for events, below 2^53 (exact in JSON)
    Nanos first_seen;           // Packet::wall of the first packet
    std::array<SeqNum, 2> isn;  // initial sequence number by direction; stream offset 0 is isn+1
    std::array<SeqNum, 2> fin_seq;  // sequence number of the FIN, once seen
    SeqNum resyn;                   // latest SYN seen on an open connection, when resyn_seen
    std::uint32_t hash = 0;
    std::uint32_t id = 0;  // index in the table
    std::uint32_t timer_prev = kNoIndex;
    std::uint32_t timer_next = kNoIndex;
    std::uint16_t timer_slot = 0;
    bool in_use = false;  // not in the table's free list
    bool linked = false;  // found by packets
    bool resyn_seen = false;
    std::uint8_t exception = 0;               // ExceptionCause + 1 by which it is trusted; 0: none
    FlowEnd end = FlowEnd::kShutdown;         // why it ends; valid in FlowObserver::flow_ended()
    bool alerted = false;                     // an alert was told of it
    std::array<std::uint8_t, 2> tcp_flags{};  // all that were seen by direction; only with
                                              // FlowConfig::note_packets
    std::uint8_t icmp_type = 0;               // of the first packet
    std::uint8_t icmp_code = 0;
};

// The first packet came from the server after all: UDP only, where nothing else depends on who
// began.
inline void swap_ends(Flow& f) {
    std::swap(f.key.client, f.key.server);
    std::swap(f.key.client_port, f.key.server_port);
    std::swap(f.bytes[0], f.bytes[1]);
    std::swap(f.packets[0], f.packets[1]);
    f.seen_to_client = f.state == FlowState::kEstablished;
}

inline std::size_t segment_of(const Flow& f) {
    return f.key.segment & 0x1fU;
}

static_assert(sizeof(FlowKey) == 40);
static_assert(sizeof(Flow) == 192 && alignof(Flow) == 64);
static_assert(offsetof(Flow, last_seen) == 64);
static_assert(offsetof(Flow, flow_id) == 128);  // no packet of an open flow needs the third line

}  // namespace sluice::flow
