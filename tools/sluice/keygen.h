// SPDX-License-Identifier: Apache-2.0
// 'sluice keygen': a key pair that signs bundles.
#pragma once

#include <CLI/CLI.hpp>

namespace sluice::cli {

void add_keygen(CLI::App& app, int& exit_code);

}  // namespace sluice::cli
