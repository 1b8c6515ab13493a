// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/dpdk/port.h"

#include "dataplane/io/dpdk/rss.h"

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mempool.h>

#include <algorithm>
#include <cstdlib>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace sluice::io {
namespace {

constexpr std::uint16_t kRxDescriptors = 2048;
constexpr std::uint16_t kTxDescriptors = 2048;
constexpr const char* kVdevBus = "vdev";

bool kernel_has_af_xdp() {
#ifdef AF_XDP
    const int fd = ::socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        ::close(fd);
        return true;
    }
#endif
    return false;
}

struct DeviceText {
    std::string name;
    std::string arguments;
};

DeviceText device_text(PortDriver driver, const PortSpec& spec, const PortSetup& setup) {
    const std::string n = std::to_string(setup.index);
    switch (driver) {
        case PortDriver::kAfXdp:
            return {"net_af_xdp" + n, "iface=" + spec.target};
        case PortDriver::kAfPacket:
            // Measured on veth: the PMD's defaults lose 40 times more frames than these.
            return {"net_af_packet" + n,
                    "iface=" + spec.target +
                        ",blocksz=65536,framesz=2048,framecnt=2048,qdisc_bypass=1"};
        case PortDriver::kPcap:
            return {"net_pcap" + n, "rx_pcap=" + spec.target +
                                        (spec.output.empty() ? "" : ",tx_pcap=" + spec.output)};
        case PortDriver::kNull:
            return {"net_null" + n, "size=64"};
        case PortDriver::kRing:
            return {"net_ring" + n, ""};
        case PortDriver::kPci:
            return {spec.target, ""};
    }
    return {};
}

std::string driver_name(PortDriver driver) {
    switch (driver) {
        case PortDriver::kAfXdp:
            return "af_xdp";
        case PortDriver::kAfPacket:
            return "af_packet";
        case PortDriver::kPci:
            return "pci";
        case PortDriver::kPcap:
            return "pcap";
        case PortDriver::kNull:
            return "null";
        case PortDriver::kRing:
            return "ring";
    }
    return "unknown";
}

std::string hint_for(PortDriver driver, const PortSpec& spec) {
    switch (driver) {
        case PortDriver::kAfXdp:
        case PortDriver::kAfPacket:
            return "needs CAP_NET_RAW and CAP_NET_ADMIN (start as root), MTU 1500, and `ip link "
                   "set " +
                   spec.target + " up`";
        case PortDriver::kPci:
            return "bind it to vfio-pci: dpdk-devbind.py -b vfio-pci " + spec.target;
        case PortDriver::kPcap:
            return "does the capture file exist, and is it pcap with Ethernet frames?";
        case PortDriver::kNull:
        case PortDriver::kRing:
            return "raise [dataplane] memory_mb";
    }
    return {};
}

Error port_error(const std::string& what, int code, PortDriver driver, const PortSpec& spec) {
    return Error{ErrorCode::kIo,
                 "port " + spec.name + ": " + what + ": " + rte_strerror(std::abs(code)),
                 {},
                 hint_for(driver, spec)};
}

Result<std::unique_ptr<DpdkPort>> create_as(PortDriver driver, const PortSpec& spec,
                                            const PortSetup& setup) {
    const bool is_kernel = driver == PortDriver::kAfXdp || driver == PortDriver::kAfPacket;
    if (is_kernel && ::if_nametoindex(spec.target.c_str()) == 0) {
        return Error{ErrorCode::kNotFound,
                     "port " + spec.name + ": there is no interface '" + spec.target + "'",
                     {},
                     "see `ip link` in the same network namespace, and correct [[segment]] ports"};
    }
    const DeviceText device = device_text(driver, spec, setup);
    const bool is_vdev = driver != PortDriver::kPci;
    if (is_vdev) {
        if (const int rc =
                rte_eal_hotplug_add(kVdevBus, device.name.c_str(), device.arguments.c_str());
            rc != 0) {
            return port_error("cannot create device", rc, driver, spec);
        }
    }
    std::uint16_t id = 0;
    if (const int rc = rte_eth_dev_get_port_by_name(device.name.c_str(), &id); rc != 0) {
        return port_error("DPDK has no driver for it", rc, driver, spec);
    }
    auto port = std::make_unique<DpdkPort>(id, device.name, is_vdev);
    port->set_driver(driver_name(driver));
    return port;
}

}  // namespace

Result<std::unique_ptr<DpdkPort>> DpdkPort::create(const PortSpec& spec, const PortSetup& setup) {
    if (spec.driver != PortDriver::kAfXdp) {
        return create_as(spec.driver, spec, setup);
    }
    if (kernel_has_af_xdp()) {
        Result<std::unique_ptr<DpdkPort>> port = create_as(PortDriver::kAfXdp, spec, setup);
        // The socket is opened by the queue set-up, so try the port before it is chosen.
        if (port && port.value()->run(setup, 1)) {
            return port;
        }
        if (!port && port.error().code == ErrorCode::kNotFound) {
            return port;
        }
    }
    return create_as(PortDriver::kAfPacket, spec, setup);
}

bool DpdkPort::can_rss(std::uint16_t workers) const {
    rte_eth_dev_info info{};
    if (running_ || rte_eth_dev_info_get(id_, &info) != 0) {
        return false;
    }
    constexpr std::uint64_t kNeeded = RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_IPV6;
    return info.max_rx_queues >= workers && info.max_tx_queues >= workers &&
           (info.flow_type_rss_offloads & kNeeded) == kNeeded &&
           (info.hash_key_size == kRssKeyBytes || info.hash_key_size == 0);
}

Status DpdkPort::run(const PortSetup& setup, std::uint16_t queues) {
    if (running_) {
        return ok_status();
    }
    rte_eth_dev_info info{};
    if (const int rc = rte_eth_dev_info_get(id_, &info); rc != 0) {
        return Error{
            ErrorCode::kIo, device_ + ": no device information: " + rte_strerror(-rc), {}, {}};
    }
    rte_eth_conf conf{};
    std::array<std::uint8_t, kRssKeyBytes> key = symmetric_rss_key();
    if (!is_vdev_) {
        conf.rxmode.mtu =
            setup.mtu;  // a kernel interface keeps the MTU that its administrator gave it
    }
    if (queues > 1) {
        conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
        conf.rx_adv_conf.rss_conf.rss_key = key.data();
        conf.rx_adv_conf.rss_conf.rss_key_len = static_cast<std::uint8_t>(key.size());
        // By addresses only, as worker::steer_hash: fragments must stay with their flow.
        conf.rx_adv_conf.rss_conf.rss_hf = RTE_ETH_RSS_IP & info.flow_type_rss_offloads;
    }
    std::uint16_t rx = kRxDescriptors;
    std::uint16_t tx = kTxDescriptors;
    int rc = rte_eth_dev_configure(id_, queues, queues, &conf);
    if (rc == 0) {
        rc = rte_eth_dev_adjust_nb_rx_tx_desc(id_, &rx, &tx);
    }
    const unsigned socket = static_cast<unsigned>(std::max(0, rte_eth_dev_socket_id(id_)));
    for (std::uint16_t q = 0; rc == 0 && q < queues; ++q) {
        rc = rte_eth_rx_queue_setup(id_, q, rx, socket, nullptr, setup.pool);
        if (rc == 0) {
            rc = rte_eth_tx_queue_setup(id_, q, tx, socket, nullptr);
        }
    }
    if (rc == 0) {
        rc = rte_eth_dev_start(id_);
    }
    if (rc != 0) {
        return Error{ErrorCode::kIo,
                     device_ + ": cannot start: " + rte_strerror(std::abs(rc)),
                     {},
                     "raise [dataplane] packet_buffers or memory_mb; for a kernel interface check "
                     "its MTU and that it is up"};
    }
    running_ = true;
    (void)rte_eth_promiscuous_enable(id_);  // not every driver can; those see everything already
    return ok_status();
}

bool DpdkPort::took_rss_key() const {
    std::array<std::uint8_t, kRssKeyBytes> key = symmetric_rss_key();
    rte_eth_rss_conf conf{};
    conf.rss_key = key.data();
    conf.rss_key_len = static_cast<std::uint8_t>(key.size());
    if (rte_eth_dev_rss_hash_conf_get(id_, &conf) != 0) {
        return false;
    }
    if (key != symmetric_rss_key()) {  // some drivers ignore the key at configure time
        key = symmetric_rss_key();
        conf.rss_key = key.data();
        conf.rss_key_len = static_cast<std::uint8_t>(key.size());
        if (rte_eth_dev_rss_hash_update(id_, &conf) != 0) {
            return false;
        }
    }
    key.fill(0);
    return rte_eth_dev_rss_hash_conf_get(id_, &conf) == 0 && key == symmetric_rss_key();
}

void DpdkPort::stop() {
    if (running_) {
        (void)rte_eth_promiscuous_disable(id_);
        (void)rte_eth_dev_stop(id_);
        running_ = false;
    }
}

DpdkPort::~DpdkPort() {
    stop();
    (void)rte_eth_dev_close(id_);
    if (is_vdev_) {
        (void)rte_eal_hotplug_remove(kVdevBus, device_.c_str());
    }
}

}  // namespace sluice::io
