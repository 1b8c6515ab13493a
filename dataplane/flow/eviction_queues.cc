// SPDX-License-Identifier: Apache-2.0
#include "dataplane/flow/eviction_queues.h"

namespace sluice::flow {

namespace {

std::uint32_t packets_of(const Flow& f) {
    return f.packets(0) + f.packets(1);
}

}  // namespace

// A connection found in the middle is proven by packets both ways: anyone can send one way.
EvictionQueues::Queue EvictionQueues::queue_of(const Flow& f) {
    switch (f.state) {
        case FlowState::kClosed:
            return Queue::kClosed;
        case FlowState::kNew:
            return Queue::kUnproven;
        case FlowState::kEstablished:
            break;
    }
    return f.midstream && (f.silent(0) || f.silent(1)) ? Queue::kUnproven : Queue::kNone;
}

void EvictionQueues::insert(const Flow& f) {
    links_.make(table_.number_of(f));
    append(f, Queue::kUnproven);
    links_[table_.number_of(f)].packets = 1;  // the one that makes it is counted later
}

void EvictionQueues::remove(const Flow& f) {
    take_out(links_[table_.number_of(f)]);
}

void EvictionQueues::update(const Flow& f) {
    Link& l = links_[table_.number_of(f)];
    const Queue queue = queue_of(f);
    if (queue != l.queue) {
        take_out(l);
        append(f, queue);
    }
}

void EvictionQueues::append(const Flow& f, Queue queue) {
    Link& l = links_[table_.number_of(f)];
    l.queue = queue;
    l.packets = packets_of(f);
    if (queue == Queue::kNone) {
        return;
    }
    Ends& e = ends_[static_cast<std::size_t>(queue)];
    l.prev = e.tail;
    l.next = kNoIndex;
    (e.tail == kNoIndex ? e.head : links_[e.tail].next) = table_.number_of(f);
    e.tail = table_.number_of(f);
}

void EvictionQueues::take_out(Link& l) {
    if (l.queue == Queue::kNone) {
        return;
    }
    Ends& e = ends_[static_cast<std::size_t>(l.queue)];
    (l.prev == kNoIndex ? e.head : links_[l.prev].next) = l.next;
    (l.next == kNoIndex ? e.tail : links_[l.next].prev) = l.prev;
    l.queue = Queue::kNone;
}

// Not one that a packet of the batch in work refers to; and of those never answered, rather one
// that has been silent since it was queued.
bool EvictionQueues::may_go(const Flow& f, Queue queue, Nanos before, int& chances) {
    if (queue_of(f) != queue || f.last_seen >= before) {
        return false;
    }
    const bool spoke =
        queue == Queue::kUnproven && packets_of(f) != links_[table_.number_of(f)].packets;
    return !spoke || chances-- <= 0;
}

Flow* EvictionQueues::next_victim(Nanos before) {
    int chances = kSecondChances;
    for (const Queue queue : {Queue::kClosed, Queue::kUnproven}) {
        const Ends& e = ends_[static_cast<std::size_t>(queue)];
        for (; e.head != kNoIndex && budget_ != 0; --budget_) {
            Flow& f = table_.entry(e.head);
            if (may_go(f, queue, before, chances)) {
                return &f;
            }
            take_out(links_[table_.number_of(f)]);
            append(f, queue_of(f));
        }
    }
    return nullptr;
}

}  // namespace sluice::flow
