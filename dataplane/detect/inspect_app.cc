// SPDX-License-Identifier: Apache-2.0
// The application half of DetectStage: rules over the buffers of one transaction, engine by engine
// as the buffers come.
#include "dataplane/detect/detect_stage.h"

#include <algorithm>

namespace sluice::detect {
namespace {

EvalView view_of(const app::BufferView& b) {
    return {b.bytes, static_cast<std::int64_t>(b.offset), 0, b.complete};
}

}  // namespace

void DetectStage::begin_datagram(const packet::Packet& p) {
    forget_chunk();
    last_chunk_.flow = p.flow;
    last_chunk_.direction = p.direction;
    last_chunk_.window = p.payload();
    last_chunk_.fresh = p.payload_len;
    last_chunk_.end = true;
}

void DetectStage::inspect_app(const app::InspectionPoint& point, const packet::Packet* p,
                              MatchList& matches, packet::ReasonCounters& reasons) {
    if (rules_ == nullptr || point.flow == nullptr || point.buffers == nullptr) {
        return;
    }
    Subject subject = subject_of(*point.flow, point.direction, p);
    note_time(p, subject);
    Look look = look_at(subject, point.flow, matches, reasons);
    scan_point(look, point);
    if (look.state != nullptr) {
        collect_transaction(look, point);
    }
    CandidateSet& candidates = scratch_->candidates;
    if (candidates.size() != 0) {
        candidates.sort();
        for (const Candidate* c = candidates.begin_list(); c != candidates.end_list(); ++c) {
            if (!c->skip) {
                evaluate_transaction(look, *c, point);
            }
        }
    }
    if (point.tx_end && point.flow->app == AppProto::kHttp1 && look.state != nullptr) {
        look.state->end_stretch(point.direction);
    }
    end_look(look);
}

void DetectStage::scan_point(Look& look, const app::InspectionPoint& point) {
    const BufferMask fresh = point.fresh & point.present & rules_->inspected_buffers();
    for (BufferMask left = fresh; !left.empty(); left.drop_first()) {
        const BufferId id = left.first();
        const app::BufferView& view = point.view(id);
        if (!rules_->domain_table(id).empty()) {
            look_up_domains(id, view);
        }
        const auto size = static_cast<std::uint32_t>(view.bytes.size());
        const std::uint32_t unseen = is_streaming_buffer(id) ? view.fresh : size;
        const auto from = static_cast<std::int64_t>(view.offset) + size - unseen;
        const BufferMask same = same_bytes(point, id, fresh);
        for (const std::uint32_t db : rules_->buffer_dbs(id)) {
            // Two names of the same bytes (file.data, response body) may share a database: scanned
            // once, at the first.
            const BufferMask names = same & rules_->buffers_of(db);
            if (names.first() != id ||
                (view.more.empty() && rules_->databases()[db].idle_from(from))) {
                continue;
            }
            if (scanned_with_stream(point, view, db)) {
                take_from_stream(db, names);
                continue;
            }
            (void)scan(look, rules_->databases()[db],
                       {.window = view.bytes,
                        .base = static_cast<std::int64_t>(view.offset),
                        .fresh = unseen,
                        .buffers = names},
                       scratch_->candidates);
            for (const Bytes& other : view.more) {
                (void)scan(look, rules_->databases()[db],
                           {.window = other,
                            .fresh = static_cast<std::uint32_t>(other.size()),
                            .buffers = names},
                           scratch_->candidates);
            }
        }
    }
}

// Whether the view shows the very bytes of the stream that a joint database looked at, from the
// same first one on.
bool DetectStage::scanned_with_stream(const app::InspectionPoint& point,
                                      const app::BufferView& view, std::uint32_t db) const {
    if (db != body_db_ || last_chunk_.flow != point.flow ||
        last_chunk_.direction != point.direction) {
        return false;
    }
    const Bytes window = last_chunk_.window;
    const std::uint64_t first = std::max(last_chunk_.offset, body_start_);
    return view.fresh == last_chunk_.fresh && view.offset == first - body_start_ &&
           view.offset + view.bytes.size() == last_chunk_.offset + window.size() - body_start_ &&
           view.bytes.data() + view.bytes.size() == window.data() + window.size();
}

void DetectStage::take_from_stream(std::uint32_t db, BufferMask names) {
    CandidateSet& candidates = scratch_->candidates;
    for (const RuleIndex r : rules_->databases()[db].always()) {
        candidates.add(r);
    }
    const CandidateSet& body = scratch_->body;
    for (const Candidate* found = body.begin_list(); found != body.end_list(); ++found) {
        const RuleRec& rule = rules_->rule(found->rule);
        if (!names.has(rules_->engine(rule.first_engine + found->engine).buffer)) {
            continue;
        }
        Candidate& c = candidates.add(found->rule);
        c.hit = std::max(c.hit, found->hit);
        c.ready_first = std::min(c.ready_first, found->ready_first);
        c.ready_last = std::max(c.ready_last, found->ready_last);
        c.engine = found->engine;
    }
}

void DetectStage::look_up_domains(BufferId id, const app::BufferView& view) {
    const auto hit = [this](std::uint32_t value) {
        const Ruleset::DomainTarget& t = rules_->domain_target(value);
        Candidate& c = scratch_->candidates.add(t.rule);
        c.hit = std::max<std::int64_t>(c.hit, 0);
        c.engine = t.engine;
    };
    const DomainTable& table = rules_->domain_table(id);
    table.find(view.bytes, hit);
    for (const Bytes& other : view.more) {
        table.find(other, hit);
    }
    stats_.domain_lookups += 1 + view.more.size();
}

// The fresh buffers with the bytes of 'id': others only of those that may share a database with it.
BufferMask DetectStage::same_bytes(const app::InspectionPoint& point, BufferId id,
                                   BufferMask fresh) const {
    BufferMask names = mask_of(id);
    const app::BufferView& view = point.view(id);
    for (BufferMask left = fresh & rules_->twins(id); !left.empty(); left.drop_first()) {
        const app::BufferView& v = point.view(left.first());
        if (v.bytes.data() == view.bytes.data() && v.bytes.size() == view.bytes.size() &&
            v.fresh == view.fresh && v.offset == view.offset) {
            names |= mask_of(left.first());
        }
    }
    return names;
}

void DetectStage::collect_transaction(Look& look, const app::InspectionPoint& point) {
    const PendingList& list = look.state->pending[index_of(point.direction)];
    for (std::uint32_t i = list.head; i != kNone32; i = store_.at(i).next) {
        Pending& p = store_.at(i);
        if (p.kind != WaitKind::kTransaction || p.dead) {
            continue;
        }
        if (!p.any_tx && (point.tx_start || p.tx_id != point.tx_id)) {
            p.dead = true;
            continue;
        }
        const bool ripe = may_progress(p, point);
        if (p.dead) {
            continue;
        }
        Candidate* c = scratch_->candidates.find(p.rule);
        if (c == nullptr) {
            if (!ripe) {
                continue;
            }
            c = &scratch_->candidates.add(p.rule);
        }
        c->skip = !ripe && c->hit < 0;
        c->pending = i;
        c->engine = p.hit_engine;
        c->hit = std::max(c->hit, p.hit);
        merge_ready(*c, p);
    }
}

// Whether this point can bring the candidate forward. Marks it dead when its hit has left the
// window undecided.
bool DetectStage::may_progress(Pending& p, const app::InspectionPoint& point) {
    const RuleRec& rule = rules_->rule(p.rule);
    const EngineRec& hit = rules_->engine(rule.first_engine + p.hit_engine);
    if (p.expires && (p.done & (1U << p.hit_engine)) == 0 && point.has(hit.buffer) &&
        p.hit < static_cast<std::int64_t>(point.view(hit.buffer).offset)) {
        p.dead = true;
        return false;
    }
    if (point.tx_end || !(p.awaited & point.resolved & ~point.present).empty()) {
        return true;
    }
    BufferMask fresh = p.awaited & point.fresh;
    if (p.awaited.has(BufferId::kPayload)) {
        return true;
    }
    if (p.needle != kNone32) {
        const BufferId b = rules_->engine(rule.first_engine + p.waiting_engine).buffer;
        if (fresh.has(b)) {
            const app::BufferView& view = point.view(b);
            if (!view.complete && !needle_came(p, view_of(view), view.fresh)) {
                fresh &= ~mask_of(b);
            }
        }
    }
    return !fresh.empty();
}

void DetectStage::evaluate_transaction(Look& look, const Candidate& c,
                                       const app::InspectionPoint& point) {
    const RuleRec& rule = rules_->rule(c.rule);
    ++stats_.candidates;
    Pending* p = pending_of(c);
    if (p == nullptr && lacks_bit(rule, look)) {
        return;
    }
    ++scratch_->counters[c.rule].candidates;
    const Memo* m = look.state == nullptr
                        ? nullptr
                        : look.state->memo(point.direction, c.rule, WaitKind::kTransaction);
    if ((m != nullptr && m->value == point.tx_id) || (p == nullptr && !admits(rule, look))) {
        if (p != nullptr) {
            p->dead = true;
        }
        return;
    }
    std::uint32_t done = 0;
    if (p != nullptr) {
        p->dead = true;  // unless it is kept below
        if (p->any_tx && p->tx_id != point.tx_id) {
            done = p->done & (1U << p->hit_engine);  // what another transaction did does not count
        } else {
            done = p->done;
        }
    }
    scratch_->vars = {};
    const TxProgress t = advance(look, c, point, (rule.traits & kRuleSharedVars) != 0 ? 0 : done);
    if (t.failed || (t.waiting != 0 && point.tx_end)) {
        return;
    }
    if (t.waiting != 0) {
        keep_on_transaction(look, c, point, t);
        return;
    }
    report(look, c.rule, {c.rule, point.direction, true, true, false, point.tx_id});
    if (FlowState* state = state_for(look); state != nullptr) {
        state->remember(point.direction, {c.rule, WaitKind::kTransaction, false, 0, point.tx_id});
    }
}

DetectStage::TxProgress DetectStage::advance(Look& look, const Candidate& c,
                                             const app::InspectionPoint& point,
                                             std::uint32_t done) {
    const RuleRec& rule = rules_->rule(c.rule);
    const Pending* p = pending_of(c);
    TxProgress t;
    t.done = done;
    for (std::uint8_t i = 0; i < rule.engine_count && !t.failed; ++i) {
        if ((t.done & (1U << i)) != 0) {
            continue;
        }
        const EngineRec& engine = rules_->engine(rule.first_engine + i);
        const bool goes_on = p != nullptr && p->waiting_engine == i && p->tx_id == point.tx_id;
        const EvalResult result =
            tx_engine(look, c.rule, engine, point, goes_on ? p->resume : PcreResume{});
        Outcome outcome = result.outcome;
        const bool here = point.has(engine.buffer);
        if (outcome == Outcome::kNoMatch && i == c.engine && here &&
            !point.view(engine.buffer).complete &&
            c.ready_last > view_of(point.view(engine.buffer)).end()) {
            outcome = Outcome::kWait;  // the content that was hit is only partly here
        }
        // Not in this instance, perhaps in the next one: of what waits nothing holds there.
        const bool again = outcome == Outcome::kNoMatch && here && point.view(engine.buffer).again;
        if (again) {
            outcome = Outcome::kWait;
        }
        switch (outcome) {
            case Outcome::kMatch:
                t.done |= 1U << i;
                break;
            case Outcome::kNoMatch:
                t.failed = true;
                break;
            case Outcome::kWait:
                ++t.waiting;
                t.awaited |= mask_of(engine.buffer);
                t.waiting_engine = i;
                t.resume = again ? PcreResume{} : result.resume;
                t.needle = here && !again ? needle_of(engine, view_of(point.view(engine.buffer)),
                                                      result.missing)
                                          : kNone32;
                break;
        }
    }
    return t;
}

EvalResult DetectStage::tx_engine(Look& look, RuleIndex rule, const EngineRec& engine,
                                  const app::InspectionPoint& point, PcreResume resume) {
    if (engine.buffer == BufferId::kPayload) {
        const stream::StreamChunk& k = last_chunk_;
        if (k.flow != point.flow || k.direction != point.direction) {
            return {Outcome::kWait, 0, {}};
        }
        return run_engine(look, rule, engine,
                          {k.window, static_cast<std::int64_t>(k.offset), 0, k.end}, resume);
    }
    if (point.has(engine.buffer)) {
        const app::BufferView& view = point.view(engine.buffer);
        EvalResult result = run_engine(look, rule, engine, view_of(view), resume);
        for (std::size_t i = 0; i < view.more.size() && result.outcome == Outcome::kNoMatch; ++i) {
            result = run_engine(look, rule, engine, {view.more[i], 0, 0, true}, {});
            result.missing = kNone32;  // there, not in the first
        }
        return result;
    }
    const bool absent = point.tx_end || point.resolved.has(engine.buffer);
    return {absent ? Outcome::kNoMatch : Outcome::kWait, 0, {}};
}

void DetectStage::keep_on_transaction(Look& look, const Candidate& c,
                                      const app::InspectionPoint& point, const TxProgress& t) {
    Pending* kept = room_for(look, c);
    if (kept == nullptr) {
        return;
    }
    Pending& p = *kept;
    const EngineRec& hit = rules_->engine(rules_->rule(c.rule).first_engine + c.engine);
    p.kind = WaitKind::kTransaction;
    p.expires =
        c.hit >= 0 && (hit.traits & kEngineStreaming) != 0 && hit.buffer != BufferId::kPayload;
    p.hit = c.hit;
    p.ready_last = c.ready_last;
    p.hit_engine = c.engine;
    p.tx_id = point.tx_id;
    p.done = t.done;
    p.awaited = t.awaited;
    p.needle = t.waiting == 1 ? t.needle : kNone32;
    p.resume = t.waiting == 1 ? t.resume : PcreResume{};
    p.waiting_engine = t.waiting_engine;
}

}  // namespace sluice::detect
