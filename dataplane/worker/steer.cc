// SPDX-License-Identifier: Apache-2.0
#include "dataplane/worker/steer.h"

#include "dataplane/base/hash.h"
#include "dataplane/decode/l2.h"
#include "dataplane/packet/packet.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

namespace sluice::worker {
namespace {

constexpr int kMaxVlanTags = 8;
constexpr int kMaxExtensions = 16;                // no fewer than decode walks
constexpr std::uint16_t kFragmentBits = 0x3fff;   // IPv4: more fragments, offset
constexpr std::uint16_t kFragmentBits6 = 0xfff9;  // IPv6: offset, more fragments
constexpr std::uint8_t kFragment6 = 44;
constexpr std::uint8_t kAuthentication = 51;

bool has_ports(std::uint8_t proto) {
    return proto == packet::kProtoTcp || proto == packet::kProtoUdp || proto == packet::kProtoSctp;
}

bool is_extension(std::uint8_t next) {
    return next == 0 || next == 43 || next == kFragment6 || next == kAuthentication || next == 60;
}

// The sum does not care which side is the source.
std::uint64_t both(std::uint64_t a, std::uint64_t b) {
    return mix64(a + 1) + mix64(b + 1);
}

std::uint64_t fold(Bytes address) {
    std::uint64_t h = 0;
    for (std::size_t i = 0; i + 4 <= address.size(); i += 4) {
        std::uint32_t word = 0;
        std::memcpy(&word, address.data() + i, sizeof(word));
        h = mix64(h ^ word) + i;
    }
    return h;
}

std::uint64_t hash_ports(std::uint64_t h, std::uint8_t proto, Cursor& in) {
    if (!has_ports(proto)) {
        return h;
    }
    const std::uint16_t a = in.be16().host();
    const std::uint16_t b = in.be16().host();
    return in.ok() ? mix64(h ^ both(a, b)) : h;
}

std::uint64_t hash_ipv4(Cursor in) {
    const std::size_t options = (static_cast<std::size_t>(in.u8() & 0x0fU) * 4);
    in.skip(5);
    const bool fragment = (in.be16().host() & kFragmentBits) != 0;
    in.skip(1);
    const std::uint8_t proto = in.u8();
    in.skip(2);
    const Bytes src = in.take(4);
    const Bytes dst = in.take(4);
    const std::uint64_t h = both(fold(src), fold(dst));
    if (!in.ok() || fragment || options < 20) {
        return h;
    }
    in.skip(options - 20);
    return hash_ports(h, proto, in);
}

std::uint64_t hash_ipv6(Cursor in) {
    in.skip(6);
    std::uint8_t next = in.u8();
    in.skip(1);
    const Bytes src = in.take(16);
    const Bytes dst = in.take(16);
    const std::uint64_t h = both(fold(src), fold(dst));
    for (int i = 0; i < kMaxExtensions && is_extension(next) && in.ok(); ++i) {
        const std::uint8_t kind = next;
        next = in.u8();
        const std::size_t units = in.u8();
        if (kind == kFragment6) {
            const std::uint16_t bits = in.be16().host();
            in.skip(4);
            if ((bits & kFragmentBits6) != 0) {
                return h;
            }
        } else {
            in.skip(kind == kAuthentication ? (units + 2) * 4 - 2 : (units + 1) * 8 - 2);
        }
    }
    return in.ok() ? hash_ports(h, next, in) : h;
}

std::uint32_t narrow(std::uint64_t h) {
    return static_cast<std::uint32_t>(mix64(h) >> 32);
}

bool is_vlan(std::uint16_t type) {
    return type == decode::kEtherVlan || type == decode::kEtherServiceVlan ||
           type == decode::kEtherOldQinQ;
}

using Frame = std::vector<std::uint8_t>;

void put16(Frame& f, unsigned v) {
    f.push_back(static_cast<std::uint8_t>(v >> 8U));
    f.push_back(static_cast<std::uint8_t>(v));
}

struct Endpoint {
    std::uint8_t host;
    std::uint16_t port;
};

Frame make_frame(bool ipv6, unsigned tags, bool extension, Endpoint from, Endpoint to) {
    Frame f(12, 0);
    for (unsigned i = 0; i < tags; ++i) {
        put16(f, decode::kEtherVlan);
        put16(f, 7 + i);
    }
    put16(f, ipv6 ? decode::kEtherIpv6 : decode::kEtherIpv4);
    const std::size_t address_size = ipv6 ? 16 : 4;
    if (ipv6) {
        f.insert(f.end(), {0x60, 0, 0, 0, 0, 20,
                           static_cast<std::uint8_t>(extension ? 60 : packet::kProtoTcp), 64});
    } else {
        f.insert(f.end(), {0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, packet::kProtoTcp, 0, 0});
    }
    for (const Endpoint& end : {from, to}) {
        f.insert(f.end(), address_size - 1, 0x20);
        f.push_back(end.host);
    }
    if (ipv6 && extension) {
        f.insert(f.end(), {packet::kProtoTcp, 0, 1, 4, 0, 0, 0, 0});
    }
    put16(f, from.port);
    put16(f, to.port);
    f.resize(f.size() + 16);
    return f;
}

}  // namespace

std::uint32_t steer_hash(Bytes frame) {
    Cursor in(frame);
    in.skip(12);
    std::uint16_t type = in.be16().host();
    for (int i = 0; i < kMaxVlanTags && is_vlan(type) && in.ok(); ++i) {
        in.skip(2);
        type = in.be16().host();
    }
    if (!in.ok()) {
        return 0;
    }
    if (type == decode::kEtherIpv4) {
        return narrow(hash_ipv4(in));
    }
    return type == decode::kEtherIpv6 ? narrow(hash_ipv6(in)) : 0;
}

bool steer_self_test() {
    bool differs = false;  // a constant would also be symmetric
    for (unsigned i = 0; i < 256; ++i) {
        const Endpoint a{static_cast<std::uint8_t>(i), static_cast<std::uint16_t>(40000 + i)};
        const Endpoint b{static_cast<std::uint8_t>(i * 7 + 1),
                         static_cast<std::uint16_t>(i % 2 == 0 ? 80 : 443)};
        for (const bool ipv6 : {false, true}) {
            const std::uint32_t plain = steer_hash(make_frame(ipv6, 0, false, a, b));
            for (unsigned tags = 0; tags <= 2; ++tags) {
                if (steer_hash(make_frame(ipv6, tags, true, b, a)) != plain ||
                    steer_hash(make_frame(ipv6, tags, false, b, a)) != plain) {
                    return false;
                }
            }
            differs =
                differs || (plain & 1U) != (steer_hash(make_frame(ipv6, 0, false, a, a)) & 1U);
        }
    }
    return differs;
}

}  // namespace sluice::worker
