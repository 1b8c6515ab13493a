// SPDX-License-Identifier: Apache-2.0
#include "dataplane/worker/worker.h"

#include "dataplane/base/check.h"

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
    StatValues v;
    const pipeline::PipelineStats& p = pipeline_.stats();
    v[Stat::packets] = p.packets;
    v[Stat::bytes] = p.bytes;
    v[Stat::forwarded] = p.forwarded;
    v[Stat::dropped] = p.dropped;
    v[Stat::batches] = batches_;
    const verdict::VerdictStats& verdicts = pipeline_.verdicts().stats();
    v[Stat::alerts] = verdicts.alerts;
    v[Stat::alerts_suppressed] = verdicts.suppressed;
    v[Stat::flows_blocked] = verdicts.flows_blocked;
    v[Stat::flows_passed] = verdicts.flows_passed;
    v[Stat::resets] = verdicts.resets;
    v[Stat::resets_lost] = verdicts.resets_lost + resets_lost_;
    const flow::FlowStats flows = pipeline_.flows().stats();
    v[Stat::flows_created] = flows.created;
    v[Stat::flows_ended] = flows.ended;
    v[Stat::flows_timed_out] = flows.timed_out;
    v[Stat::flows_evicted] = flows.evicted;
    v[Stat::flows_active] = flows.active;
    const stream::StreamStats streams = pipeline_.streams().stats();
    v[Stat::stream_segments] = streams.segments;
    v[Stat::stream_bytes_inspected] = streams.bytes_inspected;
    v[Stat::stream_bytes_uninspected] = streams.bytes_uninspected;
    v[Stat::stream_bytes_encrypted] = pipeline_.stats().encrypted_bytes;
    v[Stat::stream_out_of_order] = streams.ooo_segments;
    v[Stat::stream_gaps] = streams.gaps;
    v[Stat::streams_active] = streams.streams;
    v[Stat::held_bytes] = streams.held_bytes;
    v[Stat::syn_data_flows] = streams.syn_data_flows;
    const defrag::DefragStats fragments = pipeline_.fragments().stats();
    v[Stat::fragment_datagrams] = fragments.datagrams;
    v[Stat::fragment_blocks] = fragments.blocks;
    const pipeline::Uninspected missed = pipeline_.uninspected();
    v[Stat::uninspected_packets] = missed.packets;
    v[Stat::uninspected_bytes] = missed.bytes;
    v[Stat::trusted_packets] = p.trusted_packets;
    v[Stat::trusted_bytes] = p.trusted_bytes;
    v[Stat::not_ip_packets] = p.not_ip_packets;
    v[Stat::not_ip_bytes] = p.not_ip_bytes;
    v.exceptions = pipeline_.exceptions();
    for (std::size_t i = 0; i < packet::kReasonCount; ++i) {
        v.reasons[i] = pipeline_.reasons()[i] + io_reasons_[i];
    }
    if (setup_.handover != nullptr) {
        v[Stat::handed_over] = setup_.handover->handed_over();
        for (std::size_t i = 0; i < packet::kReasonCount; ++i) {
            v.reasons[i] += setup_.handover->reasons()[i];
        }
    }
    published_.publish(v);
}

}  // namespace sluice::worker
