// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/dpdk/device.h"

#include "dataplane/io/dpdk/dpdk_io.h"
#include "dataplane/io/dpdk/port.h"
#include "dataplane/io/dpdk/rss.h"

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <algorithm>
#include <utility>

namespace sluice::io {
namespace {

constexpr unsigned kPoolCache = 256;
constexpr std::uint32_t kFrameOverhead = 14 + 8 + 4;  // Ethernet, two VLAN tags, FCS

// A frame always fits one buffer, so that stages see it in one piece.
std::uint16_t buffer_bytes(std::uint32_t mtu) {
    const std::uint32_t needed = RTE_PKTMBUF_HEADROOM + mtu + kFrameOverhead;
    return static_cast<std::uint16_t>(std::max<std::uint32_t>(RTE_MBUF_DEFAULT_BUF_SIZE, needed));
}

Status run_ports(std::vector<std::unique_ptr<DpdkPort>>& ports, const PortSetup& setup,
                 std::uint16_t queues) {
    for (const std::unique_ptr<DpdkPort>& port : ports) {
        if (Status started = port->run(setup, queues); !started) {
            return started;
        }
    }
    return ok_status();
}

}  // namespace

Result<std::unique_ptr<Device>> Device::open(const DeviceConfig& config) {
    if (config.ports.empty() || config.ports.size() % 2 != 0 || config.workers == 0) {
        return Error{ErrorCode::kInvalid,
                     "a device has two ports per segment and at least one worker",
                     {},
                     {}};
    }
    static unsigned pools = 0;  // names are never used twice; main thread only
    const std::string name = "sluice-" + std::to_string(pools++);
    rte_mempool* const pool =
        rte_pktmbuf_pool_create(name.c_str(), config.packet_buffers, kPoolCache, 0,
                                buffer_bytes(config.mtu), SOCKET_ID_ANY);
    if (pool == nullptr) {
        return Error{ErrorCode::kExhausted,
                     std::string("no memory for packet buffers: ") + rte_strerror(rte_errno),
                     {},
                     "raise [dataplane] memory_mb or lower packet_buffers"};
    }
    PortSetup setup{pool, 0, config.workers, config.mtu};
    std::vector<std::unique_ptr<DpdkPort>> ports;
    // Built first, so that every early return closes the ports before it frees their memory.
    auto device = std::make_unique<Device>(config, pool, std::move(ports), false);
    for (const PortSpec& spec : config.ports) {
        Result<std::unique_ptr<DpdkPort>> port = DpdkPort::create(spec, setup);
        if (!port) {
            return port.error();
        }
        device->ports_.push_back(std::move(port.value()));
        ++setup.index;
    }
    if (Status started = device->start(setup); !started) {
        return started.error();
    }
    return device;
}

// Symmetric RSS when every port offers it and, once running, says that it took the key; one queue a
// port otherwise.
Status Device::start(const PortSetup& setup) {
    const std::uint16_t workers = config_.workers;
    const auto every = [this](auto holds) {
        return std::all_of(ports_.begin(), ports_.end(), holds);
    };
    rss_ = workers == 1;
    if (rss_ || !rss_key_is_symmetric(symmetric_rss_key()) ||
        !every([&](const auto& p) { return p->can_rss(workers); })) {
        return run_ports(ports_, setup, 1);
    }
    if (Status started = run_ports(ports_, setup, workers);
        started && every([](const auto& p) { return p->took_rss_key(); })) {
        rss_ = true;
        return started;
    }
    for (const std::unique_ptr<DpdkPort>& port : ports_) {
        port->stop();
    }
    return run_ports(ports_, setup, 1);
}

Device::Device(const DeviceConfig& config, rte_mempool* pool,
               std::vector<std::unique_ptr<DpdkPort>> ports, bool rss)
    : config_(config), pool_(pool), ports_(std::move(ports)), rss_(rss) {}

Device::~Device() {
    ports_.clear();
    rte_mempool_free(pool_);
}

std::unique_ptr<PacketIo> Device::io_for(std::uint16_t worker) const {
    std::vector<DpdkIo::Queue> queues;
    for (std::size_t i = 0; i < ports_.size(); ++i) {
        const PortId id{static_cast<std::uint16_t>(i)};
        const bool mine = rss_ || owner_of(id) == worker;
        queues.push_back({ports_[i]->id(), rss_ ? worker : std::uint16_t{0}, mine});
    }
    const bool replay =
        std::all_of(config_.ports.begin(), config_.ports.end(),
                    [](const PortSpec& p) { return p.driver == PortDriver::kPcap; });
    return std::make_unique<DpdkIo>(std::move(queues), pool_, replay);
}

std::vector<PortCounters> Device::counters() const {
    std::vector<PortCounters> out;
    for (std::size_t i = 0; i < ports_.size(); ++i) {
        rte_eth_stats stats{};
        (void)rte_eth_stats_get(ports_[i]->id(), &stats);
        out.push_back({config_.ports[i].name, ports_[i]->driver(), stats.ipackets, stats.ibytes,
                       stats.imissed + stats.rx_nombuf, stats.opackets, stats.obytes,
                       stats.oerrors});
    }
    return out;
}

}  // namespace sluice::io
