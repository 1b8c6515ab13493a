// SPDX-License-Identifier: Apache-2.0
// ModelReceiver: a TCP/IP receiver that believes nearly everything, for tests: fragments, tunnels,
// TCP and UDP. It shares no code with the data plane. Its traits say in which of the ways that real
// receivers differ it differs; an evasion must fail against every combination. Owns what it
// received. Allocates. One thread.
#pragma once

#include "tests/support/packet_builder.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace sluice::evasion {

struct Traits {
    bool last_copy_wins = false;  // of bytes not yet given to the application
    bool checks = false;          // discards wrong checksums
    bool strict = false;          // RFC 9293, 5961 and 7323: window, ACK, old timestamps, MD5
    bool urgent_apart = false;    // urgent bytes are not in the stream
    bool far = false;             // behind a router: TTL 1 and large DF packets never arrive

    static Traits number(unsigned bits);
    static constexpr unsigned kCount = 32;

    std::string to_string() const;
};

class ModelReceiver {
  public:
    ModelReceiver(Traits traits, std::uint32_t isn) : traits_(traits), isn_(isn) {}

    // A frame arrives. What the receiver answers is in replies.
    void take(const test::Frame& frame);

    // What applications got: streams, then datagrams, one after the other.
    std::string received() const;

    struct Reply {
        std::string to;
        std::uint16_t port = 0;
        std::uint16_t own_port = 0;
        std::uint32_t seq = 0;
        std::uint32_t ack = 0;
        std::uint8_t flags = 0;
        bool timestamps = false;
        bool sack = false;
        int wscale = -1;
        std::uint32_t echo = 0;
    };

    std::vector<Reply> replies;

  private:
    struct Tcp;

    struct Ends {
        std::string from;
        std::string to;
        int version = 4;
    };

    struct Datagram {
        std::map<std::size_t, std::uint8_t> bytes;
        std::size_t size = 0;  // 0: last fragment not seen
    };

    struct Connection {
        std::uint32_t next = 0;  // sequence number of stream byte 0
        std::map<std::uint32_t, std::uint8_t> bytes;
        std::set<std::uint32_t> urgent;
        std::uint32_t delivered = 0;
        std::uint32_t fin = ~0U;
        std::uint32_t newest_ts = 0;
        bool timestamps = false;
        bool closed = false;
    };

    std::string stream_of(const Connection& c) const;
    void ip(Bytes packet, int depth);
    void ipv4(Bytes packet, int depth);
    void ipv6(Bytes packet, int depth);
    void fragment(const std::string& key, std::size_t at, bool more, Bytes part, const Ends& ends,
                  std::uint8_t proto, int depth);
    void transport(Bytes l4, const Ends& ends, std::uint8_t proto, int depth);
    void udp(Bytes l4, const Ends& ends, int depth);
    void gre(Bytes l4, int depth);
    void tcp(Bytes l4, const Ends& ends);
    void syn(Connection& c, const Tcp& t, const Ends& ends);
    bool acceptable(const Connection& c, const Tcp& t) const;
    void data(Connection& c, const Tcp& t);
    void answer(const Connection& c, const Tcp& t, const Ends& ends, std::uint8_t flags);
    bool sum_ok(Bytes l4, const Ends& ends, std::uint8_t proto) const;

    Traits traits_;
    std::uint32_t isn_;
    std::map<std::string, Datagram> datagrams_;
    std::map<std::string, Connection> connections_;
    std::string streams_;  // of connections that were replaced
    std::string udp_;
};

}  // namespace sluice::evasion
