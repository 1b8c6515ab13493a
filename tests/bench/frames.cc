// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/frames.h"

#include <algorithm>
#include <string>

namespace sluice::bench {

namespace {

constexpr std::size_t kMss = 1460;

struct Ends {
    std::string client;
    std::string server = "10.200.0.1";
    std::uint16_t client_port = 0;
};

Ends ends_of(std::size_t i) {
    Ends e;
    e.client = "10." + std::to_string(i / 65536 % 100) + "." + std::to_string(i / 256 % 256) + "." +
               std::to_string(i % 256);
    e.client_port = static_cast<std::uint16_t>(20000 + i % 40000);
    return e;
}

test::Frame from_client(const Ends& e, std::uint32_t seq, std::uint32_t ack, std::uint8_t flags,
                        std::string_view payload = {}) {
    return test::PacketBuilder()
        .ipv4(e.client, e.server)
        .tcp(e.client_port, 80)
        .seq(seq)
        .ack(ack)
        .flags(flags)
        .payload(payload)
        .build();
}

test::Frame from_server(const Ends& e, std::uint32_t seq, std::uint32_t ack, std::uint8_t flags,
                        std::string_view payload = {}) {
    return test::PacketBuilder()
        .ipv4(e.server, e.client)
        .tcp(80, e.client_port)
        .seq(seq)
        .ack(ack)
        .flags(flags)
        .payload(payload)
        .build();
}

void add_handshake(FrameSet& out, const Ends& e) {
    out.add(from_client(e, 1000, 0, packet::kTcpSyn));
    out.add(from_server(e, 5000, 1001, packet::kTcpSyn | packet::kTcpAck));
    out.add(from_client(e, 1001, 5001, packet::kTcpAck));
}

}  // namespace

void FrameSet::fill(packet::Batch& batch, std::size_t n) {
    batch.clear();
    for (std::size_t i = 0; i < n; ++i) {
        packet::Packet& p = batch.add();
        test::Frame& frame = frames_[next_];
        next_ = next_ + 1 == frames_.size() ? 0 : next_ + 1;
        p.data = frame.data();
        p.len = static_cast<std::uint32_t>(frame.size());
        p.number = ++number_;
        p.wall = Nanos{static_cast<std::int64_t>(number_) * 1000};
    }
}

std::size_t FrameSet::bytes() const {
    std::size_t sum = 0;
    for (const test::Frame& f : frames_) {
        sum += f.size();
    }
    return sum;
}

FrameSet acknowledgements(std::size_t flows) {
    FrameSet out;
    for (std::size_t i = 0; i < flows; ++i) {
        const Ends e = ends_of(i);
        add_handshake(out, e);
        out.add(from_server(e, 5001, 1001, packet::kTcpAck));
    }
    return out;
}

FrameSet http_conversations(std::size_t flows, std::size_t body) {
    FrameSet out;
    const std::string request =
        "GET /some/page.html?x=1 HTTP/1.1\r\nHost: www.example\r\nUser-Agent: "
        "Mozilla/5.0\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n\r\n";
    const std::string response =
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: " + std::to_string(body) +
        "\r\n\r\n" + std::string(body, 'x');
    for (std::size_t i = 0; i < flows; ++i) {
        const Ends e = ends_of(i);
        add_handshake(out, e);
        out.add(from_client(e, 1001, 5001, packet::kTcpAck, request));
        const auto asked = static_cast<std::uint32_t>(1001 + request.size());
        for (std::size_t at = 0; at < response.size(); at += kMss) {
            const std::string_view piece = std::string_view(response).substr(at, kMss);
            out.add(from_server(e, static_cast<std::uint32_t>(5001 + at), asked, packet::kTcpAck,
                                piece));
        }
        const auto told = static_cast<std::uint32_t>(5001 + response.size());
        out.add(from_client(e, asked, told, packet::kTcpFin | packet::kTcpAck));
        out.add(from_server(e, told, asked + 1, packet::kTcpFin | packet::kTcpAck));
    }
    return out;
}

}  // namespace sluice::bench
