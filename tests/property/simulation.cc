// SPDX-License-Identifier: Apache-2.0
#include "tests/property/simulation.h"

#include <algorithm>
#include <stdexcept>

namespace sluice::test {

namespace {

constexpr std::size_t kMaxEvents = 20'000;
constexpr Time kSilence = 120'000 * kMs;  // longer than fragments and open ends are remembered

pipeline::PipelineConfig small_config(bool inline_mode) {
    pipeline::PipelineConfig c = inline_mode ? pipeline::inline_config() : pipeline::tap_config();
    c.decode.verify_checksums = true;
    c.defrag.max_datagrams = 1024;
    c.flow.max_flows = 256;
    c.stream.arena_bytes = std::size_t{8} << 20;
    c.stream.max_streams = 512;
    c.app.http_flows = 64;
    c.app.inflate_states = 4;
    c.app.slabs = {64, 32, 8, 4, 2};
    c.verdict.threshold_entries = 256;
    return c;
}

}  // namespace

Box::Box(const LoadedRules& rules, bool inline_mode)
    : ring_(1024), model_(*rules.model), pipeline_(small_config(inline_mode), ring_) {
    pipeline_.install(*rules.ruleset, *rules.scratch);
}

void Box::process(std::vector<Passing>& frames) {
    static packet::Batch batch;
    for (std::size_t done = 0; done < frames.size(); done += packet::kBatchSize) {
        const std::size_t n = std::min(frames.size() - done, packet::kBatchSize);
        batch.clear();
        for (std::size_t i = done; i < done + n; ++i) {
            packet::Packet& p = batch.add();
            p.data = frames[i].frame.data();
            p.len = static_cast<std::uint32_t>(frames[i].frame.size());
            p.number = ++frames_;
            p.in_port = PortId{frames[i].from_client ? std::uint16_t{0} : std::uint16_t{1}};
        }
        latest_ = epoch_ + frames[done + n - 1].at;
        pipeline_.process(batch, {Nanos{latest_}, Nanos{latest_}});
        for (std::size_t i = 0; i < n; ++i) {
            frames[done + i].dropped = batch[i].dropped();
            frames[done + i].reason = batch[i].reason;
        }
        pipeline_.out().clear();
    }
    const pipeline::PipelineStats& s = pipeline_.stats();
    if (s.packets != frames_ || s.packets != s.forwarded + s.dropped) {
        throw std::runtime_error("in = forwarded + dropped does not hold");
    }
}

Alerts Box::finish(const Ends& ends) {
    pipeline_.end_all({Nanos{latest_}, Nanos{latest_}});
    epoch_ = latest_ + kSilence;
    pipeline_.expire({Nanos{epoch_}, Nanos{epoch_}}, 1024);
    Alerts out;
    abi::EventRecord e;
    while (ring_.pop(e)) {
        const bool forth = e.src_port == ends.client_port && e.dst_port == ends.server_port;
        const bool back = e.dst_port == ends.client_port && e.src_port == ends.server_port;
        if (e.type == abi::EventType::kAlert && (forth || back)) {
            ++out[model_.rules[e.rule_index].sid];
        }
    }
    return out;
}

Simulation::Simulation(Box& box, const Ends& ends, const Faults& faults, const Cutting& cutting,
                       Rng& rng)
    : box_(box),
      ends_(ends),
      faults_(faults),
      rng_(rng),
      carrier_(ends, cutting, rng),
      receivers_{IpReceiver(ends.around == Around::kVxlan),
                 IpReceiver(ends.around == Around::kVxlan)} {}

bool Simulation::happens(double chance) {
    return chance > 0 && static_cast<double>(below(rng_, 1 << 20)) < chance * (1 << 20);
}

void Simulation::launch(bool at_box, bool from_client, const Frame& frame, double lost) {
    int copies = 1;
    if (happens(faults_.copied)) {
        copied_ = true;
        copies = 2;
    }
    for (int i = 0; i < copies; ++i) {
        if (happens(lost)) {
            continue;
        }
        Time at = now_ + faults_.way / 2;
        if (happens(faults_.delayed)) {
            at +=
                static_cast<Time>(below(rng_, static_cast<std::size_t>(faults_.longest_delay) + 1));
        }
        events_.push({at, ++order_, at_box, from_client, frame});
    }
}

void Simulation::collect(TcpPeer& peer, bool from_client) {
    for (const TcpSegment& s : peer.out) {
        for (const Frame& f : carrier_.tcp(from_client, s)) {
            launch(true, from_client, f, faults_.lost_before);
        }
    }
    peer.out.clear();
}

Simulation::Event Simulation::take_next() {
    Event e = events_.top();
    events_.pop();
    return e;
}

void Simulation::through_box(Event first) {
    std::vector<Passing> batch;
    const Time until = first.at + faults_.gather;
    batch.push_back({first.at, first.from_client, true, std::move(first.frame)});
    while (!events_.empty() && events_.top().at_box && events_.top().at <= until) {
        Event e = take_next();
        batch.push_back({e.at, e.from_client, false, std::move(e.frame)});
    }
    now_ = batch.back().at;
    const std::size_t before = trace_.size();
    trace_.insert(trace_.end(), batch.begin(), batch.end());
    box_.process(batch);
    for (std::size_t i = 0; i < batch.size(); ++i) {
        trace_[before + i].dropped = batch[i].dropped;
        trace_[before + i].reason = batch[i].reason;
        if (!batch[i].dropped) {
            launch(false, batch[i].from_client, batch[i].frame, faults_.lost_after);
        }
    }
}

void Simulation::arrive(const Event& event) {
    IpReceiver& receiver = receivers_[event.from_client ? 0 : 1];
    const Frame message = receiver.take(event.frame);
    if (message.empty()) {
        return;
    }
    if (receiver.protocol() == packet::kProtoUdp) {
        arrived_[event.from_client ? 0 : 1].emplace_back(message.begin() + 8, message.end());
    } else if (TcpPeer* peer = peers_[event.from_client ? 1 : 0]; peer != nullptr) {
        peer->take(read_tcp(message), now_);
    }
}

bool Simulation::talk(TcpPeer& client, TcpPeer& server) {
    peers_ = {&client, &server};
    client.connect(now_);
    for (std::size_t n = 0; n < kMaxEvents; ++n) {
        collect(client, true);
        collect(server, false);
        const bool over =
            (client.done() && server.done()) || client.was_reset() || server.was_reset();
        const Time timer = over ? INT64_MAX : std::min(client.next_timer(), server.next_timer());
        if (events_.empty() && timer == INT64_MAX) {
            return over;
        }
        if (events_.empty() || timer < events_.top().at) {
            now_ = std::max(now_, timer);
            client.tick(now_);
            server.tick(now_);
            continue;
        }
        now_ = std::max(now_, events_.top().at);
        Event e = take_next();
        if (e.at_box) {
            through_box(std::move(e));
        } else {
            arrive(e);
        }
    }
    return false;
}

void Simulation::send_datagrams(const std::vector<std::pair<bool, std::string>>& datagrams) {
    for (const auto& [from_client, payload] : datagrams) {
        for (const Frame& f : carrier_.udp(from_client, payload)) {
            launch(true, from_client, f, faults_.lost_before);
        }
        now_ += kMs;
    }
    while (!events_.empty()) {
        now_ = std::max(now_, events_.top().at);
        Event e = take_next();
        if (e.at_box) {
            through_box(std::move(e));
        } else {
            arrive(e);
        }
    }
}

}  // namespace sluice::test
