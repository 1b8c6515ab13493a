// SPDX-License-Identifier: Apache-2.0
// AppStage: from in-order stream bytes to named buffers. begin() takes one chunk, next() is called
// until it is false; each true is one InspectionPoint whose views are valid until the next call
// into this object (but for summary()). All memory is taken at construction; when it runs out, the
// flow goes on as a raw stream and a reason is counted. One worker thread.
#pragma once

#include "dataplane/app/app_config.h"
#include "dataplane/app/buffers.h"
#include "dataplane/app/http1.h"
#include "dataplane/app/http1_state.h"
#include "dataplane/base/huge_array.h"
#include "dataplane/flow/flow.h"
#include "dataplane/packet/reason.h"
#include "dataplane/stream/stream_chunk.h"

#include <cstdint>

namespace sluice::app {

class AppStage {
  public:
    explicit AppStage(const AppConfig& config);

    // Decides flow.app while it is kUnknown. 'reasons' must outlive the calls of next() for this
    // chunk.
    void begin(const stream::StreamChunk& chunk, packet::ReasonCounters& reasons);

    bool next(InspectionPoint& point);

    // The flow ends: gives back what it holds. To be called before the entry is used for another
    // flow.
    void release(flow::Flow& flow);

    // Facts about the transaction at hand in this direction; empty for flows that are not HTTP.
    HttpSummary summary(const flow::Flow& flow, Direction direction) const;

    // For tests and statistics.
    std::uint32_t flows_in_use() const { return in_use_; }

    std::uint32_t decoders_in_use() const { return http_.decoders().in_use(); }

    std::size_t slabs_in_use() const { return http_.arena().in_use(); }

  private:
    void decide(const stream::StreamChunk& chunk, packet::ReasonCounters& reasons);
    void retire();
    void free_state(flow::Flow& flow);

    HugeArray<HttpFlow> states_;
    std::uint32_t first_free_ = flow::kNoIndex;
    std::uint32_t ever_used_ = 0;
    std::uint32_t in_use_ = 0;
    Http1 http_;
    flow::Flow* active_ = nullptr;    // of the chunk at hand, if it is HTTP
    flow::Flow* retiring_ = nullptr;  // needs no parser any more, but views may still be looked at
};

}  // namespace sluice::app
