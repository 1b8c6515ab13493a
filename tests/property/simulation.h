// SPDX-License-Identifier: Apache-2.0
// Simulation: two ends that talk through a network which loses, copies, delays and cuts what they
// send, with a Box (a Pipeline with rules) in the middle. What the box drops is lost like anything
// else: the ends send it again. Time is simulated. Test support; allocates. One thread.
#pragma once

#include "dataplane/pipeline/pipeline.h"
#include "tests/property/carrier.h"
#include "tests/support/rules/loaded_rules.h"

#include <array>
#include <map>
#include <queue>
#include <string>
#include <vector>

namespace sluice::test {

struct Faults {
    double lost_before = 0;  // the box never sees it
    double lost_after = 0;   // the box sees it, the receiver does not
    double copied = 0;
    double delayed = 0;
    Time longest_delay = 0;
    Time way = 4 * kMs;  // from one end to the other
    Time gather = 0;     // what comes to the box within this time is one batch

    bool may_reorder() const { return delayed > 0 || copied > 0; }
};

// One frame at the box.
struct Passing {
    Time at = 0;
    bool from_client = false;
    bool first_of_batch = true;
    Frame frame;
    bool dropped = false;
    packet::Reason reason = packet::Reason::none;
};

using Alerts = std::map<std::uint32_t, int>;  // by sid, of one conversation

class Box {
  public:
    Box(const LoadedRules& rules, bool inline_mode);

    // One batch: rewrites and marks it.
    void process(std::vector<Passing>& batch);

    // Ends all flows, as if the ends were silent from here on. The alerts on the flow between these
    // ports.
    Alerts finish(const Ends& ends);

    std::uint64_t count(packet::Reason r) const {
        return pipeline_.reasons()[static_cast<std::size_t>(r)];
    }

  private:
    abi::EventRing ring_;
    const bundle::Model& model_;
    pipeline::Pipeline pipeline_;
    Time epoch_ = 1'000'000'000;  // simulated time 0 of the conversation
    Time latest_ = 0;
    std::uint64_t frames_ = 0;
};

class Simulation {
  public:
    Simulation(Box& box, const Ends& ends, const Faults& faults, const Cutting& cutting, Rng& rng);

    // False: it did not come to an end.
    bool talk(TcpPeer& client, TcpPeer& server);

    // Each datagram: from the client, payload.
    void send_datagrams(const std::vector<std::pair<bool, std::string>>& datagrams);

    // Of datagrams, as they arrived, by direction.
    const std::vector<std::string>& arrived(bool from_client) const {
        return arrived_[from_client ? 0 : 1];
    }

    const std::vector<Passing>& trace() const { return trace_; }

    int damaged() const { return receivers_[0].damaged() + receivers_[1].damaged(); }

    bool copied() const { return copied_ || carrier_.copied(); }

  private:
    struct Event {
        Time at;
        std::uint64_t order;
        bool at_box;
        bool from_client;
        Frame frame;
    };

    struct Later {
        bool operator()(const Event& a, const Event& b) const {
            return a.at != b.at ? a.at > b.at : a.order > b.order;
        }
    };

    bool happens(double chance);
    void launch(bool at_box, bool from_client, const Frame& frame, double lost);
    void collect(TcpPeer& peer, bool from_client);
    Event take_next();
    void through_box(Event first);
    void arrive(const Event& event);

    Box& box_;
    Ends ends_;
    Faults faults_;
    Rng& rng_;
    Carrier carrier_;
    std::array<IpReceiver, 2> receivers_;  // server's, client's
    std::array<TcpPeer*, 2> peers_{};      // client, server
    std::priority_queue<Event, std::vector<Event>, Later> events_;
    std::vector<Passing> trace_;
    std::array<std::vector<std::string>, 2> arrived_;
    Time now_ = 0;
    std::uint64_t order_ = 0;
    bool copied_ = false;
};

// One line per frame.
std::string to_string(const std::vector<Passing>& trace, const Ends& ends);

}  // namespace sluice::test
