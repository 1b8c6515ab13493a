// SPDX-License-Identifier: Apache-2.0
// Our commands on DPDK's telemetry socket (dpdk-telemetry.py): /sluice/status, /sluice/stats,
// /sluice/reasons. DPDK calls back on a thread of its own, so a source must be safe to call from
// any thread while the commands exist. One at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace sluice::io {

struct TelemetryItem {
    std::string name;
    std::uint64_t value = 0;
    std::string text;  // not empty: the value is this
};

using TelemetrySource = std::function<std::vector<TelemetryItem>()>;

struct TelemetrySources {
    TelemetrySource status;
    TelemetrySource stats;
    TelemetrySource reasons;
};

// Registers the commands for its lifetime; afterwards they answer with nothing (DPDK cannot
// unregister).
class Telemetry {
  public:
    explicit Telemetry(TelemetrySources sources);
    Telemetry(const Telemetry&) = delete;
    Telemetry& operator=(const Telemetry&) = delete;
    ~Telemetry();
};

}  // namespace sluice::io
