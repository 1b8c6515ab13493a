// SPDX-License-Identifier: Apache-2.0
// DetectStage: judges packets, streams and application buffers by the installed Ruleset and lists
// what matched. A look is: scan the fresh bytes with the prefilter, add what was pending and may
// now be decided, evaluate in rule order, remember what still waits. Any cut of a stream into
// segments gives the same rules, each at the latest with the segment that holds its last byte. One
// instance per worker, one thread; everything is allocated at construction or comes with the
// WorkerScratch.
#pragma once

#include "dataplane/app/buffers.h"
#include "dataplane/detect/flow_store.h"
#include "dataplane/detect/header_match.h"
#include "dataplane/detect/match.h"
#include "dataplane/detect/ruleset.h"
#include "dataplane/detect/worker_scratch.h"
#include "dataplane/packet/packet.h"
#include "dataplane/packet/reason.h"
#include "dataplane/stream/stream_chunk.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

namespace sluice::detect {

struct DetectConfig {
    FlowStoreConfig store;
    // xbits and hostbits, shared by the workers; null: a table of this stage's own.
    std::shared_ptr<HostBits> host_bits;
    std::size_t host_bit_entries = 65536;  // of a table of its own; a power of two
    std::uint32_t step_budget =
        3000;  // steps of one engine's evaluation (Suricata's inspection-recursion-limit)
    // Work of all regular expressions over one packet, some 5 ns a unit (regex_meter.h).
    std::uint32_t pcre_budget = 200'000;
};

struct DetectStats {
    std::uint64_t scans = 0;
    std::uint64_t scanned_bytes = 0;
    std::uint64_t domain_lookups = 0;
    std::uint64_t candidates = 0;
    std::uint64_t evaluations = 0;  // of engines
    std::uint64_t matches = 0;      // silent ones included
    std::uint64_t suppressed = 0;   // not told, by a suppress line
    std::uint64_t repeated = 0;     // not told, as that stretch of the stream was told of already
    std::uint64_t pcre_work = 0;    // units of DetectConfig::pcre_budget
    std::uint64_t pcre_peak = 0;    // most of them for one packet
};

class DetectStage {
  public:
    explicit DetectStage(const DetectConfig& config);

    DetectStage(const DetectStage&) = delete;
    DetectStage& operator=(const DetectStage&) = delete;

    // Judges by these from the next call on; both borrowed until the next install(). Flowbits stay,
    // pending candidates go. Null: nothing is inspected.
    void install(const Ruleset* rules, WorkerScratch* scratch);

    // What is inspected until the next call shares one budget for regular expressions: a packet,
    // with all that it carries or completes.
    void begin_packet() {
        if (scratch_ != nullptr) {
            scratch_->matcher.refill(pcre_budget_);
            pcre_before_ = scratch_->matcher.used();
        }
        segment_scanned_ = false;
    }

    // The packet itself: its payload for packet rules, its headers. Once per packet with ip_version
    // != 0, with or without flow.
    void inspect_packet(const packet::Packet& p, MatchList& matches,
                        packet::ReasonCounters& reasons);

    // A packet that has an event (Packet::events) by the rules over events alone; also one that was
    // dropped, or could not be decoded.
    void inspect_events(const packet::Packet& p, MatchList& matches,
                        packet::ReasonCounters& reasons);

    // The next piece of a stream. 'p' is the packet that brought it, null when the flow ends
    // without one. 'body_start', if the fresh bytes are all body of a message as sent: how far into
    // the stream that body began. It spares the scan of the body in inspect_app().
    void inspect_stream(const stream::StreamChunk& chunk, const packet::Packet* p,
                        MatchList& matches, packet::ReasonCounters& reasons,
                        std::optional<std::uint64_t> body_start = std::nullopt);

    // A datagram whose transactions inspect_app() is about to see: the payload that their rules
    // look at. The packet's own rules are judged by inspect_packet(), afterwards.
    void begin_datagram(const packet::Packet& p);

    // The chunk's bytes are not worth a look: rules over stream and transaction wait on.
    void pass_stream() { forget_chunk(); }

    // One point in the life of a transaction; called after inspect_stream() of the chunk that it
    // comes from.
    void inspect_app(const app::InspectionPoint& point, const packet::Packet* p, MatchList& matches,
                     packet::ReasonCounters& reasons);

    // Whether a rule that drops or rejects gave up at a limit since the last call: what it would
    // have said is not known.
    bool take_undecided() {
        const bool was = undecided_;
        undecided_ = false;
        return was;
    }

    // Another connection begins in the same flow: positions in its streams and numbers of its
    // transactions start again. Bits stay.
    void restart(flow::Flow& f);

    // Another protocol begins inside the one before: what waits for its transactions is void, and
    // numbers of transactions start again. The streams go on.
    void end_transactions(flow::Flow& f);

    // Gives back what the flow holds. Its next packet starts afresh.
    void release(flow::Flow& f) { store_.release(f); }

    const DetectStats& stats() const { return stats_; }

    const FlowStore& store() const { return store_; }

  private:
    // One call of inspect_*().
    struct Look {
        Subject subject;
        flow::Flow* flow;
        FlowState* state;
        MatchList& matches;
        packet::ReasonCounters& reasons;
    };

    // A part of a buffer that one engine is evaluated over.
    struct TxProgress {
        std::uint32_t done = 0;
        std::uint32_t needle = kNone32;
        PcreResume resume = {};
        std::uint8_t waiting_engine = 0;
        std::uint8_t waiting = 0;
        bool failed = false;
        BufferMask awaited;
    };

    Look look_at(const Subject& s, flow::Flow* f, MatchList& matches,
                 packet::ReasonCounters& reasons);
    FlowState* state_for(Look& look);
    bool scan(Look& look, const Database& db, const ScanInput& in, CandidateSet& out);

    // Most of the rules that hit usual words wait for a bit.
    static bool lacks_bit(const RuleRec& rule, const Look& look) {
        return (rule.traits & kRuleNeedsBit) != 0 &&
               (look.state == nullptr || look.state->bit_count == 0);
    }

    bool admits(const RuleRec& rule, const Look& look);
    bool engines_match(Look& look, RuleIndex rule, const packet::Packet& p);
    void note_time(const packet::Packet* p, Subject& s);
    EvalResult run_engine(Look& look, RuleIndex rule, const EngineRec& engine, EvalView view,
                          PcreResume resume);
    // 'told': there was an event of this already, so that an alert is not worth another.
    void report(Look& look, RuleIndex rule, const Match& m, bool told = false);
    void note_undecided(const Look& look, RuleIndex rule);
    bool suppressed(const Look& look, RuleIndex rule);
    // What waits for this candidate; null when nothing does (or it had to make room meanwhile).
    Pending* pending_of(const Candidate& c);
    // An entry for the candidate, its own or a new one; null when there is no room.
    Pending* room_for(Look& look, const Candidate& c);
    // 'known': EvalResult::missing of the same view.
    std::uint32_t needle_of(const EngineRec& engine, const EvalView& view,
                            std::uint32_t known) const;
    bool needle_came(Pending& p, const EvalView& view, std::uint32_t fresh);
    void end_look(Look& look);

    // detect_stage.cc: packets
    bool concerns(const packet::Packet& p) const;
    void scan_payload(Look& look, const packet::Packet& p, bundle::PayloadKind kind,
                      CandidateSet& out);
    void evaluate_packet(Look& look, const Candidate& c, const packet::Packet& p);
    void evaluate_header_rule(Look& look, RuleIndex rule);
    void address_rules(Look& look, const packet::Packet& p);

    // inspect_stream.cc
    void collect_stream(Look& look, const stream::StreamChunk& chunk);
    void evaluate_stream(Look& look, const Candidate& c, const stream::StreamChunk& chunk);
    Pending* keep_on_stream(Look& look, const Candidate& c, const EngineRec& engine,
                            const EvalView& view, const EvalResult& result);
    void hand_to_transaction(Look& look, const Candidate& c, std::uint8_t engine);

    // inspect_app.cc
    void scan_point(Look& look, const app::InspectionPoint& point);
    void look_up_domains(BufferId id, const app::BufferView& view);
    BufferMask same_bytes(const app::InspectionPoint& point, BufferId id, BufferMask fresh) const;
    void collect_transaction(Look& look, const app::InspectionPoint& point);
    bool may_progress(Pending& p, const app::InspectionPoint& point);
    void evaluate_transaction(Look& look, const Candidate& c, const app::InspectionPoint& point);
    TxProgress advance(Look& look, const Candidate& c, const app::InspectionPoint& point,
                       std::uint32_t done);
    EvalResult tx_engine(Look& look, RuleIndex rule, const EngineRec& engine,
                         const app::InspectionPoint& point, PcreResume resume);
    void keep_on_transaction(Look& look, const Candidate& c, const app::InspectionPoint& point,
                             const TxProgress& t);

    void forget_chunk() {
        last_chunk_ = {};
        body_db_ = kNone32;
    }

    bool scanned_with_stream(const app::InspectionPoint& point, const app::BufferView& view,
                             std::uint32_t db) const;
    void take_from_stream(std::uint32_t db, BufferMask names);

    const Ruleset* rules_ = nullptr;
    WorkerScratch* scratch_ = nullptr;
    FlowStore store_;
    std::shared_ptr<HostBits> host_bits_;
    DetectStats stats_;
    std::uint32_t step_budget_;
    std::uint32_t pcre_budget_;
    std::uint64_t pcre_before_ = 0;  // RegexMatcher::used() at the beginning of the packet
    bool undecided_ = false;
    bool segment_scanned_ = false;  // the packet at hand was, and waits for inspect_packet()
    Nanos wall_;                    // of the latest packet: the time of looks at the end of a flow
    // The stream, or datagram, for engines over the payload in rules over transactions; valid for
    // its inspect_app() calls.
    stream::StreamChunk last_chunk_;
    // What was found in the body when the stream was scanned: WorkerScratch::body, for the database
    // with this number. Goes with last_chunk_.
    std::uint32_t body_db_ = kNone32;
    std::uint64_t body_start_ = 0;
};

}  // namespace sluice::detect
