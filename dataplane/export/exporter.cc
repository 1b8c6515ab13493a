// SPDX-License-Identifier: Apache-2.0
#include "dataplane/export/exporter.h"

#include "dataplane/export/eve.h"

#include <chrono>
#include <thread>
#include <utility>

namespace sluice::exporter {
namespace {

constexpr auto kIdleSleep = std::chrono::milliseconds(5);

}  // namespace

Exporter::Exporter(EveFile& file, std::vector<abi::EventRing*> rings,
                   std::vector<std::string> interfaces)
    : file_(file), rings_(std::move(rings)), interfaces_(std::move(interfaces)) {}

void Exporter::remember(std::uint64_t snapshot_version,
                        std::shared_ptr<const bundle::Model> model) {
    const std::scoped_lock lock(mutex_);
    models_.push_front({snapshot_version, std::move(model)});
    if (models_.size() > kModelsKept) {
        models_.pop_back();
    }
}

void Exporter::forget(std::uint64_t snapshot_version) {
    const std::scoped_lock lock(mutex_);
    std::erase_if(models_, [snapshot_version](const Remembered& known) {
        return known.version == snapshot_version;
    });
}

std::shared_ptr<const bundle::Model> Exporter::model_of(std::uint64_t version) {
    const std::scoped_lock lock(mutex_);
    for (const Remembered& known : models_) {
        if (known.version == version) {
            return known.model;
        }
    }
    return nullptr;
}

std::size_t Exporter::drain() {
    std::size_t total = 0;
    abi::EventRecord event;
    std::uint64_t version = 0;
    std::shared_ptr<const bundle::Model> model;
    for (abi::EventRing* ring : rings_) {
        for (std::size_t i = 0; i < kPerRing && ring->pop(event); ++i) {
            if (model == nullptr || event.snapshot_version != version) {
                version = event.snapshot_version;
                model = model_of(version);
            }
            append_eve_json(event, EveContext{.model = model.get(), .interfaces = interfaces_},
                            lines_);
            ++total;
        }
    }
    if (total > 0) {
        file_.append(lines_);
        lines_.clear();
        events_.fetch_add(total, std::memory_order_relaxed);
    }
    return total;
}

void Exporter::tell_stats(std::chrono::seconds interval, std::function<StatsList()> counters) {
    stats_interval_ = interval;
    counters_ = std::move(counters);
}

void Exporter::write_stats() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    std::string line;
    append_stats_json(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count(),
                      counters_(), line);
    file_.append(line);
    events_.fetch_add(1, std::memory_order_relaxed);
}

void Exporter::run(const std::atomic<bool>& stop) {
    auto due = std::chrono::steady_clock::now() + stats_interval_;
    for (;;) {
        const bool stopping = stop.load(std::memory_order_acquire);
        if (counters_ && std::chrono::steady_clock::now() >= due) {
            write_stats();
            due += stats_interval_;
        }
        if (drain() == 0) {
            if (stopping && counters_) {
                write_stats();
            }
            file_.flush();
            if (stopping) {
                return;
            }
            std::this_thread::sleep_for(kIdleSleep);
        }
    }
}

}  // namespace sluice::exporter
