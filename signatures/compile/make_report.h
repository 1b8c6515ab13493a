// SPDX-License-Identifier: Apache-2.0
// Puts a CompileReport together from what the steps of a compile run measured. Any thread.
#pragma once

#include "signatures/bundle/model.h"
#include "signatures/compile/emit.h"
#include "signatures/compile/literal.h"
#include "signatures/compile/report.h"

#include <vector>

namespace sluice::compile {

// 'prefilters' has one entry a rule, 'costs' one a database.
CompileReport make_report(const bundle::Model& model, const std::vector<Prefilter>& prefilters,
                          std::vector<PcreCost> pcres, const std::vector<EmitCost>& costs);

}  // namespace sluice::compile
