// SPDX-License-Identifier: Apache-2.0
#include "dataplane/detect/worker_scratch.h"

namespace sluice::detect {

WorkerScratch::WorkerScratch(const Ruleset& rules)
    : candidates(rules.size()),
      segment(rules.size()),
      body(rules.size()),
      addresses(rules.address_sets()),
      frames(rules.max_steps() + 1),
      counters(rules.size()),
      decoded(kDecodedRoom) {
    for (std::vector<std::uint8_t>& room : transform_room) {
        room.resize(kTransformRoom);
    }
}

Result<std::unique_ptr<WorkerScratch>> WorkerScratch::create(const Ruleset& rules) {
    std::unique_ptr<WorkerScratch> out(new WorkerScratch(rules));
    if (!out->matcher.ok()) {
        return Error{ErrorCode::kExhausted, "no room for regular expression matching", {}, {}};
    }
    for (const Database& db : rules.databases()) {
        if (Status s = out->prefilter.reserve(db); !s) {
            return s.error();
        }
    }
    return out;
}

}  // namespace sluice::detect
