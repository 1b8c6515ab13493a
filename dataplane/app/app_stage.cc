// SPDX-License-Identifier: Apache-2.0
#include "dataplane/app/app_stage.h"

#include "dataplane/app/detector.h"

namespace sluice::app {

using packet::Reason;

AppStage::AppStage(const AppConfig& config) : states_(config.http_flows), http_(config) {}

void AppStage::begin(const stream::StreamChunk& chunk, packet::ReasonCounters& reasons) {
    retire();
    active_ = nullptr;
    flow::Flow& flow = *chunk.flow;
    if (flow.app == AppProto::kUnknown) {
        decide(chunk, reasons);
    }
    if (flow.app != AppProto::kHttp1 || flow.app_state == flow::kNoIndex) {
        return;
    }
    active_ = &flow;
    http_.begin(states_[flow.app_state], chunk, reasons);
}

bool AppStage::next(InspectionPoint& point) {
    if (active_ == nullptr) {
        return false;
    }
    const bool shown = http_.next(point);
    const HttpFlow& state = states_[active_->app_state];
    if (http_.gave_up()) {
        active_->app = AppProto::kNone;
        retiring_ = active_;
    } else if (state.half[0].state == HalfState::kOff && state.half[1].state == HalfState::kOff) {
        retiring_ = active_;
    }
    return shown;
}

void AppStage::decide(const stream::StreamChunk& chunk, packet::ReasonCounters& reasons) {
    flow::Flow& flow = *chunk.flow;
    if (chunk.offset != 0 || chunk.gap) {
        flow.app = AppProto::kNone;  // the first bytes are gone
        return;
    }
    const AppProto p = detect_protocol(chunk.direction, chunk.window);
    if (p == AppProto::kUnknown) {
        return;
    }
    if (p == AppProto::kNone && chunk.direction == Direction::kToServer &&
        chunk.window.size() < kDetectBytes) {
        return;  // an unusual first word: the server's answer may still say HTTP
    }
    flow.app = p;
    if (p != AppProto::kHttp1) {
        return;
    }
    std::uint32_t index = first_free_;
    if (index != flow::kNoIndex) {
        first_free_ = states_[index].next_free;
    } else if (ever_used_ < states_.size()) {
        index = ever_used_++;
    } else {
        packet::count(reasons, Reason::http_store_full);
        flow.app = AppProto::kNone;
        return;
    }
    states_.make(index);
    flow.app_state = index;
    ++in_use_;
}

void AppStage::retire() {
    if (retiring_ != nullptr) {
        free_state(*retiring_);
        retiring_ = nullptr;
    }
}

void AppStage::free_state(flow::Flow& flow) {
    HttpFlow& state = states_[flow.app_state];
    http_.release(state);
    state.next_free = first_free_;
    first_free_ = flow.app_state;
    flow.app_state = flow::kNoIndex;
    --in_use_;
}

void AppStage::release(flow::Flow& flow) {
    if (retiring_ == &flow) {
        retiring_ = nullptr;
    }
    if (active_ == &flow) {
        active_ = nullptr;
    }
    if (flow.app_state != flow::kNoIndex) {
        free_state(flow);
    }
}

HttpSummary AppStage::summary(const flow::Flow& flow, Direction direction) const {
    return flow.app_state == flow::kNoIndex ? HttpSummary{}
                                            : http_.summary(states_[flow.app_state], direction);
}

}  // namespace sluice::app
