// SPDX-License-Identifier: Apache-2.0
// The stream half of DetectStage: raw rules over the reassembled bytes of one direction.
#include "dataplane/detect/detect_stage.h"

#include <algorithm>

namespace sluice::detect {
namespace {

EvalView view_of(const stream::StreamChunk& chunk) {
    return {chunk.window, static_cast<std::int64_t>(chunk.offset), 0, chunk.end};
}

// Where the latest hit lies: a match found now may be an older one, of which there may be many.
std::uint16_t stretch_of(const Candidate& c) {
    return static_cast<std::uint16_t>(c.hit / kStretchBytes);
}

}  // namespace

void DetectStage::inspect_stream(const stream::StreamChunk& chunk, const packet::Packet* p,
                                 MatchList& matches, packet::ReasonCounters& reasons,
                                 std::optional<std::uint64_t> body_start) {
    if (rules_ == nullptr || chunk.flow == nullptr) {
        return;
    }
    forget_chunk();
    last_chunk_ = chunk;
    Subject subject = subject_of(*chunk.flow, chunk.direction, p);
    note_time(p, subject);
    Look look = look_at(subject, chunk.flow, matches, reasons);
    const auto fresh_from =
        static_cast<std::int64_t>(chunk.offset + chunk.window.size() - chunk.fresh);
    CandidateSet* segment = nullptr;
    if (p != nullptr && chunk.whole_segment && rules_->segments_ride(chunk.direction)) {
        segment = &scratch_->segment;
        segment->begin();
        segment_scanned_ = true;
    }
    for (const Database* db :
         rules_->payload_dbs(bundle::PayloadKind::kStream, bundle::HeaderProto::kTcp,
                             chunk.direction, chunk.flow->server_port)) {
        if (db == nullptr || db->idle_from(fresh_from)) {
            continue;
        }
        ScanInput in{.window = chunk.window,
                     .base = static_cast<std::int64_t>(chunk.offset),
                     .fresh = chunk.fresh,
                     .segment = segment};
        const Ruleset::Joint joint = body_start && body_db_ == kNone32
                                         ? rules_->joint(*db, chunk.direction)
                                         : Ruleset::Joint{};
        if (joint.both == nullptr) {
            (void)scan(look, *db, in, scratch_->candidates);
            continue;
        }
        in.body = &scratch_->body;
        in.body->begin();
        in.body_start = static_cast<std::int64_t>(*body_start);
        if (scan(look, *joint.both, in, scratch_->candidates)) {
            body_db_ = joint.body;
            body_start_ = *body_start;
        }
    }
    if (look.state != nullptr) {
        collect_stream(look, chunk);
    }
    CandidateSet& candidates = scratch_->candidates;
    if (candidates.size() != 0) {
        candidates.sort();
        for (const Candidate* c = candidates.begin_list(); c != candidates.end_list(); ++c) {
            if (!c->skip) {
                evaluate_stream(look, *c, chunk);
            }
        }
    }
    end_look(look);
}

// Adds what is pending on this stream and may be decided now; drops what cannot match any more.
void DetectStage::collect_stream(Look& look, const stream::StreamChunk& chunk) {
    const EvalView view = view_of(chunk);
    const PendingList& list = look.state->pending[index_of(chunk.direction)];
    for (std::uint32_t i = list.head; i != kNone32; i = store_.at(i).next) {
        Pending& p = store_.at(i);
        if (p.kind != WaitKind::kStream || p.dead) {
            continue;
        }
        Candidate* c = scratch_->candidates.find(p.rule);
        if (chunk.gap || (p.expires && p.hit < view.base)) {
            p.dead = true;
            continue;
        }
        const bool ripe =
            p.needle != kNone32 ? needle_came(p, view, chunk.fresh) : view.end() >= p.ready_first;
        if (c == nullptr && !chunk.end && !ripe) {
            continue;
        }
        if (c == nullptr) {
            c = &scratch_->candidates.add(p.rule);
        }
        c->pending = i;
        c->engine = p.hit_engine;
        c->hit = std::max(c->hit, p.hit);
        merge_ready(*c, p);
    }
}

void DetectStage::evaluate_stream(Look& look, const Candidate& c,
                                  const stream::StreamChunk& chunk) {
    const RuleRec& rule = rules_->rule(c.rule);
    ++stats_.candidates;
    Pending* p = pending_of(c);
    if (p == nullptr && lacks_bit(rule, look)) {
        return;
    }
    ++scratch_->counters[c.rule].candidates;
    EvalView view = view_of(chunk);
    const Memo* before = look.state == nullptr
                             ? nullptr
                             : look.state->memo(chunk.direction, c.rule, WaitKind::kStream);
    if (before != nullptr) {
        view.floor = static_cast<std::int64_t>(before->value);
    }
    if ((c.hit >= 0 && c.hit < view.floor) || (p == nullptr && !admits(rule, look))) {
        if (p != nullptr) {
            p->dead = true;
        }
        return;
    }
    // The engine over the stream comes last among a rule's engines or stands alone.
    std::uint8_t index = 0;
    while (index + 1 < rule.engine_count &&
           rules_->engine(rule.first_engine + index).buffer != BufferId::kPayload) {
        ++index;
    }
    const EngineRec& engine = rules_->engine(rule.first_engine + index);
    if (engine.buffer != BufferId::kPayload) {
        return;
    }
    scratch_->vars = {};
    const EvalResult result =
        run_engine(look, c.rule, engine, view, p != nullptr ? p->resume : PcreResume{});
    if (p != nullptr) {
        p->dead = true;  // unless it is kept below
    }
    if (result.outcome == Outcome::kMatch) {
        if ((rule.traits & kRuleHasApp) != 0) {
            hand_to_transaction(look, c, index);
            return;
        }
        const Memo found{c.rule, WaitKind::kStream, false, stretch_of(c),
                         static_cast<std::uint64_t>(result.end)};
        const bool told = before != nullptr && !before->over && before->stretch == found.stretch;
        report(look, c.rule, {c.rule, chunk.direction, false, true, false, 0}, told);
        if (FlowState* state = state_for(look); state != nullptr) {
            state->remember(chunk.direction, found);
        }
        return;
    }
    const bool partly_here = c.ready_last > view.end();
    if (!chunk.end && c.hit >= 0 && (result.outcome == Outcome::kWait || partly_here)) {
        Pending* kept = keep_on_stream(look, c, engine, view, result);
        if (kept != nullptr) {
            kept->resume = result.resume;
        }
    }
}

Pending* DetectStage::room_for(Look& look, const Candidate& c) {
    Pending* p = pending_of(c);
    if (p == nullptr) {
        FlowState* state = state_for(look);
        if (state == nullptr) {
            return nullptr;
        }
        const std::uint32_t at =
            store_.append(state->pending[index_of(look.subject.direction)], look.reasons);
        if (at == kNone32) {
            return nullptr;
        }
        p = &store_.at(at);
        p->rule = c.rule;
    }
    p->dead = false;
    return p;
}

Pending* DetectStage::keep_on_stream(Look& look, const Candidate& c, const EngineRec& engine,
                                     const EvalView& view, const EvalResult& result) {
    Pending* kept = room_for(look, c);
    if (kept == nullptr) {
        return nullptr;
    }
    Pending& p = *kept;
    p.kind = WaitKind::kStream;
    p.expires = true;
    p.hit = c.hit;
    keep_ready(p, c, view.end());
    p.hit_engine = c.engine;
    p.needle = needle_of(engine, view, result.missing);
    return kept;
}

// The stream part of a rule over transactions matched: the rest is judged at the points of the
// transaction at hand.
void DetectStage::hand_to_transaction(Look& look, const Candidate& c, std::uint8_t engine) {
    Pending* handed = room_for(look, c);
    if (handed == nullptr) {
        return;
    }
    Pending& p = *handed;
    p.kind = WaitKind::kTransaction;
    p.expires = false;
    p.needle = kNone32;
    p.resume = {};
    p.any_tx = true;
    p.done = 1U << engine;
    p.hit = c.hit;
    p.hit_engine = engine;
    p.awaited = BufferMask::all();
}

}  // namespace sluice::detect
