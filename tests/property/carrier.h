// SPDX-License-Identifier: Apache-2.0
// Carrier: how the packets of one conversation lie on the wire: IP version, VLAN, tunnel, fragments
// of the inner or of the outer packet. IpReceiver is the other end: takes frames, gives back what
// was carried. They share no code with the data plane. Test support; allocates. One thread.
#pragma once

#include "tests/property/tcp_peer.h"

#include <map>
#include <string>
#include <vector>

namespace sluice::test {

enum class Around : std::uint8_t { kNothing, kIpInIp, kGre, kVxlan };

struct Ends {
    std::string client = "10.1.0.1";
    std::string server = "10.2.0.1";
    std::uint16_t client_port = 40000;
    std::uint16_t server_port = 8000;
    bool v6 = false;
    int vlan = -1;
    Around around = Around::kNothing;
    bool outer_v6 = false;
};

enum class CutOrder : std::uint8_t { kForward, kBackward, kShuffled };

// How packets are cut into fragments.
struct Cutting {
    double chance = 0;  // of a packet to be cut
    double outer = 0;   // of those inside a tunnel: around it instead
    double again = 0;   // IPv4: of a second copy, cut otherwise (two ways through the network)
    std::size_t smallest = 48;  // bytes, a multiple of 8
    CutOrder order = CutOrder::kForward;
};

class Carrier {
  public:
    Carrier(const Ends& ends, const Cutting& cutting, Rng& rng)
        : ends_(ends), cutting_(cutting), rng_(rng) {}

    std::vector<Frame> tcp(bool from_client, const TcpSegment& s);
    std::vector<Frame> udp(bool from_client, const std::string& payload);

    // A datagram was sent in two copies at least once.
    bool copied() const { return copied_; }

  private:
    PacketBuilder ip(bool from_client) const;
    std::vector<Frame> on_the_wire(const Frame& whole, bool from_client);
    std::vector<Frame> cut(const Frame& whole, bool transport);
    void cut_once(const Frame& whole, std::size_t first, std::uint32_t id, std::vector<Frame>& out);
    Frame wrap(const Frame& inner, bool from_client) const;

    Ends ends_;
    Cutting cutting_;
    Rng& rng_;
    std::uint32_t id_ = 100;
    bool copied_ = false;
};

class IpReceiver {
  public:
    explicit IpReceiver(bool vxlan) : vxlan_(vxlan) {}

    // The TCP or UDP message that is whole with this frame; empty: none.
    Frame take(Bytes frame);

    // Of the last message.
    std::uint8_t protocol() const { return protocol_; }

    // Messages with a wrong checksum, or frames that are no IP.
    int damaged() const { return damaged_; }

  private:
    struct Datagram {
        std::map<std::size_t, std::uint8_t> bytes;
        std::size_t size = 0;  // 0: the last fragment is missing
    };

    struct Message {
        std::uint8_t protocol = 0;
        Frame addresses;
        Frame body;  // empty: not whole yet
    };

    static constexpr std::size_t kNoTunnel = ~std::size_t{0};

    Message ipv4(Bytes packet);
    Message ipv6(Bytes packet);
    Frame fragment(const Frame& key, std::size_t at, bool more, Bytes part);
    std::size_t tunnel_header(const Message& m) const;
    Frame checked(const Message& m);

    bool vxlan_;
    std::uint8_t protocol_ = 0;
    int damaged_ = 0;
    std::map<Frame, Datagram> datagrams_;
};

// REQUIRES: a TCP header and its options as Carrier writes them
TcpSegment read_tcp(Bytes message);

}  // namespace sluice::test
