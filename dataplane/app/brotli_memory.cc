// SPDX-License-Identifier: Apache-2.0
#include "dataplane/app/brotli_memory.h"

#include "dataplane/base/check.h"

#include <algorithm>

namespace sluice::app {
namespace {

constexpr std::uint32_t kNone = 0xffffffff;
// Looks at pages, a run of taken ones being one look, until the search is given up.
constexpr std::uint32_t kMaxLooks = 1024;

}  // namespace

BrotliMemory::BrotliMemory(std::size_t bytes)
    : pages_(std::max<std::size_t>(bytes / kPageBytes, 1)), run_(pages_.size(), 0) {}

// A free run that starts in [from, to) and ends within the block.
std::uint32_t BrotliMemory::find(std::uint32_t from, std::uint32_t to, std::uint32_t count) const {
    const auto end = static_cast<std::uint32_t>(run_.size());
    std::uint32_t start = from;
    std::uint32_t looks = 0;
    while (start < to && count <= end - start && ++looks < kMaxLooks) {
        std::uint32_t taken = start;
        if (is_free(start, count, taken)) {
            return start;
        }
        start = taken;
    }
    return kNone;
}

// 'next': behind the taken run that is in the way.
bool BrotliMemory::is_free(std::uint32_t first, std::uint32_t count, std::uint32_t& next) const {
    for (std::uint32_t i = first; i < first + count; ++i) {
        if (run_[i] != 0) {
            next = i + run_[i];
            return false;
        }
    }
    return true;
}

void* BrotliMemory::take(std::size_t bytes) {
    const std::size_t pages = std::max<std::size_t>((bytes + kPageBytes - 1) / kPageBytes, 1);
    if (pages > run_.size()) {
        return nullptr;
    }
    const auto count = static_cast<std::uint32_t>(pages);
    std::uint32_t at = find(next_, static_cast<std::uint32_t>(run_.size()), count);
    if (at == kNone) {
        at = find(0, next_, count);
    }
    if (at == kNone) {
        return nullptr;
    }
    run_[at] = count;
    next_ = at + count;
    in_use_ += count;
    return pages_.address(at);
}

void BrotliMemory::give(void* address) {
    if (address == nullptr) {
        return;
    }
    const auto at = static_cast<std::size_t>(static_cast<Page*>(address) - pages_.address(0));
    SLUICE_ASSERT(at < run_.size() && run_[at] != 0);
    in_use_ -= run_[at];
    run_[at] = 0;
}

}  // namespace sluice::app
