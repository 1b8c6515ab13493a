// SPDX-License-Identifier: Apache-2.0
#include "tests/property/carrier.h"

#include "tests/support/fragments.h"

#include <algorithm>

namespace sluice::test {

namespace {

constexpr std::size_t kEthernet = 14;
constexpr std::uint8_t kIpIp = 4;
constexpr std::uint8_t kIpv6InIp = 41;
constexpr std::uint8_t kGre = 47;
constexpr std::uint8_t kFragmentHeader = 44;
constexpr std::uint16_t kVxlanPort = 4789;
constexpr int kMaxLayers = 4;

bool is_v6(Bytes ip) {
    return ip[0] >> 4 == 6;
}

bool chance(Rng& rng, double p) {
    return static_cast<double>(below(rng, 1 << 20)) < p * (1 << 20);
}

Frame with_vlan(Frame frame, int vlan) {
    if (vlan >= 0) {
        const std::array<std::uint8_t, 4> tag = {0x81, 0, static_cast<std::uint8_t>(vlan >> 8),
                                                 static_cast<std::uint8_t>(vlan)};
        frame.insert(frame.begin() + 12, tag.begin(), tag.end());
    }
    return frame;
}

void append_sacks(PacketBuilder& b, const TcpSegment& s) {
    if (s.sacks.empty()) {
        return;
    }
    Frame option = {1, 1, 5, static_cast<std::uint8_t>(2 + 8 * s.sacks.size())};
    for (const auto& [begin, end] : s.sacks) {
        for (const std::uint32_t v : {begin, end}) {
            for (int shift = 24; shift >= 0; shift -= 8) {
                option.push_back(static_cast<std::uint8_t>(v >> shift));
            }
        }
    }
    b.tcp_options(option);
}

std::uint16_t sum_of(Bytes bytes, std::uint32_t sum) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        sum += i % 2 == 0 ? std::uint32_t{bytes[i]} << 8 : bytes[i];
    }
    while (sum >> 16 != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return static_cast<std::uint16_t>(sum);
}

}  // namespace

PacketBuilder Carrier::ip(bool from_client) const {
    const std::string& from = from_client ? ends_.client : ends_.server;
    const std::string& to = from_client ? ends_.server : ends_.client;
    PacketBuilder b;
    return ends_.v6 ? b.ipv6(from, to) : b.ipv4(from, to);
}

std::vector<Frame> Carrier::tcp(bool from_client, const TcpSegment& s) {
    PacketBuilder b = ip(from_client);
    b.tcp(from_client ? ends_.client_port : ends_.server_port,
          from_client ? ends_.server_port : ends_.client_port);
    b.seq(s.seq).ack(s.ack).flags(s.flags).window(s.window).payload(s.payload);
    if (s.mss >= 0) {
        b.mss(static_cast<std::uint16_t>(s.mss));
    }
    if (s.wscale >= 0) {
        b.wscale(static_cast<std::uint8_t>(s.wscale));
    }
    if (s.sack_permitted) {
        const std::array<std::uint8_t, 4> permitted{1, 1, 4, 2};
        b.tcp_options(Bytes(permitted));
    }
    append_sacks(b, s);
    if (s.timestamps) {
        b.timestamps(s.timestamps->first, s.timestamps->second);
    }
    return on_the_wire(b.build(), from_client);
}

std::vector<Frame> Carrier::udp(bool from_client, const std::string& payload) {
    PacketBuilder b = ip(from_client);
    b.udp(from_client ? ends_.client_port : ends_.server_port,
          from_client ? ends_.server_port : ends_.client_port)
        .payload(payload);
    return on_the_wire(b.build(), from_client);
}

std::vector<Frame> Carrier::on_the_wire(const Frame& whole, bool from_client) {
    const bool tunnel = ends_.around != Around::kNothing;
    const bool is_cut = chance(rng_, cutting_.chance);
    const bool outer = tunnel && chance(rng_, cutting_.outer);
    std::vector<Frame> inner = is_cut && !outer ? cut(whole, true) : std::vector<Frame>{whole};
    std::vector<Frame> out;
    for (const Frame& f : inner) {
        if (!tunnel) {
            out.push_back(f);
            continue;
        }
        const Frame wrapped = wrap(f, from_client);
        const std::vector<Frame> pieces =
            is_cut && outer ? cut(wrapped, false) : std::vector<Frame>{wrapped};
        out.insert(out.end(), pieces.begin(), pieces.end());
    }
    for (Frame& f : out) {
        f = with_vlan(std::move(f), ends_.vlan);
    }
    return out;
}

std::vector<Frame> Carrier::cut(const Frame& whole, bool transport) {
    // The transport header lies in the first fragment, as in all that real networks make.
    const std::size_t first = transport ? 24 : 8;
    if (ip_payload_size(whole) <= first + 8) {
        return {whole};
    }
    std::vector<Frame> out;
    const std::uint32_t id = id_++;
    cut_once(whole, first, id, out);
    if (!is_v6(Bytes(whole).subspan(kEthernet)) && chance(rng_, cutting_.again)) {
        copied_ = true;
        cut_once(whole, first, id, out);
    }
    switch (cutting_.order) {
        case CutOrder::kForward:
            break;
        case CutOrder::kBackward:
            std::reverse(out.begin(), out.end());
            break;
        case CutOrder::kShuffled:
            std::shuffle(out.begin(), out.end(), rng_);
            break;
    }
    return out;
}

void Carrier::cut_once(const Frame& whole, std::size_t first, std::uint32_t id,
                       std::vector<Frame>& out) {
    const std::size_t size = ip_payload_size(whole);
    std::size_t at = 0;
    while (at < size) {
        const std::size_t least = at == 0 ? std::max(first, cutting_.smallest) : cutting_.smallest;
        const std::size_t n = (least + below(rng_, 1 + size)) / 8 * 8;
        const std::size_t end = std::min(size, at + std::max<std::size_t>(n, 8));
        if (at == 0 && end == size) {  // at least two
            const std::size_t middle = std::max(first, size / 2 / 8 * 8);
            out.push_back(fragment_of(whole, 0, middle, id));
            at = middle;
            continue;
        }
        out.push_back(fragment_of(whole, at, end, id));
        at = end;
    }
}

Frame Carrier::wrap(const Frame& inner, bool from_client) const {
    const bool inner_v6 = is_v6(Bytes(inner).subspan(kEthernet));
    PacketBuilder b;
    if (ends_.outer_v6) {
        from_client ? b.ipv6("2001:db8:f::1", "2001:db8:f::2")
                    : b.ipv6("2001:db8:f::2", "2001:db8:f::1");
    } else {
        from_client ? b.ipv4("192.0.2.1", "192.0.2.2") : b.ipv4("192.0.2.2", "192.0.2.1");
    }
    Frame payload;
    std::size_t skip = kEthernet;
    switch (ends_.around) {
        case Around::kNothing:
            break;
        case Around::kIpInIp:
            b.ip_proto(inner_v6 ? kIpv6InIp : kIpIp);
            break;
        case Around::kGre:
            b.ip_proto(kGre);
            payload = inner_v6 ? Frame{0, 0, 0x86, 0xdd} : Frame{0, 0, 0x08, 0x00};
            break;
        case Around::kVxlan:
            b.udp(50001, kVxlanPort);
            payload = {8, 0, 0, 0, 0, 0, 7, 0};
            skip = 0;
            break;
    }
    payload.insert(payload.end(), inner.begin() + static_cast<std::ptrdiff_t>(skip), inner.end());
    return b.payload(Bytes(payload)).build();
}

Frame IpReceiver::take(Bytes frame) {
    Cursor c(frame);
    c.skip(12);
    std::uint16_t type = c.be16().host();
    if (type == 0x8100) {
        c.skip(2);
        type = c.be16().host();
    }
    if (!c.ok() || (type != 0x0800 && type != 0x86dd)) {
        ++damaged_;
        return {};
    }
    Frame packet(frame.begin() + static_cast<std::ptrdiff_t>(c.offset()), frame.end());
    for (int layer = 0; layer < kMaxLayers; ++layer) {
        const Message m = is_v6(packet) ? ipv6(packet) : ipv4(packet);
        if (m.body.empty()) {
            return {};
        }
        const std::size_t inner = tunnel_header(m);
        if (inner == kNoTunnel) {
            protocol_ = m.protocol;
            return checked(m);
        }
        packet.assign(m.body.begin() + static_cast<std::ptrdiff_t>(inner), m.body.end());
    }
    return {};
}

IpReceiver::Message IpReceiver::ipv4(Bytes packet) {
    Cursor c(packet);
    c.skip(2);
    const std::size_t length = c.be16().host();
    const std::uint16_t id = c.be16().host();
    const std::uint16_t place = c.be16().host();
    const Bytes addresses = packet.subspan(12, 8);
    const Bytes body = packet.subspan(20, length - 20);
    Message m{packet[9], {addresses.begin(), addresses.end()}, {body.begin(), body.end()}};
    if ((place & 0x3fff) != 0) {
        Frame key = m.addresses;
        key.insert(key.end(),
                   {packet[9], static_cast<std::uint8_t>(id >> 8), static_cast<std::uint8_t>(id)});
        m.body = fragment(key, (place & 0x1fffU) * std::size_t{8}, (place & 0x2000) != 0, body);
    }
    return m;
}

IpReceiver::Message IpReceiver::ipv6(Bytes packet) {
    Cursor c(packet);
    c.skip(4);
    const std::size_t length = c.be16().host();
    const Bytes addresses = packet.subspan(8, 32);
    const Bytes body = packet.subspan(40, length);
    Message m{packet[6], {addresses.begin(), addresses.end()}, {body.begin(), body.end()}};
    if (m.protocol == kFragmentHeader) {
        Cursor f(body);
        m.protocol = f.u8();
        f.skip(1);
        const std::uint16_t place = f.be16().host();
        Frame key = m.addresses;
        const Bytes id = f.take(4);
        key.insert(key.end(), id.begin(), id.end());
        m.body = fragment(key, place & 0xfff8U, (place & 1) != 0, body.subspan(8));
    }
    return m;
}

Frame IpReceiver::fragment(const Frame& key, std::size_t at, bool more, Bytes part) {
    Datagram& d = datagrams_[key];
    for (std::size_t i = 0; i < part.size(); ++i) {
        d.bytes.emplace(at + i, part[i]);
    }
    d.size = more ? d.size : at + part.size();
    if (d.size == 0 || d.bytes.size() != d.size) {
        return {};
    }
    Frame whole;
    for (const auto& [place, byte] : d.bytes) {
        whole.push_back(byte);
    }
    datagrams_.erase(key);
    return whole;
}

// Bytes of the message before the packet that it carries.
std::size_t IpReceiver::tunnel_header(const Message& m) const {
    switch (m.protocol) {
        case kIpIp:
        case kIpv6InIp:
            return 0;
        case kGre:
            return 4;
        case packet::kProtoUdp:
            return vxlan_ && (m.body[2] << 8 | m.body[3]) == kVxlanPort ? 8 + 8 + kEthernet
                                                                        : kNoTunnel;
        default:
            return kNoTunnel;
    }
}

Frame IpReceiver::checked(const Message& m) {
    const std::uint32_t pseudo =
        sum_of(m.addresses, m.protocol + static_cast<std::uint32_t>(m.body.size()));
    if (sum_of(m.body, pseudo) != 0xffff) {
        ++damaged_;
        return {};
    }
    return m.body;
}

TcpSegment read_tcp(Bytes message) {
    TcpSegment s;
    Cursor c(message);
    c.skip(4);
    s.seq = c.be32().host();
    s.ack = c.be32().host();
    const std::size_t header = (c.u8() >> 4) * std::size_t{4};
    s.flags = c.u8();
    s.window = c.be16().host();
    c.skip(4);
    Cursor o(message.subspan(20, header - 20));
    while (o.remaining() != 0) {
        const std::uint8_t kind = o.u8();
        if (kind == 0) {
            break;
        }
        if (kind == 1) {
            continue;
        }
        const std::size_t length = o.u8();
        if (kind == 2) {
            s.mss = o.be16().host();
        } else if (kind == 3) {
            s.wscale = o.u8();
        } else if (kind == 8) {
            const std::uint32_t value = o.be32().host();
            s.timestamps = {value, o.be32().host()};
        } else {
            s.sack_permitted = s.sack_permitted || kind == 4;
            o.skip(length - 2);
        }
    }
    const Bytes payload = message.subspan(header);
    s.payload.assign(payload.begin(), payload.end());
    return s;
}

}  // namespace sluice::test
