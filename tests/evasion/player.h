// SPDX-License-Identifier: Apache-2.0
// Player: what a case needs to act as a client: building blocks addressed to the server, and a way
// to send them. Subclasses are the memory and the real network. Test support; allocates. One
// thread.
#pragma once

#include "dataplane/packet/reason.h"
#include "tests/support/packet_builder.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::evasion {

using test::Frame;
using test::PacketBuilder;

// Both ends of one run. The server's half is learnt from what it answers.
struct Wire {
    int ip = 4;
    std::string client;
    std::string server;
    std::uint16_t client_port = 0;
    std::uint16_t server_port = 0;
    std::uint32_t client_isn = 0;
    std::uint32_t server_isn = 0;
    bool timestamps = false;  // negotiated: tcp() adds the option
    std::uint32_t client_ts = 1'000'000;
    std::uint32_t server_ts = 0;
};

// Options of a SYN.
struct Syn {
    bool timestamps = false;
    bool sack = false;
    int wscale = -1;
};

class Player {
  public:
    explicit Player(Wire w) : wire(std::move(w)) {}

    virtual ~Player() = default;

    // Client to server.
    virtual void send(const Frame& frame) = 0;

    void send(const PacketBuilder& b) { send(b.build()); }

    // Learns the server's half; false: no answer.
    virtual bool await_syn_ack() = 0;
    virtual void wait(std::chrono::milliseconds time) = 0;

    // A packet of the server's side, made by the case (Real::kActed).
    virtual void from_server(const Frame& frame) = 0;
    virtual void hush_server() = 0;
    // From now on the box sees only the client's packets.
    virtual void hide_server() = 0;
    // While on, the client's packets do not pass the box either.
    virtual void go_around(bool on) = 0;
    // How many packets are beyond the box's limits, and how long it and the receiver wait for a
    // fragment.
    virtual std::size_t flood() const = 0;
    virtual std::chrono::milliseconds fragment_timeout() const = 0;

    PacketBuilder ip() const;
    PacketBuilder udp(std::string_view text) const;
    // A segment whose first byte is number 'at' of the stream; ACK set.
    PacketBuilder tcp(std::size_t at, std::string_view text) const;
    PacketBuilder syn(const Syn& options = {}) const;
    PacketBuilder reply(std::uint32_t seq, std::uint32_t ack) const;  // TCP, server to client

    // The three-way handshake.
    bool connect(const Syn& options = {});
    // A new connection on the same five-tuple, far from the old numbers.
    bool reconnect();

    // Sends the text from 'at' on in segments of 'size' bytes.
    void stream(std::string_view text, std::size_t size, std::size_t at = 0);

    // The packet's fragments, 'size' bytes each, in order.
    std::vector<Frame> cut(const PacketBuilder& whole, std::size_t size,
                           std::uint32_t id = 77) const;
    Frame fragment(const Frame& l4, std::size_t from, std::size_t to, bool more, std::uint8_t proto,
                   std::uint32_t id = 77) const;
    // What is behind the IP header of a packet without options.
    Frame l4(const PacketBuilder& whole) const;

    Wire wire;
};

}  // namespace sluice::evasion
