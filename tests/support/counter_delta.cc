// SPDX-License-Identifier: Apache-2.0
#include "tests/support/counter_delta.h"

namespace sluice::test {

std::uint64_t CounterDelta::of(packet::Reason r) const {
    const auto i = static_cast<std::size_t>(r);
    return counters_[i] - before_[i];
}

std::string CounterDelta::difference(Expected expected) const {
    packet::ReasonCounters wanted{};
    for (const auto& [reason, n] : expected) {
        wanted[static_cast<std::size_t>(reason)] += n;
    }
    std::string out;
    for (std::size_t i = 0; i < packet::kReasonCount; ++i) {
        const std::uint64_t got = counters_[i] - before_[i];
        if (got != wanted[i]) {
            out += std::string(packet::kReasons[i].name) + ": expected +" +
                   std::to_string(wanted[i]) + ", got +" + std::to_string(got) + "\n";
        }
    }
    return out;
}

}  // namespace sluice::test
