// SPDX-License-Identifier: Apache-2.0
// Evaluation order of rules: action (pass, drop, reject, alert), then a rule that sets a flowbit or
// xbit before the rules that test it, then priority, then sid, gid and place in the input. Depends
// on nothing else, so it is the same on every machine. Works on the caller's model; must run before
// anything stores rule indices. Any thread.
#pragma once

#include "signatures/bundle/model.h"

#include <cstdint>
#include <vector>

namespace sluice::compile {

// For each rule, its level: 0 when it tests no bit that another rule of its action changes, else
// one more than the highest level of those rules. Rules in a circle of bits get the level after all
// others they depend on.
std::vector<std::uint32_t> flowbit_levels(const bundle::Model& model);

void order_rules(bundle::Model& model);

}  // namespace sluice::compile
