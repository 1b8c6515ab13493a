// SPDX-License-Identifier: Apache-2.0
// Pipeline: the life of a packet, stage by stage; the only file pair that names all stages. The NIC
// worker, replay, the tests and the fuzzers all call process(). It knows no DPDK, no clock and,
// after construction, no malloc. One instance per worker, used by that worker's thread only. Events
// leave through the ring given at construction, frames of our own (resets) through out().
#pragma once

#include "dataplane/abi/event.h"
#include "dataplane/app/app_stage.h"
#include "dataplane/base/time.h"
#include "dataplane/decode/decode_stage.h"
#include "dataplane/defrag/defrag_stage.h"
#include "dataplane/detect/detect_stage.h"
#include "dataplane/detect/ruleset.h"
#include "dataplane/flow/flow_stage.h"
#include "dataplane/packet/batch.h"
#include "dataplane/stream/stream_stage.h"
#include "dataplane/verdict/verdict_stage.h"

namespace sluice::pipeline {

struct PipelineConfig {
    decode::DecodeConfig decode;
    defrag::DefragConfig defrag;
    flow::FlowConfig flow;
    stream::StreamConfig stream;
    app::AppConfig app;
    detect::DetectConfig detect;
    verdict::VerdictConfig verdict;
    bool inline_mode = true;  // false: tap, everything is forwarded and judged would-block
    packet::ExceptionPolicies exceptions{};  // of app and detect; set by set_exceptions()
};

// The defaults of one mode, consistent over all stages.
PipelineConfig inline_config();
PipelineConfig tap_config();

// The policies of all stages. A tap drops nothing: there kDrop is kPass.
void set_exceptions(PipelineConfig& config, const packet::ExceptionPolicies& policies);

struct PipelineStats {
    std::uint64_t packets = 0;  // in
    std::uint64_t bytes = 0;
    std::uint64_t forwarded = 0;  // packets = forwarded + dropped, always
    std::uint64_t dropped = 0;
    std::uint64_t encrypted_bytes = 0;  // of streams, behind a handshake: not inspected
    // Forwarded without a look, and not for want of room: of flows that a pass rule trusts, and
    // what is not IP (bytes: frames).
    std::uint64_t trusted_packets = 0;
    std::uint64_t trusted_bytes = 0;
    std::uint64_t not_ip_packets = 0;
    std::uint64_t not_ip_bytes = 0;
};

// Packets that went on without all of the inspection, whatever the cause, and their payload that
// was not inspected at all.
struct Uninspected {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
};

class Pipeline final : private flow::FlowObserver {
  public:
    Pipeline(const PipelineConfig& config, abi::EventRing& events);

    // Judges from the next packet on by these rules; both borrowed until the next install(). Flows
    // keep their state.
    void install(const detect::Ruleset& ruleset, detect::WorkerScratch& scratch);

    // Sets the verdict of every packet in the batch.
    void process(packet::Batch& batch, const Now& now);

    // Ends flows whose time is over, at most 'budget' of them; the worker calls it between batches.
    void expire(const Now& now, std::size_t budget);

    // Ends every flow (end of a capture, clean stop).
    void end_all(const Now& now);

    verdict::OutQueue& out() { return verdict_.out(); }

    const PipelineStats& stats() const { return stats_; }

    const packet::ReasonCounters& reasons() const { return reasons_; }

    // What came of exceptions, by cause.
    packet::ExceptionCounters exceptions() const;

    // Exceptions, flows that a pass rule trusts, and what is not IP.
    Uninspected uninspected() const;

    const defrag::DefragStage& fragments() const { return defrag_; }

    const flow::FlowStage& flows() const { return flow_; }

    const stream::StreamStage& streams() const { return stream_; }

    const app::AppStage& apps() const { return app_; }

    const detect::DetectStage& detection() const { return detect_; }

    const verdict::VerdictStage& verdicts() const { return verdict_; }

  private:
    void flow_ended(flow::Flow& flow, Now now) override;
    void inspect(packet::Packet& packet, const Now& now);
    void inspect_within(packet::Packet& packet, const Now& now);
    bool put_together(packet::Packet& fragment, packet::Packet& whole, const Now& now);
    void inspect_chunks(packet::Packet* packet, const Now& now);
    bool next_point(flow::Flow& flow, app::InspectionPoint& point);
    void inspect_points(flow::Flow& flow, Direction direction, packet::Packet* packet,
                        const Now& now);
    void tell_of_tls(flow::Flow& flow, packet::Packet* packet, const Now& now);
    void report_transaction(const app::InspectionPoint& point, packet::Packet* packet,
                            const Now& now);
    void apply_late_exceptions(packet::Packet& packet, const Now& now);
    void refuse_undecided(packet::Packet& packet, const Now& now);
    void skip_trusted(packet::Packet& packet, const Now& now);
    void tell_events(packet::Packet& packet, const Now& now);
    void settle(packet::Packet& packet, const Now& now);
    void count_exception(const packet::Packet& packet);

    void forget_summaries() {
        http_.clear();
        dns_.size = 0;
    }

    void tell_anomalies(packet::Packet& packet, const Now& now);

    PipelineConfig config_;
    packet::ReasonCounters reasons_{};
    packet::ReasonSet seen_;  // reasons counted for the packet in work
    packet::ExceptionCounters exceptions_{};
    PipelineStats stats_;
    decode::DecodeStage decode_;
    defrag::DefragStage defrag_;
    flow::FlowStage flow_;
    stream::StreamStage stream_;
    app::AppStage app_;
    detect::DetectStage detect_;
    verdict::VerdictStage verdict_;
    bool tells_transactions_;  // events of their own for HTTP, DNS
    bool tells_flows_;         // ... and for flows, or for what is open at their end
    detect::MatchList matches_;
    packet::EventWatch watch_;
    std::array<packet::Packet, flow::FlowStage::kMaxWithin> within_;
    // Of the transactions that matched (of DNS, the last one), until they were judged.
    verdict::HttpContexts http_;
    app::DnsSummary dns_;
};

}  // namespace sluice::pipeline
