// SPDX-License-Identifier: Apache-2.0
// known_gaps.txt: the names of cases that do not pass in one form (memory, real). Test support.
#pragma once

#include <set>
#include <string>

namespace sluice::evasion {

std::set<std::string> known_gaps(const std::string& path, const std::string& form);

}  // namespace sluice::evasion
