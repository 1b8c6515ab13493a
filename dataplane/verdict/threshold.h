// SPDX-License-Identifier: Apache-2.0
// ThresholdTable: how often a rule may alert, per tracked address, as threshold and
// detection_filter ask (Suricata 7's meaning: windows are inclusive of their last second). A fixed
// table of counters with bounded probing; when a bucket is full its longest idle counter gives way,
// counted. Keys are gid:sid and addresses, so counts survive a new bundle. No allocation after
// construction. One worker thread.
#pragma once

#include "dataplane/base/time.h"
#include "dataplane/packet/packet.h"
#include "signatures/bundle/model.h"

#include <cstdint>
#include <vector>

namespace sluice::verdict {

enum class ThresholdResult : std::uint8_t {
    kAlert,   // tell and act
    kSilent,  // act, do not tell (limit or both already told)
    kIgnore,  // as if the rule had not matched
};

struct Judgement {
    ThresholdResult result = ThresholdResult::kAlert;
    bundle::Action action =
        bundle::Action::kAlert;  // the rule's, or what a rate_filter makes of it
};

struct ThresholdSubject {
    packet::IpAddr src;
    packet::IpAddr dst;
    std::uint64_t flow_id = 0;
};

class ThresholdTable {
  public:
    // REQUIRES: entries is a power of two and at least kWays
    explicit ThresholdTable(std::size_t entries);

    // The rule's threshold, then its filters in turn, until one does not let it pass.
    Judgement check(const bundle::Rule& rule, const ThresholdSubject& subject, Nanos now);

    std::uint64_t displaced() const { return displaced_; }

  private:
    static constexpr std::size_t kWays = 8;

    struct Counter {
        std::uint64_t key = 0;  // 0: free
        Nanos since;
        Nanos active;  // rate_filter: since when the other action holds; 0: it does not
        std::uint32_t count = 0;
    };

    Counter& find(std::uint64_t key, bool& fresh);
    ThresholdResult count(const bundle::Threshold& t, std::uint64_t key, Nanos now);
    bool over_rate(const bundle::Filter& f, std::uint64_t key, Nanos now);

    std::vector<Counter> counters_;
    std::uint64_t displaced_ = 0;
};

}  // namespace sluice::verdict
