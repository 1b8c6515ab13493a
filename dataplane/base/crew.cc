// SPDX-License-Identifier: Apache-2.0
#include "dataplane/base/crew.h"

#include <algorithm>

namespace sluice {

Crew::Crew(std::size_t jobs, Job job, void* context, std::size_t helpers)
    : jobs_(jobs), job_(job), context_(context) {
    const std::size_t wanted = std::min({helpers, kMaxHelpers, jobs});
    while (running_ < wanted &&
           ::pthread_create(&threads_[running_], nullptr, &Crew::help, this) == 0) {
        ++running_;
    }
}

void Crew::finish() {
    work();
    for (; running_ > 0; --running_) {
        (void)::pthread_join(threads_[running_ - 1], nullptr);
    }
}

void* Crew::help(void* self) {
    static_cast<Crew*>(self)->work();
    return nullptr;
}

void Crew::work() {
    for (std::size_t i = next_.fetch_add(1); i < jobs_; i = next_.fetch_add(1)) {
        job_(context_, i);
    }
}

}  // namespace sluice
