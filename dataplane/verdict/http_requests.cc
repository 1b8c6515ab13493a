// SPDX-License-Identifier: Apache-2.0
#include "dataplane/verdict/http_requests.h"

#include <algorithm>

namespace sluice::verdict {

abi::EventRecord& HttpRequests::place(std::uint64_t flow_id, std::uint64_t tx_id, bool& displaced) {
    const std::size_t s = set_of(flow_id);
    Set& set = keys_[s];
    // Free ones are of age 0.
    const auto oldest = std::min_element(set.begin(), set.end(),
                                         [](const Key& a, const Key& b) { return a.age < b.age; });
    displaced = oldest->flow_id != 0;
    *oldest = {flow_id, tx_id, ++clock_};
    return records_[s * kWays + static_cast<std::size_t>(oldest - set.begin())];
}

const abi::EventRecord* HttpRequests::take(std::uint64_t flow_id, std::uint64_t tx_id) {
    if (keys_.empty()) {
        return nullptr;
    }
    const std::size_t s = set_of(flow_id);
    Set& set = keys_[s];
    for (std::size_t i = 0; i < kWays; ++i) {
        if (set[i].flow_id == flow_id && set[i].tx_id == tx_id) {
            set[i] = {};
            return &records_[s * kWays + i];
        }
    }
    return nullptr;
}

const abi::EventRecord* HttpRequests::take_any(std::uint64_t flow_id) {
    if (keys_.empty()) {
        return nullptr;
    }
    const Key* first = nullptr;
    for (const Key& key : keys_[set_of(flow_id)]) {
        if (key.flow_id == flow_id && (first == nullptr || key.tx_id < first->tx_id)) {
            first = &key;
        }
    }
    return first == nullptr ? nullptr : take(flow_id, first->tx_id);
}

}  // namespace sluice::verdict
