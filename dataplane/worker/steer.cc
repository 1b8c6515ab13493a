// SPDX-License-Identifier: Apache-2.0
#include "dataplane/worker/steer.h"

#include "dataplane/base/hash.h"
#include "dataplane/decode/l2.h"

#include <cstring>
#include <vector>

namespace sluice::worker {
namespace {

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

std::uint32_t hash_addresses(Cursor in, std::size_t offset, std::size_t size) {
    in.skip(offset);
    const Bytes src = in.take(size);
    const Bytes dst = in.take(size);
    return in.ok() ? static_cast<std::uint32_t>(mix64(both(fold(src), fold(dst))) >> 32) : 0;
}

// What an ICMP error quotes, when it has the addresses; else nothing.
Bytes quoted(Bytes icmp, std::uint32_t error_types, std::size_t ip_header) {
    constexpr std::size_t kIcmpHeader = 8;
    if (icmp.size() < kIcmpHeader + ip_header || icmp[0] >= 32 ||
        (error_types >> icmp[0] & 1U) == 0) {
        return {};
    }
    return icmp.subspan(kIcmpHeader);
}

Bytes quoted_ipv4(Bytes ip) {
    constexpr std::size_t kHeader = 20;
    if (ip.size() < kHeader || ip[9] != packet::kProtoIcmp || ((ip[6] & 0x3fU) | ip[7]) != 0) {
        return {};
    }
    const std::size_t header = (ip[0] & 0x0fU) * std::size_t{4};
    return header > ip.size() ? Bytes{} : quoted(ip.subspan(header), packet::kIcmp4Errors, kHeader);
}

// Behind extension headers it is not looked for: only its relation to a flow is missed.
Bytes quoted_ipv6(Bytes ip) {
    constexpr std::size_t kHeader = 40;
    if (ip.size() < kHeader || ip[6] != packet::kProtoIcmp6) {
        return {};
    }
    return quoted(ip.subspan(kHeader), packet::kIcmp6Errors, kHeader);
}

using Frame = std::vector<std::uint8_t>;

void put16(Frame& f, unsigned v) {
    f.push_back(static_cast<std::uint8_t>(v >> 8U));
    f.push_back(static_cast<std::uint8_t>(v));
}

enum class Shim : std::uint8_t { kNone, kMpls, kPppoe };

struct Kind {
    bool ipv6 = false;
    unsigned tags = 0;
    Shim shim = Shim::kNone;
    bool fragment = false;
};

void put_link(Frame& f, const Kind& kind) {
    f.assign(12, 0);
    for (unsigned i = 0; i < kind.tags; ++i) {
        put16(f, decode::kEtherVlan);
        put16(f, 7 + i);
    }
    if (kind.shim == Shim::kMpls) {
        put16(f, decode::kEtherMpls);
        f.insert(f.end(), {0, 1, 1, 64});
    } else if (kind.shim == Shim::kPppoe) {
        put16(f, decode::kEtherPppoe);
        f.insert(f.end(), {0x11, 0, 0, 1, 0, static_cast<std::uint8_t>(kind.ipv6 ? 62 : 42)});
        put16(f, kind.ipv6 ? 0x57 : 0x21);
    } else {
        put16(f, kind.ipv6 ? decode::kEtherIpv6 : decode::kEtherIpv4);
    }
}

// Twenty bytes of payload, other ones per direction: nothing of them may count.
Frame make_frame(const Kind& kind, std::uint8_t from, std::uint8_t to) {
    Frame f;
    put_link(f, kind);
    if (kind.ipv6) {
        f.insert(f.end(), {0x60, 0, 0, 0, 0, 20,
                           static_cast<std::uint8_t>(kind.fragment ? 44 : packet::kProtoTcp), 64});
    } else {
        f.insert(f.end(), {0x45, 0, 0, 40, 0, 0, static_cast<std::uint8_t>(kind.fragment ? 32 : 64),
                           0, 64, packet::kProtoTcp, 0, 0});
    }
    for (const std::uint8_t host : {from, to}) {
        f.insert(f.end(), kind.ipv6 ? 15 : 3, 0x20);
        f.push_back(host);
    }
    f.insert(f.end(), 20, from);
    return f;
}

// An ICMP error from a stranger goes where the conversation goes that it is about.
Frame make_error(bool ipv6, std::uint8_t from, std::uint8_t to) {
    const Frame about = make_frame({ipv6, 0, Shim::kNone, false}, from, to);
    Frame f = make_frame({ipv6, 0, Shim::kNone, false}, 0xee, from);
    f.resize(decode::kEthernetHeader + (ipv6 ? 40U : 20U));
    f[decode::kEthernetHeader + (ipv6 ? 6U : 9U)] = ipv6 ? packet::kProtoIcmp6 : packet::kProtoIcmp;
    f.insert(f.end(), {static_cast<std::uint8_t>(ipv6 ? 1 : 3), 1, 0, 0, 0, 0, 0, 0});
    f.insert(f.end(), about.begin() + decode::kEthernetHeader, about.end());
    return f;
}

// Every form in which packets of one address pair can come, in both directions.
bool all_meet(bool ipv6, std::uint8_t a, std::uint8_t b) {
    const std::uint32_t plain = steer_hash(make_frame({ipv6, 0, Shim::kNone, false}, a, b));
    if (steer_hash(make_error(ipv6, a, b)) != plain ||
        steer_hash(make_error(ipv6, b, a)) != plain) {
        return false;
    }
    for (unsigned tags = 0; tags <= 2; ++tags) {
        for (const Shim shim : {Shim::kNone, Shim::kMpls, Shim::kPppoe}) {
            for (const bool fragment : {false, true}) {
                const Kind kind{ipv6, tags, shim, fragment};
                if (steer_hash(make_frame(kind, a, b)) != plain ||
                    steer_hash(make_frame(kind, b, a)) != plain) {
                    return false;
                }
            }
        }
    }
    return true;
}

}  // namespace

std::uint32_t steer_hash(Bytes frame) {
    const decode::LinkResult link = decode::read_link(frame);
    if (link.reason != packet::Reason::none) {
        return 0;
    }
    const Bytes ip = frame.subspan(link.offset);
    const bool v4 = link.ether_type == decode::kEtherIpv4;
    const Bytes quote = v4 ? quoted_ipv4(ip) : quoted_ipv6(ip);
    const Cursor in(quote.empty() ? ip : quote);
    return v4 ? hash_addresses(in, 12, 4) : hash_addresses(in, 8, 16);
}

bool steer_self_test() {
    bool differs = false;  // a constant would also be symmetric
    for (unsigned i = 0; i < 256; ++i) {
        const auto a = static_cast<std::uint8_t>(i);
        const auto b = static_cast<std::uint8_t>(i * 7 + 1);
        for (const bool ipv6 : {false, true}) {
            if (!all_meet(ipv6, a, b)) {
                return false;
            }
            const Kind plain{ipv6, 0, Shim::kNone, false};
            differs = differs || (steer_hash(make_frame(plain, a, b)) & 1U) !=
                                     (steer_hash(make_frame(plain, a, a)) & 1U);
        }
    }
    return differs;
}

}  // namespace sluice::worker
