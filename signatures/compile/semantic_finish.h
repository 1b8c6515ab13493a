// SPDX-License-Identifier: Apache-2.0
// What can only be said of a rule when all its options are read: which keywords go together, in
// which direction its buffers are, whether the payload is that of packets or of the stream.
// Internal to signatures/compile. Any thread.
#pragma once

#include "signatures/compile/semantic_draft.h"

#include <optional>
#include <vector>

namespace sluice::compile {

// Completes draft.rule and returns the directions for which it has to be made; nullopt: as the
// rule's flow flags say. Problems are left in the draft; then the result is of no use.
std::vector<std::optional<Direction>> finish(RuleDraft& draft);

}  // namespace sluice::compile
