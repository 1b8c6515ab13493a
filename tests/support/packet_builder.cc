// SPDX-License-Identifier: Apache-2.0
#include "tests/support/packet_builder.h"

#include "dataplane/base/check.h"
#include "tests/support/reference_checksum.h"

#include <algorithm>
#include <arpa/inet.h>

namespace sluice::test {

namespace {

void put8(Frame& f, std::uint64_t v) {
    f.push_back(static_cast<std::uint8_t>(v));
}

void put16(Frame& f, std::uint64_t v) {
    put8(f, v >> 8);
    put8(f, v);
}

void put32(Frame& f, std::uint64_t v) {
    put16(f, v >> 16);
    put16(f, v);
}

void append(Frame& f, Bytes b) {
    f.insert(f.end(), b.begin(), b.end());
}

void set16(Frame& f, std::size_t at, std::uint16_t v) {
    f.at(at) = static_cast<std::uint8_t>(v >> 8);
    f.at(at + 1) = static_cast<std::uint8_t>(v);
}

void pad4(Frame& f) {
    while (f.size() % 4 != 0) {
        f.push_back(0);
    }
}

std::string num(std::uint64_t v) {
    return std::to_string(v);
}

}  // namespace

packet::IpAddr address(std::string_view text) {
    packet::IpAddr out;
    const std::string s(text);
    if (s.find(':') != std::string::npos) {
        SLUICE_CHECK(::inet_pton(AF_INET6, s.c_str(), out.bytes.data()) == 1);
        return out;
    }
    out.bytes[10] = 0xff;
    out.bytes[11] = 0xff;
    SLUICE_CHECK(::inet_pton(AF_INET, s.c_str(), out.bytes.data() + 12) == 1);
    return out;
}

PacketBuilder& PacketBuilder::note(std::string text) {
    text_ += (text_.empty() ? "" : ".") + std::move(text);
    return *this;
}

PacketBuilder& PacketBuilder::eth() {
    return note("eth()");
}

PacketBuilder& PacketBuilder::eth(std::array<std::uint8_t, 6> dst,
                                  std::array<std::uint8_t, 6> src) {
    mac_dst_ = dst;
    mac_src_ = src;
    return note("eth(..)");
}

PacketBuilder& PacketBuilder::vlan(std::uint16_t id, std::uint16_t tpid) {
    vlans_.emplace_back(tpid, id);
    return note("vlan(" + num(id) + ")");
}

PacketBuilder& PacketBuilder::ether_type(std::uint16_t v) {
    ether_type_ = v;
    return note("ether_type(" + num(v) + ")");
}

PacketBuilder& PacketBuilder::ipv4(std::string_view src, std::string_view dst) {
    network_ = Network::kIpv4;
    ip_version_ = 4;
    src_ = address(src);
    dst_ = address(dst);
    SLUICE_CHECK(src_.is_v4() && dst_.is_v4());
    return note("ipv4(" + std::string(src) + ", " + std::string(dst) + ")");
}

PacketBuilder& PacketBuilder::ipv6(std::string_view src, std::string_view dst) {
    network_ = Network::kIpv6;
    ip_version_ = 6;
    src_ = address(src);
    dst_ = address(dst);
    return note("ipv6(" + std::string(src) + ", " + std::string(dst) + ")");
}

PacketBuilder& PacketBuilder::ttl(std::uint8_t v) {
    ttl_ = v;
    return note("ttl(" + num(v) + ")");
}

PacketBuilder& PacketBuilder::ip_id(std::uint16_t v) {
    ip_id_ = v;
    return note("ip_id(" + num(v) + ")");
}

PacketBuilder& PacketBuilder::tos(std::uint8_t v) {
    tos_ = v;
    return note("tos(" + num(v) + ")");
}

PacketBuilder& PacketBuilder::ip_options(Bytes options) {
    append(ip_options_, options);
    pad4(ip_options_);
    return note("ip_options(" + num(options.size()) + " bytes)");
}

PacketBuilder& PacketBuilder::fragment(std::uint16_t offset_bytes, bool more, std::uint32_t id) {
    SLUICE_CHECK(offset_bytes % 8 == 0);
    fragment_ = FragmentFields{offset_bytes, more, id};
    return note("fragment(" + num(offset_bytes) + ", " + (more ? "true" : "false") + ")");
}

PacketBuilder& PacketBuilder::extension(std::uint8_t kind, Bytes body) {
    extensions_.emplace_back(kind, Frame(body.begin(), body.end()));
    return note("extension(" + num(kind) + ", " + num(body.size()) + " bytes)");
}

PacketBuilder& PacketBuilder::hop_by_hop() {
    const std::array<std::uint8_t, 7> pad_n = {0, 1, 4, 0, 0, 0, 0};
    return extension(0, pad_n);
}

PacketBuilder& PacketBuilder::ip_proto(std::uint8_t v) {
    ip_proto_ = v;
    return note("ip_proto(" + num(v) + ")");
}

PacketBuilder& PacketBuilder::tcp(std::uint16_t src_port, std::uint16_t dst_port) {
    transport_ = Transport::kTcp;
    src_port_ = src_port;
    dst_port_ = dst_port;
    return note("tcp(" + num(src_port) + ", " + num(dst_port) + ")");
}

PacketBuilder& PacketBuilder::seq(std::uint32_t v) {
    seq_ = v;
    return note("seq(" + num(v) + ")");
}

PacketBuilder& PacketBuilder::ack(std::uint32_t v) {
    ack_ = v;
    return note("ack(" + num(v) + ")");
}

PacketBuilder& PacketBuilder::flags(std::uint8_t v) {
    flags_ = v;
    return note("flags(" + num(v) + ")");
}

PacketBuilder& PacketBuilder::window(std::uint16_t v) {
    window_ = v;
    return note("window(" + num(v) + ")");
}

PacketBuilder& PacketBuilder::urgent(std::uint16_t v) {
    urgent_ = v;
    return note("urgent(" + num(v) + ")");
}

PacketBuilder& PacketBuilder::tcp_options(Bytes options) {
    append(tcp_options_, options);
    return note("tcp_options(" + num(options.size()) + " bytes)");
}

PacketBuilder& PacketBuilder::mss(std::uint16_t v) {
    put16(tcp_options_, 0x0204);
    put16(tcp_options_, v);
    return note("mss(" + num(v) + ")");
}

PacketBuilder& PacketBuilder::wscale(std::uint8_t v) {
    put16(tcp_options_, 0x0303);
    put8(tcp_options_, v);
    return note("wscale(" + num(v) + ")");
}

PacketBuilder& PacketBuilder::timestamps(std::uint32_t value, std::uint32_t echo) {
    put32(tcp_options_, 0x0101080a);
    put32(tcp_options_, value);
    put32(tcp_options_, echo);
    return note("timestamps(" + num(value) + ", " + num(echo) + ")");
}

PacketBuilder& PacketBuilder::udp(std::uint16_t src_port, std::uint16_t dst_port) {
    transport_ = Transport::kUdp;
    src_port_ = src_port;
    dst_port_ = dst_port;
    return note("udp(" + num(src_port) + ", " + num(dst_port) + ")");
}

PacketBuilder& PacketBuilder::icmp(std::uint8_t type, std::uint8_t code, std::uint32_t rest) {
    transport_ = Transport::kIcmp;
    icmp_type_ = type;
    icmp_code_ = code;
    icmp_rest_ = rest;
    return note("icmp(" + num(type) + ", " + num(code) + ")");
}

PacketBuilder& PacketBuilder::sctp(std::uint16_t src_port, std::uint16_t dst_port,
                                   std::uint32_t tag) {
    transport_ = Transport::kSctp;
    src_port_ = src_port;
    dst_port_ = dst_port;
    sctp_tag_ = tag;
    return note("sctp(" + num(src_port) + ", " + num(dst_port) + ")");
}

PacketBuilder& PacketBuilder::payload(std::string_view text) {
    return payload(bytes_of(text));
}

PacketBuilder& PacketBuilder::payload(Bytes bytes) {
    append(payload_, bytes);
    return note("payload(" + num(bytes.size()) + " bytes)");
}

PacketBuilder& PacketBuilder::ip_version(std::uint8_t v) {
    ip_version_ = v;
    return note("ip_version(" + num(v) + ")");
}

PacketBuilder& PacketBuilder::ip_header_words(std::uint8_t v) {
    ip_header_words_ = v;
    return note("ip_header_words(" + num(v) + ")");
}

PacketBuilder& PacketBuilder::ip_length(std::uint16_t v) {
    ip_length_ = v;
    return note("ip_length(" + num(v) + ")");
}

PacketBuilder& PacketBuilder::ip_checksum(std::uint16_t v) {
    ip_checksum_ = v;
    return note("ip_checksum(" + num(v) + ")");
}

PacketBuilder& PacketBuilder::tcp_header_words(std::uint8_t v) {
    tcp_header_words_ = v;
    return note("tcp_header_words(" + num(v) + ")");
}

PacketBuilder& PacketBuilder::udp_length(std::uint16_t v) {
    udp_length_ = v;
    return note("udp_length(" + num(v) + ")");
}

PacketBuilder& PacketBuilder::l4_checksum(std::uint16_t v) {
    l4_checksum_ = v;
    return note("l4_checksum(" + num(v) + ")");
}

PacketBuilder& PacketBuilder::truncate(std::size_t frame_length) {
    truncate_ = frame_length;
    return note("truncate(" + num(frame_length) + ")");
}

PacketBuilder& PacketBuilder::pad(std::size_t frame_length, std::uint8_t with) {
    pad_ = {frame_length, with};
    return note("pad(" + num(frame_length) + ")");
}

PacketBuilder& PacketBuilder::patch(std::size_t at, std::uint8_t value) {
    patches_.emplace_back(at, value);
    return note("patch(" + num(at) + ", " + num(value) + ")");
}

std::string PacketBuilder::to_string() const {
    return "PacketBuilder()." + text_;
}

std::uint8_t PacketBuilder::transport_protocol() const {
    switch (transport_) {
        case Transport::kTcp:
            return packet::kProtoTcp;
        case Transport::kUdp:
            return packet::kProtoUdp;
        case Transport::kIcmp:
            return network_ == Network::kIpv6 ? packet::kProtoIcmp6 : packet::kProtoIcmp;
        case Transport::kSctp:
            return packet::kProtoSctp;
        case Transport::kNone:
            break;
    }
    return network_ == Network::kIpv6 ? 59 : 253;  // no next header; for experiments (RFC 3692)
}

std::uint16_t PacketBuilder::own_ether_type() const {
    switch (network_) {
        case Network::kIpv4:
            return 0x0800;
        case Network::kIpv6:
            return 0x86dd;
        case Network::kNone:
            break;
    }
    return 0x88b5;  // for local experiments (IEEE 802)
}

Frame PacketBuilder::link_bytes() const {
    Frame f;
    append(f, mac_dst_);
    append(f, mac_src_);
    for (const auto& [tpid, id] : vlans_) {
        put16(f, tpid);
        put16(f, id);
    }
    put16(f, ether_type_.value_or(own_ether_type()));
    return f;
}

void PacketBuilder::fill_checksum(Frame& message, std::size_t at) const {
    if (l4_checksum_) {
        set16(message, at, *l4_checksum_);
        return;
    }
    Frame covered;
    if (!(transport_ == Transport::kIcmp && network_ == Network::kIpv4)) {
        covered = reference_pseudo_header(src_, dst_, transport_protocol(), message.size());
    }
    append(covered, message);
    std::uint16_t sum = reference_checksum(covered);
    if (transport_ == Transport::kUdp && sum == 0) {
        sum = 0xffff;
    }
    set16(message, at, sum);
}

Frame PacketBuilder::tcp_bytes() const {
    Frame options = tcp_options_;
    pad4(options);
    Frame f;
    put16(f, src_port_);
    put16(f, dst_port_);
    put32(f, seq_);
    put32(f, ack_);
    put8(f, static_cast<std::uint64_t>(
                tcp_header_words_.value_or(static_cast<std::uint8_t>(5 + options.size() / 4)))
                << 4);
    put8(f, flags_);
    put16(f, window_);
    put16(f, 0);
    put16(f, urgent_);
    append(f, options);
    append(f, payload_);
    fill_checksum(f, 16);
    return f;
}

Frame PacketBuilder::udp_bytes() const {
    Frame f;
    put16(f, src_port_);
    put16(f, dst_port_);
    put16(f, udp_length_.value_or(static_cast<std::uint16_t>(8 + payload_.size())));
    put16(f, 0);
    append(f, payload_);
    fill_checksum(f, 6);
    return f;
}

Frame PacketBuilder::transport_bytes() const {
    Frame f;
    switch (transport_) {
        case Transport::kTcp:
            return tcp_bytes();
        case Transport::kUdp:
            return udp_bytes();
        case Transport::kIcmp:
            put8(f, icmp_type_);
            put8(f, icmp_code_);
            put16(f, 0);
            put32(f, icmp_rest_);
            append(f, payload_);
            fill_checksum(f, 2);
            return f;
        case Transport::kSctp:
            put16(f, src_port_);
            put16(f, dst_port_);
            put32(f, sctp_tag_);
            put32(f, 0);
            append(f, payload_);
            return f;
        case Transport::kNone:
            break;
    }
    return payload_;
}

Frame PacketBuilder::ipv4_bytes(std::size_t payload) const {
    Frame f;
    const std::size_t header = 20 + ip_options_.size();
    const auto words = ip_header_words_.value_or(static_cast<std::uint8_t>(header / 4));
    put8(f, static_cast<std::uint64_t>(ip_version_ << 4 | words));
    put8(f, tos_);
    put16(f, ip_length_.value_or(static_cast<std::uint16_t>(header + payload)));
    put16(f, ip_id_);
    put16(f, fragment_ ? (fragment_->more ? 0x2000U : 0U) | fragment_->offset_bytes / 8U : 0U);
    put8(f, ttl_);
    put8(f, ip_proto_.value_or(transport_protocol()));
    put16(f, 0);
    append(f, Bytes(src_.bytes).last(4));
    append(f, Bytes(dst_.bytes).last(4));
    append(f, ip_options_);
    set16(f, 10, ip_checksum_.value_or(reference_checksum(f)));
    return f;
}

std::vector<std::pair<std::uint8_t, Frame>> PacketBuilder::extensions() const {
    auto all = extensions_;
    if (fragment_) {
        Frame body;
        put8(body, 0);
        put16(body, fragment_->offset_bytes | (fragment_->more ? 1U : 0U));
        put32(body, fragment_->id);
        all.emplace_back(std::uint8_t{44}, body);
    }
    return all;
}

Frame PacketBuilder::ipv6_bytes(std::size_t payload) const {
    const auto chain = extensions();
    Frame behind;
    for (std::size_t i = 0; i < chain.size(); ++i) {
        put8(behind,
             i + 1 < chain.size() ? chain[i + 1].first : ip_proto_.value_or(transport_protocol()));
        append(behind, chain[i].second);
    }
    Frame f;
    put32(f, static_cast<std::uint64_t>(ip_version_) << 28 | static_cast<std::uint64_t>(tos_)
                                                                 << 20);
    put16(f, ip_length_.value_or(static_cast<std::uint16_t>(behind.size() + payload)));
    put8(f, chain.empty() ? ip_proto_.value_or(transport_protocol()) : chain.front().first);
    put8(f, ttl_);
    append(f, src_.bytes);
    append(f, dst_.bytes);
    append(f, behind);
    return f;
}

Frame PacketBuilder::build() const {
    Frame f = link_bytes();
    const Frame transport = transport_bytes();
    if (network_ == Network::kIpv4) {
        append(f, ipv4_bytes(transport.size()));
    } else if (network_ == Network::kIpv6) {
        append(f, ipv6_bytes(transport.size()));
    }
    append(f, transport);
    if (pad_ && f.size() < pad_->first) {
        f.resize(pad_->first, pad_->second);
    }
    if (truncate_ && f.size() > *truncate_) {
        f.resize(*truncate_);
    }
    for (const auto& [at, value] : patches_) {
        f.at(at) = value;
    }
    return f;
}

}  // namespace sluice::test
