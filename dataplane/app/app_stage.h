// SPDX-License-Identifier: Apache-2.0
// AppStage: from in-order stream bytes, or single datagrams, to named buffers. begin() takes one
// piece, next() is called until it is false; each true is one InspectionPoint whose views are valid
// until the next call into this object (but for summary()). Knows which parser serves which
// protocol; a parser has begin(), next(), gave_up() and release() and a state per flow in its own
// pool. All memory is taken at construction; when it runs out, the flow goes on as a raw stream and
// a reason is counted. One worker thread.
#pragma once

#include "dataplane/app/app_config.h"
#include "dataplane/app/buffers.h"
#include "dataplane/app/dns.h"
#include "dataplane/app/http1.h"
#include "dataplane/app/http1_state.h"
#include "dataplane/app/ssh.h"
#include "dataplane/app/state_pool.h"
#include "dataplane/app/tls.h"
#include "dataplane/app/tls_state.h"
#include "dataplane/flow/flow.h"
#include "dataplane/packet/packet.h"
#include "dataplane/packet/reason.h"
#include "dataplane/stream/stream_chunk.h"

#include <cstdint>

namespace sluice::app {

class AppStage {
  public:
    explicit AppStage(const AppConfig& config);

    // Decides flow.app while it is kUnknown. 'reasons' must outlive the calls of next() for this
    // chunk.
    void begin(const stream::StreamChunk& chunk, packet::ReasonCounters& reasons);

    // The payload of one datagram of a UDP flow. REQUIRES: datagram.flow
    // Of DNS: who asks is the client, whoever was seen first, so flow and datagram may change
    // direction.
    void begin(packet::Packet& datagram, packet::ReasonCounters& reasons);

    // Whether begin() would do anything with the flow's next datagram.
    static bool wants_datagrams(const flow::Flow& flow) {
        return flow.app == AppProto::kUnknown || flow.app_state != flow::kNoIndex;
    }

    bool next(InspectionPoint& point);

    // The flow ends: gives back what it holds. To be called before the entry is used for another
    // flow.
    void release(flow::Flow& flow);

    // Facts about the transaction at hand in this direction; empty for flows that are not HTTP.
    HttpSummary summary(const flow::Flow& flow, Direction direction) const;

    // Facts about the handshake; empty for flows that are not TLS.
    TlsSummary tls_summary(const flow::Flow& flow) const;

    // Once for each handshake: when all that an event tells of it is there.
    bool take_tls_event(const flow::Flow& flow);

    // The DNS message of the last point, or nothing; valid like its views.
    Bytes dns_message() const;

    // For tests and statistics.
    std::uint32_t flows_in_use() const {
        return http_flows_.in_use() + dns_flows_.in_use() + tls_flows_.in_use() +
               ssh_flows_.in_use();
    }

    std::uint32_t decoders_in_use() const { return http_.decoders().in_use(); }

    std::size_t slabs_in_use() const {
        return http_.arena().in_use() + dns_.arena().in_use() + tls_.arena().in_use() +
               ssh_.arena().in_use();
    }

  private:
    // Which parser has a flow's state; in the upper bits of Flow::app_state, as Flow::app says
    // kNone when a parser gave up.
    // kDnsDatagrams: no state but the number of messages, instead of an index.
    enum class Parser : std::uint32_t { kNone, kHttp1, kTls, kSsh, kDns, kDnsDatagrams };

    struct Slot {
        Parser parser = Parser::kNone;
        std::uint32_t index = 0;
    };

    static Slot slot_of(const flow::Flow& flow);
    void decide(const stream::StreamChunk& chunk, packet::ReasonCounters& reasons);
    void open(flow::Flow& flow, packet::ReasonCounters& reasons);
    static void put(flow::Flow& flow, Slot slot);
    static void orient(packet::Packet& datagram, bool first);
    bool next_http(InspectionPoint& point);
    bool next_tls(InspectionPoint& point);
    bool next_ssh(InspectionPoint& point);
    bool next_dns_datagram(InspectionPoint& point);
    void retire();
    void free_state(flow::Flow& flow);

    StatePool<HttpFlow> http_flows_;
    StatePool<DnsFlow> dns_flows_;
    StatePool<TlsFlow> tls_flows_;
    StatePool<SshFlow> ssh_flows_;
    Http1 http_;
    Dns dns_;
    Tls tls_;
    Ssh ssh_;
    flow::Flow* active_ = nullptr;    // of the piece at hand, if a parser has it
    flow::Flow* retiring_ = nullptr;  // needs no parser any more, but views may still be looked at
};

}  // namespace sluice::app
