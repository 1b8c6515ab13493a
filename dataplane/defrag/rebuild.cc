// SPDX-License-Identifier: Apache-2.0
#include "dataplane/defrag/rebuild.h"

#include "dataplane/base/byte_order.h"
#include "dataplane/base/checksum.h"
#include "dataplane/packet/ipv6_chain.h"

#include <cstring>

namespace sluice::defrag {

using packet::Packet;

namespace {

constexpr std::size_t kMacs = 12;
constexpr std::size_t kEthernet = 14;
constexpr std::size_t kVlanTag = 4;
constexpr std::uint16_t kEtherIpv4 = 0x0800;
constexpr std::uint16_t kEtherIpv6 = 0x86dd;
constexpr std::size_t kIpv6Header = 40;
constexpr std::size_t kFragmentHeader = 8;
constexpr std::size_t kLength4 = 2;
constexpr std::size_t kFragmentWord4 = 6;
constexpr std::size_t kChecksum4 = 10;
constexpr std::size_t kLength6 = 4;
constexpr std::size_t kNextHeader6 = 6;

void store16(std::uint8_t* at, std::size_t value) {
    const Be16 wire = Be16::from_host(static_cast<std::uint16_t>(value));
    std::memcpy(at, &wire, sizeof wire);
}

// As it came where it is Ethernet and VLAN tags; what else may lie below IP (labels, PPPoE with its
// own length) would contradict the new packet and is left out. Inside a tunnel there may be none.
std::size_t write_link(const Packet& fragment, std::uint8_t* out) {
    if (fragment.depth == 0 && fragment.l3_off == kEthernet + kVlanTag * fragment.vlan_count) {
        std::memcpy(out, fragment.data, fragment.l3_off);
        return fragment.l3_off;
    }
    std::memset(out, 0, kMacs);
    if (fragment.depth == 0) {
        std::memcpy(out, fragment.data, kMacs);
    }
    store16(out + kMacs, fragment.ip_version == 4 ? kEtherIpv4 : kEtherIpv6);
    return kEthernet;
}

// Where the fragment header is named: the last next-header field before it. decode has walked the
// same chain, up to that header.
std::size_t naming_field(const std::uint8_t* ip, std::size_t fragment_header) {
    std::size_t field = kNextHeader6;
    std::size_t at = kIpv6Header;
    packet::ExtensionChain chain(ip[field], {ip + at, fragment_header - at});
    while (at < fragment_header && chain.step() == packet::ChainStep::kHeader) {
        field = at;
        at += chain.header().size();
    }
    return field;
}

}  // namespace

std::size_t counted_header(const Packet& fragment) {
    const std::size_t header = fragment.l4_off - std::size_t{fragment.l3_off};
    return fragment.ip_version == 4 ? header : header - kIpv6Header - kFragmentHeader;
}

std::optional<std::size_t> rebuild_headers(const Packet& fragment, std::size_t payload,
                                           std::uint8_t next_header, MutableBytes out) {
    const std::size_t counted = counted_header(fragment) + payload;
    const std::uint8_t* ip = fragment.data + fragment.l3_off;
    const bool v4 = fragment.ip_version == 4;
    const std::size_t header =
        fragment.l4_off - std::size_t{fragment.l3_off} - (v4 ? 0 : kFragmentHeader);
    if (counted > kMaxDatagram || fragment.l3_off + kEthernet + header > out.size()) {
        return std::nullopt;
    }
    const std::size_t link = write_link(fragment, out.data());
    std::uint8_t* to = out.data() + link;
    std::memcpy(to, ip, header);
    if (v4) {
        store16(to + kLength4, counted);
        store16(to + kFragmentWord4, 0);
        store16(to + kChecksum4, 0);
        Checksum sum;
        sum.add({to, header});
        store16(to + kChecksum4, sum.value());
    } else {
        store16(to + kLength6, counted);
        to[naming_field(ip, header)] = next_header;
    }
    return link + header;
}

}  // namespace sluice::defrag
