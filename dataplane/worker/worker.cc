// SPDX-License-Identifier: Apache-2.0
#include "dataplane/worker/worker.h"

#include "dataplane/base/check.h"
#include "dataplane/worker/pipeline_stats.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace sluice::worker {
namespace {

constexpr std::size_t kExpireBudget = 32;  // flows per batch: about a microsecond
constexpr Nanos kPublishEvery = millis(5);
constexpr unsigned kSpinPolls = 512;  // polls without a packet before the first nap
constexpr unsigned kLongIdlePolls = 4096;
constexpr auto kShortNap = std::chrono::microseconds(20);
constexpr auto kLongNap = std::chrono::microseconds(200);
constexpr auto kDrainTime = std::chrono::milliseconds(500);

Now read_clock() {
    using std::chrono::duration_cast;
    using std::chrono::nanoseconds;
    return {Nanos{duration_cast<nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
                      .count()},
            Nanos{duration_cast<nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
                      .count()}};
}

}  // namespace

Worker::Worker(const WorkerSetup& setup, const pipeline::PipelineConfig& config)
    : setup_(setup), pipeline_(config, *setup.events) {}

void Worker::run(const std::atomic<bool>& stop) {
    while (!stop.load(std::memory_order_relaxed)) {
        step();
    }
    finish();
}

void Worker::step() {
    take_snapshot();
    batch_.clear();
    setup_.io->receive(batch_);
    const Now now = read_clock();
    const bool busy = batch_.size() != 0;
    if (busy) {
        process_batch(now);
        idle_polls_ = 0;
    }
    keep_house(now);
    if (!busy) {
        idle();
    }
}

void Worker::take_snapshot() {
    const Snapshot* const next = setup_.snapshots->poll(setup_.id);
    if (next != snapshot_) {
        snapshot_ = next;
        pipeline_.install(*next->ruleset, *next->scratch[setup_.id]);
        setup_.snapshots->adopted(setup_.id, next);
    }
}

void Worker::process_batch(const Now& now) {
    ++batches_;
    for (const packet::Packet& p : batch_) {
        if (p.dropped()) {
            packet::count(io_reasons_, p.reason);  // by the backend, before us
        }
    }
    pipeline_.process(batch_, now);
    setup_.io->finalize(batch_);
    for (const packet::Packet& p : batch_) {
        if (p.dropped() && p.reason == packet::Reason::tx_full) {
            packet::count(io_reasons_, packet::Reason::tx_full);
            ++tx_lost_;
        }
    }
    send_own_frames();
}

void Worker::send_own_frames() {
    verdict::OutQueue& out = pipeline_.out();
    for (const verdict::OutFrame& frame : out) {
        if (!setup_.io->inject(frame.port, {frame.bytes.data(), frame.len})) {
            ++resets_lost_;
        }
    }
    out.clear();
}

void Worker::keep_house(const Now& now) {
    pipeline_.expire(now, kExpireBudget);
    if (now.time - last_publish_ >= kPublishEvery) {
        last_publish_ = now.time;
        publish();
    }
}

void Worker::idle() {
    ++idle_polls_;
    if (!setup_.sleep_when_idle || idle_polls_ < kSpinPolls) {
        return;
    }
    std::this_thread::sleep_for(idle_polls_ < kLongIdlePolls ? kShortNap : kLongNap);
}

void Worker::finish() {
    if (setup_.handover != nullptr) {
        setup_.handover->stop_receiving();
        const auto until = std::chrono::steady_clock::now() + kDrainTime;
        while (!setup_.handover->drained() && std::chrono::steady_clock::now() < until) {
            step();
        }
    }
    pipeline_.end_all(read_clock());
    send_own_frames();
    publish();
}

void Worker::publish() {
    StatValues v = values_of(pipeline_);
    v[Stat::batches] = batches_;
    v[Stat::resets_lost] += resets_lost_;
    v[Stat::tx_lost] = tx_lost_;
    for (std::size_t i = 0; i < packet::kReasonCount; ++i) {
        v.reasons[i] += io_reasons_[i];
    }
    if (setup_.handover != nullptr) {
        v[Stat::handed_over] = setup_.handover->handed_over();
        v[Stat::tx_lost] += setup_.handover->tx_lost();
        for (std::size_t i = 0; i < packet::kReasonCount; ++i) {
            v.reasons[i] += setup_.handover->reasons()[i];
        }
    }
    published_.publish(v);
}

}  // namespace sluice::worker
