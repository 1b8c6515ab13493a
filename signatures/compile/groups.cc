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
constexpr std::array kKinds = {PayloadKind::kPacket, PayloadKind::kStream, PayloadKind::kSegment};

// Hyperscan compiles some 8,000 such entries per second, and all twelve groups shall take two
// seconds on two cores.
constexpr std::size_t kClassEntries = 2500;

// Where most of HTTP without TLS is: streams of these servers' ports are scanned together with the
// bodies in them (bundle::JointDb). Elsewhere one is scanned after the other, which finds the same.
constexpr std::array<std::uint16_t, 4> kHttpPorts = {80, 3128, 8000, 8080};

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
        model_.joint_dbs.clear();
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
                // Only TCP has a stream, and segments of one.
                if (kind == PayloadKind::kPacket || proto == HeaderProto::kTcp) {
                    for (const Direction direction : kDirections) {
                        add_payload_group(kind, proto, direction);
                    }
                }
            }
        }
        add_joint_dbs();
        return std::move(plans_);
    }

  private:
    // What a database holds: rule r by its general prefilter (r), by its prefilter for TCP segments
    // (r + number of rules), or by its general one as a guest of a stream (r + twice that).
    using Entry = std::uint32_t;

    std::uint32_t rule_count() const { return static_cast<std::uint32_t>(prefilters_.size()); }

    bool for_segments(Entry e) const { return e / rule_count() == 1; }

    std::uint32_t rule_of(Entry e) const { return e % rule_count(); }

    Entry segment_entry(std::uint32_t rule) const { return rule + rule_count(); }

    Entry body_entry(std::uint32_t rule) const { return rule + 2 * rule_count(); }

    const Prefilter& prefilter(Entry e) {
        return for_segments(e) ? segment_prefilter(rule_of(e)) : prefilters_[rule_of(e)];
    }

    // Whose segment entries ride with the stream: they are told from those of the stream itself.
    enum class Riders : std::uint8_t { kNone, kSegments };

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
            parts = split(rules, Riders::kNone);
        } else {
            parts.back() = rules;
        }
        for (const RuleList& part : parts) {
            if (!part.empty()) {
                const std::uint32_t db = database(buffer, Riders::kNone, part);
                for (const BufferId name : names) {
                    model_.buffer_groups.push_back({name, db});
                }
            }
        }
        note_body(buffer, parts.back());
    }

    // What may lie anywhere in the body of a message, in either direction.
    struct Body {
        RuleList rules;
        std::uint32_t db = 0;
    };

    void note_body(BufferId buffer, const RuleList& anywhere) {
        const BufferId file = twin_of(buffer);
        const bool up = file == BufferId::kFileDataToServer;
        if ((up || file == BufferId::kFileDataToClient) && !anywhere.empty()) {
            const Direction d = up ? Direction::kToServer : Direction::kToClient;
            bodies_[index_of(d)] = {anywhere, database(buffer, Riders::kNone, anywhere)};
        }
    }

    static bool has_http_port(const bundle::PortRange& range) {
        return std::any_of(kHttpPorts.begin(), kHttpPorts.end(), [&](std::uint16_t port) {
            return port >= range.lo && port <= range.hi;
        });
    }

    void add_joint_dbs() {
        for (const auto& [key, part] : http_streams_) {
            const auto [stream, direction] = key;
            const Body& body = bodies_[index_of(direction)];
            if (body.rules.empty()) {
                continue;
            }
            RuleList entries = part;
            for (const std::uint32_t r : body.rules) {
                if (prefilters_[r].kind != PrefilterKind::kAlways) {
                    entries.push_back(body_entry(r));
                }
            }
            const std::uint32_t both =
                database(BufferId::kPayload, Riders::kSegments, std::move(entries));
            if (both != stream) {
                model_.joint_dbs.push_back({stream, body.db, both, direction});
            }
        }
    }

    // By how far into the buffer their literals can lie: the last part anywhere.
    using Split = std::array<RuleList, bundle::kMaxGroupsPerPlace>;

    Split split(const RuleList& entries, Riders riders) {
        Split parts;
        for (const Entry e : entries) {
            const bool rides = riders == Riders::kSegments && for_segments(e);
            const std::size_t part =
                rides ? parts.size() - 1 : near_part(model_.rules[rule_of(e)], prefilter(e));
            parts[part].push_back(e);
        }
        return parts;
    }

    bool looks(std::uint32_t r, PayloadKind kind, HeaderProto proto, Direction direction) const {
        const Rule& rule = model_.rules[r];
        const bool segments = kind == PayloadKind::kPacket && proto == HeaderProto::kTcp;
        return looks_at(rule, kind) && applies_to(rule, proto) && looks_in(rule, direction) &&
               (!segments || looks_at_segments(rule));
    }

    // The rule among those of single packets.
    Entry packet_entry(std::uint32_t rule, HeaderProto proto) {
        const bool own = proto == HeaderProto::kTcp && segment_prefilter(rule) != prefilters_[rule];
        return own ? segment_entry(rule) : rule;
    }

    RuleList entries_of(PayloadKind kind, HeaderProto proto, Direction direction) {
        const bool tcp = proto == HeaderProto::kTcp;
        RuleList entries;
        for (const std::uint32_t r : payload_rules_) {
            if (kind == PayloadKind::kStream && looks(r, kind, proto, direction)) {
                entries.push_back(r);
            }
            if (!looks(r, PayloadKind::kPacket, proto, direction)) {
                continue;
            }
            const bool rides = tcp && rides_with_stream(model_.rules[r], segment_prefilter(r));
            if (kind == PayloadKind::kStream && rides) {
                entries.push_back(segment_entry(r));
            } else if (kind == PayloadKind::kPacket || (kind == PayloadKind::kSegment && !rides)) {
                entries.push_back(packet_entry(r, proto));
            }
        }
        std::sort(entries.begin(), entries.end());
        return entries;
    }

    void add_payload_group(PayloadKind kind, HeaderProto proto, Direction direction) {
        std::map<std::vector<std::pair<std::uint16_t, std::uint16_t>>, PortMember> by_ports;
        const RuleList entries = entries_of(kind, proto, direction);
        for (const Entry e : entries) {
            const PortSet ports = has_ports(proto)
                                      ? server_ports(model_, model_.rules[rule_of(e)], direction)
                                      : PortSet{{0, 65535}};
            std::vector<std::pair<std::uint16_t, std::uint16_t>> key;
            for (const bundle::PortRange& range : ports) {
                key.emplace_back(range.lo, range.hi);
            }
            PortMember& member = by_ports[key];
            member.ports = ports;
            member.rules.push_back(e);
        }
        // Where all of them ride there is a group, too: it says so.
        const bool all_ride = kind == PayloadKind::kSegment &&
                              !entries_of(PayloadKind::kPacket, proto, direction).empty();
        if (by_ports.empty() && !all_ride) {
            return;
        }
        std::vector<PortMember> members;
        for (auto& [key, member] : by_ports) {
            members.push_back(std::move(member));
        }
        std::array<bundle::PayloadGroup, bundle::kMaxGroupsPerPlace> groups;
        groups.fill({kind, proto, direction, {}});
        const Riders riders = kind == PayloadKind::kStream ? Riders::kSegments : Riders::kNone;
        // Every class repeats the rules of all ports, so what classes may hold together grows with
        // the group, slowly.
        PortClassLimits limits;
        limits.entries = kClassEntries + entries.size();
        PortClasses classes = classify_ports(members, limits);
        for (const PortClassRange& c : classes.ranges) {
            const Split parts = split(classes.rules[c.index], riders);
            for (std::size_t i = 0; i < parts.size(); ++i) {
                groups[i].ports.push_back(
                    {c.range, database(BufferId::kPayload, riders, parts[i])});
            }
            if (kind == PayloadKind::kStream && has_http_port(c.range) && !parts.back().empty()) {
                http_streams_.try_emplace({groups.back().ports.back().db, direction}, parts.back());
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
    std::uint32_t database(BufferId buffer, Riders riders, RuleList entries) {
        if (entries.empty() || rule_of(entries.back()) == entries.back()) {
            riders = Riders::kNone;
        }
        const auto next = static_cast<std::uint32_t>(plans_.size());
        const auto [it, fresh] = known_.try_emplace({buffer, riders, std::move(entries)}, next);
        if (fresh) {
            plans_.push_back(plan_of(riders, std::get<RuleList>(it->first)));
        }
        return it->second;
    }

    DbPlan plan_of(Riders riders, const RuleList& entries) {
        std::map<Pattern, std::vector<bundle::PatternRule>> patterns;
        DbPlan plan;
        for (const Entry e : entries) {
            const std::uint32_t r = rule_of(e);
            const Prefilter& p = prefilter(e);
            mark(model_.rules[r], p);
            if (p.kind == PrefilterKind::kAlways) {
                plan.always.push_back(r);
                continue;
            }
            const bool from_pcre = p.kind == PrefilterKind::kPcre;
            const bool segment = riders == Riders::kSegments && for_segments(e);
            patterns[pattern_of(model_, p)].push_back(
                {r, p.item, p.engine, p.literal_offset, from_pcre, segment});
        }
        std::sort(plan.always.begin(), plan.always.end());
        for (auto& [pattern, served] : patterns) {
            std::stable_sort(served.begin(), served.end(),
                             [](const auto& a, const auto& b) { return a.rule < b.rule; });
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
    std::map<std::tuple<BufferId, Riders, RuleList>, std::uint32_t> known_;
    std::array<Body, 2> bodies_;  // by direction
    // The entries of databases of streams; one may serve both directions.
    std::map<std::pair<std::uint32_t, Direction>, RuleList> http_streams_;
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
