// SPDX-License-Identifier: Apache-2.0
// MemoryPlayer: plays a case through Pipeline::process(), inline, against a ModelReceiver whose
// answers go back through the pipeline. Box is that pipeline, good for many plays one after the
// other, each from another client address. Borrows the rules and the box. One thread.
#pragma once

#include "dataplane/pipeline/pipeline.h"
#include "tests/evasion/model_receiver.h"
#include "tests/evasion/player.h"
#include "tests/support/rules/loaded_rules.h"

namespace sluice::evasion {

class Box {
  public:
    explicit Box(const test::LoadedRules& rules);

    // The frames that came out at the other side.
    std::vector<Frame> through(const Frame& frame, PortId port);
    void wait(std::chrono::nanoseconds time);
    // Every flow ends, every event is taken, every time-out is over.
    void settle();

    std::uint64_t count(packet::Reason r) const {
        return pipeline_.reasons()[static_cast<std::size_t>(r)];
    }

  private:
    Now now() const { return {Nanos{clock_}, Nanos{clock_}}; }

    abi::EventRing ring_;
    pipeline::Pipeline pipeline_;
    std::int64_t clock_ = 1'000'000'000;
};

class MemoryPlayer final : public Player {
  public:
    MemoryPlayer(const Wire& w, Box& box, Traits traits)
        : Player(w), box_(box), receiver_(traits, w.server_isn) {}

    using Player::send;
    void send(const Frame& frame) override;
    bool await_syn_ack() override;
    void wait(std::chrono::milliseconds time) override;
    void from_server(const Frame& frame) override;

    void hush_server() override { hushed_ = true; }

    void hide_server() override { hidden_ = true; }

    void go_around(bool on) override { around_ = on; }

    std::size_t flood() const override { return 700; }

    std::chrono::milliseconds fragment_timeout() const override { return std::chrono::minutes(2); }

    ModelReceiver& receiver() { return receiver_; }

  private:
    void deliver_replies();

    Box& box_;
    ModelReceiver receiver_;
    bool hushed_ = false;
    bool hidden_ = false;
    bool around_ = false;
    bool answered_ = false;
};

}  // namespace sluice::evasion
