// SPDX-License-Identifier: Apache-2.0
// 'sluice compile': rules and guidance as a signed bundle.
#pragma once

#include <CLI/CLI.hpp>

namespace sluice::cli {

void add_compile(CLI::App& app, int& exit_code);

}  // namespace sluice::cli
