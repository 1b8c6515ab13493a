// SPDX-License-Identifier: Apache-2.0
// VerdictStage: turns what detection found into what happens. Matches are judged in rule order
// (pass, drop, reject, alert): thresholds, then the action, then one event each. A drop or reject
// on a TCP flow blocks the rest of the flow and resets both ends (design decision 4). In tap mode
// nothing is dropped: the event says would-block. Resets are built here and queued; the worker
// sends them after the batch is finalized. No allocation after construction. One worker thread.
#pragma once

#include "dataplane/abi/event.h"
#include "dataplane/app/buffers.h"
#include "dataplane/base/time.h"
#include "dataplane/detect/match.h"
#include "dataplane/packet/packet.h"
#include "dataplane/verdict/http_contexts.h"
#include "dataplane/verdict/http_requests.h"
#include "dataplane/verdict/tagger.h"
#include "dataplane/verdict/threshold.h"
#include "signatures/bundle/model.h"

#include <array>
#include <cstdint>
#include <memory>

namespace sluice::verdict {

struct VerdictConfig {
    bool inline_mode = true;
    bool reset_on_drop = true;              // also plain 'drop' resets both ends of a TCP flow
    std::size_t threshold_entries = 65536;  // power of two
    std::size_t flow_tag_entries = 16384;   // likewise, at least TagTable::kWays
    // Tagged hosts, shared by the workers; null: a table of this stage's own.
    std::shared_ptr<TagTable> host_tags;
    bool alert_events = true;
    bool tls_events = false;    // one for each handshake that was readable
    bool dns_events = false;    // one for each DNS message
    bool http_events = false;   // one for each HTTP transaction
    bool flow_events = false;   // one at the end of each flow
    bool packet_events = true;  // one for each packet that a rule's tag asks for
    // Per reason; more are counted only.
    std::uint32_t drop_events_per_second = 10;
    std::uint32_t anomaly_events_per_second = 0;
};

struct VerdictStats {
    std::uint64_t alerts = 0;      // events of type alert
    std::uint64_t suppressed = 0;  // matches that a threshold kept quiet
    std::uint64_t flows_blocked = 0;
    std::uint64_t flows_passed = 0;    // by a pass rule
    std::uint64_t resets = 0;          // RST or ICMP frames queued
    std::uint64_t resets_lost = 0;     // no room in the queue
    std::uint64_t tagged_packets = 0;  // events of type packet
    std::uint64_t tags_lost = 0;       // no room for them, or they made room for others
};

// A frame of ours to be sent.
struct OutFrame {
    static constexpr std::size_t kCapacity =
        160;  // Ethernet, 2 VLAN tags, IPv6, ICMPv6 with a quoted header

    std::array<std::uint8_t, kCapacity> bytes{};
    std::uint16_t len = 0;
    PortId port;
};

class OutQueue {
  public:
    static constexpr std::size_t kCapacity = 128;

    // Null when full.
    OutFrame* reserve() { return size_ == kCapacity ? nullptr : &frames_[size_]; }

    void commit() { ++size_; }

    void clear() { size_ = 0; }

    const OutFrame* begin() const { return frames_.data(); }

    const OutFrame* end() const { return frames_.data() + size_; }

  private:
    std::array<OutFrame, kCapacity> frames_;
    std::size_t size_ = 0;
};

// What the events of one packet share.
struct Subject {
    packet::Packet* packet = nullptr;  // null at the end of a flow
    flow::Flow* flow = nullptr;        // may be null
    app::HttpSummary http;             // of report_http()
    Now now;
    const app::DnsSummary* dns = nullptr;  // of the last transaction of DNS that matched
    const HttpContexts* https = nullptr;   // of those of HTTP
};

class VerdictStage {
  public:
    VerdictStage(const VerdictConfig& config, abi::EventRing& events);

    // The rules that match indices refer to; 'version' goes into events. Borrowed until the next
    // install().
    void install(const bundle::Model* model, std::uint64_t version);

    void judge(const Subject& subject, const detect::MatchList& matches,
               packet::ReasonCounters& reasons);

    // The event for a DNS message; its source is the client, as in Suricata. REQUIRES: subject.dns
    // and subject.flow
    void report_dns(const Subject& subject, packet::ReasonCounters& reasons);

    // What is known of an HTTP transaction when one direction of it is over. A request waits for
    // its response, up to the end of the flow; displaced by others it is told without. 'answered':
    // its response was told already. REQUIRES: subject.flow
    void report_http(const Subject& subject, Direction direction, std::uint64_t tx_id,
                     bool answered, packet::ReasonCounters& reasons);

    // Whether a rule has tags, and their packets are told. False: the next four have nothing to
    // do.
    bool tagging() const { return tagging_; }

    // After judge(), for every packet that is inspected. True: it was tagged before, so that
    // report_tagged() is due.
    bool account_tags(const packet::Packet& packet);

    // The event for a tagged packet.
    void report_tagged(const Subject& subject, packet::ReasonCounters& reasons);

    // After judge(), where there is no packet, or it is inspected no further: nothing is counted.
    void settle_tags(const Now& now);

    // The flow is over.
    void forget(const flow::Flow& flow) { tagger_.forget(flow); }

    // The event for the end of a flow, and those of requests that were never answered. REQUIRES:
    // subject.flow
    void report_flow(const Subject& subject, packet::ReasonCounters& reasons);

    // The event for a packet that another stage dropped, at the configured rate.
    void report_drop(const Subject& subject, packet::ReasonCounters& reasons);

    // What further alerts of this flow tell of TLS; a copy is kept until another flow's comes.
    void note_tls(const flow::Flow& flow, const app::TlsSummary& tls);

    // The event for a handshake; its source is the client, as in Suricata. REQUIRES: subject.flow
    void report_tls(const Subject& subject, packet::ReasonCounters& reasons);

    // The event for what was odd about a packet that went on, likewise.
    void report_anomaly(const Subject& subject, packet::Reason reason,
                        packet::ReasonCounters& reasons);

    // Drops the packet, and with it the rest of a TCP flow: what it carried has been taken in, so
    // that a retransmission would pass for known. A tap does neither.
    void refuse(const Subject& subject, packet::Reason why);

    OutQueue& out() { return out_; }

    const VerdictStats& stats() const { return stats_; }

  private:
    // Events in the current second.
    struct Told {
        bool may_tell(packet::Reason reason, std::uint32_t limit, Nanos now);

        std::array<std::uint32_t, packet::kReasonCount> events{};
        std::int64_t second = 0;
    };

    void block(const Subject& subject, bundle::Action action, bundle::RejectTo reject_to,
               packet::ReasonCounters& reasons);
    void block_connection(const Subject& subject, bool reset);
    // False: not both ends of the connection will hear of it.
    bool reset_both(const packet::Packet& packet);
    void tag(const Subject& subject, const detect::Match& match);
    template <typename Build>
    bool queue_frame(PortId port, const packet::Packet& packet, Build build);
    void emit(const Subject& subject, const detect::Match& match, abi::EventVerdict verdict,
              packet::ReasonCounters& reasons);
    abi::EventRecord record_of(const Subject& subject) const;
    abi::EventRecord client_record_of(const Subject& subject) const;
    void push(const abi::EventRecord& record, packet::ReasonCounters& reasons);

    VerdictConfig config_;
    abi::EventRing& events_;
    const bundle::Model* model_ = nullptr;
    std::uint64_t version_ = 0;
    ThresholdTable thresholds_;
    Tagger tagger_;
    bool tagging_ = false;
    OutQueue out_;
    abi::TlsFields tls_;          // of the flow 'tls_flow_'
    std::uint64_t tls_flow_ = 0;  // FlowRest::flow_id
    HttpRequests requests_;
    VerdictStats stats_;
    Told told_drops_;
    Told told_anomalies_;
};

}  // namespace sluice::verdict
