// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/dpdk/dpdk_io.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include <cstring>
#include <time.h>
#include <utility>

namespace sluice::io {
namespace {

constexpr std::uint16_t kPrefetch =
    4;                          // frames ahead: about 4 x 20 ns of work hides one cache miss
constexpr int kTxAttempts = 4;  // a software port may need a second kick to take a whole burst

Nanos wall_clock() {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return Nanos{static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec};
}

std::uint8_t* data_of(rte_mbuf* mbuf) {
    return static_cast<std::uint8_t*>(mbuf->buf_addr) + mbuf->data_off;
}

rte_mbuf* mbuf_of(const packet::Packet& packet) {
    return reinterpret_cast<rte_mbuf*>(packet.handle);
}

}  // namespace

DpdkIo::DpdkIo(std::vector<Queue> queues, rte_mempool* pool, bool finite)
    : queues_(std::move(queues)), lines_(queues_.size()), pool_(pool), finite_(finite) {}

void DpdkIo::receive(packet::Batch& batch) {
    for (std::size_t i = 0; i < queues_.size() && !batch.full(); ++i) {
        receive_from(next_port_, batch);
        next_port_ = next_port_ + 1 == queues_.size() ? 0 : next_port_ + 1;
    }
    silent_polls_ = batch.size() == 0 ? silent_polls_ + 1 : 0;
}

void DpdkIo::receive_from(std::size_t port, packet::Batch& batch) {
    const Queue& queue = queues_[port];
    if (!queue.mine) {
        return;
    }
    std::array<rte_mbuf*, packet::kBatchSize> frames;
    const auto room = static_cast<std::uint16_t>(packet::kBatchSize - batch.size());
    const std::uint16_t n = rte_eth_rx_burst(queue.device, queue.queue, frames.data(), room);
    if (n == 0) {
        return;
    }
    const Nanos wall = wall_clock();
    for (std::uint16_t i = 0; i < kPrefetch && i < n; ++i) {
        rte_prefetch0(data_of(frames[i]));
    }
    for (std::uint16_t i = 0; i < n; ++i) {
        if (i + kPrefetch < n) {
            rte_prefetch0(data_of(frames[i + kPrefetch]));
        }
        rte_mbuf* const mbuf = frames[i];
        packet::Packet& packet = batch.add();
        // Buffers hold a whole frame of the configured MTU. One that is longer still must not be
        // judged by its first part.
        if (mbuf->nb_segs > 1 && rte_pktmbuf_linearize(mbuf) != 0) {
            packet.drop(packet::Reason::frame_too_large);
        }
        packet.data = data_of(mbuf);
        packet.len = mbuf->data_len;
        packet.handle = reinterpret_cast<std::uint64_t>(mbuf);
        packet.number = ++received_;
        packet.wall = wall;
        packet.in_port = PortId{static_cast<std::uint16_t>(port)};
    }
}

void DpdkIo::finalize(packet::Batch& batch) {
    for (packet::Packet& packet : batch) {
        const std::size_t out = packet.in_port.value ^ 1U;
        rte_mbuf* const mbuf = mbuf_of(packet);
        if (packet.dropped()) {
            rte_pktmbuf_free(mbuf);
            continue;
        }
        mbuf->ol_flags = 0;  // receive flags mean other things to a transmit queue
        TxLine& line = lines_[out];
        line.packets[line.count] = &packet;
        line.frames[line.count++] = mbuf;
    }
    for (std::size_t port = 0; port < lines_.size(); ++port) {
        send(port);
    }
}

void DpdkIo::send(std::size_t port) {
    TxLine& line = lines_[port];
    std::uint16_t sent = 0;
    for (int i = 0; i < kTxAttempts && sent < line.count; ++i) {
        const auto left = static_cast<std::uint16_t>(line.count - sent);
        sent = static_cast<std::uint16_t>(sent + rte_eth_tx_burst(queues_[port].device,
                                                                  queues_[port].queue,
                                                                  line.frames.data() + sent, left));
    }
    for (std::uint16_t i = sent; i < line.count; ++i) {
        line.packets[i]->drop(packet::Reason::tx_full);
        rte_pktmbuf_free(line.frames[i]);
    }
    line.count = 0;
}

bool DpdkIo::inject(PortId out_port, Bytes frame) {
    if (out_port.value >= queues_.size() || !queues_[out_port.value].mine) {
        return false;
    }
    rte_mbuf* const mbuf = rte_pktmbuf_alloc(pool_);
    if (mbuf == nullptr) {
        return false;
    }
    char* const room = frame.size() > UINT16_MAX
                           ? nullptr
                           : rte_pktmbuf_append(mbuf, static_cast<std::uint16_t>(frame.size()));
    if (room == nullptr) {
        rte_pktmbuf_free(mbuf);
        return false;
    }
    std::memcpy(room, frame.data(), frame.size());
    rte_mbuf* out = mbuf;
    const Queue& queue = queues_[out_port.value];
    if (rte_eth_tx_burst(queue.device, queue.queue, &out, 1) != 1) {
        rte_pktmbuf_free(mbuf);
        return false;
    }
    return true;
}

bool DpdkIo::exhausted() const {
    return finite_ && silent_polls_ >= kSilentPolls;
}

}  // namespace sluice::io
