// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/dpdk/eal.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_log.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sched.h>
#include <sys/resource.h>
#include <utility>

namespace sluice::io {
namespace {

std::vector<unsigned> allowed_cpus() {
    std::vector<unsigned> cpus;
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof(set), &set) == 0) {
        for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
            if (CPU_ISSET(cpu, &set)) {
                cpus.push_back(cpu);
            }
        }
    }
    return cpus;
}

// Megabytes in free hugepages of any size.
std::uint64_t free_hugepage_mb() {
    std::uint64_t total = 0;
    std::error_code ignored;
    for (const auto& entry :
         std::filesystem::directory_iterator("/sys/kernel/mm/hugepages", ignored)) {
        const std::string name = entry.path().filename().string();  // hugepages-2048kB
        const std::size_t dash = name.find('-');
        std::ifstream in(entry.path() / "free_hugepages");
        std::uint64_t pages = 0;
        if (dash != std::string::npos && in >> pages) {
            total += pages * (std::strtoull(name.c_str() + dash + 1, nullptr, 10) / 1024);
        }
    }
    return total;
}

// AF_XDP pins packet memory; without this the default limit (8 MB) refuses it for a process without
// CAP_IPC_LOCK.
void lift_memlock_limit() {
    rlimit limit{RLIM_INFINITY, RLIM_INFINITY};
    (void)setrlimit(RLIMIT_MEMLOCK, &limit);  // refused without rights; AF_XDP then says so itself
}

}  // namespace

std::vector<std::string> eal_arguments(const EalConfig& config, bool hugepages,
                                       const std::vector<unsigned>& cpus) {
    std::vector<std::string> args;
    if (config.pci_allow.empty()) {
        args.emplace_back("--no-pci");
    }
    for (const std::string& address : config.pci_allow) {
        args.emplace_back("-a");
        args.push_back(address);
    }
    // One lcore for the main thread, free to float; workers are threads of ours.
    std::string list;
    for (const unsigned cpu : cpus) {
        list += (list.empty() ? "" : ",") + std::to_string(cpu);
    }
    args.push_back("--lcores=0@(" + (list.empty() ? std::string("0") : list) + ")");
    args.emplace_back(hugepages ? "--in-memory" : "--no-huge");  // the two exclude each other
    args.emplace_back("-m");
    args.push_back(std::to_string(config.memory_mb));
    args.push_back("--file-prefix=" + config.file_prefix);
    args.emplace_back("--log-level=lib.eal:warning");
    if (!config.telemetry) {
        args.emplace_back("--no-telemetry");
    }
    return args;
}

Result<std::unique_ptr<Eal>> Eal::start(const EalConfig& config) {
    bool hugepages = config.hugepages == HugepageUse::kOn;
    if (config.hugepages == HugepageUse::kAuto) {
        hugepages = free_hugepage_mb() >= config.memory_mb;
    }
    lift_memlock_limit();
    if (!config.runtime_dir.empty()) {
        ::setenv("RUNTIME_DIRECTORY", config.runtime_dir.c_str(), 1);
    }
    std::vector<std::string> args = eal_arguments(config, hugepages, allowed_cpus());
    args.insert(args.begin(), "sluice-dataplane");
    std::vector<char*> argv;
    argv.reserve(args.size() + 1);
    for (std::string& arg : args) {
        argv.push_back(arg.data());
    }
    argv.push_back(nullptr);
    if (rte_eal_init(static_cast<int>(args.size()), argv.data()) < 0) {
        return Error{
            ErrorCode::kIo,
            std::string("DPDK did not start: ") + rte_strerror(rte_errno),
            {},
            hugepages
                ? "free more hugepages, or set [dataplane] hugepages = \"off\""
                : "see the EAL message above; lower [dataplane] memory_mb if memory is short"};
    }
    return std::make_unique<Eal>(hugepages);
}

Eal::~Eal() {
    (void)rte_eal_cleanup();
}

bool Eal::attach_thread() {
    return rte_thread_register() == 0;
}

void Eal::detach_thread() {
    rte_thread_unregister();
}

}  // namespace sluice::io
