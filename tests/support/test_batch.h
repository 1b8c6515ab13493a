// SPDX-License-Identifier: Apache-2.0
// TestBatch: a batch whose frames it owns, for tests of one stage: add frames, run the stage over
// batch(), look at packets. Frames stay where they are until the batch goes. Allocates. One thread.
#pragma once

#include "dataplane/decode/decode_stage.h"
#include "dataplane/packet/batch.h"
#include "tests/support/packet_builder.h"

#include <list>

namespace sluice::test {

class TestBatch {
  public:
    packet::Packet& add(Frame frame, PortId port = {}, Nanos wall = {}) {
        frames_.push_back(std::move(frame));
        packet::Packet& packet = batch_.add();
        packet.data = frames_.back().data();
        packet.len = static_cast<std::uint32_t>(frames_.back().size());
        packet.number = ++number_;
        packet.wall = wall;
        packet.in_port = port;
        return packet;
    }

    packet::Packet& add(const PacketBuilder& builder, PortId port = {}, Nanos wall = {}) {
        return add(builder.build(), port, wall);
    }

    // Runs decode over all packets, dropping what is malformed; the counters of what it said.
    packet::ReasonCounters decode(const decode::DecodeConfig& config = {}) {
        packet::ReasonCounters reasons{};
        decode::DecodeStage(config).process(batch_, reasons);
        return reasons;
    }

    void clear() {
        batch_.clear();
        frames_.clear();
    }

    packet::Batch& batch() { return batch_; }

    packet::Packet& operator[](std::size_t i) { return batch_[i]; }

  private:
    std::list<Frame> frames_;
    packet::Batch batch_;
    std::uint64_t number_ = 0;
};

}  // namespace sluice::test
