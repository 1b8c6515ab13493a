// SPDX-License-Identifier: Apache-2.0
// BrotliMemory: what Brotli decoders allocate from, so that the packet path takes nothing from the
// heap: one block of 4 KiB pages taken at construction and touched on first use. A window grows up
// to 16 MiB, but only as far as its body does, so bodies share the block instead of having a
// largest share each. When no run of pages is long enough, the decoder fails. One worker thread.
#pragma once

#include "dataplane/base/huge_array.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace sluice::app {

class BrotliMemory {
  public:
    static constexpr std::size_t kPageBytes = 4096;

    explicit BrotliMemory(std::size_t bytes);

    // Null: no run of pages is long enough.
    void* take(std::size_t bytes);
    // Null is allowed.
    void give(void* address);

    std::uint32_t pages_in_use() const { return in_use_; }

  private:
    using Page = std::array<std::uint8_t, kPageBytes>;

    bool is_free(std::uint32_t first, std::uint32_t count, std::uint32_t& next) const;
    std::uint32_t find(std::uint32_t from, std::uint32_t to, std::uint32_t count) const;

    HugeArray<Page> pages_;
    // By page: how many pages the run has that begins there; 0: none does.
    std::vector<std::uint32_t> run_;
    std::uint32_t next_ = 0;  // where the last run ended
    std::uint32_t in_use_ = 0;
};

}  // namespace sluice::app
