// SPDX-License-Identifier: Apache-2.0
// SLUICE_CHECK: always on, for corruption of our own state. SLUICE_ASSERT: development builds, for
// invariants that the code around it proves. Neither is for input or for the environment: those
// have a Reason or an Error.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace sluice {

[[noreturn]] inline void check_failed(const char* what, const char* file, int line) {
    std::fprintf(stderr, "%s:%d: check failed: %s\n", file, line, what);
    std::abort();
}

}  // namespace sluice

#define SLUICE_CHECK(cond) \
    ((cond) ? static_cast<void>(0) : ::sluice::check_failed(#cond, __FILE__, __LINE__))
#ifdef SLUICE_DEV
#define SLUICE_ASSERT(cond) SLUICE_CHECK(cond)
#else
#define SLUICE_ASSERT(cond) static_cast<void>(0)
#endif
