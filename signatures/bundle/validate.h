// SPDX-License-Identifier: Apache-2.0
// Every rule that a Model must keep so that its users need no further bounds check: indices,
// ranges, enum values, order. The writer refuses to write, and the reader to return, a model that
// breaks one. Borrows the model for the call; any thread. Errors: kInvalid, naming the record.
#pragma once

#include "dataplane/base/result.h"
#include "signatures/bundle/model.h"

namespace sluice::bundle {

Status validate(const Model& model);

// The parts, in the order in which validate() runs them: each relies on those before it.
Status validate_manifest(const Manifest& manifest);
Status validate_tables(const Model& model);  // addresses, ports, pcres, bit names, coverage
Status validate_rules(const Model& model);   // rules, engines, items
Status validate_lookup(const Model& model);  // databases, groups, packet rules

}  // namespace sluice::bundle
