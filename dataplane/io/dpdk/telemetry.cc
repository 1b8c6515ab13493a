// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/dpdk/telemetry.h"

#include <rte_telemetry.h>

#include <algorithm>
#include <mutex>
#include <utility>

namespace sluice::io {
namespace {

// The C callback has no user pointer; this is the only place where that forces a global.
struct Registered {
    std::mutex mutex;
    TelemetrySources sources;
};

Registered& registered() {
    static Registered instance;
    return instance;
}

constexpr std::size_t kMaxItems = 250;  // rte_tel_data holds 256

int answer(const TelemetrySource& source, rte_tel_data* data) {
    rte_tel_data_start_dict(data);
    if (!source) {
        return 0;
    }
    const std::vector<TelemetryItem> items = source();
    for (std::size_t i = 0; i < std::min(items.size(), kMaxItems); ++i) {
        const TelemetryItem& item = items[i];
        const int rc =
            item.text.empty()
                ? rte_tel_data_add_dict_u64(data, item.name.c_str(), item.value)
                : rte_tel_data_add_dict_string(data, item.name.c_str(), item.text.c_str());
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

template <TelemetrySource TelemetrySources::*Member>
int command(const char*, const char*, rte_tel_data* data) {
    const std::scoped_lock lock(registered().mutex);
    return answer(registered().sources.*Member, data);
}

}  // namespace

Telemetry::Telemetry(TelemetrySources sources) {
    {
        const std::scoped_lock lock(registered().mutex);
        registered().sources = std::move(sources);
    }
    // Fails when registered before in this process: the command is there then.
    (void)rte_telemetry_register_cmd("/sluice/status", command<&TelemetrySources::status>,
                                     "Running snapshot, workers, mode");
    (void)rte_telemetry_register_cmd("/sluice/stats", command<&TelemetrySources::stats>,
                                     "Counters, summed over workers");
    (void)rte_telemetry_register_cmd("/sluice/reasons", command<&TelemetrySources::reasons>,
                                     "Drops and anomalies by reason");
}

Telemetry::~Telemetry() {
    const std::scoped_lock lock(registered().mutex);
    registered().sources = {};
}

}  // namespace sluice::io
