// SPDX-License-Identifier: Apache-2.0
// 'sluice replay': a capture through the same pipeline as the wire, on one thread.
#pragma once

#include <CLI/CLI.hpp>

namespace sluice::cli {

void add_replay(CLI::App& app, int& exit_code);

}  // namespace sluice::cli
