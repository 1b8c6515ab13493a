// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tunnel_samples.h"

namespace sluice::test {

namespace {

using packet::Inner;
using packet::Tunnel;

PacketBuilder over4() {
    PacketBuilder b;
    b.ipv4("192.0.2.1", "192.0.2.2");
    return b;
}

PacketBuilder over6() {
    PacketBuilder b;
    b.ipv6("2001:db8:1::1", "2001:db8:1::2");
    return b;
}

PacketBuilder gre() {
    return over4().ip_proto(47);
}

// What is inside, in both forms, and how its kind is called in each header.
class Samples {
  public:
    explicit Samples(const Frame& ethernet)
        : ethernet_(ethernet), ip_(ethernet.begin() + 14, ethernet.end()), v6_(ip_[0] >> 4 == 6) {}

    void ip(const char* name, Tunnel tunnel, const PacketBuilder& outer, const Frame& header) {
        add({name, tunnel, v6_ ? Inner::kIpv6 : Inner::kIpv4, outer, header, header.size()}, ip_);
    }

    void ethernet(const char* name, Tunnel tunnel, const PacketBuilder& outer,
                  const Frame& header) {
        add({name, tunnel, Inner::kEthernet, outer, header, header.size()}, ethernet_);
    }

    void ppp(const char* name, const PacketBuilder& outer, Frame header, const Frame& front) {
        const std::size_t length = front.size() + ip_.size();
        header[4] = static_cast<std::uint8_t>(length >> 8);
        header[5] = static_cast<std::uint8_t>(length);
        const std::size_t size = header.size();
        header.insert(header.end(), front.begin(), front.end());
        add({name, Tunnel::kGre, Inner::kPpp, outer, header, size}, ip_);
    }

    // 'length_at': where the header holds the number of bytes behind 'from'.
    void sized(const char* name, Tunnel tunnel, const PacketBuilder& outer, Frame header,
               std::size_t length_at, std::size_t from) {
        const std::size_t length = header.size() - from + ip_.size();
        header[length_at] = static_cast<std::uint8_t>(length >> 8);
        header[length_at + 1] = static_cast<std::uint8_t>(length);
        ip(name, tunnel, outer, header);
    }

    Frame typed(Frame header, std::size_t at) const {
        header[at] = v6_ ? 0x86 : 0x08;
        header[at + 1] = v6_ ? 0xdd : 0x00;
        return header;
    }

    bool v6() const { return v6_; }

    std::vector<TunnelSample> take() { return std::move(all_); }

  private:
    void add(TunnelSample sample, const Frame& inside) {
        sample.payload.insert(sample.payload.end(), inside.begin(), inside.end());
        all_.push_back(std::move(sample));
    }

    Frame ethernet_;
    Frame ip_;
    bool v6_;
    std::vector<TunnelSample> all_;
};

void add_gre(Samples& s) {
    const std::uint8_t ppp = s.v6() ? 0x57 : 0x21;
    s.ip("GRE", Tunnel::kGre, gre(), s.typed({0, 0, 0, 0}, 2));
    s.ip("GRE over IPv6, all fields", Tunnel::kGre, over6().ip_proto(47),
         s.typed({0xb0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 5, 0, 0, 0, 9}, 2));
    s.ethernet("GRE with Ethernet", Tunnel::kGre, gre(), {0x20, 0, 0x65, 0x58, 0, 0, 0, 7});
    s.ip("MPLS in GRE", Tunnel::kGre, gre(), {0, 0, 0x88, 0x47, 0, 1, 0, 64, 0, 2, 1, 64});
    s.ethernet("ERSPAN I", Tunnel::kGre, gre(), {0, 0, 0x88, 0xbe});
    s.ethernet("ERSPAN II", Tunnel::kGre, gre(),
               {0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 1, 0, 1, 0, 0, 0, 0});
    s.ethernet("ERSPAN III", Tunnel::kGre, gre(),
               {0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0});
    s.ip("ERSPAN III of IP, with its optional part", Tunnel::kGre, gre(),
         {0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 1, 0, 1, 0, 0,
          0,    0, 0,    0,    8, 1, 0, 0, 0,    0, 0, 0, 0, 0});
    s.ppp("PPTP", gre(), {0x30, 1, 0x88, 0x0b, 0, 0, 0, 1, 0, 0, 0, 1}, {0xff, 3, 0, ppp});
    s.ppp("PPTP, compressed, acknowledges", gre(),
          {0x30, 0x81, 0x88, 0x0b, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}, {ppp});
    s.ppp("PPP in GRE without PPTP, with a key", gre(), {0x20, 0, 0x88, 0x0b, 0, 0, 0, 9}, {ppp});
}

void add_udp(Samples& s) {
    s.ethernet("VXLAN", Tunnel::kVxlan, over4().udp(50001, 4789), {8, 0, 0, 0, 0, 0, 7, 0});
    s.ethernet("VXLAN on Linux's port, over IPv6", Tunnel::kVxlan, over6().udp(50001, 8472),
               {8, 0, 0, 0, 0, 0, 7, 0});
    s.ethernet("GENEVE", Tunnel::kGeneve, over4().udp(50002, 6081), {0, 0, 0x65, 0x58, 0, 0, 9, 0});
    s.ip("GENEVE with options and IP", Tunnel::kGeneve, over4().udp(50002, 6081),
         s.typed({2, 0, 0, 0, 0, 0, 9, 0, 1, 2, 3, 1, 0, 0, 0, 0}, 2));
    s.sized("GTP-U", Tunnel::kGtpu, over4().udp(2152, 2152), {0x30, 255, 0, 0, 0, 0, 0, 1}, 2, 8);
    s.sized("GTP-U with a sequence number", Tunnel::kGtpu, over4().udp(2152, 2152),
            {0x32, 255, 0, 0, 0, 0, 0, 1, 0, 5, 0, 0x85}, 2, 8);
    s.sized("GTP-U with two extension headers", Tunnel::kGtpu, over4().udp(2152, 2152),
            {0x34, 255, 0, 0, 0, 0, 0, 1, 0, 5, 0, 0x85, 1, 0, 5, 3, 2, 0, 0, 0x40, 0, 0, 0, 0}, 2,
            8);
    if (s.v6()) {
        s.ip("Teredo", Tunnel::kTeredo, over4().udp(50003, 3544), {});
        s.ip("Teredo from a server, with origin", Tunnel::kTeredo, over4().udp(3544, 50003),
             {0, 0, 1, 2, 3, 4, 5, 6});
        s.ip("Teredo with authentication and origin", Tunnel::kTeredo, over4().udp(50003, 3544),
             {0, 1, 1, 2, 'i', 'a', 'u', 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 1, 2, 3, 4, 5, 6});
    }
}

void add_link(Samples& s) {
    const std::uint8_t ppp = s.v6() ? 0x57 : 0x21;
    s.ip("MPLS", Tunnel::kNone, PacketBuilder().ether_type(0x8847), {0, 1, 1, 64});
    s.ip("MPLS, three labels behind a VLAN tag", Tunnel::kNone,
         PacketBuilder().vlan(3).ether_type(0x8848), {0, 1, 0, 64, 0, 1, 0, 64, 0, 1, 1, 64});
    s.ethernet("MPLS pseudowire", Tunnel::kNone, PacketBuilder().ether_type(0x8847),
               {0, 1, 1, 64, 0, 0, 0, 0});
    s.sized("PPPoE", Tunnel::kNone, PacketBuilder().ether_type(0x8864),
            {0x11, 0, 0, 1, 0, 0, 0, ppp}, 4, 6);
}

}  // namespace

std::vector<TunnelSample> tunnel_samples(const Frame& ethernet) {
    Samples s(ethernet);
    const std::uint8_t protocol = s.v6() ? 41 : 4;
    s.ip("IP in IPv4", Tunnel::kIpInIp, over4().ip_proto(protocol), {});
    s.ip("IP in IPv6", Tunnel::kIpInIp, over6().ip_proto(protocol), {});
    add_gre(s);
    add_udp(s);
    add_link(s);
    return s.take();
}

}  // namespace sluice::test
