// SPDX-License-Identifier: Apache-2.0
// Eal: DPDK's environment, started once per process. Ports are an allow-list (design decision 2):
// EAL probes exactly the configured PCI addresses, or none. Owns DPDK's memory and service threads.
// start() and the destructor: main thread.
#pragma once

#include "dataplane/base/result.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace sluice::io {

enum class HugepageUse : std::uint8_t { kAuto, kOn, kOff };

struct EalConfig {
    std::vector<std::string> pci_allow;  // "0000:01:00.0"; empty: no PCI device is looked at
    std::uint32_t memory_mb = 256;
    HugepageUse hugepages = HugepageUse::kAuto;
    std::string file_prefix = "sluice";
    std::string runtime_dir;  // parent of DPDK's own directory, for its telemetry socket; empty:
                              // DPDK's default
    bool telemetry = true;
};

class Eal {
  public:
    static Result<std::unique_ptr<Eal>> start(const EalConfig& config);

    explicit Eal(bool hugepages) : hugepages_(hugepages) {}

    Eal(const Eal&) = delete;
    Eal& operator=(const Eal&) = delete;
    ~Eal();

    bool hugepages() const { return hugepages_; }

    // A thread that touches packets must be known to DPDK for its mempool cache. False: no room for
    // one more.
    static bool attach_thread();
    static void detach_thread();

  private:
    bool hugepages_;
};

// What rte_eal_init is given, without the program's name. 'cpus': those this process may use.
std::vector<std::string> eal_arguments(const EalConfig& config, bool hugepages,
                                       const std::vector<unsigned>& cpus);

}  // namespace sluice::io
