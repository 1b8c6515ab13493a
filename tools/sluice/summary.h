// SPDX-License-Identifier: Apache-2.0
// The result of a compile run for people and for programs. Writes to stdout. One thread.
#pragma once

#include "signatures/compile/compiler.h"

#include <cstddef>
#include <string>

namespace sluice::cli {

// One object: counts and every problem, with what the run and the rules cost when 'explain'.
std::string problems_json(const compile::CompileOutput& output, bool explain = false);

// Counts, then problems grouped by reason, the most frequent first, with at most 'places' places
// each.
void print_problems(const compile::CompileOutput& output, std::size_t places);

// Number and size of databases, always-rules and so on: what the rules cost at run time.
void print_databases(const bundle::Model& model);

// Problems that make the rules unfit: invalid rules, required CVEs without a rule, databases that
// could not be built.
bool has_findings(const compile::CompileOutput& output);

}  // namespace sluice::cli
