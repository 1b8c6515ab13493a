// SPDX-License-Identifier: Apache-2.0
// HttpRequests: events of HTTP requests that wait for their response. A small table of its own, so
// that pipelined requests, whose bytes the parser has let go by then, are told with their
// responses. All of a flow lie in one set; where that is full the oldest is displaced, and told as
// it is. Allocates at construction only, nothing when not wanted. One worker thread.
#pragma once

#include "dataplane/abi/event.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace sluice::verdict {

class HttpRequests {
  public:
    // 'wanted' false: nothing will be kept.
    explicit HttpRequests(bool wanted)
        : keys_(wanted ? kSets : 0), records_(keys_.size() * kWays) {}

    // The place for a record of this transaction; when it is taken, by the oldest, 'displaced' says
    // so and the caller tells what is there first. REQUIRES: wanted
    abi::EventRecord& place(std::uint64_t flow_id, std::uint64_t tx_id, bool& displaced);

    // The record of a transaction, which is forgotten with the next call of place(); null: none.
    const abi::EventRecord* take(std::uint64_t flow_id, std::uint64_t tx_id);

    // Likewise, any of the flow, lowest transaction first.
    const abi::EventRecord* take_any(std::uint64_t flow_id);

  private:
    static constexpr std::size_t kSets = 64;
    static constexpr std::size_t kWays = 16;

    struct Key {
        std::uint64_t flow_id = 0;  // 0: free
        std::uint64_t tx_id = 0;
        std::uint64_t age = 0;
    };

    using Set = std::array<Key, kWays>;

    static std::size_t set_of(std::uint64_t flow_id) { return flow_id % kSets; }

    std::vector<Set> keys_;
    std::vector<abi::EventRecord> records_;
    std::uint64_t clock_ = 0;
};

}  // namespace sluice::verdict
