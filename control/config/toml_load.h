// SPDX-License-Identifier: Apache-2.0
// Reads sluice.toml. Strict: an unknown key, a wrong type or a value out of range is one Error with
// file:line:column and the next step. Input over kMaxConfigBytes, or with a key or nesting that
// toml++ 3.3 would overflow its stack on, is refused before parsing. Allocates; start-up and
// command line only.
#pragma once

#include "control/config/schema.h"
#include "dataplane/base/result.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::control {

inline constexpr std::size_t kMaxConfigBytes = 64 * 1024;

Result<Config> load_config(const std::string& path);

// 'name' is the file name for messages.
Result<Config> parse_config(std::string_view text, const std::string& name);

}  // namespace sluice::control
