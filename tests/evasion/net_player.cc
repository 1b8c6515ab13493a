// SPDX-License-Identifier: Apache-2.0
#include "tests/evasion/net_player.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdexcept>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace sluice::evasion {

namespace {

constexpr auto kAnswerTime = std::chrono::milliseconds(500);
constexpr auto kNap = std::chrono::milliseconds(2);
// Between packets of both ends, so that they reach the box in this order.
constexpr auto kTurn = std::chrono::milliseconds(30);
// Packets that may be sent without a pause: fewer than any queue on the way holds.
constexpr std::size_t kBurst = 64;

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

// Another network namespace, for as long as this lives.
class Visit {
  public:
    explicit Visit(const std::string& name_space) {
        if (name_space.empty()) {
            return;
        }
        home_ = ::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
        const int there = ::open(name_space.c_str(), O_RDONLY | O_CLOEXEC);
        if (home_ < 0 || there < 0 || ::setns(there, CLONE_NEWNET) != 0) {
            fail(name_space);
        }
        ::close(there);
    }

    ~Visit() {
        if (home_ >= 0) {
            ::setns(home_, CLONE_NEWNET);
            ::close(home_);
        }
    }

    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

  private:
    int home_ = -1;
};

}  // namespace

PacketSocket::PacketSocket(const std::string& interface, const std::string& target_mac,
                           const std::string& name_space) {
    std::array<unsigned, 6> mac{};
    if (std::sscanf(target_mac.c_str(), "%x:%x:%x:%x:%x:%x", &mac[0], &mac[1], &mac[2], &mac[3],
                    &mac[4], &mac[5]) != 6) {
        throw std::runtime_error("not a link address: " + target_mac);
    }
    const Visit visit(name_space);
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
    const auto until = std::chrono::steady_clock::now() + time;
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            until - std::chrono::steady_clock::now());
        pollfd waiting{fd_, POLLIN, 0};
        if (left.count() < 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) <= 0) {
            return {};
        }
        Frame frame(2048);
        sockaddr_ll from{};
        socklen_t size = sizeof from;
        const ssize_t n = ::recvfrom(fd_, frame.data(), frame.size(), 0,
                                     reinterpret_cast<sockaddr*>(&from), &size);
        if (n > 0 && from.sll_pkttype != PACKET_OUTGOING) {
            frame.resize(static_cast<std::size_t>(n));
            return frame;
        }
    }
}

NetPlayer::~NetPlayer() {
    if (hushed_) {
        way_back(true);
    }
}

void NetPlayer::hush_server() {
    if (!acted_ && !hushed_) {
        way_back(false);
        hushed_ = true;
    }
}

void NetPlayer::way_back(bool open) {
    const std::string space = std::filesystem::path(ways_.server_space).filename();
    const std::string command = "ip -n " + space + (wire.ip == 6 ? " -6" : "") + " route " +
                                (open ? "del" : "add") + " blackhole " + wire.client +
                                (wire.ip == 6 ? "/128" : "/32");
    if (std::system(command.c_str()) != 0) {
        std::fprintf(stderr, "evasion_peer: failed: %s\n", command.c_str());
    }
}

void NetPlayer::send(const Frame& frame) {
    (around_ ? ways_.around : ways_.through).send(frame);
    if (++sent_ % kBurst == 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
}

void NetPlayer::go_around(bool on) {
    std::this_thread::sleep_for(kTurn);
    around_ = on;
}

void NetPlayer::from_server(const Frame& frame) {
    if (acted_) {
        std::this_thread::sleep_for(kTurn);
        ways_.server.send(frame);
        std::this_thread::sleep_for(kTurn);
    }
}

std::string NetPlayer::acted_received() {
    std::string out;
    for (;;) {
        const Frame f = ways_.server.receive(std::chrono::milliseconds(50));
        const std::size_t at = tcp_in(f);
        if (f.empty()) {
            return out;
        }
        if (at == 0 || f.size() < at + 20 || be16(f, at) != wire.client_port) {
            continue;
        }
        const std::size_t begin = at + (f[at + 12] >> 4) * 4U;
        const std::size_t end = std::min<std::size_t>(f.size(), 14U + be16(f, 16));
        for (std::size_t i = begin; i < end; ++i) {
            const std::uint32_t place =
                be32(f, at + 4) - wire.client_isn - 1 + static_cast<std::uint32_t>(i - begin);
            if (place < 100'000) {
                out.resize(std::max<std::size_t>(out.size(), place + 1), '?');
                out[place] = static_cast<char>(f[i]);
            }
        }
    }
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
    if (acted_) {
        return true;
    }
    const auto until = std::chrono::steady_clock::now() + kAnswerTime;
    while (std::chrono::steady_clock::now() < until) {
        for (PacketSocket* way : {&ways_.through, &ways_.around}) {
            // Thousands of frames of the case before may lie in front of it.
            for (Frame f = way->receive(kNap); !f.empty(); f = way->receive(kNap)) {
                if (learn(f)) {
                    return true;
                }
            }
        }
    }
    return false;
}

void NetPlayer::wait(std::chrono::milliseconds time) {
    std::this_thread::sleep_for(time);
}

}  // namespace sluice::evasion
