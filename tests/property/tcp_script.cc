// SPDX-License-Identifier: Apache-2.0
#include "tests/property/tcp_script.h"

#include <algorithm>

namespace sluice::test {

std::vector<Segment> cut_evenly(std::size_t size, std::size_t mss) {
    std::vector<Segment> out;
    for (std::size_t at = 0; at < size; at += mss) {
        out.push_back({at, std::min(size, at + mss)});
    }
    return out;
}

std::vector<Segment> mangle(Rng& rng, std::size_t size) {
    std::vector<Segment> out;
    const std::size_t largest = 1 + below(rng, 1 + below(rng, 400));
    for (std::size_t at = 0; at < size;) {
        const std::size_t n = std::min(size - at, 1 + below(rng, largest));
        out.push_back({at, at + n});
        at += n;
    }
    const std::size_t extra = below(rng, 1 + out.size() / 4);
    for (std::size_t i = 0; i < extra; ++i) {
        const std::size_t begin = below(rng, size);
        const std::size_t end = std::min(size, begin + 1 + below(rng, 300));
        out.insert(out.begin() + static_cast<std::ptrdiff_t>(below(rng, out.size() + 1)),
                   {begin, end});
    }
    const std::size_t swaps = below(rng, 1 + out.size());
    for (std::size_t i = 0; i < swaps; ++i) {
        const std::size_t a = below(rng, out.size());
        const std::size_t b = std::min(out.size() - 1, a + 1 + below(rng, 6));
        std::swap(out[a], out[b]);
    }
    return out;
}

std::vector<Frame> handshake(const Peers& p) {
    return {PacketBuilder()
                .ipv4(p.client, p.server)
                .tcp(p.client_port, p.server_port)
                .seq(p.client_isn)
                .ack(0)
                .flags(packet::kTcpSyn)
                .build(),
            PacketBuilder()
                .ipv4(p.server, p.client)
                .tcp(p.server_port, p.client_port)
                .seq(p.server_isn)
                .ack(p.client_isn + 1)
                .flags(packet::kTcpSyn | packet::kTcpAck)
                .build(),
            PacketBuilder()
                .ipv4(p.client, p.server)
                .tcp(p.client_port, p.server_port)
                .seq(p.client_isn + 1)
                .ack(p.server_isn + 1)
                .build()};
}

Frame client_segment(const Peers& p, const std::string& stream, Segment s) {
    return PacketBuilder()
        .ipv4(p.client, p.server)
        .tcp(p.client_port, p.server_port)
        .seq(p.client_isn + 1 + static_cast<std::uint32_t>(s.begin))
        .ack(p.server_isn + 1)
        .payload(std::string_view(stream).substr(s.begin, s.end - s.begin))
        .build();
}

std::vector<Frame> farewell(const Peers& p, std::size_t size) {
    const auto end = p.client_isn + 1 + static_cast<std::uint32_t>(size);
    return {PacketBuilder()
                .ipv4(p.client, p.server)
                .tcp(p.client_port, p.server_port)
                .seq(end)
                .ack(p.server_isn + 1)
                .flags(packet::kTcpFin | packet::kTcpAck)
                .build(),
            PacketBuilder()
                .ipv4(p.server, p.client)
                .tcp(p.server_port, p.client_port)
                .seq(p.server_isn + 1)
                .ack(end + 1)
                .flags(packet::kTcpFin | packet::kTcpAck)
                .build()};
}

}  // namespace sluice::test
