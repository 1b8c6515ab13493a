// SPDX-License-Identifier: Apache-2.0
// TcpConversation: one flow driven segment by segment through a StreamStage, with every chunk
// checked against what the stream was before: offsets go on, history is what was delivered, nothing
// is delivered twice. For unit tests and the fuzz target 'stream'. Violations abort. Allocates. One
// thread.
#pragma once

#include "dataplane/stream/stream_stage.h"
#include "tests/support/lone_flow.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::test {

struct Segment {
    Direction direction = Direction::kToServer;
    std::uint32_t seq = 0;
    std::uint32_t ack = 0;
    std::uint8_t flags = packet::kTcpAck;
    std::string_view payload = {};
    std::uint16_t window = 65535;
    std::int8_t wscale = -1;
    std::optional<std::uint32_t> ts = {};
};

struct SegmentResult {
    packet::Packet packet;
    std::string fresh;  // of both directions, in order of delivery
    std::uint32_t chunks = 0;
    std::uint32_t gaps = 0;
    std::uint32_t ends = 0;
};

class TcpConversation {
  public:
    explicit TcpConversation(stream::StreamStage& stage, const stream::StreamConfig& config)
        : stage_(stage), config_(config) {
        flow.ip_proto = packet::kProtoTcp;
    }

    // Does what FlowStage does for one packet, then drains the stream stage.
    SegmentResult send(const Segment& s) {
        SegmentResult r;
        packet::Packet& p = r.packet;
        payload_.assign(s.payload.begin(), s.payload.end());
        p.data = payload_.data();
        p.len = p.payload_len = static_cast<std::uint32_t>(payload_.size());
        p.ip_version = 4;
        p.ip_proto = packet::kProtoTcp;
        p.l4_ok = true;
        p.tcp.seq = SeqNum(s.seq);
        p.tcp.ack = SeqNum(s.ack);
        p.tcp.flags = s.flags;
        p.tcp.window = s.window;
        p.tcp.wscale = s.wscale;
        p.tcp.has_timestamp = s.ts.has_value();
        p.tcp.ts_value = s.ts.value_or(0);
        p.flow = &flow;
        p.direction = s.direction;
        flow.last_seen = now;
        flow.count(index_of(s.direction), p.len);
        stage_.begin(p, {now, now}, counters);
        if (stage_.began_anew()) {
            seen_ = {};
            contiguous_from_ = {};
            ended_ = {};
        }
        drain(r);
        return r;
    }

    SegmentResult end(Direction d) {
        SegmentResult r;
        stage_.end_flow(flow, d);
        drain(r);
        return r;
    }

    // Client ISN 1000, server ISN 5000: client data starts at 1001, server data at 5001.
    void handshake(std::int8_t wscale = -1) {
        send({.seq = 1000, .flags = packet::kTcpSyn, .wscale = wscale});
        send({.direction = Direction::kToClient,
              .seq = 5000,
              .ack = 1001,
              .flags = packet::kTcpSyn | packet::kTcpAck,
              .wscale = wscale});
        send({.seq = 1001, .ack = 5001});
    }

    std::uint64_t count(packet::Reason r) const { return counters[static_cast<std::size_t>(r)]; }

    // What was delivered in a direction of the present connection; bytes of gaps are zero.
    const std::string& delivered(Direction d) const { return seen_[index_of(d)]; }

    LoneFlow memory;
    flow::Flow& flow = *memory;
    packet::ReasonCounters counters{};
    Nanos now = seconds(1);

    // Off when memory is made short on purpose.
    bool expect_full_history = true;

  private:
    void drain(SegmentResult& r) {
        stream::StreamChunk c;
        while (stage_.next(c)) {
            check(c);
            r.fresh.append(c.fresh_bytes().begin(), c.fresh_bytes().end());
            r.chunks += c.fresh != 0;
            r.gaps += c.gap;
            r.ends += c.end;
        }
    }

    void check(const stream::StreamChunk& c) {
        const std::size_t d = index_of(c.direction);
        std::string& seen = seen_[d];
        SLUICE_CHECK(c.flow == &flow);
        SLUICE_CHECK(c.fresh != 0 || c.end);
        SLUICE_CHECK(!ended_[d] || c.gap);  // after the end, only a new connection's bytes
        SLUICE_CHECK(c.fresh <= c.window.size());
        const std::size_t history = c.window.size() - c.fresh;
        const std::uint64_t fresh_at = c.offset + history;
        SLUICE_CHECK(history <= config_.window);
        if (c.gap) {
            SLUICE_CHECK(history == 0);
            SLUICE_CHECK(fresh_at >= seen.size() && fresh_at - seen.size() < (1ULL << 24));
            seen.resize(fresh_at);
            contiguous_from_[d] = fresh_at;
        }
        SLUICE_CHECK(fresh_at == seen.size());
        SLUICE_CHECK(c.offset >= contiguous_from_[d]);
        SLUICE_CHECK(seen.compare(c.offset, history, reinterpret_cast<const char*>(c.window.data()),
                                  history) == 0);
        const std::size_t available = seen.size() - contiguous_from_[d];
        SLUICE_CHECK(!expect_full_history ||
                     history == std::min<std::size_t>(available, config_.window));
        seen.append(c.fresh_bytes().begin(), c.fresh_bytes().end());
        ended_[d] = c.end;
    }

    stream::StreamStage& stage_;
    stream::StreamConfig config_;
    std::vector<std::uint8_t> payload_;
    std::array<std::string, 2> seen_;
    std::array<std::size_t, 2> contiguous_from_{};
    std::array<bool, 2> ended_{};
};

}  // namespace sluice::test
