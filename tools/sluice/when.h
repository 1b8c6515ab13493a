// SPDX-License-Identifier: Apache-2.0
// Dates on the command line and in output, always UTC. Stateless; any thread.
#pragma once

#include "dataplane/base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::cli {

// A number of days from 'now', or YYYY-MM-DD (its first second, UTC). Must lie in the future. Unix
// seconds.
Result<std::int64_t> parse_expiry(std::string_view text, std::int64_t now);

// "2024-03-01 12:00:00 UTC"
std::string format_utc(std::int64_t unix_seconds);

}  // namespace sluice::cli
