// SPDX-License-Identifier: Apache-2.0
// Device: all ports of the appliance and the memory behind them, for a fixed number of workers.
// Ports 2k and 2k+1 are segment k. When every port can keep both directions of a flow on one queue
// by itself (symmetric RSS), worker w polls queue w of each; otherwise segment k belongs to worker
// k % workers, and the workers must hand packets over (dataplane/worker/handover.h). Owns ports and
// packet memory; needs a started Eal. Main thread.
#pragma once

#include "dataplane/base/result.h"
#include "dataplane/io/dpdk/port_spec.h"
#include "dataplane/io/packet_io.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

struct rte_mempool;

namespace sluice::io {

class DpdkPort;
struct PortSetup;

struct DeviceConfig {
    std::vector<PortSpec> ports;  // two per segment
    std::uint16_t workers = 1;
    std::uint32_t packet_buffers = 16384;
    std::uint32_t mtu = 1500;
};

struct PortCounters {
    std::string name;
    std::string driver;
    std::uint64_t rx_packets = 0;
    std::uint64_t rx_bytes = 0;
    std::uint64_t rx_missed = 0;  // lost before us: no buffer, or the ring was full
    std::uint64_t tx_packets = 0;
    std::uint64_t tx_bytes = 0;
    std::uint64_t tx_errors = 0;
};

class Device {
  public:
    static Result<std::unique_ptr<Device>> open(const DeviceConfig& config);

    Device(const DeviceConfig& config, rte_mempool* pool,
           std::vector<std::unique_ptr<DpdkPort>> ports, bool rss);
    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;
    ~Device();

    // True: a worker sees every packet of its flows; false: packets must be handed over.
    bool steers_flows() const { return rss_; }

    // Who receives from and sends to a port, when flows are not steered.
    std::uint16_t owner_of(PortId port) const {
        return static_cast<std::uint16_t>((port.value / 2U) % config_.workers);
    }

    // The PacketIo of one worker; to be used by that worker's thread only, and gone before the
    // Device.
    std::unique_ptr<PacketIo> io_for(std::uint16_t worker) const;

    std::vector<PortCounters> counters() const;

  private:
    Status start(const PortSetup& setup);

    DeviceConfig config_;
    rte_mempool* pool_;
    std::vector<std::unique_ptr<DpdkPort>> ports_;
    bool rss_;
};

}  // namespace sluice::io
