// SPDX-License-Identifier: Apache-2.0
// Worker: one packet thread: receive, process, finalize, send our own frames, keep house. Reads the
// clock once per batch and hands it down. Takes a new snapshot between batches, never within one.
// Owns its pipeline, batch and counters; borrows I/O, snapshot cell and event ring. run(): the
// worker's thread. stats(): any thread.
#pragma once

#include "dataplane/abi/event.h"
#include "dataplane/io/packet_io.h"
#include "dataplane/pipeline/pipeline.h"
#include "dataplane/worker/handover.h"
#include "dataplane/worker/snapshot.h"
#include "dataplane/worker/stats.h"
#include "dataplane/worker/swap_cell.h"

#include <atomic>
#include <cstdint>

namespace sluice::worker {

struct WorkerSetup {
    std::uint16_t id = 0;
    io::PacketIo* io = nullptr;
    HandoverIo* handover = nullptr;  // the same object as io, when packets are handed over
    SwapCell<Snapshot>* snapshots = nullptr;
    abi::EventRing* events = nullptr;
    bool sleep_when_idle = true;
};

class Worker {
  public:
    Worker(const WorkerSetup& setup, const pipeline::PipelineConfig& config);
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    // Until 'stop', then until nothing handed over is left and every flow is ended. Returns early
    // when the input has ended.
    void run(const std::atomic<bool>& stop);

    const WorkerStats& stats() const { return published_; }

  private:
    void take_snapshot();
    void step();
    void process_batch(const Now& now);
    void send_own_frames();
    void keep_house(const Now& now);
    void idle();
    void publish();
    void finish();

    WorkerSetup setup_;
    pipeline::Pipeline pipeline_;
    packet::Batch batch_;
    const Snapshot* snapshot_ = nullptr;
    packet::ReasonCounters io_reasons_{};  // what happened outside the pipeline
    std::uint64_t batches_ = 0;
    std::uint64_t resets_lost_ = 0;
    std::uint64_t tx_lost_ = 0;  // judged forward, lost behind the pipeline
    Nanos last_publish_;
    unsigned idle_polls_ = 0;
    WorkerStats published_;
};

}  // namespace sluice::worker
