// SPDX-License-Identifier: Apache-2.0
// DefragStage: keeps a copy of each IP fragment (RFC 791, RFC 8200 section 4.5) and puts the whole
// datagram together when the last missing one comes, before that one is forwarded; fragments
// themselves go on as they came. Makes sure that no receiver can put together anything else: what
// differs is dropped and its datagram refused. Owns the copies and the rebuilt frames. Allocates
// only at construction. One worker thread.
#pragma once

#include "dataplane/base/huge_array.h"
#include "dataplane/base/time.h"
#include "dataplane/defrag/datagram_table.h"
#include "dataplane/defrag/defrag_config.h"
#include "dataplane/defrag/fragment_store.h"
#include "dataplane/defrag/rebuild.h"
#include "dataplane/defrag/source_limits.h"
#include "dataplane/packet/packet.h"
#include "dataplane/packet/reason.h"

#include <array>
#include <cstdint>

namespace sluice::defrag {

class DefragStage {
  public:
    explicit DefragStage(const DefragConfig& config);

    DefragStage(const DefragStage&) = delete;
    DefragStage& operator=(const DefragStage&) = delete;

    // Takes in one fragment; may drop it (inline). True: its datagram is whole, and 'whole' is a
    // frame that holds it, not decoded yet, whose bytes stay valid until the next but one call
    // that returns true. REQUIRES: fragment.is_fragment, decoded; 'whole' fresh
    bool take(packet::Packet& fragment, Now now, packet::ReasonCounters& counters,
              packet::Packet& whole);

    // The verdict on the packet in work, once all that take() made of it was inspected: when it is
    // dropped, the datagrams that it completed are refused from now on.
    void settle(bool dropped, Now now);

    // Gives up what is overdue; looks at no more than 'budget'.
    void expire(Now now, std::size_t budget, packet::ReasonCounters& counters);

    DefragStats stats() const { return {table_.used(), store_.used_blocks()}; }

  private:
    // The fragment in work.
    struct Work {
        packet::Packet& fragment;
        Nanos now;
        packet::ReasonCounters& counters;
        Bytes bytes;
        std::uint32_t offset;
        std::uint32_t end;
    };

    static constexpr std::size_t kMaxCompleted = 16;  // more than the pipeline has layers
    static constexpr std::size_t kMaxFrame = kMaxRebuiltHeaders + kMaxDatagram;

    Datagram* find_live(const Work& w, const FragmentKey& key);
    bool is_over(const Datagram& d, Nanos now) const;
    bool sound(Work& w, Datagram* d);
    bool first_too_short(const Work& w) const;
    Datagram* open(Work& w, const FragmentKey& key);
    bool fits_end(const Datagram& d, const Work& w) const;
    bool add(Work& w, Datagram& d);
    bool overlap_allowed(Work& w, Datagram& d, const FragmentStore::Fit& fit);
    bool store(Work& w, Datagram& d, const FragmentStore::Fit& fit);
    bool make_blocks(Work& w, const Datagram& d, std::uint32_t wanted);
    bool evict(Work& w, const Datagram* keep);
    Datagram* longest_waiting(const Datagram* keep);
    bool rebuild(Work& w, Datagram& d, packet::Packet& whole);
    void complete(const Work& w, Datagram& d);

    void reject(Work& w, Datagram* d, packet::Reason why);
    void refuse(Datagram& d, Nanos now);
    void over_own_limit(Work& w, Datagram* d, packet::Reason why);
    void no_room(Work& w, Datagram* d, packet::Reason why);
    void give_up(Work& w, Datagram* d);
    void give_back(Datagram& d);
    void uncharge(Datagram& d);
    void remove(Datagram& d);
    bool expire_one(Queue queue, Nanos now, packet::ReasonCounters& counters);

    DefragConfig config_;
    DatagramTable table_;
    FragmentStore store_;
    SourceLimits sources_;
    std::array<FragmentKey, kMaxCompleted> completed_{};  // by the packet in work
    std::size_t completed_count_ = 0;
    // Two in turn: the fragment that completes one datagram may lie inside another.
    HugeArray<std::array<std::uint8_t, kMaxFrame>> frames_;
    std::size_t last_frame_ = 0;
};

}  // namespace sluice::defrag
