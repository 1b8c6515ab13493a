// SPDX-License-Identifier: Apache-2.0
// LoadedRules: rule text compiled and made ready for a pipeline, for tests. Owns everything. Throws
// on a rule that is not compiled: a test that quietly judged by fewer rules would prove nothing.
#pragma once

#include "dataplane/detect/detect_stage.h"
#include "dataplane/detect/ruleset.h"

#include <memory>
#include <string>

namespace sluice::test {

struct LoadedRules {
    std::shared_ptr<const bundle::Model> model;
    std::unique_ptr<const detect::Ruleset> ruleset;
    std::unique_ptr<detect::WorkerScratch> scratch;
};

LoadedRules load_rules(const std::string& text, std::uint64_t version = 1);

}  // namespace sluice::test
