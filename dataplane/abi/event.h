// SPDX-License-Identifier: Apache-2.0
// EventRecord: one fixed-size record per event, written by a worker into its ring and turned into
// an EVE JSON line by the exporter thread (or by replay). It carries facts and indices only; rule
// text is looked up by the exporter in the snapshot named by snapshot_version. No pointers. Copied,
// never shared.
#pragma once

#include "dataplane/abi/flow_event.h"
#include "dataplane/abi/http_event.h"
#include "dataplane/abi/tls_event.h"
#include "dataplane/base/proto.h"
#include "dataplane/base/spsc_ring.h"

#include <array>
#include <cstdint>

namespace sluice::abi {

enum class EventType : std::uint8_t {
    kAlert,    // a rule matched
    kDrop,     // a packet (and the rest of its flow) was dropped
    kAnomaly,  // a reason of reasons.def worth telling, rate-limited
    kTls,      // what a TLS handshake showed
    kDns,      // a DNS message
    kHttp,     // an HTTP request with its response, as far as there is one
    kFlow,     // a flow ended
    kPacket,   // a packet after one that matched a rule with a tag
};

// How the bytes of a packet begin.
enum class EventLink : std::uint8_t { kEthernet, kPpp, kRawIp };

enum class EventVerdict : std::uint8_t { kForward, kDrop, kReject, kPass, kWouldBlock };

struct EventRecord {
    EventType type = EventType::kAlert;
    EventVerdict verdict = EventVerdict::kForward;
    std::uint8_t reason = 0;  // packet::Reason
    std::uint8_t ip_proto = 0;
    std::uint8_t ip_version = 4;
    AppProto app = AppProto::kUnknown;
    Direction direction = Direction::kToServer;  // of the packet
    bool has_tx = false;
    std::int64_t wall_ns = 0;         // Unix time
    std::uint64_t packet_number = 0;  // pcap_cnt; 0: no packet (flow time-out)
    std::uint64_t flow_id = 0;        // 0: no flow
    std::uint64_t tx_id = 0;
    std::uint64_t snapshot_version = 0;  // which loaded snapshot rule_index refers to
    std::uint32_t rule_index = 0;        // kAlert, kDrop by rule
    bool has_rule = false;
    std::array<std::uint8_t, 16> src{};
    std::array<std::uint8_t, 16> dst{};  // as in the packet, IPv4 mapped
    std::uint16_t src_port = 0;
    std::uint16_t dst_port = 0;
    std::uint16_t in_port = 0;
    std::uint8_t icmp_type = 0;
    std::uint8_t icmp_code = 0;
    std::uint8_t vlan_count = 0;
    std::array<std::uint16_t, 2> vlan{};
    std::uint32_t packet_len = 0;
    std::int64_t flow_start_ns = 0;
    std::array<std::uint64_t, 2> flow_bytes{};
    std::array<std::uint32_t, 2> flow_packets{};
    FlowFields flow;                        // kFlow
    HttpFields http;                        // kHttp, and alerts on a transaction of HTTP
    TlsFields tls;                          // kTls, and alerts on a flow of TLS
    EventLink link = EventLink::kEthernet;  // kPacket
    // kDns, and alerts on a transaction of DNS: the message. kPacket: the frame, or what a tunnel
    // carried. Cut to fit.
    std::uint16_t data_len = 0;
    std::array<std::uint8_t, 1536> data{};
};

// One writer (a worker), one reader (the exporter). Full: the event is lost and counted
// (Reason::event_ring_full).
using EventRing = SpscRing<EventRecord>;

}  // namespace sluice::abi
