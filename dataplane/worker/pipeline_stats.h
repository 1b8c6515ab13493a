// SPDX-License-Identifier: Apache-2.0
// What a pipeline counted, as StatValues; and StatValues as the names of the "stats" event, those
// of Suricata 7 where it has the same, and "sluice." for all of ours. values_of(): the pipeline's
// thread; the rest any thread, allocates.
#pragma once

#include "dataplane/export/eve_stats.h"
#include "dataplane/pipeline/pipeline.h"
#include "dataplane/worker/stats.h"

#include <cstdint>

namespace sluice::worker {

// All but what only a worker knows (batches, handover).
StatValues values_of(const pipeline::Pipeline& pipeline);

exporter::StatsList stats_list(const StatValues& values, std::uint64_t uptime_s);

}  // namespace sluice::worker
