// SPDX-License-Identifier: Apache-2.0
#include "tests/evasion/model_receiver.h"

#include "tests/support/reference_checksum.h"

#include <algorithm>

namespace sluice::evasion {

namespace {

constexpr int kMaxDepth = 8;
constexpr std::size_t kFarMtu = 1000;  // of the path behind the box

std::uint16_t be16(Bytes b, std::size_t at) {
    return static_cast<std::uint16_t>(b[at] << 8 | b[at + 1]);
}

std::string text(Bytes b) {
    return {reinterpret_cast<const char*>(b.data()), b.size()};
}

bool is_extension(std::uint8_t kind) {
    return kind == 0 || kind == 43 || kind == 60;
}

}  // namespace

Traits Traits::number(unsigned bits) {
    Traits t;
    t.last_copy_wins = (bits & 1U) != 0;
    t.checks = (bits & 2U) != 0;
    t.strict = (bits & 4U) != 0;
    t.urgent_apart = (bits & 8U) != 0;
    t.far = (bits & 16U) != 0;
    return t;
}

std::string Traits::to_string() const {
    return std::string(last_copy_wins ? "last copy wins" : "first copy wins") +
           (checks ? ", checksums checked" : "") + (strict ? ", strict" : "") +
           (urgent_apart ? ", urgent bytes apart" : "") + (far ? ", behind a router" : "");
}

void ModelReceiver::take(const test::Frame& frame) {
    Bytes b(frame);
    std::uint16_t type = be16(b, 12);
    b = b.subspan(14);
    if (type == 0x8847) {
        while ((b[2] & 1U) == 0) {
            b = b.subspan(4);
        }
        b = b.subspan(4);
        type = 0x0800;
    }
    if (type == 0x0800 || type == 0x86dd) {
        ip(b, 0);
    }
}

std::string ModelReceiver::stream_of(const Connection& c) const {
    std::string out;
    for (std::uint32_t i = 0; i < c.delivered; ++i) {
        if (!traits_.urgent_apart || c.urgent.count(i) == 0) {
            out += static_cast<char>(c.bytes.at(i));
        }
    }
    return out;
}

std::string ModelReceiver::received() const {
    std::string out = streams_;
    for (const auto& [key, c] : connections_) {
        out += stream_of(c);
    }
    return out + udp_;
}

void ModelReceiver::ip(Bytes packet, int depth) {
    if (depth > kMaxDepth || packet.size() < 20) {
        return;
    }
    if (packet[0] >> 4 == 4) {
        ipv4(packet, depth);
    } else if (packet[0] >> 4 == 6 && packet.size() >= 40) {
        ipv6(packet, depth);
    }
}

void ModelReceiver::ipv4(Bytes b, int depth) {
    const std::size_t header = (b[0] & 15U) * 4U;
    const std::size_t total = be16(b, 2);
    if (header < 20 || total < header || total > b.size()) {
        return;
    }
    const bool dont_fragment = (b[6] & 0x40U) != 0;
    if (traits_.far && (b[8] <= 1 || (dont_fragment && total > kFarMtu))) {
        return;
    }
    if (traits_.checks && test::reference_checksum(b.first(header)) != 0) {
        return;
    }
    const Ends ends{text(b.subspan(12, 4)), text(b.subspan(16, 4)), 4};
    const Bytes body = b.subspan(header, total - header);
    const std::size_t at = (be16(b, 6) & 0x1fffU) * 8U;
    const bool more = (b[6] & 0x20U) != 0;
    if (at != 0 || more) {
        fragment(ends.from + ends.to + text(b.subspan(4, 2)) + text(b.subspan(9, 1)), at, more,
                 body, ends, b[9], depth);
    } else {
        transport(body, ends, b[9], depth);
    }
}

void ModelReceiver::ipv6(Bytes b, int depth) {
    const std::size_t size = be16(b, 4);
    if (b.size() < 40 + size || (traits_.far && b[7] <= 1)) {
        return;
    }
    const Ends ends{text(b.subspan(8, 16)), text(b.subspan(24, 16)), 6};
    Bytes body = b.subspan(40, size);
    std::uint8_t kind = b[6];
    while (is_extension(kind) && body.size() >= 8) {
        const std::size_t length = 8U + body[1] * 8U;
        if (length > body.size()) {
            return;
        }
        kind = body[0];
        body = body.subspan(length);
    }
    if (kind == 44 && body.size() >= 8) {
        const std::size_t at = be16(body, 2) & 0xfff8U;
        const bool more = (body[3] & 1U) != 0;
        fragment(ends.from + ends.to + text(body.subspan(4, 4)), at, more, body.subspan(8), ends,
                 body[0], depth);
    } else {
        transport(body, ends, kind, depth);
    }
}

// Overlaps are put together as the traits say, not refused: as permissive as any receiver ever was.
void ModelReceiver::fragment(const std::string& key, std::size_t at, bool more, Bytes part,
                             const Ends& ends, std::uint8_t proto, int depth) {
    Datagram& d = datagrams_[key];
    for (std::size_t i = 0; i < part.size(); ++i) {
        if (traits_.last_copy_wins) {
            d.bytes[at + i] = part[i];
        } else {
            d.bytes.emplace(at + i, part[i]);
        }
    }
    if (!more) {
        d.size = at + part.size();
    }
    if (d.size == 0) {
        return;
    }
    test::Frame whole;
    for (std::size_t i = 0; i < d.size; ++i) {
        const auto found = d.bytes.find(i);
        if (found == d.bytes.end()) {
            return;
        }
        whole.push_back(found->second);
    }
    datagrams_.erase(key);
    Bytes body(whole);
    while (is_extension(proto) && ends.version == 6 && body.size() >= 8) {
        const std::size_t length = std::min<std::size_t>(body.size(), 8U + body[1] * 8U);
        proto = body[0];
        body = body.subspan(length);
    }
    transport(body, ends, proto, depth);
}

bool ModelReceiver::sum_ok(Bytes l4, const Ends& ends, std::uint8_t proto) const {
    test::Frame covered(ends.from.begin(), ends.from.end());
    covered.insert(covered.end(), ends.to.begin(), ends.to.end());
    const auto size = static_cast<std::uint16_t>(l4.size());
    const auto high = static_cast<std::uint8_t>(size >> 8);
    const auto low = static_cast<std::uint8_t>(size & 0xffU);
    covered.insert(covered.end(), {0, proto, high, low});
    covered.insert(covered.end(), l4.begin(), l4.end());
    return test::reference_checksum(covered) == 0;
}

void ModelReceiver::transport(Bytes l4, const Ends& ends, std::uint8_t proto, int depth) {
    if (proto == 4 || proto == 41) {
        ip(l4, depth + 1);
    } else if (proto == 47) {
        gre(l4, depth);
    } else if (proto == 17 && l4.size() >= 8) {
        udp(l4, ends, depth);
    } else if (proto == 6 && l4.size() >= 20) {
        if (!traits_.checks || sum_ok(l4, ends, proto)) {
            tcp(l4, ends);
        }
    }
}

void ModelReceiver::gre(Bytes l4, int depth) {
    if (l4.size() < 4) {
        return;
    }
    const std::size_t optional = ((l4[0] & 0x80U) != 0 ? 4U : 0U) +
                                 ((l4[0] & 0x20U) != 0 ? 4U : 0U) +
                                 ((l4[0] & 0x10U) != 0 ? 4U : 0U);
    if (l4.size() >= 4 + optional) {
        ip(l4.subspan(4 + optional), depth + 1);
    }
}

void ModelReceiver::udp(Bytes l4, const Ends& ends, int depth) {
    const bool summed = l4[6] != 0 || l4[7] != 0;
    if (traits_.checks && summed && !sum_ok(l4, ends, 17)) {
        return;
    }
    const Bytes body = l4.subspan(8);
    switch (be16(l4, 2)) {
        case 4789:  // VXLAN
            if (body.size() > 22) {
                ip(body.subspan(22), depth + 1);
            }
            return;
        case 6081:  // GENEVE, without options, Ethernet inside
            if (body.size() > 22) {
                ip(body.subspan(22), depth + 1);
            }
            return;
        case 2152:  // GTP-U
            if (body.size() > 8) {
                ip(body.subspan(8), depth + 1);
            }
            return;
        case 3544:  // Teredo
            ip(body, depth + 1);
            return;
        default:
            udp_ += text(body);
    }
}

}  // namespace sluice::evasion
