// SPDX-License-Identifier: Apache-2.0
// Snapshot: everything that a reload replaces: the rules and, for each worker, the scratch memory
// to evaluate them. Made by the control thread, immutable but for the scratch (each worker writes
// its own), freed by the control thread once no worker uses it.
#pragma once

#include "dataplane/detect/detect_stage.h"
#include "dataplane/detect/ruleset.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace sluice::worker {

struct Snapshot {
    std::shared_ptr<const bundle::Model> model;
    std::unique_ptr<const detect::Ruleset> ruleset;
    std::vector<std::unique_ptr<detect::WorkerScratch>> scratch;  // by worker
    std::size_t unmatched_thresholds = 0;  // lines of the site's file about rules that are not here
};

}  // namespace sluice::worker
