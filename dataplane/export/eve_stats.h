// SPDX-License-Identifier: Apache-2.0
// The "stats" event: counters as one tree, by their names with dots ("decoder.pkts"). Names that
// Suricata 7 has mean the same there. Any thread; allocates.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace sluice::exporter {

using StatsList = std::vector<std::pair<std::string, std::uint64_t>>;

// Appends one line with its newline. A name cannot be the beginning of another.
void append_stats_json(std::int64_t unix_ns, const StatsList& counters, std::string& out);

}  // namespace sluice::exporter
