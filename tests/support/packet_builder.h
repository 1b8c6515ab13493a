// SPDX-License-Identifier: Apache-2.0
// PacketBuilder: frames for tests, layer by layer, correct unless told otherwise:
//   PacketBuilder().eth().ipv4("10.0.0.1", "10.0.0.2").tcp(40000, 80).seq(1).ack(9).payload("GET /
//   HTTP/1.1\r\n").build()
// Lengths and checksums are filled in by build(); the setters that break a field win over that.
// to_string() prints the frame as it was asked for. Addresses are text; a malformed one aborts the
// test. Owns its bytes. One thread.
#pragma once

#include "dataplane/base/cursor.h"
#include "dataplane/packet/packet.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::test {

using Frame = std::vector<std::uint8_t>;

// Bytes of a text, for payloads.
inline Bytes bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// IpAddr of a text address of either version.
packet::IpAddr address(std::string_view text);

class PacketBuilder {
  public:
    using Self = PacketBuilder&;

    // Link layer. eth() is implied; MACs are 02:00:00:00:00:02 from 02:00:00:00:00:01 unless given.
    Self eth();
    Self eth(std::array<std::uint8_t, 6> dst, std::array<std::uint8_t, 6> src);
    Self vlan(std::uint16_t id, std::uint16_t tpid = 0x8100);  // outermost first
    Self ether_type(std::uint16_t v);                          // instead of the one that fits

    // Network layer.
    Self ipv4(std::string_view src, std::string_view dst);
    Self ipv6(std::string_view src, std::string_view dst);
    Self ttl(std::uint8_t v);
    Self ip_id(std::uint16_t v);
    Self tos(std::uint8_t v);
    Self ip_options(Bytes options);  // IPv4; padded to 4 bytes
    Self fragment(std::uint16_t offset_bytes, bool more, std::uint32_t id = 1);  // both versions
    Self extension(std::uint8_t kind,
                   Bytes body);     // IPv6: 'body' follows the next-header byte as it is
    Self hop_by_hop();              // a well-formed one, 8 bytes
    Self ip_proto(std::uint8_t v);  // protocol without a transport header, or a wrong one

    // Transport layer.
    Self tcp(std::uint16_t src_port, std::uint16_t dst_port);  // ACK, window 65535, unless changed
    Self seq(std::uint32_t v);
    Self ack(std::uint32_t v);
    Self flags(std::uint8_t v);
    Self window(std::uint16_t v);
    Self urgent(std::uint16_t v);
    Self tcp_options(Bytes options);  // padded to 4 bytes with end-of-options
    Self mss(std::uint16_t v);        // appends the option
    Self wscale(std::uint8_t v);      // appends the option
    Self timestamps(std::uint32_t value, std::uint32_t echo);  // appends NOP NOP TS
    Self udp(std::uint16_t src_port, std::uint16_t dst_port);
    Self icmp(std::uint8_t type, std::uint8_t code, std::uint32_t rest = 0);  // ICMPv6 over IPv6
    Self sctp(std::uint16_t src_port, std::uint16_t dst_port, std::uint32_t tag = 1);
    Self payload(std::string_view text);
    Self payload(Bytes bytes);

    // Breaking.
    Self ip_version(std::uint8_t v);
    Self ip_header_words(std::uint8_t v);
    Self ip_length(std::uint16_t v);  // total length, or IPv6 payload length
    Self ip_checksum(std::uint16_t v);
    Self tcp_header_words(std::uint8_t v);
    Self udp_length(std::uint16_t v);
    Self l4_checksum(std::uint16_t v);
    Self truncate(std::size_t frame_length);                    // cut the finished frame
    Self pad(std::size_t frame_length, std::uint8_t with = 0);  // lengthen the finished frame
    Self patch(std::size_t at, std::uint8_t value);             // last of all

    Frame build() const;
    std::string to_string() const;

  private:
    enum class Network : std::uint8_t { kNone, kIpv4, kIpv6 };
    enum class Transport : std::uint8_t { kNone, kTcp, kUdp, kIcmp, kSctp };

    struct FragmentFields {
        std::uint16_t offset_bytes;
        bool more;
        std::uint32_t id;
    };

    Self note(std::string text);
    std::uint8_t transport_protocol() const;
    std::uint16_t own_ether_type() const;
    Frame link_bytes() const;
    Frame transport_bytes() const;
    Frame tcp_bytes() const;
    Frame udp_bytes() const;
    void fill_checksum(Frame& message, std::size_t at) const;
    Frame ipv4_bytes(std::size_t payload) const;
    Frame ipv6_bytes(std::size_t payload) const;
    std::vector<std::pair<std::uint8_t, Frame>> extensions() const;

    std::string text_;
    std::array<std::uint8_t, 6> mac_dst_{2, 0, 0, 0, 0, 2};
    std::array<std::uint8_t, 6> mac_src_{2, 0, 0, 0, 0, 1};
    std::vector<std::pair<std::uint16_t, std::uint16_t>> vlans_;  // tpid, id
    std::optional<std::uint16_t> ether_type_;
    Network network_ = Network::kNone;
    packet::IpAddr src_;
    packet::IpAddr dst_;
    std::uint8_t ttl_ = 64;
    std::uint8_t tos_ = 0;
    std::uint16_t ip_id_ = 0;
    Frame ip_options_;
    std::optional<FragmentFields> fragment_;
    std::vector<std::pair<std::uint8_t, Frame>> extensions_;
    std::optional<std::uint8_t> ip_proto_;
    Transport transport_ = Transport::kNone;
    std::uint16_t src_port_ = 0;
    std::uint16_t dst_port_ = 0;
    std::uint32_t seq_ = 0;
    std::uint32_t ack_ = 0;
    std::uint8_t flags_ = packet::kTcpAck;
    std::uint16_t window_ = 65535;
    std::uint16_t urgent_ = 0;
    Frame tcp_options_;
    std::uint8_t icmp_type_ = 0;
    std::uint8_t icmp_code_ = 0;
    std::uint32_t icmp_rest_ = 0;
    std::uint32_t sctp_tag_ = 0;
    Frame payload_;
    std::uint8_t ip_version_ = 0;
    std::optional<std::uint8_t> ip_header_words_;
    std::optional<std::uint16_t> ip_length_;
    std::optional<std::uint16_t> ip_checksum_;
    std::optional<std::uint8_t> tcp_header_words_;
    std::optional<std::uint16_t> udp_length_;
    std::optional<std::uint16_t> l4_checksum_;
    std::optional<std::size_t> truncate_;
    std::optional<std::pair<std::size_t, std::uint8_t>> pad_;
    std::vector<std::pair<std::size_t, std::uint8_t>> patches_;
};

}  // namespace sluice::test
