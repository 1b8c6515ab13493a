// SPDX-License-Identifier: Apache-2.0
#include "tests/evasion/memory_player.h"

#include "dataplane/io/memory/memory_io.h"

#include <stdexcept>

namespace sluice::evasion {

namespace {

// Small, so that the limits are within reach of a case and a pipeline is quickly made.
pipeline::PipelineConfig small_config() {
    pipeline::PipelineConfig c = pipeline::inline_config();
    c.decode.min_ttl = 2;  // there is a router behind the box: ModelReceiver, Traits::far
    c.defrag.max_datagrams = 2048;
    c.defrag.store_bytes = std::size_t{4} << 20;
    c.flow.max_flows = 256;
    c.stream.arena_bytes = std::size_t{1} << 20;
    c.stream.copy_store_bytes = std::size_t{1} << 18;
    c.stream.max_streams = 512;
    c.stream.max_held_segments = 1024;
    c.stream.max_held_per_stream = 512;
    return c;
}

}  // namespace

Box::Box(const test::LoadedRules& rules) : ring_(64), pipeline_(small_config(), ring_) {
    pipeline_.install(*rules.ruleset, *rules.scratch);
}

std::vector<Frame> Box::through(const Frame& frame, PortId port) {
    clock_ += 1'000'000;
    io::MemoryIo io;
    io.queue(frame, port, Nanos{clock_});
    packet::Batch batch;
    io.receive(batch);
    pipeline_.process(batch, now());
    io.finalize(batch);
    pipeline_.out().clear();  // resets to both ends: a receiver that ignores them is the harder one
    const pipeline::PipelineStats& s = pipeline_.stats();
    if (s.packets != s.forwarded + s.dropped) {
        throw std::runtime_error("in = forwarded + dropped does not hold");
    }
    std::vector<Frame> out;
    for (const io::KeptFrame& f : io.forwarded()) {
        out.push_back(f.bytes);
    }
    return out;
}

void Box::wait(std::chrono::nanoseconds time) {
    clock_ += time.count();
    pipeline_.expire(now(), 1024);
}

void Box::settle() {
    pipeline_.end_all(now());
    wait(std::chrono::minutes(30));
    abi::EventRecord event;
    while (ring_.pop(event)) {
    }
}

void MemoryPlayer::send(const Frame& frame) {
    if (around_) {
        receiver_.take(frame);
    } else {
        for (const Frame& f : box_.through(frame, PortId{0})) {
            receiver_.take(f);
        }
    }
    deliver_replies();
}

void MemoryPlayer::deliver_replies() {
    std::vector<ModelReceiver::Reply> replies;
    replies.swap(receiver_.replies);
    for (const ModelReceiver::Reply& r : replies) {
        if (hushed_) {
            continue;
        }
        PacketBuilder b = reply(r.seq, r.ack);
        b.tcp(r.own_port, r.port).seq(r.seq).ack(r.ack).flags(r.flags);
        if (r.wscale >= 0) {
            b.wscale(static_cast<std::uint8_t>(r.wscale));
        }
        if (r.sack) {
            const std::array<std::uint8_t, 4> permitted{1, 1, 4, 2};
            b.tcp_options(Bytes(permitted));
        }
        if (r.timestamps) {
            b.timestamps(++wire.server_ts, r.echo);
        }
        const bool arrived = hidden_ || !box_.through(b.build(), PortId{1}).empty();
        answered_ = answered_ || (arrived && (r.flags & packet::kTcpSyn) != 0);
    }
}

bool MemoryPlayer::await_syn_ack() {
    return std::exchange(answered_, false);
}

void MemoryPlayer::wait(std::chrono::milliseconds time) {
    box_.wait(time);
}

void MemoryPlayer::from_server(const Frame& frame) {
    box_.through(frame, PortId{1});
}

}  // namespace sluice::evasion
