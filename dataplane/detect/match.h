// SPDX-License-Identifier: Apache-2.0
// Match and MatchList: what detection found for one packet (or one end of flow), in rule order, for
// verdict to judge. Fixed room; what does not fit is counted. Reused by the worker for every
// packet. One worker thread.
#pragma once

#include "dataplane/base/proto.h"

#include <array>
#include <cstdint>

namespace sluice::detect {

// Index into the snapshot's rule table; also evaluation order.
using RuleIndex = std::uint32_t;

struct Match {
    RuleIndex rule = 0;
    Direction direction = Direction::kToServer;
    bool has_tx = false;  // matched on an application transaction
    bool on_stream =
        false;  // matched on reassembled stream bytes or on a transaction, not on this packet alone
    bool untold = false;  // suppressed: of the rule only its tags count
    std::uint64_t tx_id = 0;
};

class MatchList {
  public:
    static constexpr std::size_t kCapacity = 64;

    void clear() {
        size_ = 0;
        lost_ = 0;
    }

    // Adds a match; the same rule on the same transaction (or stream) is kept once per packet.
    void add(const Match& m) {
        for (std::size_t i = 0; i < size_; ++i) {
            if (matches_[i].rule == m.rule && matches_[i].has_tx == m.has_tx &&
                matches_[i].tx_id == m.tx_id) {
                return;
            }
        }
        if (size_ == kCapacity) {
            ++lost_;
            return;
        }
        matches_[size_++] = m;
    }

    std::size_t size() const { return size_; }

    std::uint32_t lost() const { return lost_; }

    const Match* begin() const { return matches_.data(); }

    const Match* end() const { return matches_.data() + size_; }

    Match* begin() { return matches_.data(); }

    Match* end() { return matches_.data() + size_; }

  private:
    std::array<Match, kCapacity> matches_{};
    std::size_t size_ = 0;
    std::uint32_t lost_ = 0;
};

}  // namespace sluice::detect
