// SPDX-License-Identifier: Apache-2.0
// Suricata's threshold.config: threshold, event_filter, rate_filter and suppress lines that change
// how the matches of compiled rules are told. Text in, filters on the rules of a model out; every
// line that is not understood, or that is about a rule that is not there, is a Problem. Bounded,
// reads no file; any thread.
#pragma once

#include "signatures/bundle/model.h"
#include "signatures/compile/semantic.h"
#include "signatures/lang/ast.h"

#include <string>
#include <vector>

namespace sluice::compile {

// 'file' is its name for messages. gen_id 0 and sig_id 0 stand for all rules: those that have a
// threshold of their own keep it; a line about one rule replaces the rule's own. A problem that
// says 'unsupported' is about a rule that is not there.
void apply_thresholds(const std::string& text, const std::string& file,
                      const CompileOptions& options, bundle::Model& model,
                      std::vector<lang::Problem>& problems);

}  // namespace sluice::compile
