// SPDX-License-Identifier: Apache-2.0
// `sluice status|stats|reload`: ask a running sluice-dataplane over its control socket.
#pragma once

#include <CLI/CLI.hpp>

namespace sluice::cli {

// Each registers one subcommand; when it ran, 'exit_code' is 0, or 1 when the dataplane said no or
// did not answer.
void add_status(CLI::App& app, int& exit_code);
void add_stats(CLI::App& app, int& exit_code);
void add_reload(CLI::App& app, int& exit_code);

}  // namespace sluice::cli
