// SPDX-License-Identifier: Apache-2.0
// NetPlayer: plays a case over packet sockets (packet(7)) against a real server, with the TCP
// handshake done here. Linux only; needs CAP_NET_RAW and CAP_SYS_ADMIN. Test support. One thread.
#pragma once

#include "tests/evasion/player.h"

#include <cstddef>

namespace sluice::evasion {

class PacketSocket {
  public:
    // 'target_mac': what frames are sent to. 'name_space': a file as in /run/netns, or empty: our
    // own.
    PacketSocket(const std::string& interface, const std::string& target_mac,
                 const std::string& name_space = {});
    ~PacketSocket();

    PacketSocket(const PacketSocket&) = delete;
    PacketSocket& operator=(const PacketSocket&) = delete;

    // Puts the link addresses in place of the frame's own.
    void send(Frame frame);
    // The next frame that came in; empty: none came within the time.
    Frame receive(std::chrono::milliseconds time);

  private:
    int fd_ = -1;
    std::array<std::uint8_t, 12> addresses_{};
};

// The ways between client and server.
struct Ways {
    PacketSocket& through;     // the box
    PacketSocket& around;      // it
    PacketSocket& server;      // the server's end of the way through
    std::string server_space;  // the server's network namespace, a file as in /run/netns
};

class NetPlayer final : public Player {
  public:
    // 'acted': the server has no kernel behind it, only what the case lets it say.
    NetPlayer(const Wire& w, const Ways& ways, bool acted)
        : Player(w), ways_(ways), acted_(acted) {}

    ~NetPlayer() override;
    NetPlayer(const NetPlayer&) = delete;
    NetPlayer& operator=(const NetPlayer&) = delete;

    using Player::send;

    void send(const Frame& frame) override;
    bool await_syn_ack() override;
    void wait(std::chrono::milliseconds time) override;
    void from_server(const Frame& frame) override;

    // The real server hears the client and finds no way back, until this player goes.
    void hush_server() override;

    // Real::kAround: by the client's address.
    void hide_server() override {}

    void go_around(bool on) override;

    std::size_t flood() const override { return 9000; }

    std::chrono::milliseconds fragment_timeout() const override { return std::chrono::seconds(6); }

    // What reached the wire of an acted server, in order.
    std::string acted_received();

  private:
    bool learn(const Frame& frame);
    void way_back(bool open);

    Ways ways_;
    bool acted_ = false;
    bool around_ = false;
    bool hushed_ = false;
    std::size_t sent_ = 0;
};

}  // namespace sluice::evasion
