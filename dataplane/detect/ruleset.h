// SPDX-License-Identifier: Apache-2.0
// Ruleset: an immutable snapshot of a bundle for this site, ready to be evaluated (design decision
// 9). Built off the packet path (it allocates, compiles regular expressions, resolves addresses),
// then read by all workers until it is retired; keeps the Model alive for the texts of events.
// Errors name the rule. Any thread.
#pragma once

#include "dataplane/detect/address_set.h"
#include "dataplane/detect/domain_table.h"
#include "dataplane/detect/packet_rules.h"
#include "dataplane/detect/prefilter.h"
#include "dataplane/detect/regex_set.h"
#include "dataplane/detect/rule_table.h"
#include "dataplane/packet/event_watch.h"
#include "signatures/bundle/model.h"

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace sluice::detect {

class Ruleset {
  public:
    // 'version' tells snapshots apart: a worker that sees another one drops what was pending. Give
    // each load a new one.
    static Result<std::unique_ptr<const Ruleset>> build(std::shared_ptr<const bundle::Model> model,
                                                        const SiteVars& vars,
                                                        std::uint64_t version);

    Ruleset(const Ruleset&) = delete;
    Ruleset& operator=(const Ruleset&) = delete;

    const bundle::Model& model() const { return *model_; }

    const bundle::Rule& text(RuleIndex r) const { return model_->rules[r]; }

    std::uint64_t version() const { return version_; }

    std::size_t size() const { return rules_.size(); }

    const RuleRec& rule(RuleIndex r) const { return rules_[r]; }

    const EngineRec& engine(std::uint32_t i) const { return engines_[i]; }

    const std::vector<Step>& steps() const { return steps_; }

    const std::vector<bundle::Item>& header_items() const { return header_items_; }

    // 32-bit identity of a flowbit name: the same in every bundle.
    std::uint32_t bit(std::uint32_t name) const { return bits_[name]; }

    const AddressSet& addresses(std::uint32_t i) const { return addresses_[i]; }

    std::size_t address_sets() const { return addresses_.size(); }

    bool port_in(std::uint32_t set, std::uint16_t port) const;

    const RegexSet& regexes() const { return regexes_; }

    const std::vector<Database>& databases() const { return databases_; }

    // The prefilters of a packet or stream, null where there is none. 'port' is the server's.
    std::array<const Database*, bundle::kMaxGroupsPerPlace> payload_dbs(bundle::PayloadKind kind,
                                                                        bundle::HeaderProto proto,
                                                                        Direction d,
                                                                        std::uint16_t port) const;

    // Whether the databases of the streams of this direction look for what concerns the segment
    // alone, too, but for what payload_dbs(kSegment) holds.
    bool segments_ride(Direction d) const { return segments_ride_[index_of(d)]; }

    struct Joint {
        const Database* both = nullptr;  // null: none
        std::uint32_t body = kNone32;    // the number of the database whose patterns it has, too
    };

    // What finds with one scan what 'stream' and a database of a body would find.
    Joint joint(const Database& stream, Direction d) const {
        return joint_[static_cast<std::size_t>(&stream - databases_.data())][index_of(d)];
    }

    // Prefilters over one application buffer.
    const std::vector<std::uint32_t>& buffer_dbs(BufferId b) const {
        return buffer_dbs_[index_of(b)];
    }

    // The other streaming buffers that share a database with this streaming one.
    BufferMask twins(BufferId b) const { return twins_[index_of(b)]; }

    // The buffers that are scanned with this database.
    BufferMask buffers_of(std::uint32_t db) const { return buffers_of_[db]; }

    // Rules that want a buffer to end with a name; its values are for domain_target().
    const DomainTable& domain_table(BufferId b) const { return domain_tables_[index_of(b)]; }

    struct DomainTarget {
        RuleIndex rule = 0;
        std::uint8_t engine = 0;  // in the order of the Ruleset
    };

    const DomainTarget& domain_target(std::uint32_t value) const { return domain_targets_[value]; }

    BufferMask inspected_buffers() const { return inspected_; }

    const PacketRuleIndex& packet_rules() const { return packet_rules_; }

    // Rules that only a packet with an event can match; ascending.
    const std::vector<RuleIndex>& event_rules() const { return event_rules_; }

    // The events that rules ask for: bit i of Packet::events is watched()[i].
    const std::vector<packet::Reason>& watched() const { return watched_; }

    std::size_t max_steps() const { return max_steps_; }

  private:
    friend class RulesetBuilder;

    static constexpr std::size_t kKinds = 3;
    static constexpr std::size_t kProtos = 5;

    Ruleset() = default;

    static constexpr std::size_t group_index(bundle::PayloadKind kind, bundle::HeaderProto proto,
                                             Direction d) {
        return (static_cast<std::size_t>(kind) * kProtos + static_cast<std::size_t>(proto)) * 2 +
               index_of(d);
    }

    std::shared_ptr<const bundle::Model> model_;
    std::uint64_t version_ = 0;
    std::vector<RuleRec> rules_;
    std::vector<EngineRec> engines_;
    std::vector<Step> steps_;
    std::vector<bundle::Item> header_items_;
    std::vector<std::uint8_t> folded_;  // contents of nocase items in lower case
    std::vector<std::uint32_t> bits_;
    std::vector<AddressSet> addresses_;
    RegexSet regexes_;
    std::vector<Database> databases_;
    std::vector<std::array<Joint, 2>> joint_;  // by number of the stream's database, and direction
    using PortTable = std::vector<std::uint16_t>;  // by port: database + 1, 0: none
    std::array<std::array<PortTable, bundle::kMaxGroupsPerPlace>, kKinds * kProtos * 2>
        payload_dbs_;
    std::array<std::vector<std::uint32_t>, kBufferCount> buffer_dbs_;
    std::array<BufferMask, kBufferCount> twins_{};
    std::vector<BufferMask> buffers_of_;  // by number of the database
    std::array<DomainTable, kBufferCount> domain_tables_;
    std::vector<DomainTarget> domain_targets_;
    BufferMask inspected_;
    std::array<bool, 2> segments_ride_{};
    PacketRuleIndex packet_rules_;
    std::vector<RuleIndex> event_rules_;
    std::vector<packet::Reason> watched_;
    std::size_t max_steps_ = 1;
};

}  // namespace sluice::detect
