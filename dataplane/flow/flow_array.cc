// SPDX-License-Identifier: Apache-2.0
#include "dataplane/flow/flow_array.h"

#include <algorithm>
#include <sys/mman.h>

namespace sluice::flow {

namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

std::byte* reserve(std::size_t bytes) {
    void* const got = ::mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    SLUICE_CHECK(got != MAP_FAILED && "no address space for the flow table");
    return static_cast<std::byte*>(got);
}

}  // namespace

// Only lines and rests can be touched; the hole that is left of each group is address space alone.
FlowArray::FlowArray(std::uint32_t count) : count_(count) {
    SLUICE_CHECK(count > 0 && count < 0x80000000U);
    const std::size_t groups = (std::size_t{count} + kPerGroup - 1) / kPerGroup;
    reserved_ = groups * kFlowGroupBytes;
    std::byte* const got = reserve(reserved_ + kFlowGroupBytes);
    const std::size_t before =
        (kFlowGroupBytes - reinterpret_cast<std::uintptr_t>(got) % kFlowGroupBytes) %
        kFlowGroupBytes;
    base_ = got + before;
    if (before != 0) {
        (void)::munmap(got, before);
    }
    (void)::munmap(base_ + reserved_, kFlowGroupBytes - before);
    for (std::size_t g = 0; g < groups; ++g) {
        std::byte* const group = base_ + g * kFlowGroupBytes;
        const std::size_t flows = std::min<std::size_t>(count - g * kPerGroup, kPerGroup);
        open(group, flows * sizeof(Flow));
        open(group + kFlowGroupLines, flows * sizeof(FlowRest));
    }
}

FlowArray::~FlowArray() {
    (void)::munmap(base_, reserved_);
}

// Where all flows together would fill a huge page, each part takes whole ones.
void FlowArray::open(std::byte* begin, std::size_t bytes) const {
    const bool huge = count_ * (sizeof(Flow) + sizeof(FlowRest)) >= kHugePage;
    const std::size_t size = huge ? (bytes + kHugePage - 1) / kHugePage * kHugePage : bytes;
    const bool opened = ::mprotect(begin, size, PROT_READ | PROT_WRITE) == 0;
    SLUICE_CHECK(opened && "no memory for the flow table");
    if (huge) {
        (void)::madvise(begin, size, MADV_HUGEPAGE);  // advice only: refusal costs speed
    }
}

Flow& FlowArray::make(std::uint32_t i) {
    SLUICE_ASSERT(i < count_);
    Flow* const f = new (address(i)) Flow();
    new (reinterpret_cast<void*>(Flow::rest_address(f))) FlowRest();
    return *f;
}

}  // namespace sluice::flow
