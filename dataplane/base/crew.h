// SPDX-License-Identifier: Apache-2.0
// Crew: some threads for a moment, off the packet path. Jobs are numbered; the helpers take them
// from construction on, the owner joins in with finish() and returns when all are done. Where no
// thread can be had, the owner does them all. The jobs' work must not touch the same data. Control
// thread; allocates.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <pthread.h>

namespace sluice {

class Crew {
  public:
    using Job = void (*)(void* context, std::size_t index);

    static constexpr std::size_t kMaxHelpers = 3;

    Crew(std::size_t jobs, Job job, void* context, std::size_t helpers = 1);
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;

    ~Crew() { finish(); }

    void finish();

  private:
    static void* help(void* self);
    void work();

    std::size_t jobs_;
    Job job_;
    void* context_;
    std::atomic<std::size_t> next_{0};
    std::array<pthread_t, kMaxHelpers> threads_{};
    std::size_t running_ = 0;
};

}  // namespace sluice
