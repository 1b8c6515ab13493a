// SPDX-License-Identifier: Apache-2.0
#include "dataplane/defrag/datagram_table.h"

#include "dataplane/base/hash.h"

#include <bit>
#include <cstring>

namespace sluice::defrag {

FragmentKey::FragmentKey(const packet::Packet& fragment)
    : src(fragment.src),
      dst(fragment.dst),
      id(fragment.frag_id),
      vlan(fragment.vlan),
      version(fragment.ip_version),
      protocol(fragment.ip_version == 4 ? fragment.ip_proto : std::uint8_t{0}),
      segment(static_cast<std::uint8_t>(fragment.in_port.value >> 1)),
      depth(fragment.depth) {}

std::uint64_t FragmentKey::hash(std::uint64_t seed) const {
    std::array<std::uint64_t, 4> a;
    std::memcpy(a.data(), src.bytes.data(), 16);
    std::memcpy(a.data() + 2, dst.bytes.data(), 16);
    const std::uint64_t what = id | std::uint64_t{vlan[0]} << 32 | std::uint64_t{vlan[1]} << 48;
    const std::uint64_t where = version | std::uint64_t{protocol} << 8 |
                                std::uint64_t{segment} << 16 | std::uint64_t{depth} << 24;
    std::uint64_t h = seed ^ 0x9e3779b97f4a7c15ULL;
    for (const std::uint64_t word : {a[0], a[1], a[2], a[3], what, where}) {
        h = mix64(h ^ word) + seed;
    }
    return h;
}

DatagramTable::DatagramTable(std::uint32_t max_datagrams, std::uint64_t seed)
    : entries_(max_datagrams), buckets_(std::bit_ceil(std::size_t{max_datagrams})), seed_(seed) {
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
        buckets_.make(i) = kNone;
    }
}

std::uint32_t DatagramTable::bucket_of(const FragmentKey& key) const {
    return static_cast<std::uint32_t>(key.hash(seed_) & (buckets_.size() - 1));
}

Datagram* DatagramTable::find(const FragmentKey& key) {
    for (std::uint32_t i = buckets_[bucket_of(key)]; i != kNone; i = entries_[i].chain) {
        if (entries_[i].key == key) {
            return &entries_[i];
        }
    }
    return nullptr;
}

Datagram& DatagramTable::create(const FragmentKey& key, Nanos now) {
    SLUICE_ASSERT(!full());
    std::uint32_t i = free_head_;
    if (i != kNone) {
        free_head_ = entries_[i].chain;
    } else {
        i = made_++;
    }
    ++used_;
    Datagram& d = entries_.make(i);
    d.key = key;
    d.since = now;
    d.bucket = bucket_of(key);
    d.chain = buckets_[d.bucket];
    buckets_[d.bucket] = i;
    append(d, key.version == 4 ? Queue::kIpv4 : Queue::kIpv6);
    return d;
}

void DatagramTable::remove(Datagram& d) {
    const std::uint32_t i = index_of(d);
    take_out(d);
    std::uint32_t* link = &buckets_[d.bucket];
    while (*link != i) {
        link = &entries_[*link].chain;
    }
    *link = d.chain;
    d.chain = free_head_;
    free_head_ = i;
    --used_;
}

void DatagramTable::requeue(Datagram& d, Queue queue, Nanos now) {
    take_out(d);
    d.since = now;
    append(d, queue);
}

Datagram* DatagramTable::oldest(Queue queue) {
    const std::uint32_t head = queues_[static_cast<std::size_t>(queue)].head;
    return head == kNone ? nullptr : &entries_[head];
}

Datagram* DatagramTable::behind(const Datagram& d) {
    return d.next == kNone ? nullptr : &entries_[d.next];
}

void DatagramTable::append(Datagram& d, Queue queue) {
    Ends& q = queues_[static_cast<std::size_t>(queue)];
    const std::uint32_t i = index_of(d);
    d.queue = queue;
    d.prev = q.tail;
    d.next = kNone;
    (q.tail == kNone ? q.head : entries_[q.tail].next) = i;
    q.tail = i;
}

void DatagramTable::take_out(Datagram& d) {
    Ends& q = queues_[static_cast<std::size_t>(d.queue)];
    (d.prev == kNone ? q.head : entries_[d.prev].next) = d.next;
    (d.next == kNone ? q.tail : entries_[d.next].prev) = d.prev;
}

}  // namespace sluice::defrag
