// SPDX-License-Identifier: Apache-2.0
#include "dataplane/flow/icmp_error.h"

#include "dataplane/packet/ipv6_chain.h"

namespace sluice::flow {

using packet::Packet;

namespace {

constexpr std::size_t kHeader4 = 20;
constexpr std::size_t kHeader6 = 40;
constexpr std::size_t kLeastTransport = 8;  // RFC 792: no router quotes less

// Where the transport header begins in the quote; 0: not to be found.
Quote read_ipv4(Bytes quote, Packet& out, std::size_t& transport) {
    if (quote.size() < kHeader4) {
        return Quote::kMalformed;
    }
    const std::size_t header = (quote[0] & 0x0fU) * std::size_t{4};
    if (header < kHeader4 || header > quote.size()) {
        return Quote::kMalformed;
    }
    constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    for (packet::IpAddr* address : {&out.src, &out.dst}) {
        std::memcpy(address->bytes.data(), kMapped.data(), kMapped.size());
    }
    std::memcpy(out.src.bytes.data() + 12, quote.data() + 12, 4);
    std::memcpy(out.dst.bytes.data() + 12, quote.data() + 16, 4);
    out.ip_proto = quote[9];
    transport = header;
    const bool later_fragment = ((quote[6] & 0x1fU) | quote[7]) != 0;
    return later_fragment ? Quote::kUntracked : Quote::kPacket;
}

Quote read_ipv6(Bytes quote, Packet& out, std::size_t& transport) {
    if (quote.size() < kHeader6) {
        return Quote::kMalformed;
    }
    std::memcpy(out.src.bytes.data(), quote.data() + 8, 16);
    std::memcpy(out.dst.bytes.data(), quote.data() + 24, 16);
    packet::ExtensionChain chain(quote[6], quote.subspan(kHeader6));
    packet::ChainStep step = chain.step();
    for (; step == packet::ChainStep::kHeader; step = chain.step()) {
        const Bytes header = chain.header();
        if (chain.kind() == packet::kExtFragment && (header[2] | (header[3] & 0xf8U)) != 0) {
            return Quote::kUntracked;
        }
    }
    out.ip_proto = chain.protocol();
    transport = quote.size() - chain.rest().size();
    return step == packet::ChainStep::kEnd ? Quote::kPacket : Quote::kMalformed;
}

bool has_ports(std::uint8_t proto) {
    return proto == packet::kProtoTcp || proto == packet::kProtoUdp || proto == packet::kProtoSctp;
}

Quote read_transport(Bytes transport, Packet& out) {
    Cursor in(transport);
    if (transport.size() < kLeastTransport) {
        return Quote::kMalformed;
    }
    if (has_ports(out.ip_proto)) {
        out.src_port = in.be16().host();
        out.dst_port = in.be16().host();
        out.tcp.seq = SeqNum(in.be32().host());  // TCP's
        return Quote::kPacket;
    }
    if (out.ip_proto == packet::kProtoIcmp || out.ip_proto == packet::kProtoIcmp6) {
        out.icmp_type = in.u8();
        return Quote::kPacket;
    }
    return Quote::kUntracked;
}

}  // namespace

Quote read_quote(const Packet& error, Packet& out) {
    const Bytes quote = error.payload();
    out.data = error.data;
    out.len = error.len;
    out.in_port = error.in_port;
    out.depth = error.depth;
    out.vlan_count = error.vlan_count;
    out.vlan = error.vlan;
    if (quote.empty() || quote[0] >> 4 != error.ip_version) {
        return Quote::kMalformed;
    }
    std::size_t transport = 0;
    const Quote network =
        error.ip_version == 4 ? read_ipv4(quote, out, transport) : read_ipv6(quote, out, transport);
    if (network != Quote::kPacket) {
        return network;
    }
    out.l4_off = static_cast<std::uint16_t>(error.payload_off + transport);
    return read_transport(quote.subspan(transport), out);
}

}  // namespace sluice::flow
