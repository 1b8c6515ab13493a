// SPDX-License-Identifier: Apache-2.0
// FlowArray: the memory of a table's flows, by number. Laid out so that a flow's line is one of
// many side by side and its rest is found from it (flow.h). All of it is set aside at construction,
// in huge pages where there are; a flow's is untouched (not resident) until it is made. One thread.
#pragma once

#include "dataplane/base/check.h"
#include "dataplane/flow/flow.h"

#include <cstddef>
#include <cstdint>

namespace sluice::flow {

class FlowArray {
  public:
    // Ends the process where the address space is used up. REQUIRES: 0 < count < 2^31
    explicit FlowArray(std::uint32_t count);

    FlowArray(const FlowArray&) = delete;
    FlowArray& operator=(const FlowArray&) = delete;

    ~FlowArray();

    std::uint32_t size() const { return count_; }

    // Starts the life of flow i (again), with default values.
    Flow& make(std::uint32_t i);

    // REQUIRES: make(i) was called before.
    Flow& operator[](std::uint32_t i) {
        SLUICE_ASSERT(i < count_);
        return *address(i);
    }

    const Flow& operator[](std::uint32_t i) const {
        SLUICE_ASSERT(i < count_);
        return *address(i);
    }

    // The address only; the flow need not exist.
    const Flow* address(std::uint32_t i) const { return const_cast<FlowArray*>(this)->address(i); }

    std::uint32_t number_of(const Flow& f) const {
        const auto at = static_cast<std::size_t>(reinterpret_cast<const std::byte*>(&f) - base_);
        return static_cast<std::uint32_t>(at / kFlowGroupBytes * kPerGroup +
                                          at % kFlowGroupLines / sizeof(Flow));
    }

  private:
    static constexpr std::uint32_t kPerGroup = kFlowGroupLines / sizeof(Flow);

    // In an empty hole at a group's end no rest has room.
    static_assert(kFlowGroupLines + kPerGroup * sizeof(FlowRest) <= kFlowGroupBytes);

    Flow* address(std::uint32_t i) {
        std::byte* line = base_ + std::size_t{i / kPerGroup} * kFlowGroupBytes +
                          std::size_t{i % kPerGroup} * sizeof(Flow);
        return reinterpret_cast<Flow*>(line);
    }

    void open(std::byte* begin, std::size_t bytes) const;

    std::uint32_t count_;
    std::size_t reserved_ = 0;  // bytes from base_
    std::byte* base_ = nullptr;
};

}  // namespace sluice::flow
