// SPDX-License-Identifier: Apache-2.0
// Bench: a DetectStage with rules installed and one TCP flow, fed piece by piece as
// dataplane/stream and dataplane/app would feed it. Test support; one thread.
#pragma once

#include "dataplane/detect/detect_stage.h"
#include "tests/support/lone_flow.h"
#include "tests/unit/detect/model_maker.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::test {

inline Bytes as_bytes(std::string_view s) {
    return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}

struct Installed {
    std::unique_ptr<const detect::Ruleset> rules;
    std::unique_ptr<detect::WorkerScratch> scratch;
};

inline Installed build(std::shared_ptr<const bundle::Model> model, std::uint64_t version = 1,
                       const detect::SiteVars& vars = detect::SiteVars::defaults()) {
    auto rules = detect::Ruleset::build(std::move(model), vars, version);
    if (!rules) {
        throw std::runtime_error(rules.error().to_string());
    }
    Installed out;
    out.rules = std::move(rules).value();
    auto scratch = detect::WorkerScratch::create(*out.rules);
    if (!scratch) {
        throw std::runtime_error(scratch.error().to_string());
    }
    out.scratch = std::move(scratch).value();
    return out;
}

class Bench {
  public:
    using Sids = std::multiset<std::uint32_t>;

    // Small pools: tests make thousands of these.
    static detect::DetectConfig small() {
        detect::DetectConfig c;
        c.store.states = 8;
        c.store.pendings = 128;
        return c;
    }

    explicit Bench(Installed installed, const detect::DetectConfig& config = small())
        : stage(config), installed_(std::move(installed)) {
        stage.install(installed_.rules.get(), installed_.scratch.get());
        flow.set_key({v4(10, 0, 0, 1), v4(192, 0, 2, 80), 40000, 80, 0, packet::kProtoTcp, 0});
        flow.state = flow::FlowState::kEstablished;
        flow.app = AppProto::kHttp1;
        flow.rest().flow_id = 7;
    }

    static packet::IpAddr v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
        packet::IpAddr out;
        out.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d};
        return out;
    }

    void install(Installed next) {
        stage.install(next.rules.get(), next.scratch.get());
        installed_ = std::move(next);
    }

    const detect::Ruleset& rules() const { return *installed_.rules; }

    detect::WorkerScratch& scratch() { return *installed_.scratch; }

    // The next bytes of a direction; returns the sids that matched.
    Sids stream(std::string_view bytes, bool end = false, Direction d = Direction::kToServer,
                const packet::Packet* p = nullptr) {
        Side& side = sides_[index_of(d)];
        side.bytes.append(bytes);
        const std::size_t keep = std::min(side.bytes.size(), std::max(window, bytes.size()));
        side.window.assign(side.bytes, side.bytes.size() - keep, keep);
        stream::StreamChunk chunk;
        chunk.flow = &flow;
        chunk.direction = d;
        chunk.window = as_bytes(side.window);
        chunk.fresh = static_cast<std::uint32_t>(bytes.size());
        chunk.offset = side.bytes.size() - keep;
        chunk.end = end;
        matches.clear();
        stage.inspect_stream(chunk, p, matches, reasons);
        return sids();
    }

    Sids point(app::InspectionPoint p) {
        p.flow = &flow;
        p.buffers = &buffers;
        matches.clear();
        stage.inspect_app(p, nullptr, matches, reasons);
        return sids();
    }

    // A buffer that is complete when first seen.
    void set(app::InspectionPoint& p, BufferId b, std::string_view bytes) {
        buffers[index_of(b)] = {as_bytes(bytes), 0, static_cast<std::uint32_t>(bytes.size()), true};
        p.present |= mask_of(b);
        p.fresh |= mask_of(b);
        p.resolved |= mask_of(b);
    }

    // A body so far, of which the last 'fresh' bytes are new.
    void body(app::InspectionPoint& p, BufferId b, std::string_view all, std::size_t fresh,
              bool complete) {
        const std::size_t keep = std::min(all.size(), std::max(window, fresh));
        buffers[index_of(b)] = {as_bytes(all.substr(all.size() - keep)), all.size() - keep,
                                static_cast<std::uint32_t>(fresh), complete};
        p.present |= mask_of(b);
        p.fresh |= mask_of(b);
    }

    Sids packet(packet::Packet& p) {
        matches.clear();
        stage.inspect_packet(p, matches, reasons);
        return sids();
    }

    std::uint64_t count(packet::Reason r) const { return reasons[static_cast<std::size_t>(r)]; }

    detect::DetectStage stage;
    LoneFlow memory;
    flow::Flow& flow = *memory;
    detect::MatchList matches;
    packet::ReasonCounters reasons{};
    std::array<app::BufferView, kBufferCount> buffers{};
    std::size_t window = 16384;

  private:
    struct Side {
        std::string bytes;
        std::string window;
    };

    Sids sids() const {
        Sids out;
        for (const detect::Match& m : matches) {
            out.insert(installed_.rules->text(m.rule).sid);
        }
        return out;
    }

    Installed installed_;
    std::array<Side, 2> sides_;
};

}  // namespace sluice::test
