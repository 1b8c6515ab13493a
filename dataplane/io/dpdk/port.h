// SPDX-License-Identifier: Apache-2.0
// DpdkPort: one Ethernet device of DPDK, from its creation to its removal. Owns the device: the
// destructor stops it, puts promiscuous mode back and removes it. Internal to io/dpdk. Main thread.
#pragma once

#include "dataplane/base/result.h"
#include "dataplane/io/dpdk/port_spec.h"

#include <cstdint>
#include <memory>
#include <string>

struct rte_mempool;

namespace sluice::io {

struct PortSetup {
    rte_mempool* pool = nullptr;
    std::uint16_t index = 0;  // makes the DPDK device name unique
    std::uint16_t workers = 1;
    std::uint32_t mtu = 1500;
};

class DpdkPort {
  public:
    // A device that exists but does not run yet. kAfXdp that cannot be had becomes kAfPacket.
    static Result<std::unique_ptr<DpdkPort>> create(const PortSpec& spec, const PortSetup& setup);

    DpdkPort(std::uint16_t id, std::string device, bool is_vdev)
        : id_(id), device_(std::move(device)), is_vdev_(is_vdev) {}

    DpdkPort(const DpdkPort&) = delete;
    DpdkPort& operator=(const DpdkPort&) = delete;
    ~DpdkPort();

    // True when the device says that it can spread flows over 'workers' queues with a key of ours.
    bool can_rss(std::uint16_t workers) const;

    // Configures 'queues' receive and transmit queues and starts.
    Status run(const PortSetup& setup, std::uint16_t queues);

    // After run() with several queues: the device says that it hashes with our key.
    bool took_rss_key() const;

    // May run() again, with another number of queues.
    void stop();

    std::uint16_t id() const { return id_; }

    const std::string& driver() const { return driver_; }

    void set_driver(std::string driver) { driver_ = std::move(driver); }

  private:
    std::uint16_t id_;
    std::string device_;
    bool is_vdev_;
    bool running_ = false;
    std::string driver_;
};

}  // namespace sluice::io
