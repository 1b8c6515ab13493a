// SPDX-License-Identifier: Apache-2.0
// Judges everything about a rule that is not bytes of a buffer: protocol, flow conditions, ports,
// addresses, header keywords, flowbits. One worker thread; borrows for the call.
#pragma once

#include "dataplane/detect/flow_store.h"
#include "dataplane/detect/host_bits.h"
#include "dataplane/detect/ruleset.h"
#include "dataplane/flow/flow.h"
#include "dataplane/packet/packet.h"

#include <cstdint>
#include <vector>

namespace sluice::detect {

// Who talks to whom, for one look.
struct Subject {
    const packet::Packet* packet = nullptr;  // null: a flow ended without one
    const flow::Flow* flow = nullptr;        // null: a packet without flow
    const packet::IpAddr* src = nullptr;
    const packet::IpAddr* dst = nullptr;
    std::uint16_t src_port = 0;
    std::uint16_t dst_port = 0;
    std::uint8_t ip_proto = 0;
    bool is_v4 = true;
    bool on_stream = false;  // stream bytes or a transaction, not a packet
    Direction direction = Direction::kToServer;
    Nanos wall;  // now, Unix
};

Subject subject_of(const packet::Packet& p);
Subject subject_of(const flow::Flow& f, Direction d, const packet::Packet* p);

// Remembers for the present pair of addresses which address sets hold them.
class AddressCache {
  public:
    explicit AddressCache(std::size_t sets) : known_(sets * 2) {}

    // A new look: forgets unless the same pair of addresses is looked at again.
    void bind(const Subject& s);

    bool contains(const Ruleset& rules, std::uint32_t set, const packet::IpAddr& a,
                  std::size_t side) {
        std::uint32_t& k = known_[std::size_t{set} * 2 + side];
        if ((k >> 1) != epoch_) {
            k = (epoch_ << 1) | (rules.addresses(set).contains(a) ? 1U : 0U);
        }
        return (k & 1U) != 0;
    }

  private:
    std::vector<std::uint32_t> known_;  // epoch * 2 + answer
    std::uint32_t epoch_ = 1;
    packet::IpAddr src_;
    packet::IpAddr dst_;
    bool bound_ = false;
};

// Protocol, application, flow conditions, ports, addresses.
bool header_matches(const Ruleset& rules, const RuleRec& rule, const Subject& s,
                    AddressCache& cache);

// What rules remember beyond one look.
struct Memory {
    FlowState* flow = nullptr;  // null: nothing is known of the flow
    HostBits& hosts;
};

// Header keywords, tests of flowbits, flowints and xbits.
bool conditions_match(const Ruleset& rules, const RuleRec& rule, const Subject& s,
                      const Memory& memory);

// Does to flowbits, flowints and xbits what the rule says after a match. Returns false when one had
// no room.
bool change_state(const Ruleset& rules, const RuleRec& rule, const Subject& s,
                  const Memory& memory);

constexpr bool changes_state(const RuleRec& rule) {
    return rule.header_count != rule.action_first;
}

}  // namespace sluice::detect
