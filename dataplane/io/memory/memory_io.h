// SPDX-License-Identifier: Apache-2.0
// MemoryIo: the backend of tests. Frames are queued with a port and a time and come out in batches;
// what would have been sent is kept for inspection. Owns copies of all frames; a lent frame stays
// where it is until finalize(). Allocates as it pleases: not for production. One thread.
#pragma once

#include "dataplane/io/packet_io.h"

#include <deque>
#include <memory>
#include <vector>

namespace sluice::io {

// One frame that left the box, or that did not.
struct KeptFrame {
    std::vector<std::uint8_t> bytes;
    PortId port;               // where it left; for a dropped frame, where it came in
    Nanos wall;                // zero for injected frames
    std::uint64_t number = 0;  // as received; 0 for injected frames
    packet::Reason reason = packet::Reason::none;
};

class MemoryIo final : public PacketIo {
  public:
    void queue(Bytes frame, PortId port = {}, Nanos wall = {});

    // The next n forwards are refused, as by a full transmit queue.
    void refuse_forwards(std::size_t n) { refuse_forwards_ = n; }

    // inject() fails from now on.
    void refuse_injects(bool refuse) { refuse_injects_ = refuse; }

    void set_batch_size(std::size_t n);

    void receive(packet::Batch& batch) override;
    // The batch stays filled, so that the caller sees who was refused; clear it before the next
    // receive().
    void finalize(packet::Batch& batch) override;
    bool inject(PortId out_port, Bytes frame) override;

    bool exhausted() const override { return queue_.empty(); }

    const std::vector<KeptFrame>& forwarded() const { return forwarded_; }

    const std::vector<KeptFrame>& dropped() const { return dropped_; }

    const std::vector<KeptFrame>& injected() const { return injected_; }

    // Frames received and not finalized yet; zero between batches, or a stage lost one.
    std::size_t lent() const { return lent_.size(); }

  private:
    struct Frame {
        std::vector<std::uint8_t> bytes;
        PortId port;
        Nanos wall;
        std::uint64_t number;
    };

    std::deque<Frame> queue_;
    std::vector<std::unique_ptr<Frame>> lent_;
    std::vector<KeptFrame> forwarded_;
    std::vector<KeptFrame> dropped_;
    std::vector<KeptFrame> injected_;
    std::uint64_t queued_ = 0;
    std::size_t batch_size_ = packet::kBatchSize;
    std::size_t refuse_forwards_ = 0;
    bool refuse_injects_ = false;
};

}  // namespace sluice::io
