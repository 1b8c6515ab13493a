// SPDX-License-Identifier: Apache-2.0
// FlowStage: gives each packet of a batch its flow and direction, makes flows, and ends them
// (silence, eviction, a new connection on the same five-tuple). Owns every Flow; a Flow* in a
// packet is valid until the next call of process(), expire() or end_all(). Allocates only at
// construction. One worker thread; symmetric hashing upstream (design decision 3).
#pragma once

#include "dataplane/base/time.h"
#include "dataplane/flow/eviction_queues.h"
#include "dataplane/flow/flow.h"
#include "dataplane/flow/flow_config.h"
#include "dataplane/flow/flow_key.h"
#include "dataplane/flow/flow_table.h"
#include "dataplane/flow/timer_wheel.h"
#include "dataplane/packet/batch.h"
#include "dataplane/packet/reason.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice::flow {

// Told once about each flow that ends, before its entry is reused: flush streams, release app,
// detect, stream state there. Never called for a flow that a packet of the batch in work refers to.
class FlowObserver {
  public:
    virtual ~FlowObserver() = default;
    virtual void flow_ended(Flow& f, Now now) = 0;
};

class FlowStage {
  public:
    FlowStage(const FlowConfig& config, FlowObserver& observer);

    FlowStage(const FlowStage&) = delete;
    FlowStage& operator=(const FlowStage&) = delete;

    // Sets flow and direction of every packet that has a flow (whole IP packets with l4_ok that are
    // not dropped).
    void process(packet::Batch& batch, Now now, packet::ReasonCounters& counters);

    // As process(), for one packet that came out of a packet of the batch in work; that one's flow
    // stays valid. At most kMaxWithin times per packet of a batch.
    void process_within(packet::Packet& p, Now now, packet::ReasonCounters& counters);

    // An ICMP error: counts whether it is about a conversation seen here, and drops it as the
    // configuration says. One of IPv4 that says "unreachable" gets that conversation as its flow,
    // as in Suricata; it counts for nothing there. Valid until the next call here, no longer.
    // REQUIRES: is_icmp_error(p)
    void relate(packet::Packet& p, packet::ReasonCounters& counters);

    // Each tunnel, up to the 7 that a flow's key can tell apart, may lie in a datagram in
    // fragments; the last of these finds the tunnel that is one too many.
    static constexpr std::size_t kMaxWithin = 16;

    // To be told when a later stage has changed the state of f: it decides who is evicted.
    void state_changed(const Flow& f) { queues_.update(f); }

    // Ends flows that were silent for too long; looks at no more than 'budget'. Nearly free when
    // nothing is due.
    void expire(Now now, std::size_t budget);

    // End of capture or of the worker: ends every flow.
    void end_all(Now now);

    const FlowStats& stats() const { return stats_; }

  private:
    struct Lookup {
        PacketKey key;
        std::uint32_t hash;
        std::uint8_t packet;
        std::uint8_t way;  // see FlowTable::likely_way()
        bool wants_rest;   // will probably touch FlowRest
    };

    void assign(packet::Packet& p, const Lookup& l, Now now, packet::ReasonCounters& counters);
    Flow* start_flow(packet::Packet& p, const Lookup& l, Now now, packet::ReasonCounters& counters);
    bool make_room(std::uint32_t hash, Now now, packet::ReasonCounters& counters);
    Flow* choose_victim(Nanos before);
    void note(const packet::Packet& p) const;
    void judge_unrelated(packet::Packet& p, packet::ReasonCounters& counters) const;
    bool is_over(const Flow& f, Direction d, const packet::Packet& p, Now now) const;
    Nanos timeout_of(const Flow& f) const;
    void visit_within(Flow& f, Nanos left);
    void unlink(Flow& f);
    void end_flow(Flow& f, Now now);
    void end_deferred(Now now);
    void update_emergency();

    FlowConfig config_;
    FlowObserver& observer_;
    FlowTable table_;
    TimerWheel wheel_;
    EvictionQueues queues_;
    FlowStats stats_;
    // Of all timeouts, emergency or not: nothing that is silent for less is over.
    Nanos shortest_timeout_;
    Nanos shortest_established_;
    bool notes_;                                        // note() has something to do
    std::array<Lookup, packet::kBatchSize> lookups_{};  // of the batch in work
    // Unlinked while a packet of the same batch may still refer to them; told to the observer at
    // the next call.
    std::array<std::uint32_t, packet::kBatchSize*(kMaxWithin + 1)> deferred_{};
    std::size_t deferred_count_ = 0;
};

}  // namespace sluice::flow
