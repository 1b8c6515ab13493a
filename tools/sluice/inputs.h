// SPDX-License-Identifier: Apache-2.0
// What the arguments of check and compile name: rule files, guidance files, folders of both,
// standard input; and variables. One thread. Errors: kNotFound, kIo, kExhausted (a file over the
// cap), kInvalid.
#pragma once

#include "dataplane/base/result.h"
#include "signatures/compile/compiler.h"

#include <cstddef>
#include <string>
#include <vector>

namespace sluice::cli {

inline constexpr std::size_t kMaxRuleFile = std::size_t{512} << 20U;

// A folder stands for every .rules and .toml file below it, in order of path; "-" for rules on
// standard input. Other files are guidance when their name ends with .toml, else rules. Finding
// nothing at all is an error.
Result<std::vector<compile::SourceFile>> read_sources(const std::vector<std::string>& paths);

// A threshold.config, added to the sources. An empty path: none.
Status read_thresholds(const std::string& path, std::vector<compile::SourceFile>& sources);

// "NAME=VALUE", NAME with or without '$'. A name that has PORT in it is a port group, any other an
// address group.
Status set_variable(const std::string& text, compile::CompileOptions& options);

}  // namespace sluice::cli
