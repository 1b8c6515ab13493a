// SPDX-License-Identifier: Apache-2.0
#include "dataplane/detect/header_match.h"

#include "dataplane/base/cursor.h"
#include "dataplane/detect/header_bytes.h"
#include "dataplane/detect/header_items.h"

#include <algorithm>
#include <span>

namespace sluice::detect {
namespace {

using bundle::FlowbitOp;
using bundle::HeaderProto;
using bundle::Item;
using bundle::ItemKind;

bool is_icmp(std::uint8_t proto) {
    return proto == packet::kProtoIcmp || proto == packet::kProtoIcmp6;
}

bool has_ports(std::uint8_t proto) {
    return proto == packet::kProtoTcp || proto == packet::kProtoUdp || proto == packet::kProtoSctp;
}

bool proto_matches(const RuleRec& r, const Subject& s) {
    switch (r.proto) {
        case HeaderProto::kIp:
            break;
        case HeaderProto::kTcp:
            if (s.ip_proto != packet::kProtoTcp) {
                return false;
            }
            break;
        case HeaderProto::kUdp:
            if (s.ip_proto != packet::kProtoUdp) {
                return false;
            }
            break;
        case HeaderProto::kIcmp:
            if (!is_icmp(s.ip_proto)) {
                return false;
            }
            break;
        case HeaderProto::kSctp:
            if (s.ip_proto != packet::kProtoSctp) {
                return false;
            }
            break;
    }
    const std::uint32_t f = r.flow_flags;
    return !(((f & bundle::kRuleIpv4Only) != 0 && !s.is_v4) ||
             ((f & bundle::kRuleIpv6Only) != 0 && s.is_v4) ||
             ((f & bundle::kRuleIcmp4Only) != 0 && s.ip_proto != packet::kProtoIcmp) ||
             ((f & bundle::kRuleIcmp6Only) != 0 && s.ip_proto != packet::kProtoIcmp6));
}

bool flow_matches(const RuleRec& r, const Subject& s) {
    constexpr std::uint32_t kNeedFlow = bundle::kFlowToServer | bundle::kFlowToClient |
                                        bundle::kFlowEstablished | bundle::kFlowNotEstablished;
    const std::uint32_t f = r.flow_flags;
    if (r.app != AppProto::kUnknown && (s.flow == nullptr || !speaks(s.flow->app, r.app))) {
        return false;
    }
    if ((f & (kNeedFlow | bundle::kFlowOnlyStream | bundle::kFlowNoStream)) == 0) {
        return true;
    }
    if (((f & bundle::kFlowOnlyStream) != 0 && !s.on_stream) ||
        ((f & bundle::kFlowNoStream) != 0 && s.on_stream)) {
        return false;
    }
    if ((f & kNeedFlow) == 0) {
        return true;
    }
    if (s.flow == nullptr) {
        return false;
    }
    // A closed connection was established before.
    // The packet that completes a handshake is, taken by itself, still part of it (as in Suricata);
    // bytes that it carries are not.
    const bool opening = !s.on_stream && s.packet != nullptr && s.packet->opened;
    const bool datagram = s.packet != nullptr && s.flow->ip_proto != packet::kProtoTcp &&
                          s.packet->ip_proto == s.flow->ip_proto;
    const bool established =
        datagram ? s.packet->both_ways : s.flow->state != flow::FlowState::kNew && !opening;
    return !(((f & bundle::kFlowToServer) != 0 && s.direction != Direction::kToServer) ||
             ((f & bundle::kFlowToClient) != 0 && s.direction != Direction::kToClient) ||
             ((f & bundle::kFlowEstablished) != 0 && !established) ||
             ((f & bundle::kFlowNotEstablished) != 0 && established));
}

// One orientation of the rule's arrow. 'swapped': the rule's source is the packet's destination.
bool ends_match(const Ruleset& rules, const RuleRec& r, const Subject& s, AddressCache& cache,
                bool swapped) {
    const std::uint32_t src_ports = swapped ? r.dst_ports : r.src_ports;
    const std::uint32_t dst_ports = swapped ? r.src_ports : r.dst_ports;
    // A rule over all of IP does not look at ports that a packet without ports cannot have.
    if (has_ports(s.ip_proto) &&
        !(rules.port_in(dst_ports, s.dst_port) && rules.port_in(src_ports, s.src_port))) {
        return false;
    }
    return cache.contains(rules, swapped ? r.src : r.dst, *s.dst, 1) &&
           cache.contains(rules, swapped ? r.dst : r.src, *s.src, 0);
}

bool flowbits_hold(const Ruleset& rules, const Item& item, const FlowState* state) {
    const auto op = static_cast<FlowbitOp>(item.op);
    if (op != FlowbitOp::kIsSet && op != FlowbitOp::kIsNotSet) {
        return true;
    }
    // Several names: one that fulfils the condition is enough.
    for (std::uint32_t i = 0; i < item.data_len; ++i) {
        const bool is_set = state != nullptr && state->has_bit(rules.bit(item.data + i));
        if (is_set == (op == FlowbitOp::kIsSet)) {
            return true;
        }
    }
    return false;
}

bool change_flowbit(FlowbitOp op, std::uint32_t bit, FlowState& state) {
    switch (op) {
        case FlowbitOp::kSet:
            return state.set_bit(bit);
        case FlowbitOp::kUnset:
            state.unset_bit(bit);
            break;
        case FlowbitOp::kToggle:
            if (!state.has_bit(bit)) {
                return state.set_bit(bit);
            }
            state.unset_bit(bit);
            break;
        case FlowbitOp::kIsSet:
        case FlowbitOp::kIsNotSet:
            break;
    }
    return true;
}

HostBitKey xbit_key(const Ruleset& rules, const Item& item, const Subject& s) {
    return {rules.bit(item.data), static_cast<bundle::BitOwner>(item.var), s.src, s.dst};
}

std::uint32_t wall_seconds(const Subject& s) {
    return static_cast<std::uint32_t>(s.wall.count / seconds(1).count);
}

bool xbit_holds(const Ruleset& rules, const Item& item, const Subject& s, const HostBits& bits) {
    const bool is_set = bits.has(xbit_key(rules, item, s), wall_seconds(s));
    return is_set == (static_cast<FlowbitOp>(item.op) == FlowbitOp::kIsSet);
}

bool change_xbit(const Ruleset& rules, const Item& item, const Subject& s, HostBits& bits) {
    const HostBitKey key = xbit_key(rules, item, s);
    const auto lifetime = static_cast<std::uint32_t>(item.lo);
    switch (static_cast<FlowbitOp>(item.op)) {
        case FlowbitOp::kSet:
            return bits.set(key, wall_seconds(s), lifetime);
        case FlowbitOp::kUnset:
            bits.unset(key);
            break;
        case FlowbitOp::kToggle:
            return bits.toggle(key, wall_seconds(s), lifetime);
        case FlowbitOp::kIsSet:
        case FlowbitOp::kIsNotSet:
            break;
    }
    return true;
}

// The number that a flowint is compared with or changed by; a name that was never set counts 0.
std::uint32_t flowint_operand(const Ruleset& rules, const Item& item, const FlowState& state) {
    if ((item.flags & bundle::kValueVar) == 0) {
        return static_cast<std::uint32_t>(item.lo);
    }
    const Flowint* other = state.find_int(rules.bit(item.data + 1));
    return other != nullptr ? other->value : 0;
}

bool flowint_holds(const Ruleset& rules, const Item& item, const FlowState* state) {
    const Flowint* i = state != nullptr ? state->find_int(rules.bit(item.data)) : nullptr;
    switch (static_cast<bundle::FlowintOp>(item.nbytes)) {
        case bundle::FlowintOp::kIsSet:
            return i != nullptr;
        case bundle::FlowintOp::kIsNotSet:
            return i == nullptr;
        case bundle::FlowintOp::kTest:
            return i != nullptr &&
                   compare(i->value, item.op, flowint_operand(rules, item, *state), 0);
        case bundle::FlowintOp::kSet:
        case bundle::FlowintOp::kAdd:
        case bundle::FlowintOp::kSubtract:
            break;
    }
    return true;
}

// 32 bits that wrap around; adding to what was never set begins with 0, subtracting does nothing.
bool change_flowint(const Ruleset& rules, const Item& item, FlowState& state) {
    const std::uint32_t name = rules.bit(item.data);
    const Flowint* i = state.find_int(name);
    const std::uint32_t operand = flowint_operand(rules, item, state);
    switch (static_cast<bundle::FlowintOp>(item.nbytes)) {
        case bundle::FlowintOp::kSet:
            return state.set_int(name, operand);
        case bundle::FlowintOp::kAdd:
            return state.set_int(name, (i != nullptr ? i->value : 0) + operand);
        case bundle::FlowintOp::kSubtract:
            return i == nullptr || state.set_int(name, i->value - operand);
        case bundle::FlowintOp::kTest:
        case bundle::FlowintOp::kIsSet:
        case bundle::FlowintOp::kIsNotSet:
            break;
    }
    return true;
}

// Bytes 4 and 5, or 6 and 7, of an ICMP echo header (RFC 792): identifier and sequence number. -1:
// not there.
std::int64_t icmp_field(const packet::Packet& p, std::size_t offset) {
    Cursor c(p.frame());
    c.skip(p.l4_off + offset);
    const std::uint16_t v = c.be16().host();
    return c.ok() && p.l4_ok ? v : -1;
}

// The IPv4 flags and fragment offset word (RFC 791 section 3.1), or 0.
std::uint32_t fragment_word(const packet::Packet& p) {
    if (p.ip_version != 4) {
        return 0;
    }
    Cursor c(p.frame());
    c.skip(p.l3_off + 6U);
    return c.be16().host();
}

std::int64_t tos_of(const packet::Packet& p) {
    Cursor c(p.frame());
    c.skip(p.l3_off);
    const std::uint16_t first = c.be16().host();
    return p.ip_version == 4 ? first & 0xff : (first >> 4) & 0xff;
}

// Bytes seen in order in one direction of a TCP stream.
std::int64_t stream_bytes(const flow::Flow& f, Direction d) {
    const flow::TcpHalf& h = f.half[index_of(d)];
    return h.seen ? std::int64_t{h.next.raw() - f.rest().isn[index_of(d)].raw() - 1U} : 0;
}

// Item::var says whose bytes: 1 server, 2 client, 3 both, 4 either.
bool stream_size_matches(const Item& item, const flow::Flow& f) {
    const std::int64_t client = stream_bytes(f, Direction::kToServer);
    const std::int64_t server = stream_bytes(f, Direction::kToClient);
    const auto fits = [&item](std::int64_t v) { return compare(v, item.op, item.lo, item.hi); };
    switch (item.var) {
        case 1:
            return fits(server);
        case 2:
            return fits(client);
        case 3:
            return fits(server) && fits(client);
        default:
            return fits(server) || fits(client);
    }
}

// Before the protocol is decided nothing holds, not even "not this one".
bool app_matches(const Item& item, const flow::Flow& f) {
    if (f.app == AppProto::kUnknown) {
        return false;
    }
    return speaks(f.app, static_cast<AppProto>(item.lo)) != ((item.flags & bundle::kNegated) != 0);
}

bool age_matches(const Item& item, const flow::Flow& f, Nanos now) {
    const std::int64_t age = (now.count - f.rest().first_seen.count) / seconds(1).count;
    return compare(age < 0 ? 0 : age, item.op, item.lo, item.hi) !=
           ((item.flags & bundle::kNegated) != 0);
}

// Of a Packet Too Big message (RFC 4443 section 3.2), -1 of any other packet.
std::int64_t icmp6_mtu(const packet::Packet& p) {
    constexpr std::uint8_t kPacketTooBig = 2;
    if (p.ip_proto != packet::kProtoIcmp6 || !p.l4_ok || p.icmp_type != kPacketTooBig) {
        return -1;
    }
    Cursor c(p.frame());
    c.skip(p.l4_off + 4U);
    const std::uint32_t mtu = c.be32().host();
    return c.ok() ? std::int64_t{mtu} : -1;
}

// Number that a keyword over the packet's headers compares; -1 when the packet does not have it.
std::int64_t header_number(const Item& item, const packet::Packet& p) {
    const bool tcp = p.ip_proto == packet::kProtoTcp && p.l4_ok;
    const bool icmp = is_icmp(p.ip_proto) && p.l4_ok;
    switch (item.kind) {
        case ItemKind::kDsize:
            return p.payload_len;
        case ItemKind::kTtl:
            return p.ttl;
        case ItemKind::kIpProto:
            return p.ip_proto;
        case ItemKind::kIpId:
            return p.ip_version == 4 ? p.ip_id : -1;
        case ItemKind::kTos:
            return tos_of(p);
        case ItemKind::kFragOffset:
            return std::int64_t{fragment_word(p) & 0x1fffU};
        case ItemKind::kItype:
            return icmp ? p.icmp_type : -1;
        case ItemKind::kIcode:
            return icmp ? p.icmp_code : -1;
        case ItemKind::kIcmpId:
            return icmp ? icmp_field(p, 4) : -1;
        case ItemKind::kIcmpSeq:
            return icmp ? icmp_field(p, 6) : -1;
        case ItemKind::kTcpAck:
            return tcp ? std::int64_t{p.tcp.ack.raw()} : -1;
        case ItemKind::kTcpSeq:
            return tcp ? std::int64_t{p.tcp.seq.raw()} : -1;
        case ItemKind::kTcpWindow:
            return tcp ? p.tcp.window : -1;
        case ItemKind::kIcmp6Mtu:
            return icmp6_mtu(p);
        case ItemKind::kTcpMss:
            return tcp && p.tcp.mss != 0 ? p.tcp.mss : -1;
        case ItemKind::kTcpFlags:
        case ItemKind::kFragBits:
        case ItemKind::kSameIp:
        case ItemKind::kStreamSize:
        case ItemKind::kFlowbits:
        case ItemKind::kAppProto:
        case ItemKind::kXbits:
        case ItemKind::kContent:
        case ItemKind::kPcre:
        case ItemKind::kIsDataAt:
        case ItemKind::kByteTest:
        case ItemKind::kByteJump:
        case ItemKind::kByteExtract:
        case ItemKind::kBsize:
        case ItemKind::kUrilen:
        case ItemKind::kByteMath:
        case ItemKind::kBase64Decode:
        case ItemKind::kAsn1:
        case ItemKind::kFlowint:
        case ItemKind::kIpOpts:
        case ItemKind::kFlowAge:
        case ItemKind::kChecksum:
        case ItemKind::kEvent:
            break;
    }
    return -1;
}

bool number_matches(const Item& item, const packet::Packet& p) {
    const std::int64_t v = header_number(item, p);
    return v >= 0 && number_fits(item, v);
}

bool condition_holds(const Ruleset& rules, const Item& item, const Subject& s,
                     const Memory& memory) {
    switch (item.kind) {
        case ItemKind::kFlowbits:
            return flowbits_hold(rules, item, memory.flow);
        case ItemKind::kFlowint:
            return flowint_holds(rules, item, memory.flow);
        case ItemKind::kXbits:
            return xbit_holds(rules, item, s, memory.hosts);
        case ItemKind::kFlowAge:
            return s.flow != nullptr && age_matches(item, *s.flow, s.wall);
        case ItemKind::kIpOpts:
            return s.packet != nullptr && has_ip_option(item, *s.packet);
        case ItemKind::kChecksum:
            return s.packet != nullptr && checksum_matches(item, *s.packet);
        case ItemKind::kEvent:
            return s.packet != nullptr && s.packet->events.meets(events_of(item));
        case ItemKind::kAppProto:
            return s.flow != nullptr && app_matches(item, *s.flow);
        case ItemKind::kStreamSize:
            return s.flow != nullptr && s.ip_proto == packet::kProtoTcp &&
                   stream_size_matches(item, *s.flow);
        case ItemKind::kTcpFlags:
            return s.packet != nullptr && s.packet->ip_proto == packet::kProtoTcp &&
                   s.packet->l4_ok && bits_match(item, s.packet->tcp.flags);
        case ItemKind::kFragBits:
            return s.packet != nullptr && s.packet->ip_version == 4 &&
                   bits_match(item, (fragment_word(*s.packet) & 0xe000U) >> 13);
        case ItemKind::kSameIp:
            return *s.src == *s.dst;
        case ItemKind::kDsize:
        case ItemKind::kTtl:
        case ItemKind::kIpProto:
        case ItemKind::kIpId:
        case ItemKind::kTos:
        case ItemKind::kFragOffset:
        case ItemKind::kItype:
        case ItemKind::kIcode:
        case ItemKind::kIcmpId:
        case ItemKind::kIcmpSeq:
        case ItemKind::kTcpAck:
        case ItemKind::kTcpSeq:
        case ItemKind::kTcpWindow:
        case ItemKind::kTcpMss:
        case ItemKind::kIcmp6Mtu:
            return s.packet != nullptr && number_matches(item, *s.packet);
        case ItemKind::kContent:
        case ItemKind::kPcre:
        case ItemKind::kIsDataAt:
        case ItemKind::kByteTest:
        case ItemKind::kByteJump:
        case ItemKind::kByteExtract:
        case ItemKind::kBsize:
        case ItemKind::kUrilen:
        case ItemKind::kByteMath:
        case ItemKind::kBase64Decode:
        case ItemKind::kAsn1:
            break;
    }
    return false;
}

}  // namespace

Subject subject_of(const packet::Packet& p) {
    Subject s;
    s.packet = &p;
    s.flow = p.flow;
    s.src = &p.src;
    s.dst = &p.dst;
    s.src_port = p.src_port;
    s.dst_port = p.dst_port;
    s.ip_proto = p.ip_proto;
    s.is_v4 = p.ip_version == 4;
    s.direction = p.direction;
    s.wall = p.wall;
    return s;
}

Subject subject_of(const flow::Flow& f, Direction d, const packet::Packet* p) {
    const bool up = d == Direction::kToServer;
    Subject s;
    s.packet = p;
    s.flow = &f;
    s.src = up ? &f.client() : &f.server();
    s.dst = up ? &f.server() : &f.client();
    s.src_port = up ? f.client_port : f.server_port;
    s.dst_port = up ? f.server_port : f.client_port;
    s.ip_proto = f.ip_proto;
    s.is_v4 = f.client().is_v4();
    s.on_stream = true;
    s.direction = d;
    return s;
}

void AddressCache::bind(const Subject& s) {
    if (bound_ && *s.src == src_ && *s.dst == dst_) {
        return;
    }
    bound_ = true;
    src_ = *s.src;
    dst_ = *s.dst;
    if (++epoch_ >= 0x80000000U) {
        std::fill(known_.begin(), known_.end(), 0);
        epoch_ = 1;
    }
}

bool header_matches(const Ruleset& rules, const RuleRec& rule, const Subject& s,
                    AddressCache& cache) {
    if (!proto_matches(rule, s) || !flow_matches(rule, s)) {
        return false;
    }
    return ends_match(rules, rule, s, cache, false) ||
           ((rule.flow_flags & bundle::kRuleBidirectional) != 0 &&
            ends_match(rules, rule, s, cache, true));
}

bool conditions_match(const Ruleset& rules, const RuleRec& rule, const Subject& s,
                      const Memory& memory) {
    const std::span<const Item> items =
        std::span<const Item>(rules.header_items()).subspan(rule.header_first, rule.action_first);
    for (const Item& item : items) {
        if (!condition_holds(rules, item, s, memory)) {
            return false;
        }
    }
    return true;
}

bool change_state(const Ruleset& rules, const RuleRec& rule, const Subject& s,
                  const Memory& memory) {
    bool room = true;
    for (std::uint32_t i = rule.action_first; i < rule.header_count; ++i) {
        const Item& item = rules.header_items()[rule.header_first + i];
        if (item.kind == ItemKind::kXbits) {
            room = change_xbit(rules, item, s, memory.hosts) && room;
        } else if (memory.flow == nullptr) {
            room = false;
        } else if (item.kind == ItemKind::kFlowint) {
            room = change_flowint(rules, item, *memory.flow) && room;
        } else {
            for (std::uint32_t k = 0; k < item.data_len; ++k) {
                const std::uint32_t bit = rules.bit(item.data + k);
                room = change_flowbit(static_cast<FlowbitOp>(item.op), bit, *memory.flow) && room;
            }
        }
    }
    return room;
}

}  // namespace sluice::detect
