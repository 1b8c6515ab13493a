// SPDX-License-Identifier: Apache-2.0
// 'sluice keywords': the keywords of the rule language with meaning and deviations, in Markdown
// (signatures/lang/KEYWORDS.md is its output).
#pragma once

#include <CLI/CLI.hpp>

namespace sluice::cli {

void add_keywords(CLI::App& app, int& exit_code);

}  // namespace sluice::cli
