// SPDX-License-Identifier: Apache-2.0
#include "tests/evasion/player.h"

#include <algorithm>
#include <array>

namespace sluice::evasion {

namespace {

constexpr std::size_t kEthernet = 14;

PacketBuilder network(int version, const std::string& from, const std::string& to) {
    PacketBuilder b;
    if (version == 6) {
        b.ipv6(from, to);
    } else {
        b.ipv4(from, to);
    }
    return b;
}

}  // namespace

PacketBuilder Player::ip() const {
    return network(wire.ip, wire.client, wire.server);
}

PacketBuilder Player::udp(std::string_view text) const {
    return ip().udp(wire.client_port, wire.server_port).payload(text);
}

PacketBuilder Player::tcp(std::size_t at, std::string_view text) const {
    PacketBuilder b = ip();
    b.tcp(wire.client_port, wire.server_port)
        .seq(wire.client_isn + 1 + static_cast<std::uint32_t>(at))
        .ack(wire.server_isn + 1)
        .payload(text);
    if (wire.timestamps) {
        b.timestamps(wire.client_ts, wire.server_ts);
    }
    return b;
}

PacketBuilder Player::syn(const Syn& options) const {
    PacketBuilder b = ip();
    b.tcp(wire.client_port, wire.server_port)
        .seq(wire.client_isn)
        .ack(0)
        .flags(packet::kTcpSyn)
        .mss(1400);
    if (options.wscale >= 0) {
        b.wscale(static_cast<std::uint8_t>(options.wscale));
    }
    if (options.sack) {
        const std::array<std::uint8_t, 4> permitted{1, 1, 4, 2};
        b.tcp_options(Bytes(permitted));
    }
    if (options.timestamps) {
        b.timestamps(wire.client_ts, 0);
    }
    return b;
}

PacketBuilder Player::reply(std::uint32_t seq, std::uint32_t ack) const {
    return network(wire.ip, wire.server, wire.client)
        .tcp(wire.server_port, wire.client_port)
        .seq(seq)
        .ack(ack);
}

bool Player::connect(const Syn& options) {
    wire.timestamps = false;
    send(syn(options));
    if (!await_syn_ack()) {
        return false;
    }
    wire.timestamps = options.timestamps;
    ++wire.client_ts;
    send(tcp(0, ""));
    return true;
}

bool Player::reconnect() {
    wire.client_isn += 0x10203040U;
    return connect();
}

void Player::stream(std::string_view text, std::size_t size, std::size_t at) {
    for (std::size_t i = 0; i < text.size(); i += size) {
        send(tcp(at + i, text.substr(i, size)));
    }
}

Frame Player::l4(const PacketBuilder& whole) const {
    const Frame frame = whole.build();
    const std::size_t header = kEthernet + (wire.ip == 6 ? 40 : 20);
    return {frame.begin() + static_cast<std::ptrdiff_t>(header), frame.end()};
}

Frame Player::fragment(const Frame& l4, std::size_t from, std::size_t to, bool more,
                       std::uint8_t proto, std::uint32_t id) const {
    // Each conversation has ids of its own: one of a datagram that was refused stays so for a
    // while.
    const std::uint32_t own_id = id + wire.client_port * 8U;
    PacketBuilder b = ip();
    b.ip_id(static_cast<std::uint16_t>(own_id))
        .fragment(static_cast<std::uint16_t>(from), more, own_id)
        .ip_proto(proto)
        .payload(Bytes(l4).subspan(from, to - from));
    return b.build();
}

std::vector<Frame> Player::cut(const PacketBuilder& whole, std::size_t size,
                               std::uint32_t id) const {
    const Frame frame = whole.build();
    const std::uint8_t proto = frame.at(wire.ip == 6 ? kEthernet + 6 : kEthernet + 9);
    const Frame body = l4(whole);
    std::vector<Frame> out;
    for (std::size_t at = 0; at < body.size(); at += size) {
        const std::size_t end = std::min(body.size(), at + size);
        out.push_back(fragment(body, at, end, end < body.size(), proto, id));
    }
    return out;
}

}  // namespace sluice::evasion
