// SPDX-License-Identifier: Apache-2.0
// NetPlayer: plays a case over a packet socket (packet(7)) against a real server, with the TCP
// handshake done here. Linux only; needs CAP_NET_RAW. Test support. One thread.
#pragma once

#include "tests/evasion/player.h"

namespace sluice::evasion {

class PacketSocket {
  public:
    PacketSocket(const std::string& interface, const std::string& server_mac);
    ~PacketSocket();

    PacketSocket(const PacketSocket&) = delete;
    PacketSocket& operator=(const PacketSocket&) = delete;

    // Puts the link addresses in place of the frame's own.
    void send(Frame frame);
    // The next frame; empty: none came within the time.
    Frame receive(std::chrono::milliseconds time);

  private:
    int fd_ = -1;
    std::array<std::uint8_t, 12> addresses_{};
};

class NetPlayer final : public Player {
  public:
    NetPlayer(const Wire& w, PacketSocket& socket) : Player(w), socket_(socket) {}

    using Player::send;

    void send(const Frame& frame) override { socket_.send(frame); }

    bool await_syn_ack() override;
    void wait(std::chrono::milliseconds time) override;

    // The real server speaks for itself.
    void from_server(const Frame& /*frame*/) override {}

    void hush_server() override {}

    void hide_server() override {}

  private:
    bool learn(const Frame& frame);

    PacketSocket& socket_;
};

}  // namespace sluice::evasion
