// SPDX-License-Identifier: Apache-2.0
#include "dataplane/flow/flow_key.h"

#include "dataplane/base/cursor.h"
#include "dataplane/base/hash.h"

#include <cstddef>

namespace sluice::flow {

namespace {

static_assert(offsetof(Flow, address_words) == 0);
static_assert(offsetof(Flow, client_port) == 8 && offsetof(Flow, server_port) == 10);
static_assert(offsetof(Flow, vlan) == 12 && offsetof(Flow, ip_proto) == 14);
static_assert(offsetof(Flow, segment) == 15);

// As packet::IpAddr::is_v4().
bool is_v4(const std::array<std::uint64_t, 2>& a) {
    return a[0] == 0 && (a[1] & 0xffffffffU) == 0xffff0000U;
}

__extension__ using Uint128 = unsigned __int128;

// 64x64 -> 128 bit multiply, folded: one instruction that diffuses both words.
std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
    const Uint128 r = static_cast<Uint128>(a) * b;
    return static_cast<std::uint64_t>(r) ^ static_cast<std::uint64_t>(r >> 64);
}

// The identifier (RFC 792, RFC 4443 section 4) that pairs echo requests with replies; 0 for other
// messages.
std::uint16_t echo_id(const packet::Packet& p) {
    const bool v4 = p.ip_proto == packet::kProtoIcmp && (p.icmp_type == 8 || p.icmp_type == 0);
    const bool v6 = p.ip_proto == packet::kProtoIcmp6 && (p.icmp_type == 128 || p.icmp_type == 129);
    if (!v4 && !v6) {
        return 0;
    }
    Cursor c(p.frame());
    c.skip(std::size_t{p.l4_off} + 4);
    return c.be16().host();
}

}  // namespace

PacketKey::PacketKey(const packet::Packet& p) {
    std::memcpy(src_.data(), p.src.bytes.data(), sizeof(src_));
    std::memcpy(dst_.data(), p.dst.bytes.data(), sizeof(dst_));
    std::uint64_t sport = p.src_port;
    std::uint64_t dport = p.dst_port;
    if (p.ip_proto == packet::kProtoIcmp || p.ip_proto == packet::kProtoIcmp6) {
        sport = dport = echo_id(p);
    }
    const std::uint64_t vlan = p.vlan_count != 0 ? p.vlan[0] : 0U;
    // Segments are few (control::kMaxSegments), tunnels in each other too: they share a byte.
    const std::uint64_t segment = ((p.in_port.value >> 1) & 0x1fU) | (p.depth & 0x07U) << 5U;
    meta_ =
        sport | (dport << 16) | (vlan << 32) | (std::uint64_t{p.ip_proto} << 48) | (segment << 56);
    words_ = address_word(src_[0], src_[1]) | std::uint64_t{address_word(dst_[0], dst_[1])} << 32;
    is_v6_ = !is_v4(src_) || !is_v4(dst_);
}

PacketKey::Fit PacketKey::fit_addresses(const Flow& f) const {
    std::array<std::uint64_t, 4> k;
    std::memcpy(k.data(), f.client().bytes.data(), 16);
    std::memcpy(k.data() + 2, f.server().bytes.data(), 16);
    std::array<std::uint64_t, 2> line;
    std::memcpy(line.data(), static_cast<const void*>(&f), sizeof(line));
    const bool forward = k[0] == src_[0] && k[1] == src_[1] && k[2] == dst_[0] && k[3] == dst_[1] &&
                         line[1] == meta_;
    const bool backward = k[0] == dst_[0] && k[1] == dst_[1] && k[2] == src_[0] &&
                          k[3] == src_[1] && line[1] == meta_reversed();
    return {forward || backward, forward ? Direction::kToServer : Direction::kToClient};
}

std::uint64_t PacketKey::hash(std::uint64_t seed) const {
    const std::uint64_t s0 = seed ^ 0x9e3779b97f4a7c15ULL;
    const std::uint64_t s1 = (seed << 32 | seed >> 32) ^ 0xe7037ed1a0b428dbULL;
    const std::uint64_t s2 = ~seed ^ 0x8ebc6af09c88c6e3ULL;
    const std::uint64_t a = fold(src_[0] ^ s0 ^ (meta_ & 0xffffU), src_[1] ^ s1);
    const std::uint64_t b = fold(dst_[0] ^ s0 ^ ((meta_ >> 16) & 0xffffU), dst_[1] ^ s1);
    return mix64(fold((a + b) ^ s2, (a ^ b) ^ s0) ^ (meta_ >> 32));
}

FlowKey PacketKey::flow_key(Direction d) const {
    const bool forward = d == Direction::kToServer;
    const std::uint64_t meta = forward ? meta_ : meta_reversed();
    FlowKey k;
    std::memcpy(k.client.bytes.data(), forward ? src_.data() : dst_.data(), sizeof(src_));
    std::memcpy(k.server.bytes.data(), forward ? dst_.data() : src_.data(), sizeof(src_));
    k.client_port = static_cast<std::uint16_t>(meta);
    k.server_port = static_cast<std::uint16_t>(meta >> 16);
    k.vlan = static_cast<std::uint16_t>(meta >> 32);
    k.ip_proto = static_cast<std::uint8_t>(meta >> 48);
    k.segment = static_cast<std::uint8_t>(meta >> 56);
    return k;
}

}  // namespace sluice::flow
