// SPDX-License-Identifier: Apache-2.0
#include "tests/evasion/net_player.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdexcept>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace sluice::evasion {

namespace {

constexpr auto kAnswerTime = std::chrono::milliseconds(500);

[[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error(what + ": " + std::strerror(errno));
}

std::uint32_t be32(const Frame& f, std::size_t at) {
    return std::uint32_t{f[at]} << 24 | std::uint32_t{f[at + 1]} << 16 |
           std::uint32_t{f[at + 2]} << 8 | f[at + 3];
}

std::uint16_t be16(const Frame& f, std::size_t at) {
    return static_cast<std::uint16_t>(f[at] << 8 | f[at + 1]);
}

// Where TCP begins in a frame; 0: it is none.
std::size_t tcp_in(const Frame& f) {
    if (f.size() >= 54 && f[12] == 8 && f[13] == 0 && f[23] == packet::kProtoTcp) {
        return 14 + (f[14] & 15U) * 4U;
    }
    if (f.size() >= 74 && f[12] == 0x86 && f[13] == 0xdd && f[20] == packet::kProtoTcp) {
        return 54;
    }
    return 0;
}

}  // namespace

PacketSocket::PacketSocket(const std::string& interface, const std::string& server_mac) {
    std::array<unsigned, 6> mac{};
    if (std::sscanf(server_mac.c_str(), "%x:%x:%x:%x:%x:%x", &mac[0], &mac[1], &mac[2], &mac[3],
                    &mac[4], &mac[5]) != 6) {
        throw std::runtime_error("not a link address: " + server_mac);
    }
    fd_ = ::socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
    if (fd_ < 0) {
        fail("packet socket");
    }
    ifreq request{};
    std::strncpy(request.ifr_name, interface.c_str(), IFNAMSIZ - 1);
    if (::ioctl(fd_, SIOCGIFHWADDR, &request) != 0) {
        fail(interface);
    }
    for (std::size_t i = 0; i < 6; ++i) {
        addresses_[i] = static_cast<std::uint8_t>(mac[i]);
        addresses_[6 + i] = static_cast<std::uint8_t>(request.ifr_hwaddr.sa_data[i]);
    }
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(::if_nametoindex(interface.c_str()));
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        fail("bind");
    }
}

PacketSocket::~PacketSocket() {
    ::close(fd_);
}

void PacketSocket::send(Frame frame) {
    std::copy(addresses_.begin(), addresses_.end(), frame.begin());
    if (::send(fd_, frame.data(), frame.size(), 0) < 0) {
        fail("send");
    }
}

Frame PacketSocket::receive(std::chrono::milliseconds time) {
    pollfd waiting{fd_, POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(time.count())) <= 0) {
        return {};
    }
    Frame frame(2048);
    const ssize_t n = ::recv(fd_, frame.data(), frame.size(), 0);
    frame.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return frame;
}

bool NetPlayer::learn(const Frame& f) {
    const std::size_t at = tcp_in(f);
    if (at == 0 || f.size() < at + 20 || be16(f, at) != wire.server_port ||
        be16(f, at + 2) != wire.client_port || be32(f, at + 8) != wire.client_isn + 1 ||
        (f[at + 13] & packet::kTcpSyn) == 0) {
        return false;
    }
    wire.server_isn = be32(f, at + 4);
    const std::size_t end = std::min(f.size(), at + (f[at + 12] >> 4) * 4U);
    for (std::size_t i = at + 20; i + 1 < end && f[i] != 0;) {
        if (f[i] == 8 && i + 10 <= end) {
            wire.server_ts = be32(f, i + 2);
        }
        i += f[i] == 1 ? 1 : std::max<std::size_t>(f[i + 1], 2);
    }
    return true;
}

bool NetPlayer::await_syn_ack() {
    const auto until = std::chrono::steady_clock::now() + kAnswerTime;
    while (std::chrono::steady_clock::now() < until) {
        if (learn(socket_.receive(std::chrono::milliseconds(20)))) {
            return true;
        }
    }
    return false;
}

void NetPlayer::wait(std::chrono::milliseconds time) {
    std::this_thread::sleep_for(time);
}

}  // namespace sluice::evasion
