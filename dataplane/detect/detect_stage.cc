// SPDX-License-Identifier: Apache-2.0
#include "dataplane/detect/detect_stage.h"

#include "dataplane/detect/header_bytes.h"
#include "dataplane/detect/transforms.h"

#include <algorithm>
#include <utility>

namespace sluice::detect {
namespace {

bundle::HeaderProto group_of(const packet::Packet& p) {
    if (!p.l4_ok) {
        return bundle::HeaderProto::kIp;
    }
    switch (p.ip_proto) {
        case packet::kProtoTcp:
            return bundle::HeaderProto::kTcp;
        case packet::kProtoUdp:
            return bundle::HeaderProto::kUdp;
        case packet::kProtoIcmp:
        case packet::kProtoIcmp6:
            return bundle::HeaderProto::kIcmp;
        case packet::kProtoSctp:
            return bundle::HeaderProto::kSctp;
        default:
            return bundle::HeaderProto::kIp;
    }
}

PacketRuleIndex::Key key_of(const PacketRuleIndex& index, const packet::Packet& p, bool has_bits) {
    return {.ip_proto = p.ip_proto,
            .tcp_flags = p.l4_ok ? p.tcp.flags : std::uint8_t{0},
            .direction = p.direction,
            .has_payload = p.payload_len != 0,
            .has_bits = has_bits,
            .named = p.flow != nullptr && index.names(p.flow->app)};
}

// What a packet gets of the budget for regular expressions once its flow has used up a whole one.
constexpr std::uint32_t kOverranShare = 32;

// Of no snapshot: the next look at the flow finds what it kept to be another one's.
constexpr std::uint64_t kNoVersion = ~std::uint64_t{0};

constexpr std::uint8_t address_rules_done(Direction d) {
    return d == Direction::kToServer ? 1 : 2;
}

}  // namespace

DetectStage::DetectStage(const DetectConfig& config)
    : store_(config.store),
      host_bits_(config.host_bits != nullptr
                     ? config.host_bits
                     : std::make_shared<HostBits>(config.host_bit_entries, 0)),
      step_budget_(config.step_budget),
      pcre_budget_(config.pcre_budget) {}

void DetectStage::restart(flow::Flow& f) {
    forget_chunk();
    if (FlowState* state = store_.find(f); state != nullptr) {
        store_.renew(*state, kNoVersion);
    }
}

void DetectStage::end_transactions(flow::Flow& f) {
    if (FlowState* state = store_.find(f); state != nullptr) {
        store_.end_transactions(*state);
    }
}

void DetectStage::install(const Ruleset* rules, WorkerScratch* scratch) {
    rules_ = scratch == nullptr ? nullptr : rules;
    scratch_ = scratch;
    forget_chunk();
}

DetectStage::Look DetectStage::look_at(const Subject& s, flow::Flow* f, MatchList& matches,
                                       packet::ReasonCounters& reasons) {
    scratch_->addresses.bind(s);
    scratch_->candidates.begin();
    if (f != nullptr && f->pcre_overran) [[unlikely]] {
        scratch_->matcher.cut_to(pcre_budget_ / kOverranShare);
    }
    FlowState* state = f == nullptr ? nullptr : store_.find(*f);
    if (state != nullptr) {
        store_.renew(*state, rules_->version());
    }
    return {s, f, state, matches, reasons};
}

FlowState* DetectStage::state_for(Look& look) {
    if (look.state == nullptr && look.flow != nullptr) {
        look.state = store_.take(*look.flow, look.reasons);
        if (look.state != nullptr) {
            store_.renew(*look.state, rules_->version());
        }
    }
    return look.state;
}

bool DetectStage::scan(Look& look, const Database& db, const ScanInput& in, CandidateSet& out) {
    ++stats_.scans;
    stats_.scanned_bytes += in.fresh;
    if (!scratch_->prefilter.scan(db, rules_->steps(), in, out)) {
        packet::count(look.reasons, packet::Reason::prefilter_fault);
        return false;
    }
    return true;
}

bool DetectStage::admits(const RuleRec& rule, const Look& look) {
    return !lacks_bit(rule, look) &&
           header_matches(*rules_, rule, look.subject, scratch_->addresses) &&
           conditions_match(*rules_, rule, look.subject, {look.state, *host_bits_});
}

namespace {

// Evaluations that ended at a limit.
std::uint64_t given_up(const packet::ReasonCounters& reasons) {
    return reasons[static_cast<std::size_t>(packet::Reason::pcre_limit)] +
           reasons[static_cast<std::size_t>(packet::Reason::pcre_budget)] +
           reasons[static_cast<std::size_t>(packet::Reason::detect_step_limit)];
}

}  // namespace

// An engine gave up, and did not match: what it would have said is not known.
void DetectStage::note_undecided(const Look& look, RuleIndex rule) {
    const bundle::Action action = rules_->model().rules[rule].action;
    undecided_ = undecided_ || action == bundle::Action::kDrop || action == bundle::Action::kReject;
    if (look.flow != nullptr && scratch_->matcher.left() == 0) {
        look.flow->pcre_overran = true;
    }
}

EvalResult DetectStage::run_engine(Look& look, RuleIndex rule, const EngineRec& engine,
                                   EvalView view, PcreResume resume) {
    ++stats_.evaluations;
    ++scratch_->counters[rule].evaluations;
    if ((engine.traits & kEngineWhole) != 0 && !(view.complete && view.base == 0)) {
        return {view.complete ? Outcome::kNoMatch : Outcome::kWait, 0, {}};
    }
    const std::uint64_t before = given_up(look.reasons);
    if (engine.transform_count != 0) {
        const TransformContext context{rules_->model().blob, rules_->regexes(), scratch_->matcher,
                                       look.reasons};
        view.bytes =
            apply_transforms(std::span(engine.transforms).first(engine.transform_count), view.bytes,
                             {scratch_->transform_room[0], scratch_->transform_room[1]}, context);
        view.base = 0;  // positions in a changed buffer are its own
        view.floor = 0;
        resume = {};
    }
    const std::span steps =
        std::span(rules_->steps()).subspan(engine.first_step, engine.step_count);
    // Looking for a content costs a hundredth of running a regular expression over the same bytes.
    if ((engine.traits & kEngineHasPcre) != 0) {
        if (const std::uint32_t missing = missing_content(steps, view); missing != kNone32) {
            return {view.complete ? Outcome::kNoMatch : Outcome::kWait, 0, resume, missing};
        }
    }
    EvalContext context{rules_->regexes(), scratch_->matcher, scratch_->frames,  scratch_->vars,
                        look.reasons,      step_budget_,      scratch_->decoded, resume};
    const std::uint64_t used = scratch_->matcher.used();
    const EvalResult result = evaluate(steps, view, context);
    if (scratch_->matcher.used() != used) {
        stats_.pcre_work += scratch_->matcher.used() - used;
        stats_.pcre_peak = std::max(stats_.pcre_peak, scratch_->matcher.used() - pcre_before_);
    }
    if (given_up(look.reasons) != before && result.outcome != Outcome::kMatch) [[unlikely]] {
        note_undecided(look, rule);
    }
    return result;
}

void DetectStage::report(Look& look, RuleIndex rule, const Match& m, bool told) {
    ++stats_.matches;
    ++scratch_->counters[rule].matches;
    const RuleRec& rec = rules_->rule(rule);
    if (changes_state(rec)) {
        FlowState* state = (rec.traits & kRuleChangesFlow) != 0 ? state_for(look) : look.state;
        // A packet without a flow has no bits to set.
        const bool room = change_state(*rules_, rec, look.subject, {state, *host_bits_});
        if (!room && (look.flow != nullptr || (rec.traits & kRuleChangesFlow) == 0)) {
            packet::count(look.reasons, packet::Reason::detect_state_full);
        }
    }
    if ((rec.traits & kRuleSuppressed) != 0 && suppressed(look, rule)) {
        ++stats_.suppressed;
        if ((rec.traits & kRuleTags) != 0) {
            Match untold = m;
            untold.untold = true;
            look.matches.add(untold);
        }
    } else if (told && rules_->text(rule).action == bundle::Action::kAlert) {
        ++stats_.repeated;
    } else if ((rec.traits & kRuleSilent) == 0) {
        look.matches.add(m);
    }
}

// A suppressed match does what it does to bits, and nothing else (as in Suricata).
bool DetectStage::suppressed(const Look& look, RuleIndex rule) {
    const auto holds = [&](std::uint32_t set, const packet::IpAddr& a, std::size_t side) {
        return scratch_->addresses.contains(*rules_, set, a, side);
    };
    const Subject& s = look.subject;
    for (const bundle::Filter& f : rules_->text(rule).filters) {
        if (f.kind != bundle::FilterKind::kSuppress) {
            continue;
        }
        const bool source = f.track != bundle::TrackBy::kDestination;
        const bool destination =
            f.track == bundle::TrackBy::kDestination || f.track == bundle::TrackBy::kBoth;
        if ((source && holds(f.addresses, *s.src, 0)) ||
            (destination && holds(f.addresses, *s.dst, 1))) {
            return true;
        }
    }
    return false;
}

std::uint32_t DetectStage::needle_of(const EngineRec& engine, const EvalView& view,
                                     std::uint32_t known) const {
    if (engine.transform_count != 0) {
        return kNone32;
    }
    const std::uint32_t missing =
        known != kNone32
            ? known
            : missing_content(
                  std::span(rules_->steps()).subspan(engine.first_step, engine.step_count), view);
    if (missing != kNone32) {
        return engine.first_step + missing;
    }
    // All are there, in a wrong arrangement: a right one can only end with a new occurrence of the
    // last.
    return (engine.traits & kEngineChain) != 0 ? engine.first_step + engine.step_count - 1U
                                               : kNone32;
}

bool DetectStage::needle_came(Pending& p, const EvalView& view, std::uint32_t fresh) {
    if (p.needle == kNone32) {
        return true;
    }
    const Finder& finder = rules_->steps()[p.needle].finder;
    const std::size_t tail = std::min(view.bytes.size(), fresh + finder.size() - 1);
    const Bytes region = view.bytes.last(tail);
    if (finder.find(region.data(), region.size()) == Finder::kNone) {
        return false;
    }
    p.needle = kNone32;
    return true;
}

Pending* DetectStage::pending_of(const Candidate& c) {
    if (c.pending == kNone32 || store_.at(c.pending).rule != c.rule) {
        return nullptr;
    }
    return &store_.at(c.pending);
}

void DetectStage::end_look(Look& look) {
    if (look.state != nullptr) {
        PendingList& list = look.state->pending[index_of(look.subject.direction)];
        if (list.size != 0) {
            store_.sweep(list);
        }
    }
}

void DetectStage::scan_payload(Look& look, const packet::Packet& p, bundle::PayloadKind kind,
                               CandidateSet& out) {
    const std::uint16_t server_port = p.direction == Direction::kToServer ? p.dst_port : p.src_port;
    for (const Database* db : rules_->payload_dbs(kind, group_of(p), p.direction, server_port)) {
        if (db != nullptr) {
            (void)scan(look, *db, {.window = p.payload(), .fresh = p.payload_len}, out);
        }
    }
}

// False: no rule can match the packet itself, which holds for most of those without payload.
bool DetectStage::concerns(const packet::Packet& p) const {
    if (p.payload_len != 0) {
        return true;
    }
    const PacketRuleIndex& index = rules_->packet_rules();
    const bool address_rules =
        index.has_address_rules() &&
        (p.flow == nullptr || (p.flow->detect_flags & address_rules_done(p.direction)) == 0);
    const bool may_have_bits = p.flow != nullptr && store_.find(*p.flow) != nullptr;
    return address_rules || !index.by_packet(key_of(index, p, may_have_bits)).empty();
}

void DetectStage::inspect_packet(const packet::Packet& p, MatchList& matches,
                                 packet::ReasonCounters& reasons) {
    if (rules_ == nullptr || p.ip_version == 0 || !concerns(p)) {
        return;
    }
    wall_ = p.wall;
    Look look = look_at(subject_of(p), p.flow, matches, reasons);
    const bool scanned = std::exchange(segment_scanned_, false);
    CandidateSet& candidates = scanned ? scratch_->segment : scratch_->candidates;
    if (p.payload_len != 0) {
        scan_payload(look, p,
                     scanned ? bundle::PayloadKind::kSegment : bundle::PayloadKind::kPacket,
                     candidates);
        if (p.outside_stream) {
            scan_payload(look, p, bundle::PayloadKind::kStream, candidates);
        }
        candidates.sort();
    }
    if (rules_->packet_rules().has_address_rules()) {
        address_rules(look, p);
    }
    const bool has_bits =
        candidates.size() != 0 || (look.state != nullptr && look.state->bit_count != 0);
    const PacketRuleIndex& index = rules_->packet_rules();
    const PacketRuleIndex::Rules header_rules = index.by_packet(key_of(index, p, has_bits));
    // Two ascending lists, judged as one.
    auto header_rule = header_rules.begin();
    for (const Candidate* c = candidates.begin_list(); c != candidates.end_list(); ++c) {
        for (; header_rule != header_rules.end() && *header_rule < c->rule; ++header_rule) {
            evaluate_header_rule(look, *header_rule);
        }
        evaluate_packet(look, *c, p);
    }
    for (; header_rule != header_rules.end(); ++header_rule) {
        evaluate_header_rule(look, *header_rule);
    }
}

void DetectStage::evaluate_packet(Look& look, const Candidate& c, const packet::Packet& p) {
    const RuleRec& rule = rules_->rule(c.rule);
    ++stats_.candidates;
    if ((rule.traits & kRuleHasApp) != 0 || lacks_bit(rule, look)) {
        return;
    }
    ++scratch_->counters[c.rule].candidates;
    if (!admits(rule, look)) {
        return;
    }
    if (engines_match(look, c.rule, p)) {
        report(look, c.rule, {c.rule, look.subject.direction, false, false, false, 0});
    }
}

// Payload and header buffers of one packet.
bool DetectStage::engines_match(Look& look, RuleIndex rule, const packet::Packet& p) {
    const RuleRec& rec = rules_->rule(rule);
    scratch_->vars = {};
    for (std::uint32_t i = 0; i < rec.engine_count; ++i) {
        const EngineRec& engine = rules_->engine(rec.first_engine + i);
        const bool header = is_header_buffer(engine.buffer);
        const EvalView view{header ? header_bytes(p, engine.buffer) : p.payload(), 0, 0, true};
        if ((header && view.bytes.empty()) ||
            run_engine(look, rule, engine, view, {}).outcome != Outcome::kMatch) {
            return false;
        }
    }
    return true;
}

void DetectStage::inspect_events(const packet::Packet& p, MatchList& matches,
                                 packet::ReasonCounters& reasons) {
    if (rules_ == nullptr) {
        return;
    }
    wall_ = p.wall;
    Look look = look_at(subject_of(p), p.flow, matches, reasons);
    for (const RuleIndex rule : rules_->event_rules()) {
        evaluate_header_rule(look, rule);
    }
}

// A look at the end of a flow has no packet: it takes place when the last one came.
void DetectStage::note_time(const packet::Packet* p, Subject& s) {
    if (p != nullptr) {
        wall_ = p->wall;
    }
    s.wall = wall_;
}

void DetectStage::evaluate_header_rule(Look& look, RuleIndex rule) {
    const RuleRec& rec = rules_->rule(rule);
    if (admits(rec, look) &&
        (rec.engine_count == 0 || engines_match(look, rule, *look.subject.packet))) {
        report(look, rule, {rule, look.subject.direction, false, false, false, 0});
    }
}

// Rules over addresses alone: once per flow and direction, as Suricata's IP-only rules; without a
// flow, each packet.
void DetectStage::address_rules(Look& look, const packet::Packet& p) {
    // The flow of an ICMP error is that of the packet it quotes, between other addresses.
    if (p.flow != nullptr && p.flow->ip_proto == p.ip_proto) {
        const std::uint8_t done = address_rules_done(p.direction);
        if ((p.flow->detect_flags & done) != 0) {
            return;
        }
        p.flow->detect_flags = (p.flow->detect_flags | done) & 3U;
    }
    const PacketRuleIndex& index = rules_->packet_rules();
    for (const PacketRuleIndex::Rules rules :
         {index.by_address(0, p.src), index.by_address(1, p.dst), index.any_address()}) {
        for (const RuleIndex r : rules) {
            evaluate_header_rule(look, r);
        }
    }
}

}  // namespace sluice::detect
