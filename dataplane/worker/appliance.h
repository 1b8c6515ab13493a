// SPDX-License-Identifier: Apache-2.0
// Appliance: the running dataplane: ports, workers, exporter and the rules in force, put together
// from a Config. Life: open() takes ports and memory (with start-up privileges), start() loads the
// first bundle and lets packets through, reload() swaps rules on all workers or none, stop() ends
// the threads and leaves the interfaces as they were. One control thread calls all of it, except
// telemetry, which reads counters from a thread of DPDK.
#pragma once

#include "control/config/schema.h"
#include "dataplane/base/result.h"
#include "dataplane/export/eve_file.h"
#include "dataplane/export/exporter.h"
#include "dataplane/io/dpdk/device.h"
#include "dataplane/io/dpdk/eal.h"
#include "dataplane/io/dpdk/telemetry.h"
#include "dataplane/worker/worker.h"
#include "platform/host/interface_guard.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace sluice::worker {

// What is in force, for status.
struct BundleInfo {
    std::string path;
    std::string name;
    std::uint64_t version = 0;
    std::uint64_t generation = 0;
    std::int64_t expires_at = 0;  // Unix seconds, 0: never
    std::size_t rules = 0;
    std::size_t required_cves = 0;
    std::size_t unmatched_thresholds = 0;  // lines of the site's file about rules that are not here
};

class Appliance {
  public:
    static Result<std::unique_ptr<Appliance>> open(const control::Config& config);

    explicit Appliance(const control::Config& config);
    Appliance(const Appliance&) = delete;
    Appliance& operator=(const Appliance&) = delete;
    ~Appliance();

    Status start();

    // Empty path: the configured bundle. On any error the rules in force stay in force.
    Status reload(const std::string& path);

    // Threads end, events are written, ports closed. Safe to call twice.
    void stop();

    // Every worker has taken a turn since the last call.
    bool healthy();

    // The event file was renamed by an outside tool.
    void reopen_events() { file_.request_reopen(); }

    // JSON texts.
    std::string status_json() const;
    std::string stats_json() const;

    // One line for people.
    std::string summary() const;

  private:
    struct Seat;  // one worker with what belongs to it

    Status open_ports();
    Status make_seats();
    Result<std::unique_ptr<Snapshot>> load(const std::string& path);
    void keep(std::unique_ptr<Snapshot> snapshot, const std::string& path);
    void run_worker(Seat& seat);
    void start_telemetry();
    StatValues total() const;
    StatValues worker_stats(std::size_t worker) const;
    std::string steering() const;
    BundleInfo bundle() const;

    control::Config config_;
    std::chrono::steady_clock::time_point started_;
    std::unique_ptr<io::Eal> eal_;
    platform::InterfaceGuard interfaces_;
    std::unique_ptr<io::Device> device_;
    std::unique_ptr<HandoverMesh> mesh_;
    std::unique_ptr<Snapshot> snapshot_;  // in force
    std::unique_ptr<Snapshot> retired_;   // the one before: freed when there is time
    std::vector<std::unique_ptr<Snapshot>>
        unsettled_;  // taken back; a hung worker may still look at them
    std::unique_ptr<SwapCell<Snapshot>> cell_;
    std::vector<std::unique_ptr<Seat>> seats_;
    exporter::EveFile file_;
    std::unique_ptr<exporter::Exporter> exporter_;
    std::thread exporter_thread_;
    std::unique_ptr<io::Telemetry> telemetry_;
    std::atomic<bool> stop_workers_{false};
    std::atomic<bool> stop_exporter_{false};
    std::atomic<int> attach_failures_{0};
    std::vector<std::uint64_t> beats_;
    std::uint64_t generation_ = 0;
    mutable std::mutex mutex_;  // over bundle_: the control thread writes, telemetry reads
    BundleInfo bundle_;
    bool running_ = false;
};

}  // namespace sluice::worker
