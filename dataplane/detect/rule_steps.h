// SPDX-License-Identifier: Apache-2.0
// What the steps of one engine depend on, found once at load, so that evaluation backtracks only
// where it can help and waits only for bytes that can matter. Values only; load time; any thread.
#pragma once

#include "dataplane/detect/rule_table.h"

#include <cstdint>
#include <span>

namespace sluice::detect {

// Sets kStepRetry, kStepFatal and kStepCommit.
void mark_dependencies(std::span<Step> steps);

// Sets kStepCovered on 'prefilter' and on the steps before it that lie before it in every match.
void mark_covered(std::span<Step> steps, std::size_t prefilter);

// Whether the engine is one chain of positive contents, each not before its predecessor.
bool is_ordered_chain(std::span<const Step> steps);

// Whether some engine of the rule uses a variable that another one extracts.
bool vars_cross_engines(const bundle::Rule& rule);

}  // namespace sluice::detect
