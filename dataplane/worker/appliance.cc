// SPDX-License-Identifier: Apache-2.0
#include "dataplane/worker/appliance.h"

#include "dataplane/site/site.h"
#include "dataplane/worker/loader.h"
#include "dataplane/worker/pipeline_stats.h"
#include "dataplane/worker/steer.h"

#include <algorithm>
#include <filesystem>
#include <pthread.h>
#include <sched.h>
#include <sys/random.h>
#include <unistd.h>
#include <utility>

namespace sluice::worker {
namespace {

std::uint64_t random_seed() {
    std::uint64_t seed = 0;
    if (::getrandom(&seed, sizeof(seed), 0) != static_cast<ssize_t>(sizeof(seed))) {
        seed =
            static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
    }
    return seed;
}

io::PortDriver driver_of(control::PortKind kind) {
    switch (kind) {
        case control::PortKind::kAfXdp:
            return io::PortDriver::kAfXdp;
        case control::PortKind::kAfPacket:
            return io::PortDriver::kAfPacket;
        case control::PortKind::kPci:
            return io::PortDriver::kPci;
        case control::PortKind::kPcap:
            return io::PortDriver::kPcap;
        case control::PortKind::kNull:
            return io::PortDriver::kNull;
        case control::PortKind::kRing:
            return io::PortDriver::kRing;
    }
    return io::PortDriver::kNull;
}

bool is_kernel_interface(control::PortKind kind) {
    return kind == control::PortKind::kAfXdp || kind == control::PortKind::kAfPacket;
}

io::HugepageUse hugepages_of(control::Hugepages h) {
    switch (h) {
        case control::Hugepages::kAuto:
            return io::HugepageUse::kAuto;
        case control::Hugepages::kOn:
            return io::HugepageUse::kOn;
        case control::Hugepages::kOff:
            return io::HugepageUse::kOff;
    }
    return io::HugepageUse::kAuto;
}

void pin_to(std::uint32_t core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    (void)pthread_setaffinity_np(pthread_self(), sizeof(set), &set);  // checked before start
}

std::vector<std::string> port_names(const control::Config& config) {
    std::vector<std::string> names;
    for (const control::Segment& segment : config.segments) {
        for (const control::Port& port : segment.ports) {
            names.push_back(port.target.empty() ? port.text : port.target);
        }
    }
    return names;
}

}  // namespace

struct Appliance::Seat {
    explicit Seat(std::size_t ring_entries) : events(ring_entries) {}

    std::uint16_t id = 0;
    abi::EventRing events;
    std::unique_ptr<io::PacketIo> device_io;
    std::unique_ptr<HandoverIo> handover;
    std::unique_ptr<Worker> worker;
    std::thread thread;
};

Result<std::unique_ptr<Appliance>> Appliance::open(const control::Config& config) {
    auto appliance = std::make_unique<Appliance>(config);
    if (Status ports = appliance->open_ports(); !ports) {
        return ports.error();
    }
    return appliance;
}

Appliance::Appliance(const control::Config& config)
    : config_(config),
      started_(std::chrono::steady_clock::now()),
      file_({config.events.path, config.events.rotate_bytes, config.events.rotate_keep}) {}

Appliance::~Appliance() {
    stop();
}

Status Appliance::open_ports() {
    io::EalConfig eal;
    eal.memory_mb = config_.dataplane.memory_mb;
    eal.hugepages = hugepages_of(config_.dataplane.hugepages);
    eal.runtime_dir = config_.dataplane.runtime_dir;
    io::DeviceConfig device;
    device.workers = static_cast<std::uint16_t>(config_.dataplane.workers);
    device.packet_buffers = config_.dataplane.packet_buffers;
    device.mtu = config_.dataplane.mtu;
    for (const control::Segment& segment : config_.segments) {
        for (const control::Port& port : segment.ports) {
            device.ports.push_back({driver_of(port.kind), port.target, port.output, port.text});
            if (port.kind == control::PortKind::kPci) {
                eal.pci_allow.push_back(port.target);
            }
            if (is_kernel_interface(port.kind)) {
                if (Status known = interfaces_.remember(port.target); !known) {
                    return known;
                }
            }
        }
    }
    Result<std::unique_ptr<io::Eal>> started = io::Eal::start(eal);
    if (!started) {
        return started.error();
    }
    eal_ = std::move(started).value();
    Result<std::unique_ptr<io::Device>> opened = io::Device::open(device);
    if (!opened) {
        return opened.error();
    }
    device_ = std::move(opened).value();
    return ok_status();
}

Status Appliance::make_seats() {
    pipeline::PipelineConfig pipeline = site::pipeline_config(config_);
    pipeline.flow.hash_seed = random_seed();
    pipeline.defrag.hash_seed = random_seed();
    // One table for all workers: the flows of a host are spread over them.
    pipeline.detect.host_bits =
        std::make_shared<detect::HostBits>(pipeline.detect.host_bit_entries, random_seed());
    pipeline.verdict.host_tags = verdict::make_host_tags(random_seed());
    const auto workers = static_cast<std::uint16_t>(config_.dataplane.workers);
    const bool handover = !device_->steers_flows();
    if (handover) {
        if (!steer_self_test()) {
            return Error{ErrorCode::kInvalid,
                         "self-test failed: both directions of a flow would not meet on one worker",
                         {},
                         "report this"};
        }
        mesh_ = std::make_unique<HandoverMesh>(workers);
    }
    std::vector<std::uint16_t> owners;
    for (std::size_t port = 0; port < 2 * config_.segments.size(); ++port) {
        owners.push_back(device_->owner_of(PortId{static_cast<std::uint16_t>(port)}));
    }
    for (std::uint16_t w = 0; w < workers; ++w) {
        auto seat = std::make_unique<Seat>(config_.events.ring_entries);
        seat->id = w;
        seat->device_io = device_->io_for(w);
        WorkerSetup setup;
        setup.id = w;
        setup.io = seat->device_io.get();
        if (handover) {
            seat->handover = std::make_unique<HandoverIo>(*seat->device_io, *mesh_, w, owners);
            setup.io = seat->handover.get();
            setup.handover = seat->handover.get();
        }
        setup.snapshots = cell_.get();
        setup.events = &seat->events;
        setup.sleep_when_idle = config_.dataplane.idle == control::Idle::kSleep;
        seat->worker = std::make_unique<Worker>(setup, pipeline);
        seats_.push_back(std::move(seat));
    }
    return ok_status();
}

Status Appliance::start() {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    (void)sched_getaffinity(0, sizeof(allowed), &allowed);
    for (const std::uint32_t core : config_.dataplane.cores) {
        if (!CPU_ISSET(core, &allowed)) {
            return Error{ErrorCode::kInvalid,
                         "[dataplane] cores names core " + std::to_string(core) +
                             ", which this process may not use",
                         {},
                         "see `taskset -p " + std::to_string(::getpid()) + "`, or leave cores out"};
        }
    }
    if (Status opened = file_.open(); !opened) {
        return opened;
    }
    Result<std::unique_ptr<Snapshot>> first = load(config_.bundle.path);
    if (!first) {
        return first.error();
    }
    cell_ = std::make_unique<SwapCell<Snapshot>>(config_.dataplane.workers, first.value().get());
    if (Status seated = make_seats(); !seated) {
        return seated;
    }
    std::vector<abi::EventRing*> rings;
    for (const std::unique_ptr<Seat>& seat : seats_) {
        rings.push_back(&seat->events);
    }
    exporter_ = std::make_unique<exporter::Exporter>(file_, std::move(rings), port_names(config_));
    exporter_->remember(first.value()->ruleset->version(), first.value()->model);
    keep(std::move(first).value(), config_.bundle.path);
    if (config_.events.stats_every_s != 0) {
        exporter_->tell_stats(std::chrono::seconds(config_.events.stats_every_s), [this] {
            const auto up = std::chrono::steady_clock::now() - started_;
            const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(up).count();
            return stats_list(total(), static_cast<std::uint64_t>(seconds));
        });
    }
    running_ = true;
    exporter_thread_ = std::thread([this] { exporter_->run(stop_exporter_); });
    for (const std::unique_ptr<Seat>& seat : seats_) {
        seat->thread = std::thread([this, &seat] { run_worker(*seat); });
    }
    beats_.assign(seats_.size(), 0);
    start_telemetry();
    return ok_status();
}

void Appliance::run_worker(Seat& seat) {
    if (!config_.dataplane.cores.empty()) {
        pin_to(config_.dataplane.cores[seat.id]);
    }
    const bool known = io::Eal::attach_thread();
    if (!known) {
        attach_failures_.fetch_add(1);  // packets still flow, without the buffer cache
    }
    seat.worker->run(stop_workers_);
    if (known) {
        io::Eal::detach_thread();
    }
}

Result<std::unique_ptr<Snapshot>> Appliance::load(const std::string& path) {
    LoadRequest request;
    request.path = path;
    request.trusted_keys = config_.bundle.trusted_keys;
    const BundleInfo running = bundle();
    request.running_version = running.version;
    request.thresholds = config_.bundle.thresholds;
    // Without this a new threshold.config would have to wait for a new bundle.
    request.same_version = !request.thresholds.empty() && path == running.path;
    request.generation = ++generation_;
    request.workers = static_cast<std::uint16_t>(config_.dataplane.workers);
    request.vars = site::site_vars(config_);
    return load_snapshot(request);
}

// The snapshot is in force from here on; the one before it is freed.
void Appliance::keep(std::unique_ptr<Snapshot> snapshot, const std::string& path) {
    const bundle::Model& model = *snapshot->model;
    BundleInfo info;
    info.path = path;
    info.name = model.manifest.name;
    info.version = model.manifest.version;
    info.generation = snapshot->ruleset->version();
    info.expires_at = model.manifest.expires_at;
    info.rules = model.rules.size();
    info.unmatched_thresholds = snapshot->unmatched_thresholds;
    for (const bundle::CveCoverage& cve : model.coverage) {
        info.required_cves += cve.required ? 1 : 0;
    }
    retired_ = std::move(snapshot_);
    snapshot_ = std::move(snapshot);
    const std::scoped_lock lock(mutex_);
    bundle_ = std::move(info);
}

Status Appliance::reload(const std::string& path) {
    const std::string& file = path.empty() ? config_.bundle.path : path;
    if (file.empty()) {
        return Error{ErrorCode::kInvalid,
                     "no bundle named, and none configured",
                     {},
                     "sluice reload FILE.sigb"};
    }
    if (cell_->quiescent()) {
        unsettled_.clear();
    }
    Result<std::unique_ptr<Snapshot>> next = load(file);
    if (!next) {
        return next.error();
    }
    std::unique_ptr<Snapshot> snapshot = std::move(next).value();
    exporter_->remember(snapshot->ruleset->version(), snapshot->model);
    switch (cell_->replace(snapshot.get(),
                           std::chrono::milliseconds(config_.control.reload_deadline_ms))) {
        case SwapResult::kDone:
            keep(std::move(snapshot), file);
            return ok_status();
        case SwapResult::kTakenBack:
            unsettled_.push_back(std::move(snapshot));  // its events may still come
            break;
        case SwapResult::kNotReady:
            exporter_->forget(snapshot->ruleset->version());
            break;
    }
    return Error{ErrorCode::kTimeout,
                 "a worker did not answer within the deadline: the old rules stay in force on all",
                 {file},
                 "is the machine overloaded? raise [control] reload_deadline_ms"};
}

void Appliance::stop() {
    telemetry_.reset();
    stop_workers_.store(true);
    for (const std::unique_ptr<Seat>& seat : seats_) {
        if (seat->thread.joinable()) {
            seat->thread.join();
        }
    }
    stop_exporter_.store(true);
    if (exporter_thread_.joinable()) {
        exporter_thread_.join();
    }
    running_ = false;
    for (const std::unique_ptr<Seat>& seat : seats_) {
        seat->handover.reset();
        seat->device_io.reset();
    }
    device_.reset();
    (void)interfaces_.restore();
    if (eal_ != nullptr) {
        eal_.reset();
        std::error_code
            ignored;  // not ours to remove when another user made it; systemd clears it then
        std::filesystem::remove_all(config_.dataplane.runtime_dir + "/dpdk", ignored);
    }
}

bool Appliance::healthy() {
    retired_.reset();  // the answer to the request that replaced it is out
    bool all = running_;
    for (std::size_t w = 0; w < beats_.size(); ++w) {
        const std::uint64_t now = cell_->beats_of(w);
        all = all && now != beats_[w];
        beats_[w] = now;
    }
    return all;
}

BundleInfo Appliance::bundle() const {
    const std::scoped_lock lock(mutex_);
    return bundle_;
}

StatValues Appliance::total() const {
    StatValues sum;
    for (const std::unique_ptr<Seat>& seat : seats_) {
        sum += seat->worker->stats().read();
    }
    settle_losses(sum);
    return sum;
}

StatValues Appliance::worker_stats(std::size_t worker) const {
    StatValues values = seats_[worker]->worker->stats().read();
    settle_losses(values);
    return values;
}

std::string Appliance::steering() const {
    if (seats_.size() <= 1) {
        return "single";
    }
    return mesh_ == nullptr ? "rss" : "handover";
}

void Appliance::start_telemetry() {
    io::TelemetrySources sources;
    sources.stats = [this] {
        const StatValues sum = total();
        std::vector<io::TelemetryItem> items;
        for (std::size_t i = 0; i < kStatCount; ++i) {
            items.push_back({std::string(kStatNames[i]), sum.stats[i], {}});
        }
        return items;
    };
    sources.reasons = [this] {
        const StatValues sum = total();
        std::vector<io::TelemetryItem> items;
        for (std::size_t i = 1; i < packet::kReasonCount; ++i) {
            items.push_back({std::string(packet::kReasons[i].name), sum.reasons[i], {}});
        }
        return items;
    };
    sources.status = [this] {
        const BundleInfo info = bundle();
        return std::vector<io::TelemetryItem>{{"bundle", 0, info.path.empty() ? "none" : info.path},
                                              {"bundle_version", info.version, {}},
                                              {"rules", info.rules, {}},
                                              {"workers", seats_.size(), {}},
                                              {"steering", 0, steering()}};
    };
    telemetry_ = std::make_unique<io::Telemetry>(std::move(sources));
}

}  // namespace sluice::worker
