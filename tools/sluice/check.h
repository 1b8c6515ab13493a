// SPDX-License-Identifier: Apache-2.0
// 'sluice check': would these rules load?
#pragma once

#include <CLI/CLI.hpp>

namespace sluice::cli {

void add_check(CLI::App& app, int& exit_code);

}  // namespace sluice::cli
