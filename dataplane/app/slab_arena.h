// SPDX-License-Identifier: Apache-2.0
// SlabArena: fixed blocks in five sizes, taken at construction, for what HTTP remembers between TCP
// segments. A slab is named by a 32-bit handle; whoever took it gives it back. No slab left is an
// answer (kNoSlab), not an error. One worker.
#pragma once

#include "dataplane/app/app_config.h"
#include "dataplane/base/cursor.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace sluice::app {

using Slab = std::uint32_t;
inline constexpr Slab kNoSlab = 0xffffffff;

class SlabArena {
  public:
    static constexpr std::array<std::size_t, kSlabClasses> kSizes = {2048, 8192, 32768, 65536,
                                                                     262144};
    static constexpr std::size_t kMaxSlab = kSizes.back();

    explicit SlabArena(const std::array<std::uint32_t, kSlabClasses>& counts);

    // The smallest free slab of at least 'bytes'.
    Slab take(std::size_t bytes);

    // REQUIRES: s was taken and not given back, or is kNoSlab; sets it to kNoSlab
    void give(Slab& s);

    // A slab of at least 'bytes' that starts with the first 'used' bytes of s, which is given back
    // if another one is needed. On failure s is kept and the answer is false.
    bool grow(Slab& s, std::size_t used, std::size_t bytes);

    MutableBytes bytes(Slab s) const;

    std::size_t in_use() const { return in_use_; }

  private:
    struct Class {
        std::unique_ptr<std::uint8_t[]> memory;
        std::vector<std::uint32_t> free;
    };

    std::array<Class, kSlabClasses> classes_;
    std::size_t in_use_ = 0;
};

}  // namespace sluice::app
