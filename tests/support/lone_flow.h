// SPDX-License-Identifier: Apache-2.0
// LoneFlow: a Flow without a table, for tests of the stages behind dataplane/flow. Copies copy the
// whole flow; moving keeps its place. Allocates. One thread.
#pragma once

#include "dataplane/flow/flow_array.h"

#include <cstring>
#include <memory>

namespace sluice::test {

class LoneFlow {
  public:
    LoneFlow() { renew(); }

    LoneFlow(const LoneFlow& other) : LoneFlow() { *this = *other; }

    LoneFlow(LoneFlow&&) = default;

    LoneFlow& operator=(const LoneFlow& other) { return *this = *other; }

    LoneFlow& operator=(const flow::Flow& other) {
        std::memcpy(static_cast<void*>(get()), static_cast<const void*>(&other), sizeof(other));
        std::memcpy(static_cast<void*>(&get()->rest()), static_cast<const void*>(&other.rest()),
                    sizeof(flow::FlowRest));
        return *this;
    }

    flow::Flow& renew() { return memory_->make(0); }

    flow::Flow* get() const { return &(*memory_)[0]; }

    flow::Flow& operator*() const { return *get(); }

    flow::Flow* operator->() const { return get(); }

    // Every byte of it.
    friend bool same(const LoneFlow& a, const LoneFlow& b) {
        return std::memcmp(static_cast<const void*>(a.get()), static_cast<const void*>(b.get()),
                           sizeof(flow::Flow)) == 0 &&
               std::memcmp(static_cast<const void*>(&a->rest()),
                           static_cast<const void*>(&b->rest()), sizeof(flow::FlowRest)) == 0;
    }

  private:
    std::unique_ptr<flow::FlowArray> memory_ = std::make_unique<flow::FlowArray>(1);
};

}  // namespace sluice::test
