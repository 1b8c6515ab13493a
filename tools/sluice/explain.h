// SPDX-License-Identifier: Apache-2.0
// What 'sluice compile --explain' tells: which rules and databases cost most, to compile and to
// run, and what takes the room. For people and for programs. One thread.
#pragma once

#include "signatures/compile/compiler.h"

#include <nlohmann/json_fwd.hpp>

namespace sluice::cli {

// The most expensive of each kind, as a table on stdout.
void print_explanation(const compile::CompileOutput& output);

// The same as one object, the lists longer.
nlohmann::ordered_json explanation_json(const compile::CompileOutput& output);

}  // namespace sluice::cli
