// SPDX-License-Identifier: Apache-2.0
#include "signatures/compile/groups.h"

#include "signatures/compile/port_classes.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace sluice::compile {
namespace {

using bundle::HeaderProto;
using bundle::PayloadKind;
using bundle::PortSet;
using bundle::Rule;
using RuleList = std::vector<std::uint32_t>;

constexpr std::array kDirections = {Direction::kToServer, Direction::kToClient};
constexpr std::array kProtos = {HeaderProto::kIp, HeaderProto::kTcp, HeaderProto::kUdp,
                                HeaderProto::kIcmp, HeaderProto::kSctp};
constexpr std::array kKinds = {PayloadKind::kPacket, PayloadKind::kStream};

// Hyperscan compiles some 8,000 such entries per second, and all twelve groups shall take two
// seconds on two cores.
constexpr std::size_t kClassEntries = 2500;

PortSet united(PortSet a, const PortSet& b) {
    a.insert(a.end(), b.begin(), b.end());
    std::sort(a.begin(), a.end(), [](const auto& x, const auto& y) { return x.lo < y.lo; });
    PortSet out;
    for (const bundle::PortRange& r : a) {
        if (!out.empty() && r.lo <= std::uint32_t{out.back().hi} + 1) {
            out.back().hi = std::max(out.back().hi, r.hi);
        } else {
            out.push_back(r);
        }
    }
    return out;
}

bool looks_in(const Rule& rule, Direction direction) {
    const std::uint32_t both = bundle::kFlowToServer | bundle::kFlowToClient;
    const std::uint32_t said = rule.flow_flags & both;
    const std::uint32_t here =
        direction == Direction::kToServer ? bundle::kFlowToServer : bundle::kFlowToClient;
    return said == 0 || (said & here) != 0;
}

bool looks_at(const Rule& rule, PayloadKind kind) {
    const std::uint32_t both = bundle::kRulePacket | bundle::kRuleStream;
    const std::uint32_t said = rule.flow_flags & both;
    const std::uint32_t here =
        kind == PayloadKind::kPacket ? bundle::kRulePacket : bundle::kRuleStream;
    return said == 0 || (said & here) != 0;
}

bool applies_to(const Rule& rule, HeaderProto proto) {
    return rule.proto == HeaderProto::kIp || rule.proto == proto;
}

// A rule for any IP protocol that may look at the stream looks at single TCP segments only when a
// content says where in them.
bool looks_at_segments(const Rule& rule) {
    if (rule.proto != HeaderProto::kIp || !looks_at(rule, PayloadKind::kStream)) {
        return true;
    }
    for (const bundle::Engine& engine : rule.engines) {
        for (const bundle::Item& item : engine.items) {
            const bool content =
                engine.buffer == BufferId::kPayload && item.kind == bundle::ItemKind::kContent;
            if (content && (item.flags & (bundle::kHasOffset | bundle::kHasDepth)) != 0) {
                return true;
            }
        }
    }
    return false;
}

bool has_ports(HeaderProto proto) {
    return proto == HeaderProto::kTcp || proto == HeaderProto::kUdp || proto == HeaderProto::kSctp;
}

Pattern pattern_of(const bundle::Model& model, const Prefilter& p) {
    Pattern pattern;
    pattern.is_pcre = p.kind == PrefilterKind::kPcre;
    if (pattern.is_pcre) {
        pattern.bytes = model.pcres[p.pcre].pattern;
        pattern.pcre_flags = model.pcres[p.pcre].flags;
    } else {
        pattern.bytes = p.literal;
        pattern.nocase = p.nocase;
    }
    return pattern;
}

class Planner {
  public:
    Planner(bundle::Model& model, const std::vector<Prefilter>& prefilters)
        : model_(model), prefilters_(prefilters) {}

    std::vector<DbPlan> run() {
        model_.packet_rules.clear();
        model_.buffer_groups.clear();
        model_.payload_groups.clear();
        model_.domain_rules.clear();
        std::map<BufferId, RuleList> by_buffer;
        for (std::uint32_t r = 0; r < model_.rules.size(); ++r) {
            const Prefilter& p = prefilters_[r];
            if (p.kind == PrefilterKind::kPacket) {
                model_.packet_rules.push_back(r);
            } else if (p.buffer == BufferId::kPayload) {
                payload_rules_.push_back(r);
            } else if (const auto anchored = find_anchored(model_.rules[r], p)) {
                model_.domain_rules.push_back({p.buffer, anchored->engine, anchored->item, r});
            } else {
                by_buffer[p.buffer].push_back(r);
            }
        }
        std::stable_sort(model_.domain_rules.begin(), model_.domain_rules.end(),
                         [](const auto& a, const auto& b) { return a.buffer < b.buffer; });
        for (auto& [buffer, rules] : by_buffer) {
            add_buffer_groups(buffer, rules, by_buffer);
        }
        for (const PayloadKind kind : kKinds) {
            for (const HeaderProto proto : kProtos) {
                // Only TCP has a stream.
                if (kind == PayloadKind::kPacket || proto == HeaderProto::kTcp) {
                    for (const Direction direction : kDirections) {
                        add_payload_group(kind, proto, direction);
                    }
                }
            }
        }
        return std::move(plans_);
    }

  private:
    // Which of a rule's prefilters a database holds.
    enum class Choice : std::uint8_t { kGeneral, kSegment };

    static void mark(Rule& rule, const Prefilter& p) {
        if (p.kind == PrefilterKind::kLiteral && p.whole) {
            rule.engines[p.engine].items[p.item].flags |= bundle::kPrefilterUsed;
        }
    }

    // The decoded body of a message goes by two names: one scan serves both.
    static BufferId twin_of(BufferId buffer) {
        if (buffer == BufferId::kHttpResponseBody) {
            return BufferId::kFileDataToClient;
        }
        return buffer == BufferId::kHttpRequestBody ? BufferId::kFileDataToServer : buffer;
    }

    void add_buffer_groups(BufferId buffer, RuleList& rules,
                           std::map<BufferId, RuleList>& by_buffer) {
        std::vector<BufferId> names{buffer};
        const auto twin = by_buffer.find(twin_of(buffer));
        if (twin != by_buffer.end() && twin->first != buffer) {
            RuleList both;
            std::merge(rules.begin(), rules.end(), twin->second.begin(), twin->second.end(),
                       std::back_inserter(both));
            rules = std::move(both);
            twin->second.clear();
            names.push_back(twin->first);
        }
        Split parts;
        if (is_streaming_buffer(buffer)) {
            parts = split(rules, Choice::kGeneral);
        } else {
            parts.back() = rules;
        }
        for (const RuleList& part : parts) {
            if (!part.empty()) {
                const std::uint32_t db = database(buffer, Choice::kGeneral, part);
                for (const BufferId name : names) {
                    model_.buffer_groups.push_back({name, db});
                }
            }
        }
    }

    // By how far into the buffer their literals can lie: the last part anywhere.
    using Split = std::array<RuleList, bundle::kMaxGroupsPerPlace>;

    Split split(const RuleList& rules, Choice choice) {
        Split parts;
        for (const std::uint32_t r : rules) {
            parts[near_part(model_.rules[r], prefilter(r, choice))].push_back(r);
        }
        return parts;
    }

    const Prefilter& prefilter(std::uint32_t rule, Choice choice) {
        return choice == Choice::kSegment ? segment_prefilter(rule) : prefilters_[rule];
    }

    void add_payload_group(PayloadKind kind, HeaderProto proto, Direction direction) {
        const bool segments = kind == PayloadKind::kPacket && proto == HeaderProto::kTcp;
        std::map<std::vector<std::pair<std::uint16_t, std::uint16_t>>, PortMember> by_ports;
        for (const std::uint32_t r : payload_rules_) {
            const Rule& rule = model_.rules[r];
            if (!looks_at(rule, kind) || !applies_to(rule, proto) || !looks_in(rule, direction) ||
                (segments && !looks_at_segments(rule))) {
                continue;
            }
            const PortSet ports =
                has_ports(proto) ? server_ports(model_, rule, direction) : PortSet{{0, 65535}};
            std::vector<std::pair<std::uint16_t, std::uint16_t>> key;
            for (const bundle::PortRange& range : ports) {
                key.emplace_back(range.lo, range.hi);
            }
            PortMember& member = by_ports[key];
            member.ports = ports;
            member.rules.push_back(r);
        }
        if (by_ports.empty()) {
            return;
        }
        std::vector<PortMember> members;
        std::size_t group_rules = 0;
        for (auto& [key, member] : by_ports) {
            group_rules += member.rules.size();
            members.push_back(std::move(member));
        }
        const Choice choice = segments ? Choice::kSegment : Choice::kGeneral;
        std::array<bundle::PayloadGroup, bundle::kMaxGroupsPerPlace> groups;
        groups.fill({kind, proto, direction, {}});
        // Every class repeats the rules of all ports, so what classes may hold together grows with
        // the group, slowly.
        PortClassLimits limits;
        limits.entries = kClassEntries + group_rules;
        PortClasses classes = classify_ports(members, limits);
        for (const PortClassRange& c : classes.ranges) {
            const Split parts = split(classes.rules[c.index], choice);
            for (std::size_t i = 0; i < parts.size(); ++i) {
                groups[i].ports.push_back(
                    {c.range, database(BufferId::kPayload, choice, parts[i])});
            }
        }
        for (bundle::PayloadGroup& group : groups) {
            model_.payload_groups.push_back(std::move(group));
        }
    }

    // Chosen once per rule: a rule is in many classes.
    const Prefilter& segment_prefilter(std::uint32_t rule) {
        const auto [it, fresh] = segment_prefilters_.try_emplace(rule);
        if (fresh) {
            it->second = choose_segment_prefilter(model_, model_.rules[rule], prefilters_[rule]);
        }
        return it->second;
    }

    // The same rules over the same buffer give the same database, which is then stored once.
    std::uint32_t database(BufferId buffer, Choice choice, RuleList rules) {
        if (std::all_of(rules.begin(), rules.end(),
                        [&](std::uint32_t r) { return prefilter(r, choice) == prefilters_[r]; })) {
            choice = Choice::kGeneral;
        }
        const auto next = static_cast<std::uint32_t>(plans_.size());
        const auto [it, fresh] = known_.try_emplace({buffer, choice, std::move(rules)}, next);
        if (fresh) {
            plans_.push_back(plan_of(choice, std::get<RuleList>(it->first)));
        }
        return it->second;
    }

    DbPlan plan_of(Choice choice, const RuleList& rules) {
        std::map<Pattern, std::vector<bundle::PatternRule>> patterns;
        DbPlan plan;
        for (const std::uint32_t r : rules) {
            const Prefilter& p = prefilter(r, choice);
            mark(model_.rules[r], p);
            if (p.kind == PrefilterKind::kAlways) {
                plan.always.push_back(r);
                continue;
            }
            const bool from_pcre = p.kind == PrefilterKind::kPcre;
            patterns[pattern_of(model_, p)].push_back(
                {r, p.item, p.engine, p.literal_offset, from_pcre});
        }
        for (auto& [pattern, served] : patterns) {
            plan.patterns.push_back(pattern);
            plan.rules.push_back(std::move(served));
        }
        return plan;
    }

    bundle::Model& model_;
    const std::vector<Prefilter>& prefilters_;
    RuleList payload_rules_;
    std::unordered_map<std::uint32_t, Prefilter> segment_prefilters_;
    std::vector<DbPlan> plans_;
    std::map<std::tuple<BufferId, Choice, RuleList>, std::uint32_t> known_;
};

}  // namespace

PortSet server_ports(const bundle::Model& model, const Rule& rule, Direction direction) {
    const PortSet& src = model.ports[rule.src_ports];
    const PortSet& dst = model.ports[rule.dst_ports];
    if ((rule.flow_flags & bundle::kRuleBidirectional) != 0) {
        return united(src, dst);
    }
    return direction == Direction::kToServer ? dst : src;
}

std::vector<DbPlan> plan_groups(bundle::Model& model, const std::vector<Prefilter>& prefilters) {
    return Planner(model, prefilters).run();
}

}  // namespace sluice::compile
