// SPDX-License-Identifier: Apache-2.0
// What begins in a connection behind another protocol: after a granted CONNECT, an upgrade,
// STARTTLS or AUTH TLS the rest of both directions is what its first bytes say, whatever was
// announced.
#include "dataplane/app/app_stage.h"
#include "dataplane/app/detector.h"
#include "dataplane/app/stream_position.h"

#include <type_traits>

namespace sluice::app {

using packet::Reason;

// While nobody knows what follows, the state of the parser before says where it begins.
bool AppStage::between(const flow::Flow& flow) {
    return slot_of(flow).parser < Parsers::kSize;
}

bool AppStage::hands_over(const flow::Flow& flow) {
    bool done = false;
    const Slot slot = slot_of(flow);
    parsers_.with(slot.parser, [&](auto& row) {
        using Row = std::remove_reference_t<decltype(row)>;
        if constexpr (HandsOver<Row>) {
            done = Row::Parser::handover(row.states[slot.index]).done;
        }
    });
    return done;
}

AppStage::Seam AppStage::seam_of(const flow::Flow& flow) {
    Seam seam;
    const Slot slot = slot_of(flow);
    parsers_.with(slot.parser, [&](auto& row) {
        using Row = std::remove_reference_t<decltype(row)>;
        if constexpr (HandsOver<Row>) {
            const typename Row::State& state = row.states[slot.index];
            seam = {Row::Parser::handover(state),
                    {state.half[0].consumed, state.half[1].consumed},
                    state.depth,
                    row.parser.at_hand()};
        }
    });
    return seam;
}

// The rest of the chunk at hand may begin another protocol. False: there is no parser for it, or
// not yet.
bool AppStage::enter_next() {
    if (active_ == nullptr || active_ == retiring_ || !hands_over(*active_)) {
        return false;
    }
    flow::Flow& flow = *active_;
    const Seam seam = seam_of(flow);
    active_ = nullptr;
    anew_ = true;
    if (seam.depth >= kMaxDepth) {
        packet::count(*reasons_, Reason::app_depth_limit);
        free_state(flow);
        flow.app = AppProto::kNone;
        return false;
    }
    flow.app = AppProto::kUnknown;
    decide_anew(seam.chunk, *reasons_);
    hand_on(seam.chunk, *reasons_);
    return active_ != nullptr;
}

void AppStage::decide_anew(const stream::StreamChunk& chunk, packet::ReasonCounters& reasons) {
    flow::Flow& flow = *chunk.flow;
    const Seam seam = seam_of(flow);
    const std::uint64_t from = seam.from[index_of(chunk.direction)];
    if (lost_bytes(chunk, from)) {
        packet::count(reasons, Reason::app_not_recognised);
        free_state(flow);
        flow.app = seam.handover.otherwise;
        return;
    }
    const Bytes first = unread_of(chunk, from);
    const AppProto p = detect_protocol(chunk.direction, first);
    const bool may_come = p == AppProto::kUnknown ||
                          (p == AppProto::kNone && chunk.direction == Direction::kToServer &&
                           first.size() < kDetectBytes);
    const bool over = chunk.end && chunk.direction == Direction::kToClient && !first.empty();
    if (over || !may_come) {
        settle(flow, p == AppProto::kUnknown ? AppProto::kNone : p, seam, reasons);
    }
}

// What is not recognised is no protocol of ours; after an upgrade it is still what HTTP became.
void AppStage::settle(flow::Flow& flow, AppProto next, const Seam& seam,
                      packet::ReasonCounters& reasons) {
    if (const AppProto expected = seam.handover.expected;
        expected != AppProto::kUnknown && next != expected) {
        packet::count(reasons, Reason::app_unexpected);
        if (expected == AppProto::kTls) {
            packet::count(reasons, Reason::app_no_tls);
        }
    }
    const Slot slot = slot_of(flow);
    if (next == AppProto::kNone) {
        free_state(flow);
        flow.app = seam.handover.otherwise;
    } else if (next == AppProto::kHttp1 && slot.parser == Parsers::number_of<HttpRow>()) {
        HttpRow& row = parsers_.get<HttpRow>();
        row.parser.restart(row.states[slot.index]);
        flow.app = next;
    } else {
        begin_behind(flow, next, seam, reasons);
    }
}

void AppStage::begin_behind(flow::Flow& flow, AppProto next, const Seam& seam,
                            packet::ReasonCounters& reasons) {
    free_state(flow);
    flow.app = next;
    open(flow, reasons);
    const Slot slot = slot_of(flow);
    parsers_.with(slot.parser, [&](auto& row) {
        auto& state = row.states[slot.index];
        if constexpr (requires { state.half[0].consumed; }) {
            for (std::size_t d = 0; d < seam.from.size(); ++d) {
                state.half[d].consumed = seam.from[d];
            }
        }
        if constexpr (requires { state.depth; }) {
            state.depth = static_cast<std::uint8_t>(seam.depth + 1);
        }
    });
}

}  // namespace sluice::app
