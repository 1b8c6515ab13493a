// SPDX-License-Identifier: Apache-2.0
#include "dataplane/detect/ruleset.h"

#include "dataplane/base/crew.h"
#include "dataplane/base/hash.h"
#include "dataplane/base/huge_pages.h"
#include "dataplane/detect/header_items.h"
#include "dataplane/detect/rule_steps.h"
#include "dataplane/detect/transforms.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace sluice::detect {
namespace {

bool changes_flowint(const bundle::Item& item) {
    const auto op = static_cast<bundle::FlowintOp>(item.nbytes);
    return op == bundle::FlowintOp::kSet || op == bundle::FlowintOp::kAdd ||
           op == bundle::FlowintOp::kSubtract;
}

// What a match does, not what it asks.
bool is_action(const bundle::Item& item) {
    if (item.kind == bundle::ItemKind::kFlowint) {
        return changes_flowint(item);
    }
    if (item.kind != bundle::ItemKind::kFlowbits && item.kind != bundle::ItemKind::kXbits) {
        return false;
    }
    switch (static_cast<bundle::FlowbitOp>(item.op)) {
        case bundle::FlowbitOp::kSet:
        case bundle::FlowbitOp::kUnset:
        case bundle::FlowbitOp::kToggle:
            return true;
        case bundle::FlowbitOp::kIsSet:
        case bundle::FlowbitOp::kIsNotSet:
            return false;
    }
    return false;
}

bool is_bit_test(const bundle::Item& item) {
    return item.kind == bundle::ItemKind::kFlowbits &&
           static_cast<bundle::FlowbitOp>(item.op) == bundle::FlowbitOp::kIsSet;
}

bool is_any(const bundle::PortSet& p) {
    return p.size() == 1 && p[0].lo == 0 && p[0].hi == 65535;
}

bool is_suppress(const bundle::Filter& f) {
    return f.kind == bundle::FilterKind::kSuppress;
}

bool is_pcre(const Step& s) {
    return s.item.kind == bundle::ItemKind::kPcre;
}

Error in_rule(const bundle::Rule& r, const std::string& what) {
    return Error{ErrorCode::kInvalid, "sid " + std::to_string(r.sid) + ": " + what, {}, {}};
}

}  // namespace

// Fills a Ruleset, part by part.
class RulesetBuilder {
  public:
    RulesetBuilder(std::shared_ptr<const bundle::Model> model, std::uint64_t version)
        : out_(new Ruleset()), model_(*model) {
        out_->model_ = std::move(model);
        out_->version_ = version;
    }

    Result<std::unique_ptr<const Ruleset>> build(const SiteVars& vars) {
        for (const std::string& name : model_.bit_names) {
            const auto h = static_cast<std::uint32_t>(hash_bytes(name));
            out_->bits_.push_back(h == 0 ? 1 : h);
        }
        open_databases();
        fold_contents();
        for (Status (RulesetBuilder::*part)(const SiteVars&) :
             {&RulesetBuilder::addresses, &RulesetBuilder::regexes, &RulesetBuilder::rules,
              &RulesetBuilder::events, &RulesetBuilder::databases, &RulesetBuilder::groups,
              &RulesetBuilder::domains, &RulesetBuilder::packet_rules}) {
            if (Status s = (this->*part)(vars); !s) {
                return s.error();
            }
        }
        if (Status s = out_->regexes_.finish(); !s) {
            return s.error();
        }
        return std::unique_ptr<const Ruleset>(std::move(out_));
    }

  private:
    // All contents once more in lower case, at the same offsets.
    void fold_contents() {
        out_->folded_ = model_.blob;
        for (std::uint8_t& c : out_->folded_) {
            c = to_lower(c);
        }
    }

    // Meanwhile, by other threads; databases() waits for them.
    void open_databases() {
        out_->databases_.resize(model_.databases.size());
        opening_ = std::make_unique<Crew>(
            model_.databases.size(),
            [](void* self, std::size_t i) {
                const RulesetBuilder& b = *static_cast<RulesetBuilder*>(self);
                b.out_->databases_[i].open(b.model_.databases[i]);
            },
            this, 1);
    }

    Status addresses(const SiteVars& vars) {
        for (const bundle::AddressExpr& e : model_.addresses) {
            Result<AddressSet> set = AddressSet::resolve(e, vars);
            if (!set) {
                return set.error();
            }
            out_->addresses_.push_back(std::move(set).value());
        }
        return ok_status();
    }

    Status regexes(const SiteVars&) {
        std::vector<bool> pieces(model_.pcres.size(), false);
        for (const bundle::Rule& r : model_.rules) {
            for (const bundle::Engine& e : r.engines) {
                for (const bundle::Item& i : e.items) {
                    if (i.kind == bundle::ItemKind::kPcre && is_streaming_buffer(e.buffer) &&
                        i.data < pieces.size()) {
                        pieces[i.data] = true;
                    }
                }
            }
        }
        out_->regexes_.begin(model_.pcres, pieces);  // meanwhile, the rest
        return ok_status();
    }

    Status rules(const SiteVars&) {
        reserve();
        for (const bundle::Rule& r : model_.rules) {
            if (r.src >= model_.addresses.size() || r.dst >= model_.addresses.size() ||
                r.src_ports >= model_.ports.size() || r.dst_ports >= model_.ports.size()) {
                return in_rule(r, "address or port set is missing");
            }
            if (Status s = add_rule(r); !s) {
                return s;
            }
        }
        return ok_status();
    }

    void reserve() {
        std::size_t engines = 0;
        std::size_t items = 0;
        std::size_t header_items = 0;
        for (const bundle::Rule& r : model_.rules) {
            for (const bundle::Engine& e : r.engines) {
                const bool header = e.buffer == BufferId::kPacketHeader;
                engines += header ? 0U : 1U;
                (header ? header_items : items) += e.items.size();
            }
        }
        reserve_huge(out_->rules_, model_.rules.size());
        reserve_huge(out_->engines_, engines);
        reserve_huge(out_->steps_, items);
        out_->header_items_.reserve(header_items);
    }

    Status add_rule(const bundle::Rule& r) {
        RuleRec rec;
        rec.flow_flags = r.flow_flags;
        rec.proto = r.proto;
        rec.app = r.app;
        rec.src = r.src;
        rec.dst = r.dst;
        rec.src_ports = r.src_ports;
        rec.dst_ports = r.dst_ports;
        rec.first_engine = static_cast<std::uint32_t>(out_->engines_.size());
        add_header(r, rec);
        // Buffers that are complete when first seen come first: they are cheap and settle most
        // candidates.
        for (const bool streaming : {false, true}) {
            for (const bundle::Engine& e : r.engines) {
                if (e.buffer == BufferId::kPacketHeader ||
                    is_streaming_buffer(e.buffer) != streaming) {
                    continue;
                }
                if (e.transforms.size() > kMaxTransforms) {
                    return in_rule(r, "too many transforms");
                }
                add_engine(e);
                rec.traits |= e.buffer == BufferId::kPayload ? kRuleHasPayload
                              : is_header_buffer(e.buffer)   ? 0U
                                                             : kRuleHasApp;
                ++rec.engine_count;
            }
        }
        rec.traits |= flag_if(vars_cross_engines(r), kRuleSharedVars);
        rec.traits |= flag_if(r.action == bundle::Action::kAlert &&
                                  (r.flow_flags & bundle::kRuleNoAlert) != 0 && r.tags.empty(),
                              kRuleSilent);
        rec.traits |= flag_if(!r.tags.empty(), kRuleTags);
        rec.traits |=
            flag_if(std::any_of(r.filters.begin(), r.filters.end(), is_suppress), kRuleSuppressed);
        rec.traits |= flag_if(is_ip_only(r, rec), kRuleIpOnly);
        out_->rules_.push_back(rec);
        return ok_status();
    }

    static std::uint32_t traits_of(const bundle::Item& item, bool action) {
        const bool of_host = item.kind == bundle::ItemKind::kXbits;
        return flag_if(is_bit_test(item), kRuleNeedsBit) |
               flag_if(action && !of_host, kRuleChangesFlow) |
               flag_if(item.kind == bundle::ItemKind::kEvent, kRuleOnEvent);
    }

    // Reasons of all events that rules ask for get a bit each, in Packet::events.
    Status events(const SiteVars&) {
        for (bundle::Item& item : out_->header_items_) {
            for (std::uint32_t i = 0; item.kind == bundle::ItemKind::kEvent && i < item.data_len;
                 ++i) {
                const Result<std::size_t> bit = event_bit(model_.bit_names[item.data + i]);
                if (!bit) {
                    return bit.error();
                }
                set_event(item, bit.value());
            }
        }
        return ok_status();
    }

    Result<std::size_t> event_bit(const std::string& name) {
        const auto row =
            std::find_if(packet::kReasons.begin(), packet::kReasons.end(),
                         [&name](const packet::ReasonInfo& r) { return r.name == name; });
        if (row == packet::kReasons.end()) {
            return Error{ErrorCode::kInvalid,
                         "the bundle has rules on the event '" + name +
                             "', which this version does not have: compile it with this version",
                         {},
                         {}};
        }
        const auto reason = static_cast<packet::Reason>(row - packet::kReasons.begin());
        std::vector<packet::Reason>& all = out_->watched_;
        auto at = std::find(all.begin(), all.end(), reason);
        if (at == all.end() && all.size() == packet::EventWatch::kMax) {
            return Error{ErrorCode::kInvalid, "rules ask for too many different events", {}, {}};
        }
        if (at == all.end()) {
            at = all.insert(at, reason);
        }
        return static_cast<std::size_t>(at - all.begin());
    }

    // Conditions first, then what a match changes.
    void add_header(const bundle::Rule& r, RuleRec& rec) {
        std::vector<bundle::Item>& items = out_->header_items_;
        rec.header_first = static_cast<std::uint32_t>(items.size());
        for (const bool actions : {false, true}) {
            for (const bundle::Engine& e : r.engines) {
                for (std::size_t i = 0; e.buffer == BufferId::kPacketHeader && i < e.items.size();
                     ++i) {
                    if (is_action(e.items[i]) == actions) {
                        items.push_back(e.items[i]);
                        rec.traits |= traits_of(e.items[i], actions);
                    }
                }
            }
            if (!actions) {
                rec.action_first = static_cast<std::uint16_t>(items.size() - rec.header_first);
            }
        }
        rec.header_count = static_cast<std::uint16_t>(items.size() - rec.header_first);
    }

    void add_engine(const bundle::Engine& e) {
        EngineRec rec;
        rec.buffer = e.buffer;
        rec.transform_count = static_cast<std::uint8_t>(e.transforms.size());
        std::copy(e.transforms.begin(), e.transforms.end(), rec.transforms.begin());
        rec.first_step = static_cast<std::uint32_t>(out_->steps_.size());
        rec.step_count = static_cast<std::uint16_t>(e.items.size());
        for (const bundle::Item& item : e.items) {
            Step step;
            step.item = item;
            if (item.kind == bundle::ItemKind::kContent) {
                const bool nocase = (item.flags & bundle::kNocase) != 0;
                const std::vector<std::uint8_t>& blob = nocase ? out_->folded_ : model_.blob;
                step.finder = Finder(Bytes(blob).subspan(item.data, item.data_len), nocase);
            }
            out_->steps_.push_back(step);
        }
        const std::span<Step> steps(out_->steps_.data() + rec.first_step, rec.step_count);
        mark_dependencies(steps);
        rec.traits |= flag_if(is_ordered_chain(steps), kEngineChain);
        rec.traits |= flag_if(is_streaming_buffer(e.buffer), kEngineStreaming);
        rec.traits |= flag_if(std::any_of(e.transforms.begin(), e.transforms.end(), needs_whole),
                              kEngineWhole);
        rec.traits |= flag_if(std::any_of(steps.begin(), steps.end(), is_pcre), kEngineHasPcre);
        out_->max_steps_ = std::max(out_->max_steps_, steps.size());
        out_->engines_.push_back(rec);
    }

    // As Suricata: addresses and protocol only; with ports or a flow condition it is a rule for
    // every packet.
    bool is_ip_only(const bundle::Rule& r, const RuleRec& rec) const {
        constexpr std::uint32_t kFlowConditions =
            bundle::kFlowToServer | bundle::kFlowToClient | bundle::kFlowEstablished |
            bundle::kFlowNotEstablished | bundle::kFlowStateless | bundle::kFlowOnlyStream |
            bundle::kFlowNoStream;
        return rec.engine_count == 0 && rec.action_first == 0 && r.app == AppProto::kUnknown &&
               (r.flow_flags & kFlowConditions) == 0 && is_any(model_.ports[r.src_ports]) &&
               is_any(model_.ports[r.dst_ports]);
    }

    // The engine of the rule that PatternRule::engine (in the Model's order) became.
    std::uint8_t engine_of(const bundle::Rule& r, std::uint8_t wanted) const {
        std::uint8_t at = 0;
        for (const bool streaming : {false, true}) {
            for (std::size_t i = 0; i < r.engines.size(); ++i) {
                if (r.engines[i].buffer == BufferId::kPacketHeader ||
                    is_streaming_buffer(r.engines[i].buffer) != streaming) {
                    continue;
                }
                if (i == wanted) {
                    return at;
                }
                ++at;
            }
        }
        return 0;
    }

    Result<PatternTarget> target(const bundle::PatternRule& p, std::uint8_t literal) {
        if (p.rule >= model_.rules.size() || p.engine >= model_.rules[p.rule].engines.size() ||
            p.item >= model_.rules[p.rule].engines[p.engine].items.size() ||
            model_.rules[p.rule].engines[p.engine].buffer == BufferId::kPacketHeader) {
            return Error{ErrorCode::kInvalid,
                         "prefilter pattern names a rule, buffer or item that is not there",
                         {},
                         {}};
        }
        const bundle::Rule& r = model_.rules[p.rule];
        PatternTarget t;
        t.rule = p.rule;
        t.engine = engine_of(r, p.engine);
        const EngineRec& engine = out_->engines_[out_->rules_[p.rule].first_engine + t.engine];
        const bundle::Item& item = r.engines[p.engine].items[p.item];
        t.buffer = engine.buffer;
        t.segment = p.segment;
        if (p.from_pcre || item.kind != bundle::ItemKind::kContent || engine.transform_count != 0) {
            return t;
        }
        t.step = engine.first_step + p.item;
        t.back = literal + p.literal_offset;
        t.content_size = item.data_len;
        limit_place(item, t);
        return t;
    }

    static void limit_place(const bundle::Item& item, PatternTarget& t) {
        using namespace bundle;
        if ((item.flags & (kHasDistance | kHasWithin | kOffsetVar | kDepthVar)) != 0) {
            return;
        }
        t.min_start = item.offset;
        if ((item.flags & kStartsWith) != 0) {
            t.min_start = 0;
            t.max_end = item.data_len;
        } else if ((item.flags & kHasDepth) != 0) {
            t.max_end = std::int64_t{item.offset} + item.depth;
        }
    }

    // Which step supplies the prefilter of each rule, and whether that is one and the same
    // everywhere.
    struct Coverage {
        explicit Coverage(std::size_t rules) : step(rules, kNone32), several(rules, false) {}

        void add(const PatternTarget& t) {
            several[t.rule] =
                several[t.rule] || (step[t.rule] != kNone32 && step[t.rule] != t.step);
            step[t.rule] = t.step;
        }

        std::vector<std::uint32_t> step;
        std::vector<bool> several;
    };

    Status databases(const SiteVars&) {
        opening_->finish();
        Coverage coverage(model_.rules.size());
        for (std::size_t i = 0; i < model_.databases.size(); ++i) {
            if (Status s = add_database(i, coverage); !s) {
                return s;
            }
        }
        for (RuleIndex r = 0; r < coverage.step.size(); ++r) {
            if (coverage.step[r] != kNone32 && !coverage.several[r]) {
                cover(r, coverage.step[r]);
            }
        }
        return ok_status();
    }

    Status add_database(std::size_t index, Coverage& coverage) {
        const bundle::PrefilterDb& db = model_.databases[index];
        std::vector<PatternTarget> targets;
        const std::size_t patterns = db.pattern_first.empty() ? 0 : db.pattern_first.size() - 1;
        for (std::size_t i = 0; i < patterns; ++i) {
            for (std::uint32_t k = db.pattern_first[i];
                 k < db.pattern_first[i + 1] && k < db.pattern_rules.size(); ++k) {
                Result<PatternTarget> t = target(db.pattern_rules[k], db.pattern_length[i]);
                if (!t) {
                    return t.error();
                }
                targets.push_back(t.value());
                coverage.add(t.value());
            }
        }
        for (const std::uint32_t r : db.always) {
            if (r >= model_.rules.size()) {
                return Error{
                    ErrorCode::kInvalid, "prefilter names a rule that is not there", {}, {}};
            }
            coverage.several[r] = true;
        }
        return out_->databases_[index].finish(db, std::move(targets), out_->steps_, model_.blob);
    }

    void cover(RuleIndex r, std::uint32_t step) {
        const RuleRec& rule = out_->rules_[r];
        for (std::uint32_t i = 0; i < rule.engine_count; ++i) {
            const EngineRec& e = out_->engines_[rule.first_engine + i];
            if (step >= e.first_step && step < e.first_step + e.step_count) {
                mark_covered(std::span<Step>(out_->steps_.data() + e.first_step, e.step_count),
                             step - e.first_step);
            }
        }
    }

    void find_twins() {
        out_->buffers_of_.resize(model_.databases.size());
        for (const bundle::BufferGroup& g : model_.buffer_groups) {
            out_->buffers_of_[g.db] |= mask_of(g.buffer);
        }
        for (const bundle::BufferGroup& a : model_.buffer_groups) {
            for (const bundle::BufferGroup& b : model_.buffer_groups) {
                if (a.db == b.db && a.buffer != b.buffer && is_streaming_buffer(a.buffer) &&
                    is_streaming_buffer(b.buffer)) {
                    out_->twins_[index_of(a.buffer)] |= mask_of(b.buffer);
                }
            }
        }
    }

    Status groups(const SiteVars&) {
        for (const bundle::BufferGroup& g : model_.buffer_groups) {
            if (g.db >= out_->databases_.size()) {
                return Error{
                    ErrorCode::kInvalid, "buffer group names a database that is not there", {}, {}};
            }
            if (!out_->databases_[g.db].empty()) {
                out_->buffer_dbs_[index_of(g.buffer)].push_back(g.db);
                out_->inspected_ |= mask_of(g.buffer);
            }
        }
        find_twins();
        if (Status s = join_databases(); !s) {
            return s;
        }
        for (const bundle::PayloadGroup& g : model_.payload_groups) {
            if (Status s = add_payload_group(g); !s) {
                return s;
            }
        }
        return ok_status();
    }

    Status join_databases() {
        const std::size_t n = out_->databases_.size();
        out_->joint_.resize(n);
        for (const bundle::JointDb& j : model_.joint_dbs) {
            if (j.stream >= n || j.body >= n || j.both >= n) {
                return Error{ErrorCode::kInvalid,
                             "joint database names a database that is not there",
                             {},
                             {}};
            }
            out_->databases_[j.both].look_anywhere();
            out_->joint_[j.stream][index_of(j.direction)] = {&out_->databases_[j.both], j.body};
        }
        return ok_status();
    }

    Status add_payload_group(const bundle::PayloadGroup& g) {
        auto& tables = out_->payload_dbs_[Ruleset::group_index(g.kind, g.proto, g.direction)];
        const auto table = std::find_if(tables.begin(), tables.end(),
                                        [](const Ruleset::PortTable& t) { return t.empty(); });
        if (table == tables.end()) {
            return Error{ErrorCode::kInvalid, "too many payload groups for one place", {}, {}};
        }
        if (g.kind == bundle::PayloadKind::kSegment) {
            out_->segments_ride_[index_of(g.direction)] = true;
        }
        table->assign(65536, 0);
        for (const bundle::PortClass& c : g.ports) {
            if (c.db >= out_->databases_.size() || c.db >= 65535) {
                return Error{
                    ErrorCode::kInvalid, "port class names a database that is not there", {}, {}};
            }
            if (out_->databases_[c.db].empty()) {
                continue;
            }
            for (std::uint32_t port = c.range.lo; port <= c.range.hi; ++port) {
                (*table)[port] = static_cast<std::uint16_t>(c.db + 1);
            }
        }
        return ok_status();
    }

    Status domains(const SiteVars&) {
        std::array<std::vector<DomainTable::Entry>, kBufferCount> entries;
        for (const bundle::DomainRule& d : model_.domain_rules) {
            if (index_of(d.buffer) >= kBufferCount || d.rule >= model_.rules.size() ||
                d.engine >= model_.rules[d.rule].engines.size() ||
                d.item >= model_.rules[d.rule].engines[d.engine].items.size()) {
                return Error{ErrorCode::kInvalid,
                             "domain rule names a rule, engine or item that is not there",
                             {},
                             {}};
            }
            const bundle::Rule& r = model_.rules[d.rule];
            const bundle::Item& item = r.engines[d.engine].items[d.item];
            const auto value = static_cast<std::uint32_t>(out_->domain_targets_.size());
            out_->domain_targets_.push_back({d.rule, engine_of(r, d.engine)});
            entries[index_of(d.buffer)].push_back(
                {Bytes(model_.blob).subspan(item.data, item.data_len), value});
            out_->inspected_ |= mask_of(d.buffer);
        }
        for (std::size_t b = 0; b < entries.size(); ++b) {
            out_->domain_tables_[b] = DomainTable(entries[b]);
        }
        return ok_status();
    }

    Status packet_rules(const SiteVars&) {
        std::vector<PacketRuleFacts> facts;
        for (const std::uint32_t r : model_.packet_rules) {
            if (r >= out_->rules_.size()) {
                return Error{ErrorCode::kInvalid, "packet rule that is not there", {}, {}};
            }
            const RuleRec& rec = out_->rules_[r];
            if ((rec.traits & kRuleOnEvent) != 0) {
                out_->event_rules_.push_back(r);
                continue;
            }
            facts.push_back({r, &rec, &out_->addresses_[rec.src], &out_->addresses_[rec.dst],
                             std::span<const bundle::Item>(out_->header_items_)
                                 .subspan(rec.header_first, rec.action_first)});
        }
        std::sort(
            facts.begin(), facts.end(),
            [](const PacketRuleFacts& a, const PacketRuleFacts& b) { return a.rule < b.rule; });
        std::sort(out_->event_rules_.begin(), out_->event_rules_.end());
        out_->packet_rules_ = build_packet_rule_index(facts);
        return ok_status();
    }

    std::unique_ptr<Ruleset> out_;
    const bundle::Model& model_;
    std::unique_ptr<Crew> opening_;  // goes before what it works on
};

Result<std::unique_ptr<const Ruleset>> Ruleset::build(std::shared_ptr<const bundle::Model> model,
                                                      const SiteVars& vars, std::uint64_t version) {
    return RulesetBuilder(std::move(model), version).build(vars);
}

bool Ruleset::port_in(std::uint32_t set, std::uint16_t port) const {
    const bundle::PortSet& ranges = model_->ports[set];
    const auto it =
        std::upper_bound(ranges.begin(), ranges.end(), port,
                         [](std::uint16_t p, const bundle::PortRange& r) { return p < r.lo; });
    return it != ranges.begin() && port <= std::prev(it)->hi;
}

std::array<const Database*, bundle::kMaxGroupsPerPlace> Ruleset::payload_dbs(
    bundle::PayloadKind kind, bundle::HeaderProto proto, Direction d, std::uint16_t port) const {
    const auto& tables = payload_dbs_[group_index(kind, proto, d)];
    std::array<const Database*, bundle::kMaxGroupsPerPlace> dbs{};
    for (std::size_t i = 0; i < tables.size(); ++i) {
        if (!tables[i].empty() && tables[i][port] != 0) {
            dbs[i] = &databases_[tables[i][port] - 1U];
        }
    }
    return dbs;
}

}  // namespace sluice::detect
