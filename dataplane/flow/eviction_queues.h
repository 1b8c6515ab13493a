// SPDX-License-Identifier: Apache-2.0
// EvictionQueues: which flow goes first when the table is full: a closed one, then one that nobody
// has answered (a flood is made of those), each in order of age, so that an established flow goes
// only when there is neither. A flow moves when its state changes, never for a packet. Borrows the
// table; 16 bytes a flow, allocated at construction. One worker thread.
#pragma once

#include "dataplane/base/huge_array.h"
#include "dataplane/base/time.h"
#include "dataplane/flow/flow.h"
#include "dataplane/flow/flow_table.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice::flow {

class EvictionQueues {
  public:
    EvictionQueues(FlowTable& table, std::uint32_t max_flows) : table_(table), links_(max_flows) {}

    // A new flow.
    void insert(const Flow& f);
    void remove(const Flow& f);

    // f's state may have changed.
    void update(const Flow& f);

    // What next_victim() may do until the next call, in flows put aside; so the work of a batch is
    // bounded whatever the table holds.
    void set_budget(std::size_t steps) { budget_ = steps; }

    // The flow to evict, last seen before 'before'; stays queued. Null: none but established ones,
    // or none within the budget.
    Flow* next_victim(Nanos before);

  private:
    enum class Queue : std::uint8_t { kClosed, kUnproven, kNone };

    static constexpr std::size_t kQueues = 2;
    static constexpr int kSecondChances = 4;  // for one eviction

    struct Link {
        std::uint32_t prev = kNoIndex;
        std::uint32_t next = kNoIndex;
        std::uint32_t packets = 0;  // that the flow had when it was queued
        Queue queue = Queue::kNone;
    };

    struct Ends {
        std::uint32_t head = kNoIndex;
        std::uint32_t tail = kNoIndex;
    };

    static Queue queue_of(const Flow& f);
    void append(const Flow& f, Queue queue);
    void take_out(Link& l);
    bool may_go(const Flow& f, Queue queue, Nanos before, int& chances);

    FlowTable& table_;
    HugeArray<Link> links_;  // by number of the flow
    std::array<Ends, kQueues> ends_{};
    std::size_t budget_ = 0;
};

}  // namespace sluice::flow
