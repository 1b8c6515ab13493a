// SPDX-License-Identifier: Apache-2.0
// DatagramTable: which datagrams are being put together: a hash table of fixed size over keys that
// an outsider cannot aim (seeded), and queues in order of time, so that the oldest is found at
// once. Entries are preallocated. One worker thread.
#pragma once

#include "dataplane/base/huge_array.h"
#include "dataplane/base/time.h"
#include "dataplane/packet/packet.h"

#include <array>
#include <cstdint>

namespace sluice::defrag {

// What fragments of one datagram have in common (RFC 791 section 2.3, RFC 8200 section 4.5: there
// the protocol is not part of it), kept apart by wire and by depth of tunnels.
struct FragmentKey {
    packet::IpAddr src;
    packet::IpAddr dst;
    std::uint32_t id = 0;
    std::array<std::uint16_t, 2> vlan{};
    std::uint8_t version = 0;
    std::uint8_t protocol = 0;  // IPv4 only
    std::uint8_t segment = 0;
    std::uint8_t depth = 0;

    FragmentKey() = default;

    explicit FragmentKey(const packet::Packet& fragment);

    std::uint64_t hash(std::uint64_t seed) const;

    friend bool operator==(const FragmentKey&, const FragmentKey&) = default;
};

enum class DatagramState : std::uint8_t {
    kWaiting,      // for more fragments
    kComplete,     // inspected and let through; its bytes are remembered
    kRefused,      // nothing of it goes on
    kUninspected,  // no room for it: the rest passes, by exception policy
};

// Entries wait in these, each in order of 'since'. Refused ones have their own, so that what may be
// given up for want of room is found at once.
enum class Queue : std::uint8_t { kIpv4, kIpv6, kComplete, kRefusedIpv4, kRefusedIpv6 };

inline constexpr std::size_t kQueues = 5;

struct Datagram {
    FragmentKey key;
    Nanos since;
    std::uint32_t pieces_head = 0xffffffff;  // in the FragmentStore
    std::uint32_t blocks = 0;                // there
    std::uint32_t have = 0;                  // bytes there
    std::uint32_t largest_end = 0;
    std::uint32_t total = 0;  // when the last fragment was seen
    std::uint16_t pieces = 0;
    bool total_known = false;
    std::uint8_t next_header = 0;  // IPv6: as the first fragment says
    DatagramState state = DatagramState::kWaiting;

    // DatagramTable's own.
    Queue queue = Queue::kIpv4;
    std::uint32_t bucket = 0;
    std::uint32_t chain = 0;
    std::uint32_t prev = 0;
    std::uint32_t next = 0;
};

class DatagramTable {
  public:
    static constexpr std::uint32_t kNone = 0xffffffff;

    DatagramTable(std::uint32_t max_datagrams, std::uint64_t seed);

    Datagram* find(const FragmentKey& key);

    // REQUIRES: !full(), no entry with this key
    Datagram& create(const FragmentKey& key, Nanos now);
    void remove(Datagram& d);

    // To the end of a queue, as from 'now'.
    void requeue(Datagram& d, Queue queue, Nanos now);

    // Null: the queue is empty.
    Datagram* oldest(Queue queue);

    // The next younger one in its queue. Null: it is the youngest.
    Datagram* behind(const Datagram& d);

    bool full() const { return used_ == entries_.size(); }

    std::uint32_t used() const { return used_; }

  private:
    struct Ends {
        std::uint32_t head = kNone;
        std::uint32_t tail = kNone;
    };

    std::uint32_t index_of(const Datagram& d) const {
        return static_cast<std::uint32_t>(&d - entries_.address(0));
    }

    std::uint32_t bucket_of(const FragmentKey& key) const;
    void append(Datagram& d, Queue queue);
    void take_out(Datagram& d);

    HugeArray<Datagram> entries_;
    HugeArray<std::uint32_t> buckets_;
    std::array<Ends, kQueues> queues_{};
    std::uint64_t seed_;
    std::uint32_t free_head_ = kNone;
    std::uint32_t made_ = 0;
    std::uint32_t used_ = 0;
};

}  // namespace sluice::defrag
