// SPDX-License-Identifier: Apache-2.0
// Hand-over between workers, for ports whose queues do not keep a flow together. HandoverIo wraps a
// worker's own PacketIo: what it receives is given to the worker that steer_hash names, over an
// SPSC ring, and comes back with its verdict to be finalized where it was received. So a port is
// only ever touched by its owner, a frame only finalized by the backend that lent it, and a flow
// only seen by one worker. HandoverMesh owns the rings; everything is sized at construction. Each
// HandoverIo belongs to one worker thread. Policy when a ring is full: the packet is dropped,
// Reason::handover_ring_full.
#pragma once

#include "dataplane/base/spsc_ring.h"
#include "dataplane/io/packet_io.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace sluice::worker {

// A lent frame on its way to another worker, or back with its verdict.
struct HandedFrame {
    std::uint8_t* data = nullptr;
    std::uint32_t len = 0;
    std::uint64_t handle = 0;
    std::uint64_t number = 0;
    Nanos wall;
    PortId in_port;
    packet::Verdict verdict = packet::Verdict::kForward;
    packet::Reason reason = packet::Reason::none;
};

struct InjectedFrame {
    static constexpr std::size_t kCapacity = 256;

    std::array<std::uint8_t, kCapacity> bytes{};
    std::uint16_t len = 0;
    PortId port;
};

class HandoverMesh {
  public:
    static constexpr std::size_t kRing = 4096;
    static constexpr std::size_t kInjectRing = 256;

    explicit HandoverMesh(std::uint16_t workers);

    std::uint16_t workers() const { return workers_; }

    SpscRing<HandedFrame>& work(std::size_t from, std::size_t to) {
        return *work_[from * workers_ + to];
    }

    SpscRing<HandedFrame>& back(std::size_t from, std::size_t to) {
        return *back_[from * workers_ + to];
    }

    SpscRing<InjectedFrame>& inject(std::size_t from, std::size_t to) {
        return *inject_[from * workers_ + to];
    }

    // How many workers will not hand over anything more.
    std::atomic<std::uint32_t> quiet{0};

  private:
    std::uint16_t workers_;
    std::vector<std::unique_ptr<SpscRing<HandedFrame>>> work_;
    std::vector<std::unique_ptr<SpscRing<HandedFrame>>> back_;
    std::vector<std::unique_ptr<SpscRing<InjectedFrame>>> inject_;
};

class HandoverIo final : public io::PacketIo {
  public:
    // 'owner': the worker that receives from and sends to each port, by port id. All are borrowed.
    HandoverIo(io::PacketIo& inner, HandoverMesh& mesh, std::uint16_t self,
               std::vector<std::uint16_t> owner);

    void receive(packet::Batch& batch) override;
    void finalize(packet::Batch& batch) override;
    bool inject(PortId out_port, Bytes frame) override;

    bool exhausted() const override { return inner_.exhausted() && in_flight_total_ == 0; }

    // From now on receive() brings only what other workers hand over.
    void stop_receiving();

    // After stop_receiving(): nothing of ours is out, nothing of others is in.
    bool drained() const;

    // Losses that no packet of this worker's batches shows: hand-over refused, returned frame not
    // sent.
    const packet::ReasonCounters& reasons() const { return reasons_; }

    std::uint64_t handed_over() const { return handed_over_; }

    // Frames judged by other workers that the device refused to send.
    std::uint64_t tx_lost() const { return tx_lost_; }

  private:
    void take_handed(packet::Batch& batch);
    void take_own(packet::Batch& batch);
    void settle_returned();
    void send_injected();
    void finalize_inner(packet::Batch& batch);

    io::PacketIo& inner_;
    HandoverMesh& mesh_;
    std::size_t self_;
    std::vector<std::uint16_t> owner_;
    std::vector<std::size_t>
        in_flight_;  // frames of ours out at each worker; never more than a ring holds
    std::size_t in_flight_total_ = 0;
    packet::Batch own_;       // as received, before they are told apart
    packet::Batch returned_;  // back with a verdict, or refused
    packet::Batch local_;     // of a finished batch, those that we received
    std::array<std::size_t, packet::kBatchSize> local_index_{};
    packet::ReasonCounters reasons_{};
    std::uint64_t handed_over_ = 0;
    std::uint64_t tx_lost_ = 0;
    bool own_first_ = false;
    bool stopped_ = false;
};

}  // namespace sluice::worker
