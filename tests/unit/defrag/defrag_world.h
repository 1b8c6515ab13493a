// SPDX-License-Identifier: Apache-2.0
// DefragWorld: one DefragStage, fed with frames as the pipeline feeds it. Test support; allocates.
#pragma once

#include "dataplane/decode/decode_stage.h"
#include "dataplane/defrag/defrag_stage.h"
#include "tests/support/counter_delta.h"
#include "tests/support/packet_builder.h"

#include <string>

namespace sluice::test {

inline constexpr std::string_view kText = "0123456789abcdefghijklmnopqrstuvwxyz+-*/";
inline constexpr std::size_t kSize = 8 + kText.size();  // with the UDP header

inline Frame udp4(std::string_view src = "10.0.0.1", std::string_view dst = "10.0.0.2") {
    return PacketBuilder().ipv4(src, dst).udp(1000, 53).payload(kText).build();
}

inline Frame udp6() {
    return PacketBuilder().ipv6("fd00::1", "fd00::2").udp(1000, 53).payload(kText).build();
}

inline defrag::DefragConfig tap() {
    defrag::DefragConfig c;
    c.inline_mode = false;
    return c;
}

// What became of one fragment.
struct Taken {
    bool complete = false;
    bool dropped = false;
    std::string payload;  // of the datagram, behind its transport header
    std::uint16_t src_port = 0;
};

struct DefragWorld {
    explicit DefragWorld(const defrag::DefragConfig& config = {}) : stage(config) {}

    packet::Packet decoded(Frame& frame, PortId port = {}) {
        packet::Packet p;
        p.data = frame.data();
        p.len = static_cast<std::uint32_t>(frame.size());
        p.in_port = port;
        packet::ReasonCounters ignored{};
        decode::DecodeStage({.verify_checksums = false}).decode_one(p, ignored);
        return p;
    }

    Taken take(Frame frame, PortId port = {}, std::uint8_t depth = 0) {
        packet::Packet p = decoded(frame, port);
        p.depth = depth;
        packet::Packet whole;
        Taken t;
        t.complete = stage.take(p, now, counters, whole);
        t.dropped = p.dropped();
        if (t.complete) {
            packet::ReasonCounters reasons{};
            decode::DecodeStage({}).decode_one(whole, reasons);  // checksums too
            t.src_port = whole.src_port;
            t.payload.assign(whole.payload().begin(), whole.payload().end());
        } else {
            stage.settle(t.dropped, now);
        }
        return t;
    }

    std::uint64_t of(packet::Reason r) const { return counters[static_cast<std::size_t>(r)]; }

    void advance(Nanos by) { now.time = now.time + by; }

    defrag::DefragStage stage;
    packet::ReasonCounters counters{};
    Now now{seconds(100), seconds(100)};
};

}  // namespace sluice::test
