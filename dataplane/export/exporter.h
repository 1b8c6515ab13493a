// SPDX-License-Identifier: Apache-2.0
// Exporter: drains the workers' event rings into an EveFile. It holds the models of the last few
// snapshots, so that an event written just before a reload still finds its rule. Owns its copies of
// the model pointers; borrows rings and file, which must outlive it. drain() and run(): exporter
// thread only. remember(): control thread. Workers are never waited for: a full ring is their
// counter (Reason::event_ring_full), a failing file is EveFile's.
#pragma once

#include "dataplane/abi/event.h"
#include "dataplane/export/eve_file.h"
#include "dataplane/export/eve_stats.h"
#include "signatures/bundle/model.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace sluice::exporter {

class Exporter {
  public:
    Exporter(EveFile& file, std::vector<abi::EventRing*> rings,
             std::vector<std::string> interfaces);

    // The model behind a snapshot version; the oldest of more than kModelsKept is let go.
    void remember(std::uint64_t snapshot_version, std::shared_ptr<const bundle::Model> model);

    // The snapshot never came into force: its place is free for one that does.
    void forget(std::uint64_t snapshot_version);

    // Writes what waits in the rings, at most kPerRing of each in turn. Returns how many events
    // that were.
    std::size_t drain();

    // From now on run() also writes a "stats" event every 'interval', and one at its end. Before
    // run(). 'counters' is called by the exporter thread.
    void tell_stats(std::chrono::seconds interval, std::function<StatsList()> counters);

    // drain() until 'stop', then until the rings are empty. Sleeps when there is nothing to do.
    void run(const std::atomic<bool>& stop);

    std::uint64_t events() const { return events_.load(std::memory_order_relaxed); }

  private:
    static constexpr std::size_t kModelsKept = 3;
    static constexpr std::size_t kPerRing = 256;

    struct Remembered {
        std::uint64_t version = 0;
        std::shared_ptr<const bundle::Model> model;
    };

    std::shared_ptr<const bundle::Model> model_of(std::uint64_t version);
    void write_stats();

    EveFile& file_;
    std::vector<abi::EventRing*> rings_;
    std::vector<std::string> interfaces_;
    std::string lines_;
    std::chrono::seconds stats_interval_{0};
    std::function<StatsList()> counters_;  // null: no stats are told
    std::mutex mutex_;                     // over models_: control thread and exporter thread
    std::deque<Remembered> models_;
    std::atomic<std::uint64_t> events_{0};
};

}  // namespace sluice::exporter
