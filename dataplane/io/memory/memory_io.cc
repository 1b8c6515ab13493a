// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/memory/memory_io.h"

#include <algorithm>

namespace sluice::io {

void MemoryIo::queue(Bytes frame, PortId port, Nanos wall) {
    queue_.push_back(
        {std::vector<std::uint8_t>(frame.begin(), frame.end()), port, wall, ++queued_});
}

void MemoryIo::set_batch_size(std::size_t n) {
    SLUICE_CHECK(n != 0 && n <= packet::kBatchSize);
    batch_size_ = n;
}

void MemoryIo::receive(packet::Batch& batch) {
    while (batch.size() < batch_size_ && !queue_.empty()) {
        lent_.push_back(std::make_unique<Frame>(std::move(queue_.front())));
        queue_.pop_front();
        Frame& frame = *lent_.back();
        packet::Packet& packet = batch.add();
        packet.data = frame.bytes.data();
        packet.len = static_cast<std::uint32_t>(frame.bytes.size());
        packet.number = frame.number;
        packet.handle = frame.number;
        packet.wall = frame.wall;
        packet.in_port = frame.port;
    }
}

void MemoryIo::finalize(packet::Batch& batch) {
    for (packet::Packet& packet : batch) {
        const auto lent = std::find_if(lent_.begin(), lent_.end(), [&](const auto& frame) {
            return frame->number == packet.handle;
        });
        SLUICE_CHECK(lent != lent_.end());  // finalized twice, or never received
        if (!packet.dropped() && refuse_forwards_ != 0) {
            --refuse_forwards_;
            packet.drop(packet::Reason::tx_full);
        }
        const PortId other{static_cast<std::uint16_t>(packet.in_port.value ^ 1U)};
        KeptFrame kept{{packet.data, packet.data + packet.len},
                       packet.in_port,
                       packet.wall,
                       packet.number,
                       packet.reason};
        if (packet.dropped()) {
            dropped_.push_back(std::move(kept));
        } else {
            kept.port = other;
            forwarded_.push_back(std::move(kept));
        }
        lent_.erase(lent);
    }
}

bool MemoryIo::inject(PortId out_port, Bytes frame) {
    if (refuse_injects_) {
        return false;
    }
    injected_.push_back({{frame.begin(), frame.end()}, out_port, {}, 0, packet::Reason::none});
    return true;
}

}  // namespace sluice::io
