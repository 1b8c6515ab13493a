// SPDX-License-Identifier: Apache-2.0
// AllocGuard: counts what its thread takes from the heap while it lives: malloc and its family, and
// so operator new. Linking it replaces the C library's functions, except under sanitizers, which
// have their own: there supported() is false and the count stays 0. Guards may nest. Each counts
// for the thread that made it.
//   AllocGuard guard; pipeline.process(batch, now); EXPECT_EQ(guard.allocations(), 0u);
#pragma once

#include <cstdint>

namespace sluice::test {

class AllocGuard {
  public:
    AllocGuard();

    std::uint64_t allocations() const;
    std::uint64_t frees() const;

    static bool supported();

  private:
    std::uint64_t allocations_before_;
    std::uint64_t frees_before_;
};

}  // namespace sluice::test
