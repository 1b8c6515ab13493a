// SPDX-License-Identifier: Apache-2.0
// 'sluice bundle': what is in a bundle.
#pragma once

#include <CLI/CLI.hpp>

namespace sluice::cli {

void add_bundle(CLI::App& app, int& exit_code);

}  // namespace sluice::cli
