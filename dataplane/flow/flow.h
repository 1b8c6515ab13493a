// SPDX-License-Identifier: Apache-2.0
// Flow: what is remembered about one conversation, both directions in one entry (design decision 3:
// a flow lives on one worker, so no locks). Owned by the FlowTable; stages borrow it through
// Packet::flow for the call. A Flow is one cache line with all that a packet of an open flow reads
// and writes; what only some packets need is in its FlowRest, which lies elsewhere (rest()).
// Everything that only flows with payload need hangs off indices into per-worker pools, taken
// lazily. One worker thread.
#pragma once

#include "dataplane/base/proto.h"
#include "dataplane/base/seqnum.h"
#include "dataplane/base/time.h"
#include "dataplane/packet/packet.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>

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

// Where flows lie (FlowArray): in groups, each aligned to its size, first the lines of all its
// flows side by side, then their rests. So the lines of millions of flows share few pages, and a
// rest is found from the address of its line.
inline constexpr std::uintptr_t kFlowGroupBytes = std::uintptr_t{8} << 20;
inline constexpr std::uintptr_t kFlowGroupLines = std::uintptr_t{2} << 20;  // the first bytes of it

inline constexpr std::uint64_t kFlowIds = (std::uint64_t{1} << 53) - 1;  // exact in JSON

// The part of a flow that a packet without payload does not touch: two cache lines.
struct alignas(64) FlowRest {
    // Line 1: packets with payload, timestamps or IPv6 addresses.
    packet::IpAddr client;
    packet::IpAddr server;
    std::array<std::uint32_t, 2> stream_state{};  // see Flow::stream_state()
    std::uint32_t app_state = 0;
    std::uint32_t detect_state = 0;
    // stream/: RFC 7323 section 4.3, by direction of the sender, when ts_on
    std::array<std::uint32_t, 2> ts_recent{};
    std::array<std::uint8_t, 2> ts_age{};  // stream/: when ts_recent was set, see tcp_half.h
    std::uint8_t icmp_type = 0;            // of the first packet
    std::uint8_t icmp_code = 0;
    SeqNum resyn;  // latest SYN seen on an open connection, when resyn_seen

    // Line 2: start, end, housekeeping.
    std::uint64_t flow_id : 53 = 0;  // stable id for events, of kFlowIds
    bool in_use : 1 = false;         // not in the table's free list
    bool linked : 1 = false;         // found by packets
    bool resyn_seen : 1 = false;
    bool alerted : 1 = false;              // an alert was told of it
    std::uint8_t sack_offered : 2 = 0;     // stream/: by direction, bit 0: to server
    FlowEnd end : 2 = FlowEnd::kShutdown;  // why it ends; valid in FlowObserver::flow_ended()
    Nanos first_seen;                      // Packet::wall of the first packet
    std::array<SeqNum, 2> isn;             // by direction; stream offset 0 is isn+1
    std::array<SeqNum, 2> fin_seq;         // sequence number of the FIN, once seen
    std::uint32_t hash = 0;                // flow_table's
    std::uint32_t timer_prev = 0;          // timer_wheel's
    std::uint32_t timer_next = 0;
    std::array<std::uint32_t, 2> packets{};     // of Flow::packets(), with Flow::recent
    std::array<std::uint32_t, 2> bytes_low{};   // of Flow::bytes(): 2^32 packets of at most 2^16
    std::array<std::uint16_t, 2> bytes_high{};  // bytes have no more than 48 bits
};

struct alignas(64) Flow {
    Flow() = default;
    Flow(const Flow&) = delete;  // a copy would have no rest
    Flow& operator=(const Flow&) = delete;

    // What PacketKey compares, as words.
    std::array<std::uint32_t, 2> address_words{};  // of client and server: address_word()
    std::uint16_t client_port = 0;                 // ICMP echo: both ports are the identifier
    std::uint16_t server_port = 0;
    std::uint16_t vlan = 0;
    std::uint8_t ip_proto = 0;
    std::uint8_t segment = 0;  // these five as in FlowKey

    std::array<TcpHalf, 2> half;  // by Direction of the sender
    Nanos last_seen;              // Now::time of the latest packet

    // Packets (lower kRecentPacketBits) and frame bytes by direction that the totals in FlowRest do
    // not have yet.
    std::array<std::uint32_t, 2> recent{};

    FlowState state : 2 = FlowState::kNew;
    FlowVerdict verdict : 2 = FlowVerdict::kInspect;
    std::uint8_t held : 4 = 0;          // which of the states in FlowRest there are: kHas*
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
    bool is_v6 : 1 = false;         // not both addresses are of IPv4
    AppProto app = AppProto::kUnknown;
    std::uint8_t tcp_options =
        kAnyTcpOption;                        // stream/: what the handshake agreed on, normalizer.h
    std::uint8_t exception = 0;               // ExceptionCause + 1 by which it is trusted; 0: none
    std::array<std::uint8_t, 2> tcp_flags{};  // all that were seen by direction; only with
                                              // FlowConfig::note_packets

    FlowRest& rest() { return *std::launder(reinterpret_cast<FlowRest*>(rest_address())); }

    const FlowRest& rest() const {
        return *std::launder(reinterpret_cast<const FlowRest*>(rest_address()));
    }

    // For prefetches; the flow need not exist.
    static std::uintptr_t rest_address(const Flow* f) {
        const auto at = reinterpret_cast<std::uintptr_t>(f);
        static_assert(sizeof(FlowRest) == 128);
        return (at & ~(kFlowGroupBytes - 1)) + kFlowGroupLines +
               (at & (kFlowGroupLines - 1)) * (sizeof(FlowRest) / 64);
    }

    const packet::IpAddr& client() const { return rest().client; }

    const packet::IpAddr& server() const { return rest().server; }

    FlowKey key() const {
        return {client(), server(), client_port, server_port, vlan, ip_proto, segment};
    }

    void set_key(const FlowKey& k);

    // One packet of 'len' bytes more in direction d.
    void count(std::size_t d, std::uint32_t len) {
        const std::uint32_t r = recent[d];
        if ((r & kRecentPackets) == kRecentPackets ||
            len > (0xffffffffU >> kRecentPacketBits) - (r >> kRecentPacketBits)) [[unlikely]] {
            count_in_totals(d, len);
            return;
        }
        recent[d] = r + (len << kRecentPacketBits) + 1;
    }

    std::uint32_t packets(std::size_t d) const {
        return rest().packets[d] + (recent[d] & kRecentPackets);
    }

    std::uint64_t bytes(std::size_t d) const {
        const FlowRest& r = rest();
        return (std::uint64_t{r.bytes_high[d]} << 32 | r.bytes_low[d]) +
               (recent[d] >> kRecentPacketBits);
    }

    // No packet in direction d. Seldom touches the rest.
    bool silent(std::size_t d) const { return recent[d] == 0 && rest().packets[d] == 0; }

    // stream/: window and out-of-order copies by Direction of the sender; kNoIndex: none
    std::uint32_t stream_state(std::size_t d) const {
        return (held & (kHasStream << d)) != 0 ? rest().stream_state[d] : kNoIndex;
    }

    void set_stream_state(std::size_t d, std::uint32_t index) {
        rest().stream_state[d] = index;
        note_held(kHasStream << d, index);
    }

    bool has_stream_state() const { return (held & (kHasStream | kHasStream << 1)) != 0; }

    // dataplane/app's pool (HTTP parser)
    std::uint32_t app_state() const { return (held & kHasApp) != 0 ? rest().app_state : kNoIndex; }

    void set_app_state(std::uint32_t index) {
        rest().app_state = index;
        note_held(kHasApp, index);
    }

    // dataplane/detect's pool (flowbits, pending candidates)
    std::uint32_t detect_state() const {
        return (held & kHasDetect) != 0 ? rest().detect_state : kNoIndex;
    }

    void set_detect_state(std::uint32_t index) {
        rest().detect_state = index;
        note_held(kHasDetect, index);
    }

  private:
    static constexpr unsigned kHasStream = 1;  // and 2: the other direction
    static constexpr unsigned kHasApp = 4;
    static constexpr unsigned kHasDetect = 8;
    static constexpr unsigned kRecentPacketBits = 10;
    static constexpr std::uint32_t kRecentPackets = (1U << kRecentPacketBits) - 1;

    std::uintptr_t rest_address() const { return rest_address(this); }

    void note_held(unsigned bit, std::uint32_t index) {
        held = (index != kNoIndex ? held | bit : held & ~bit) & 15U;
    }

    // Out of line and once in a thousand packets.
    void count_in_totals(std::size_t d, std::uint32_t len);
};

// 32 bits of an address: of IPv4 all of it, of IPv6 a sum.
inline std::uint32_t address_word(std::uint64_t first, std::uint64_t second) {
    const std::uint64_t both = first ^ second;
    return static_cast<std::uint32_t>(both ^ both >> 32);
}

// The first packet came from the server after all: UDP only, where nothing else depends on who
// began.
void swap_ends(Flow& f);

inline std::size_t segment_of(const Flow& f) {
    return f.segment & 0x1fU;
}

static_assert(sizeof(FlowKey) == 40);
static_assert(sizeof(TcpHalf) == 12);
static_assert(sizeof(Flow) == 64 && alignof(Flow) == 64);
static_assert(sizeof(FlowRest) == 128 && offsetof(FlowRest, first_seen) == 72);

}  // namespace sluice::flow
