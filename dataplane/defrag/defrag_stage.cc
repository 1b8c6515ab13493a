// SPDX-License-Identifier: Apache-2.0
#include "dataplane/defrag/defrag_stage.h"

#include "dataplane/packet/ipv6_chain.h"

#include <algorithm>

namespace sluice::defrag {

using packet::Packet;
using packet::Reason;

namespace {

// One source may hold this part of the store.
constexpr std::uint32_t kSourceShare = 8;

// Our clock starts before the receiver's, by the way between us.
constexpr Nanos kReceiverLag = seconds(1);

constexpr std::size_t kExpireOnTake = 2;
constexpr std::size_t kExpireForRoom = 32;

// How many may go for one block: those that were given up before have none.
constexpr std::size_t kEvictionReach = 16;

// What the first fragment must hold of the transport header, so that what is judged by ports and
// flags lies in one place (RFC 1858, RFC 7112).
std::size_t least_header(std::uint8_t protocol) {
    switch (protocol) {
        case packet::kProtoTcp:
            return 20;
        case packet::kProtoUdp:
        case packet::kProtoIcmp6:
            return 8;
        default:
            return 0;
    }
}

// RFC 7112: the whole chain of headers is in the first fragment.
bool chain_cut(std::uint8_t protocol, Bytes bytes) {
    packet::ExtensionChain chain(protocol, bytes);
    packet::ChainStep step = chain.step();
    while (step == packet::ChainStep::kHeader) {
        step = chain.step();
    }
    return step == packet::ChainStep::kCut || chain.rest().size() < least_header(chain.protocol());
}

Queue refused_queue(const Datagram& d) {
    return d.key.version == 4 ? Queue::kRefusedIpv4 : Queue::kRefusedIpv6;
}

}  // namespace

DefragStage::DefragStage(const DefragConfig& config)
    : config_(config),
      table_(config.max_datagrams, config.hash_seed),
      store_(config.store_bytes),
      sources_(config.max_datagrams, config.hash_seed),
      frames_(2) {
    frames_.make(0);
    frames_.make(1);
}

bool DefragStage::take(Packet& fragment, Now now, packet::ReasonCounters& counters, Packet& whole) {
    const auto offset = std::uint32_t{fragment.frag_off};
    Work w{fragment, now.time, counters, fragment.payload(), offset, offset + fragment.payload_len};
    expire(now, kExpireOnTake, counters);
    const FragmentKey key(fragment);
    Datagram* d = find_live(w, key);
    if (d != nullptr && d->state == DatagramState::kRefused) {
        packet::count(counters, Reason::fragment_refused);
        fragment.drop(Reason::fragment_refused);
        return false;
    }
    if (d != nullptr && d->state == DatagramState::kUninspected) {
        give_up(w, d);
        return false;
    }
    if (!sound(w, d)) {
        return false;
    }
    if (d == nullptr) {
        d = open(w, key);
    }
    if (d == nullptr || !add(w, *d)) {
        return false;
    }
    return rebuild(w, *d, whole);
}

Datagram* DefragStage::find_live(const Work& w, const FragmentKey& key) {
    Datagram* d = table_.find(key);
    if (d == nullptr || !is_over(*d, w.now)) {
        return d;
    }
    if (d->state == DatagramState::kWaiting) {
        packet::count(w.counters, Reason::fragment_timeout);
    }
    remove(*d);
    return nullptr;
}

bool DefragStage::is_over(const Datagram& d, Nanos now) const {
    const Nanos timeout = d.key.version == 4 ? config_.timeout : config_.timeout_ipv6;
    return now - d.since > timeout + kReceiverLag;
}

// What can be said of the fragment alone. False: it was rejected.
bool DefragStage::sound(Work& w, Datagram* d) {
    // An empty fragment says nothing but, to some, where the datagram ends.
    if (w.bytes.empty() || (w.fragment.more_fragments && w.bytes.size() % 8 != 0)) {
        reject(w, d, Reason::fragment_bad_size);
        return false;
    }
    if (w.end + counted_header(w.fragment) > kMaxDatagram) {
        reject(w, d, Reason::fragment_too_large);
        return false;
    }
    if (first_too_short(w)) {
        if (config_.inline_mode && config_.drop_tiny) {
            reject(w, d, Reason::fragment_tiny);
            return false;
        }
        packet::count(w.counters, Reason::fragment_tiny);
    }
    return true;
}

bool DefragStage::first_too_short(const Work& w) const {
    if (w.offset == 0) {
        return w.fragment.ip_version == 4 ? w.bytes.size() < least_header(w.fragment.ip_proto)
                                          : chain_cut(w.fragment.ip_proto, w.bytes);
    }
    // RFC 3128: what starts behind the ports would overwrite flags.
    return w.offset == 8 && w.fragment.ip_proto == packet::kProtoTcp;
}

Datagram* DefragStage::open(Work& w, const FragmentKey& key) {
    if (sources_.held_by(key.src).datagrams >= config_.max_per_source) {
        over_own_limit(w, nullptr, Reason::fragment_source_limit);
        return nullptr;
    }
    if (table_.full()) {
        Datagram* old = table_.oldest(Queue::kComplete);
        if (old != nullptr) {
            remove(*old);
        } else if (!evict(w, nullptr)) {
            no_room(w, nullptr, Reason::fragment_table_full);
            return nullptr;
        }
    }
    sources_.add(key.src, {1, 0});
    return &table_.create(key, w.now);
}

// Ends that agree: one last fragment, and nothing behind it.
bool DefragStage::fits_end(const Datagram& d, const Work& w) const {
    if (d.total_known && (w.fragment.more_fragments ? w.end > d.total : w.end != d.total)) {
        return false;
    }
    return w.fragment.more_fragments || w.end >= d.largest_end;
}

// True: the datagram is whole.
bool DefragStage::add(Work& w, Datagram& d) {
    const bool was_complete = d.state == DatagramState::kComplete;
    if (!fits_end(d, w)) {
        reject(w, &d, Reason::fragment_bad_size);
        return false;
    }
    const FragmentStore::Fit fit = store_.compare(d.pieces_head, w.offset, w.bytes);
    if (fit.overlap != 0 && !overlap_allowed(w, d, fit)) {
        return false;
    }
    if (was_complete) {
        // Equal, but it would give the receiver the start of a datagram that we no longer watch.
        w.fragment.drop(Reason::fragment_duplicate);
        return false;
    }
    if (fit.pieces != 0 && !store(w, d, fit)) {
        return false;
    }
    if (w.offset == 0 && !fit.same_cut) {
        d.next_header = w.fragment.ip_proto;
    }
    d.largest_end = std::max(d.largest_end, w.end);
    if (!w.fragment.more_fragments) {
        d.total_known = true;
        d.total = w.end;
    }
    return d.total_known && d.have == d.total;
}

// Equal bytes are no harm, whoever reads them; IPv6 allows no overlap but a copy of the whole
// fragment (RFC 5722 section 4).
bool DefragStage::overlap_allowed(Work& w, Datagram& d, const FragmentStore::Fit& fit) {
    const bool allowed =
        !fit.differs && (fit.same_cut || w.fragment.ip_version == 4) &&
        (w.offset != 0 || w.fragment.ip_version == 4 || d.next_header == w.fragment.ip_proto);
    if (allowed) {
        packet::count(w.counters, Reason::fragment_duplicate);
        return true;
    }
    if (config_.inline_mode) {
        reject(w, &d, Reason::fragment_overlap);
        return false;
    }
    packet::count(w.counters, Reason::fragment_overlap);
    return true;
}

// False: no room, and what follows from that was done. What the sender has reached by himself is
// looked at before what is scarce for all.
bool DefragStage::store(Work& w, Datagram& d, const FragmentStore::Fit& fit) {
    if (d.pieces + fit.pieces > config_.max_fragments) {
        over_own_limit(w, &d, Reason::fragment_limit);
        return false;
    }
    const std::uint32_t share = store_.total_blocks() / kSourceShare;
    if (sources_.held_by(d.key.src).blocks + fit.blocks > share) {
        over_own_limit(w, &d, Reason::fragment_source_limit);
        return false;
    }
    if (!make_blocks(w, d, fit.blocks)) {
        no_room(w, &d, Reason::fragment_table_full);
        return false;
    }
    store_.add(d.pieces_head, w.offset, w.bytes);
    sources_.add(d.key.src, {0, fit.blocks});
    d.blocks += fit.blocks;
    d.pieces = static_cast<std::uint16_t>(d.pieces + fit.pieces);
    d.have += static_cast<std::uint32_t>(w.bytes.size()) - fit.overlap;
    return true;
}

// What is overdue goes first, then what is only remembered, of which each has at least one block,
// then what waits longest.
bool DefragStage::make_blocks(Work& w, const Datagram& d, std::uint32_t wanted) {
    if (store_.free_blocks() < wanted) {
        expire({w.now, w.now}, kExpireForRoom, w.counters);
    }
    while (store_.free_blocks() < wanted) {
        Datagram* old = table_.oldest(Queue::kComplete);
        if (old != nullptr) {
            remove(*old);
        } else if (!evict(w, &d)) {
            return false;
        }
    }
    return true;
}

// A flood from many sources must not blind us to what comes after it began: the datagram that waits
// longest makes room, but for those refused, and is forgotten, so that the rest of it may go on
// uninspected; that is what policy pass says, and under drop nothing may. An honest datagram is
// whole within milliseconds and never the oldest. True: room for at least one entry or one block.
bool DefragStage::evict(Work& w, const Datagram* keep) {
    const packet::ExceptionPolicy policy =
        config_.exceptions.of(packet::ExceptionCause::fragment_table, w.fragment.segment());
    if (config_.inline_mode && policy != packet::ExceptionPolicy::kPass) {
        return false;
    }
    for (std::size_t i = 0; i < kEvictionReach; ++i) {
        Datagram* victim = longest_waiting(keep);
        if (victim == nullptr) {
            return false;
        }
        const bool had_blocks = victim->blocks != 0;
        packet::count(w.counters, Reason::fragment_evicted);
        if (victim->have != 0) {
            w.fragment.except(packet::ExceptionCause::fragment_table,
                              packet::ExceptionPolicy::kPass, victim->have);
        }
        remove(*victim);
        if (keep == nullptr || had_blocks) {
            return true;
        }
    }
    return false;
}

// Of both versions, but for 'keep'. Null: nothing waits.
Datagram* DefragStage::longest_waiting(const Datagram* keep) {
    Datagram* longest = nullptr;
    for (const Queue queue : {Queue::kIpv4, Queue::kIpv6}) {
        Datagram* d = table_.oldest(queue);
        if (d != nullptr && d == keep) {
            d = table_.behind(*d);
        }
        if (d != nullptr && (longest == nullptr || d->since < longest->since)) {
            longest = d;
        }
    }
    return longest;
}

bool DefragStage::rebuild(Work& w, Datagram& d, Packet& whole) {
    std::array<std::uint8_t, kMaxFrame>& frame = frames_[last_frame_ ^ 1U];
    const std::optional<std::size_t> headers = rebuild_headers(
        w.fragment, d.total, d.next_header, MutableBytes(frame).first(kMaxRebuiltHeaders));
    if (!headers) {
        reject(w, &d, Reason::fragment_bad_size);
        return false;
    }
    last_frame_ ^= 1U;
    store_.copy_to(d.pieces_head, frame.data() + *headers);
    whole.data = frame.data();
    whole.len = static_cast<std::uint32_t>(*headers) + d.total;
    whole.number = w.fragment.number;
    whole.wall = w.fragment.wall;
    whole.in_port = w.fragment.in_port;
    whole.depth = w.fragment.depth;
    whole.writable = false;
    if (w.fragment.depth != 0) {  // decode reads no tags there
        whole.vlan_count = w.fragment.vlan_count;
        whole.vlan = w.fragment.vlan;
    }
    packet::count(w.counters, Reason::fragment_reassembled);
    complete(w, d);
    return true;
}

void DefragStage::complete(const Work& w, Datagram& d) {
    if (!config_.inline_mode) {
        remove(d);
        return;
    }
    uncharge(d);
    d.state = DatagramState::kComplete;
    table_.requeue(d, Queue::kComplete, w.now);
    if (completed_count_ < completed_.size()) {
        completed_[completed_count_++] = d.key;
    }
}

void DefragStage::settle(bool dropped, Now now) {
    for (std::size_t i = 0; dropped && config_.inline_mode && i < completed_count_; ++i) {
        Datagram* d = table_.find(completed_[i]);
        if (d != nullptr) {
            refuse(*d, now.time);
        }
    }
    completed_count_ = 0;
}

// Inline, the fragment and all of its datagram; a tap leaves it out.
void DefragStage::reject(Work& w, Datagram* d, Reason why) {
    packet::count(w.counters, why);
    if (!config_.inline_mode) {
        return;
    }
    w.fragment.drop(why);
    if (d != nullptr) {
        refuse(*d, w.now);
    }
}

void DefragStage::refuse(Datagram& d, Nanos now) {
    give_back(d);
    if (d.state == DatagramState::kComplete) {
        sources_.add(d.key.src, {1, 0});
    }
    d.state = DatagramState::kRefused;
    table_.requeue(d, refused_queue(d), now);
}

// A limit that a sender reaches alone is no way past inspection: inline the datagram is dropped
// whatever the policy, and others are not concerned.
void DefragStage::over_own_limit(Work& w, Datagram* d, Reason why) {
    if (config_.inline_mode) {
        reject(w, d, why);
    } else {
        packet::count(w.counters, why);
        give_up(w, d);
    }
}

// Want of memory of the whole: the exception policy decides.
void DefragStage::no_room(Work& w, Datagram* d, Reason why) {
    const packet::ExceptionPolicy policy =
        config_.exceptions.of(packet::ExceptionCause::fragment_table, w.fragment.segment());
    if (config_.inline_mode && policy == packet::ExceptionPolicy::kDrop) {
        w.fragment.except(packet::ExceptionCause::fragment_table, policy, w.bytes.size());
        reject(w, d, why);
    } else {
        packet::count(w.counters, why);
        give_up(w, d);
    }
}

// The rest of the datagram goes on uninspected, and what went on before was not inspected either.
void DefragStage::give_up(Work& w, Datagram* d) {
    packet::count(w.counters, Reason::fragment_uninspected);
    w.fragment.except(packet::ExceptionCause::fragment_table, packet::ExceptionPolicy::kPass,
                      w.bytes.size() + (d != nullptr ? d->have : 0));
    if (d != nullptr && d->state != DatagramState::kUninspected) {
        give_back(*d);
        d->state = DatagramState::kUninspected;
    }
}

// The copies.
void DefragStage::give_back(Datagram& d) {
    store_.release(d.pieces_head);
    if (d.state == DatagramState::kWaiting) {
        sources_.remove(d.key.src, {0, d.blocks});
    }
    d.blocks = 0;
    d.pieces = 0;
    d.have = 0;
}

// Completed datagrams do not count against their source: they go when room is needed.
void DefragStage::uncharge(Datagram& d) {
    sources_.remove(d.key.src, {1, d.blocks});
}

void DefragStage::remove(Datagram& d) {
    if (d.state != DatagramState::kComplete) {
        uncharge(d);
    }
    store_.release(d.pieces_head);
    table_.remove(d);
}

bool DefragStage::expire_one(Queue queue, Nanos now, packet::ReasonCounters& counters) {
    Datagram* d = table_.oldest(queue);
    if (d == nullptr || !is_over(*d, now)) {
        return false;
    }
    if (d->state == DatagramState::kWaiting) {
        packet::count(counters, Reason::fragment_timeout);
    }
    remove(*d);
    return true;
}

void DefragStage::expire(Now now, std::size_t budget, packet::ReasonCounters& counters) {
    for (const Queue queue :
         {Queue::kIpv4, Queue::kIpv6, Queue::kComplete, Queue::kRefusedIpv4, Queue::kRefusedIpv6}) {
        while (budget != 0 && expire_one(queue, now.time, counters)) {
            --budget;
        }
    }
}

}  // namespace sluice::defrag
