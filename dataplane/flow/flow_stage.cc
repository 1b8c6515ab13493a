// SPDX-License-Identifier: Apache-2.0
#include "dataplane/flow/flow_stage.h"

#include "dataplane/base/hash.h"
#include "dataplane/flow/icmp_error.h"

#include <algorithm>
#include <memory>

namespace sluice::flow {

namespace {

using packet::Packet;
using packet::Reason;

constexpr std::size_t kAskedAtOnce = 8;  // flow entries; DECISIONS.md has the measurement

// An ICMP error begins no conversation; ICMPv6's is one, as in Suricata. Impossible TCP flags,
// which a tap lets by, say nothing of a connection.
bool wants_flow(const Packet& p) {
    return p.ip_version != 0 && p.l4_ok && !p.is_fragment && !p.dropped() &&
           p.odd != Reason::tcp_bad_flags &&
           (p.ip_proto != packet::kProtoIcmp || !is_icmp_error(p));
}

bool is_new_syn(const Packet& p) {
    constexpr std::uint8_t kMask =
        packet::kTcpSyn | packet::kTcpAck | packet::kTcpRst | packet::kTcpFin;
    return p.ip_proto == packet::kProtoTcp && (p.tcp.flags & kMask) == packet::kTcpSyn;
}

// The first packet's sender is the client, unless it answers a SYN that we did not see, or speaks
// from a server's port in the middle of a connection.
Direction first_direction(const Packet& p) {
    constexpr std::uint16_t kServerPorts = 1024;  // below: RFC 6335 system ports
    if (p.ip_proto != packet::kProtoTcp) {
        return Direction::kToServer;
    }
    const bool syn = (p.tcp.flags & packet::kTcpSyn) != 0;
    const bool answers = syn ? (p.tcp.flags & packet::kTcpAck) != 0
                             : p.src_port < kServerPorts && p.dst_port >= kServerPorts;
    return answers ? Direction::kToClient : Direction::kToServer;
}

// Notes FIN and RST before stream judges them: a SYN in the same batch must know. A wrong guess
// only means that an open connection whose client sends a SYN gets a new flow, in which the old
// connection's bytes are out of window. True: this is the first sign of it.
bool note_closing(Flow& f, const Packet& p) {
    constexpr std::int32_t kPlausible = 1 << 20;  // bytes after the last in-order one
    const unsigned before = f.closing;
    unsigned seen = before;
    if ((p.tcp.flags & packet::kTcpFin) != 0) {
        seen |= p.direction == Direction::kToServer ? kClosingFinToServer : kClosingFinToClient;
    }
    if ((p.tcp.flags & packet::kTcpRst) != 0) {
        const TcpHalf& h = f.half[index_of(p.direction)];
        const std::int32_t ahead = p.tcp.seq.distance_from(h.next);
        if (!h.seen || (ahead >= 0 && ahead < kPlausible)) {
            seen |= kClosingReset;
        }
    }
    f.closing = seen & kClosingBits;
    return before == 0 && seen != 0;
}

// RFC 5927 section 4.1: what is quoted has been sent and not acknowledged for long. Late errors,
// and bytes that a hole keeps from being in order, are within the slack.
bool is_under_way(const Flow& f, Direction d, SeqNum seq) {
    constexpr std::int64_t kSlack = 64 * 1024;
    const TcpHalf& h = f.half[index_of(d)];
    const std::int64_t room = std::int64_t{f.half[index_of(opposite(d))].window_bytes()} + kSlack;
    return !h.seen || (seq.distance_from(h.acked) >= -kSlack && seq.distance_from(h.next) <= room);
}

Nanos shortest_established(const FlowTimeouts& t) {
    return std::min(
        {t.tcp_established, t.udp_established, t.icmp_established, t.other_established});
}

Nanos shortest(const FlowTimeouts& t) {
    return std::min(
        {t.tcp_new, t.tcp_closed, t.udp_new, t.icmp_new, t.other_new, shortest_established(t)});
}

// An emergency makes nothing wait longer.
FlowConfig consistent(FlowConfig c) {
    const FlowTimeouts& t = c.timeouts;
    FlowTimeouts& e = c.emergency;
    e.tcp_new = std::min(e.tcp_new, t.tcp_new);
    e.tcp_established = std::min(e.tcp_established, t.tcp_established);
    e.tcp_closed = std::min(e.tcp_closed, t.tcp_closed);
    e.udp_new = std::min(e.udp_new, t.udp_new);
    e.udp_established = std::min(e.udp_established, t.udp_established);
    e.icmp_new = std::min(e.icmp_new, t.icmp_new);
    e.icmp_established = std::min(e.icmp_established, t.icmp_established);
    e.other_new = std::min(e.other_new, t.other_new);
    e.other_established = std::min(e.other_established, t.other_established);
    return c;
}

}  // namespace

FlowStage::FlowStage(const FlowConfig& config, FlowObserver& observer)
    : config_(consistent(config)),
      observer_(observer),
      table_(config.max_flows),
      wheel_(table_),
      queues_(table_, config.max_flows),
      shortest_timeout_(shortest(config_.emergency)),
      shortest_established_(shortest_established(config_.emergency)),
      notes_(config.note_packets || config.packet_time) {}

// The misses of a whole batch overlap: first those of the buckets, asked for while the keys are
// hashed, then those of the entries. Cores retire no prefetch before its page walk is done, so the
// loop that asks for entries does nothing else: more of them are then under way at once
// (DECISIONS.md).
void FlowStage::process(packet::Batch& batch, Now now, packet::ReasonCounters& counters) {
    end_deferred(now);
    queues_.set_budget(deferred_.size());  // as many flows as a batch can refer to
    std::size_t n = 0;
    for (std::size_t i = 0; i < batch.size(); ++i) {
        const Packet& p = batch[i];
        if (!wants_flow(p)) {
            continue;
        }
        Lookup& l = lookups_[n++];
        // In place: a copy in words of another size would wait for the stores.
        std::construct_at(&l.key, p);
        l.hash = static_cast<std::uint32_t>(l.key.hash(config_.hash_seed) >> 32);
        table_.prefetch_bucket(l.hash);
        l.packet = static_cast<std::uint8_t>(i);
        l.wants_rest = p.payload_len != 0 || p.tcp.has_timestamp || l.key.is_v6();
    }
    const auto ask = [&](std::size_t first) {
        std::array<const Flow*, kAskedAtOnce> likely;
        const std::size_t last = std::min(first + kAskedAtOnce, n);
        for (std::size_t i = first; i < last; ++i) {
            Lookup& l = lookups_[i];
            l.way = static_cast<std::uint8_t>(table_.likely_way(l.hash, likely[i - first]));
        }
        for (std::size_t i = first; i < last; ++i) {
            FlowTable::prefetch(likely[i - first]);
        }
        for (std::size_t i = first; i < last; ++i) {
            if (lookups_[i].wants_rest) {
                FlowTable::prefetch_rest(likely[i - first]);
            }
        }
    };
    ask(0);
    for (std::size_t i = 0; i < n; ++i) {
        if (i % kAskedAtOnce == 0) {
            ask(i + kAskedAtOnce);
        }
        assign(batch[lookups_[i].packet], lookups_[i], now, counters);
    }
    if (notes_) {
        for (std::size_t i = 0; i < n; ++i) {
            note(batch[lookups_[i].packet]);
        }
    }
}

// Apart from assign(), so that it costs nothing where nobody asks for it.
void FlowStage::note(const Packet& p) const {
    if (p.flow == nullptr) {
        return;
    }
    if (config_.packet_time) {
        p.flow->last_seen = std::max(p.flow->last_seen, p.wall);
    }
    if (config_.note_packets && p.ip_proto == packet::kProtoTcp) {
        p.flow->tcp_flags[index_of(p.direction)] |= p.tcp.flags;
    }
}

void FlowStage::process_within(Packet& p, Now now, packet::ReasonCounters& counters) {
    if (!wants_flow(p)) {
        return;
    }
    Lookup l{PacketKey(p), 0, 0, FlowTable::kNoWay, false};
    l.hash = static_cast<std::uint32_t>(l.key.hash(config_.hash_seed) >> 32);
    assign(p, l, now, counters);
    if (notes_) {
        note(p);
    }
}

void FlowStage::relate(Packet& p, packet::ReasonCounters& counters) {
    constexpr std::uint8_t kUnreachable = 3;
    Packet quoted;
    const Quote quote = read_quote(p, quoted);
    if (quote == Quote::kUntracked) {
        return;
    }
    FlowTable::Hit hit;
    if (quote == Quote::kPacket && quoted.src == p.dst) {  // routers tell nobody but the sender
        const PacketKey key(quoted);
        hit = table_.find(static_cast<std::uint32_t>(key.hash(config_.hash_seed) >> 32), key);
    }
    if (hit.flow == nullptr) {
        judge_unrelated(p, counters);
        return;
    }
    packet::count(counters, Reason::icmp_related);
    if (quoted.ip_proto == packet::kProtoTcp &&
        !is_under_way(*hit.flow, hit.direction, quoted.tcp.seq)) {
        packet::count(counters, Reason::icmp_forged);
        if (config_.icmp_errors != IcmpErrors::kPass) {
            p.drop(Reason::icmp_forged);
        }
        return;
    }
    if (p.ip_version == 4 && p.icmp_type == kUnreachable) {
        p.flow = hit.flow;
        p.direction = opposite(hit.direction);
    }
}

void FlowStage::judge_unrelated(Packet& p, packet::ReasonCounters& counters) const {
    packet::count(counters, Reason::icmp_unrelated);
    if (config_.icmp_errors == IcmpErrors::kDrop) {
        p.drop(Reason::icmp_unrelated);
    }
}

void FlowStage::assign(Packet& p, const Lookup& l, Now now, packet::ReasonCounters& counters) {
    auto [f, direction] = table_.find(l.hash, l.key, l.way);
    if (f != nullptr && is_over(*f, direction, p, now)) {
        const bool reused = is_new_syn(p) && f->ip_proto == packet::kProtoTcp;
        ++(reused ? stats_.reused : stats_.timed_out);
        f->rest().end = reused ? FlowEnd::kReused : FlowEnd::kTimeout;
        unlink(*f);
        deferred_[deferred_count_++] = table_.number_of(*f);
        f = nullptr;
    }
    if (f == nullptr) {
        direction = first_direction(p);
        f = start_flow(p, l, now, counters);
        if (f == nullptr) {
            return;
        }
    }
    p.flow = f;
    p.direction = direction;
    f->last_seen = now.time;
    f->count(index_of(direction), p.len);
    if (p.ip_proto == packet::kProtoTcp) {
        if (direction == Direction::kToClient && !f->seen_to_client) {  // not written each time
            f->seen_to_client = true;
        }
        if ((p.tcp.flags & (packet::kTcpFin | packet::kTcpRst)) != 0 && note_closing(*f, p)) {
            wheel_.remove(*f);
            visit_within(*f, timeout_of(*f));
        }
        return;
    }
    if (direction == Direction::kToClient && !f->seen_to_client) {
        f->seen_to_client = true;
        f->state = FlowState::kEstablished;
        queues_.update(*f);
    }
    p.both_ways = f->seen_to_client;
}

bool FlowStage::is_over(const Flow& f, Direction d, const Packet& p, Now now) const {
    const bool lasting = f.state == FlowState::kEstablished && f.closing == 0;
    const Nanos idle = now.time - f.last_seen;
    if (idle > (lasting ? shortest_established_ : shortest_timeout_) && idle > timeout_of(f)) {
        return true;
    }
    if (!is_new_syn(p) || f.state == FlowState::kClosed) {
        return is_new_syn(p);
    }
    // A server's SYN after its client's RST belongs to a handshake split in five: the roles stay.
    const bool closing =
        (f.closing & kClosingReset) != 0 || (f.closing & kClosingBothFins) == kClosingBothFins;
    return closing && (d == Direction::kToServer || f.state == FlowState::kEstablished);
}

Flow* FlowStage::start_flow(Packet& p, const Lookup& l, Now now, packet::ReasonCounters& counters) {
    if (!make_room(l.hash, now, counters)) {
        ++stats_.table_full;
        packet::count(counters, Reason::flow_table_full);
        p.odd = Reason::flow_table_full;
        // There is no flow whose rest could be trusted: kBypass is kPass here.
        const packet::ExceptionPolicy policy =
            config_.exceptions.of(packet::ExceptionCause::flow_table, p.segment());
        p.except(packet::ExceptionCause::flow_table, policy, p.payload_len);
        if (policy == packet::ExceptionPolicy::kDrop) {
            p.drop(Reason::flow_table_full);
        }
        return nullptr;
    }
    Flow& f = table_.create(l.hash);
    f.set_key(l.key.flow_key(first_direction(p)));
    ++stats_.created;
    ++stats_.active;
    FlowRest& r = f.rest();
    r.flow_id =
        mix64(config_.hash_seed ^ (stats_.created * 0x9e3779b97f4a7c15ULL)) >> 11 & kFlowIds;
    r.first_seen = p.wall;
    r.icmp_type = p.icmp_type;
    r.icmp_code = p.icmp_code;
    f.last_seen = now.time;
    visit_within(f, timeout_of(f));
    queues_.insert(f);
    update_emergency();
    return &f;
}

bool FlowStage::make_room(std::uint32_t hash, Now now, packet::ReasonCounters& counters) {
    for (int step = 0; step < 2; ++step) {
        const bool entry = table_.has_free_entry();
        if (entry && (table_.has_bucket_room(hash) || table_.make_bucket_room(hash))) {
            return true;
        }
        if (!config_.evict) {
            return false;
        }
        Flow* victim = entry ? table_.oldest_in_buckets(hash, now.time) : choose_victim(now.time);
        if (victim == nullptr) {
            return false;
        }
        ++stats_.evicted;
        packet::count(counters, Reason::flow_evicted);
        victim->rest().end = FlowEnd::kEvicted;
        unlink(*victim);
        end_flow(*victim, now);
    }
    return table_.has_free_entry() && table_.has_bucket_room(hash);
}

Flow* FlowStage::choose_victim(Nanos before) {
    Flow* unestablished = queues_.next_victim(before);
    return unestablished != nullptr ? unestablished : table_.oldest_of_sample(before);
}

Nanos FlowStage::timeout_of(const Flow& f) const {
    const FlowTimeouts& t = stats_.emergency ? config_.emergency : config_.timeouts;
    const bool established = f.state == FlowState::kEstablished;
    switch (f.ip_proto) {
        case packet::kProtoTcp:
            if (f.state == FlowState::kClosed) {
                return t.tcp_closed;
            }
            return established && (f.closing & kClosingReset) == 0 ? t.tcp_established : t.tcp_new;
        case packet::kProtoUdp:
            return established ? t.udp_established : t.udp_new;
        case packet::kProtoIcmp:
        case packet::kProtoIcmp6:
            return established ? t.icmp_established : t.icmp_new;
        default:
            return established ? t.other_established : t.other_new;
    }
}

// A visit costs two misses to memory, so millions of idle connections are not visited often. Their
// time becomes shorter only when they close, which moves them in the wheel; that of others also
// with every emergency.
void FlowStage::visit_within(Flow& f, Nanos left) {
    constexpr Nanos kLasting = seconds(TimerWheel::kMaxDelay);
    constexpr Nanos kPassing = seconds(8);
    const bool both_ways = !f.silent(0) && !f.silent(1);
    const bool lasting = f.state == FlowState::kEstablished && f.closing == 0 && both_ways;
    wheel_.insert(f, std::min(left, lasting ? kLasting : kPassing));
}

void FlowStage::unlink(Flow& f) {
    wheel_.remove(f);
    queues_.remove(f);
    table_.unlink(f);
}

void FlowStage::end_flow(Flow& f, Now now) {
    observer_.flow_ended(f, now);
    table_.free(f);
    ++stats_.ended;
    --stats_.active;
    update_emergency();
}

void FlowStage::end_deferred(Now now) {
    for (std::size_t i = 0; i < deferred_count_; ++i) {
        end_flow(table_.entry(deferred_[i]), now);
    }
    deferred_count_ = 0;
}

void FlowStage::update_emergency() {
    const std::uint64_t percent = std::uint64_t{stats_.active} * 100 / config_.max_flows;
    if (!stats_.emergency && percent >= config_.emergency_percent) {
        stats_.emergency = true;
        ++stats_.emergencies;
    } else if (stats_.emergency && percent + 10 < config_.emergency_percent) {
        stats_.emergency = false;
    }
}

void FlowStage::expire(Now now, std::size_t budget) {
    end_deferred(now);
    for (; budget != 0; --budget) {
        Flow* f = wheel_.next_due(now.time);
        if (f == nullptr) {
            return;
        }
        const Nanos left = timeout_of(*f) - (now.time - f->last_seen);
        if (left.count >= 0) {
            visit_within(*f, left);
            if (f->midstream) {
                queues_.update(*f);  // it may have been answered meanwhile
            }
            continue;
        }
        ++stats_.timed_out;
        f->rest().end = FlowEnd::kTimeout;
        queues_.remove(*f);
        table_.unlink(*f);
        end_flow(*f, now);
    }
}

void FlowStage::end_all(Now now) {
    end_deferred(now);
    for (std::uint32_t i = 0; i < table_.made(); ++i) {
        Flow& f = table_.entry(i);
        if (f.rest().in_use) {
            unlink(f);
            end_flow(f, now);
        }
    }
}

}  // namespace sluice::flow
