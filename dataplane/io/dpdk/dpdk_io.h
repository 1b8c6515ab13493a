// SPDX-License-Identifier: Apache-2.0
// DpdkIo: PacketIo over DPDK queues, for one worker. A packet's handle is its mbuf and its bytes
// are the mbuf's data, in one piece. It polls the queues it owns in turn, so that no port starves
// another. Owns no memory beyond its arrays; the pool and the ports belong to Device. No allocation
// after construction. One worker thread, known to DPDK (Eal::attach_thread).
#pragma once

#include "dataplane/io/packet_io.h"

#include <array>
#include <cstdint>
#include <vector>

struct rte_mbuf;
struct rte_mempool;

namespace sluice::io {

class DpdkIo final : public PacketIo {
  public:
    struct Queue {
        std::uint16_t device = 0;  // DPDK port id
        std::uint16_t queue = 0;
        bool mine = true;  // this worker receives from it and sends to it
    };

    // 'queues' by our port id. 'finite': ports are capture files, so silence is the end.
    DpdkIo(std::vector<Queue> queues, rte_mempool* pool, bool finite);

    void receive(packet::Batch& batch) override;
    void finalize(packet::Batch& batch) override;
    bool inject(PortId out_port, Bytes frame) override;
    bool exhausted() const override;

  private:
    static constexpr unsigned kSilentPolls =
        64;  // a capture port that gave nothing so often has ended

    struct TxLine {
        std::array<rte_mbuf*, packet::kBatchSize> frames{};
        std::array<packet::Packet*, packet::kBatchSize> packets{};
        std::uint16_t count = 0;
    };

    void receive_from(std::size_t port, packet::Batch& batch);
    void send(std::size_t port);

    std::vector<Queue> queues_;
    std::vector<TxLine> lines_;  // by our port id
    rte_mempool* pool_;
    bool finite_;
    std::size_t next_port_ = 0;
    unsigned silent_polls_ = 0;
    std::uint64_t received_ = 0;
};

}  // namespace sluice::io
