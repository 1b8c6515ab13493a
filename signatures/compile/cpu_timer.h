// SPDX-License-Identifier: Apache-2.0
// CpuTimer: seconds of CPU that this thread has used since the timer was made. One thread.
#pragma once

#include <ctime>

namespace sluice::compile {

class CpuTimer {
  public:
    CpuTimer() : start_(now()) {}

    double seconds() const { return now() - start_; }

  private:
    static double now() {
        timespec t{};
        (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
    }

    double start_;
};

}  // namespace sluice::compile
