// SPDX-License-Identifier: Apache-2.0
// PacketRuleIndex: which rules without any content must be looked at for a packet. Rules with
// per-packet keywords are listed by protocol, direction, TCP flags, and whether there is a payload,
// so that an ordinary ACK sees none of them; rules that only name addresses are found by looking
// the packet's addresses up in sorted intervals, once per flow and direction. Built at load; any
// worker reads.
#pragma once

#include "dataplane/detect/address_set.h"
#include "dataplane/detect/rule_table.h"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace sluice::detect {

class PacketRuleIndex {
  public:
    using Rules = std::span<const RuleIndex>;

    struct Key {
        std::uint8_t ip_proto = 0;
        std::uint8_t tcp_flags = 0;
        Direction direction = Direction::kToServer;
        bool has_payload = false;
        bool has_bits = false;  // the flow has flowbits, or a candidate of this packet may set one
        bool named = false;     // the flow speaks a protocol for which names() holds
    };

    // Whether some packet rule is about this protocol alone.
    bool names(AppProto app) const { return (named_ >> static_cast<unsigned>(app) & 1U) != 0; }

    // Ascending. Every rule of it still has to be checked.
    Rules by_packet(const Key& key) const;

    // Rules that can only match this address as source (side 0) or destination (side 1): disjoint
    // intervals. Not sorted.
    Rules by_address(std::size_t side, const packet::IpAddr& a) const;

    // Address rules that no interval narrows down.
    Rules any_address() const { return any_address_; }

    bool has_address_rules() const { return has_address_rules_; }

  private:
    friend class PacketRuleIndexBuilder;

    struct Interval {
        std::uint32_t lo = 0;
        std::uint32_t hi = 0;
        std::uint32_t first = 0;
        std::uint32_t count = 0;
    };

    static constexpr std::size_t kClasses = 4;  // TCP, UDP, ICMP (both), other
    static constexpr std::size_t kFlagValues = 256;
    static constexpr std::size_t kVariants = 16;  // of direction, payload, bits, protocol

    static std::size_t class_of(std::uint8_t ip_proto);

    std::size_t slot(const Key& key) const;

    std::array<std::vector<std::uint32_t>, kClasses>
        list_of_;  // by flags (TCP only) and variant: index in lists_
    std::vector<std::vector<RuleIndex>> lists_;
    std::array<std::vector<Interval>, 2> intervals_;
    std::array<std::vector<RuleIndex>, 2> interval_rules_;
    std::vector<RuleIndex> any_address_;
    std::uint64_t named_ = 0;  // bit per AppProto
    bool has_address_rules_ = false;
};

// What the builder must know of a packet rule.
struct PacketRuleFacts {
    RuleIndex rule = 0;
    const RuleRec* rec = nullptr;
    const AddressSet* src = nullptr;
    const AddressSet* dst = nullptr;
    std::span<const bundle::Item> header;
};

// Load time only. 'rules' ascending.
PacketRuleIndex build_packet_rule_index(std::span<const PacketRuleFacts> rules);

}  // namespace sluice::detect
