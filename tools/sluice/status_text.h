// SPDX-License-Identifier: Apache-2.0
// The dataplane's JSON answers as text for people. Any JSON is taken; what is missing is left out.
// Any thread.
#pragma once

#include <string>

namespace sluice::cli {

std::string format_status(const std::string& json);
std::string format_stats(const std::string& json);

}  // namespace sluice::cli
