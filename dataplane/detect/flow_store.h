// SPDX-License-Identifier: Apache-2.0
// FlowStore: what detection remembers between looks at a flow: flowbits, rules that matched already
// (so that the same bytes do not alert twice), and candidates that wait for bytes. Taken from pools
// sized at construction, only for flows that need it, and given back by release(). Flowbits are
// kept by hash of their name and so survive a new snapshot; the rest does not. Exhaustion is
// counted. One worker thread.
#pragma once

#include "dataplane/app/buffers.h"
#include "dataplane/detect/eval_types.h"
#include "dataplane/detect/prefilter.h"
#include "dataplane/detect/rule_table.h"
#include "dataplane/flow/flow.h"
#include "dataplane/packet/reason.h"

#include <array>
#include <cstdint>
#include <vector>

namespace sluice::detect {

inline constexpr std::size_t kMaxFlowbits = 24;
inline constexpr std::size_t kMaxFlowints = 8;
inline constexpr std::size_t kMaxMemos = 12;

// Where a pending candidate waits: on the stream itself, or on a transaction of the application.
enum class WaitKind : std::uint8_t { kStream, kTransaction };

// A rule whose prefilter hit is there and whose match is not, yet.
struct Pending {
    RuleIndex rule = 0;
    std::uint32_t next = kNone32;
    std::uint32_t done = 0;  // engines that matched already, by bit
    std::uint32_t needle =
        kNone32;  // step that must appear before a look is worth it; kNone32: any byte may help
    WaitKind kind = WaitKind::kStream;
    bool dead = false;
    bool any_tx = false;   // from a hit in the raw stream: belongs to whatever transaction comes
    bool expires = false;  // the hit is in a streaming buffer: void when it has left the window
    std::uint8_t waiting_engine = 0;  // the one that needle and resume belong to
    std::uint8_t hit_engine = 0;
    std::int64_t hit = 0;
    std::int64_t ready_first = 0;  // as Candidate's
    std::int64_t ready_last = 0;
    std::uint64_t tx_id = 0;
    PcreResume resume = {};
    BufferMask awaited;  // buffers of engines that are not done
};

// Moves what is known of partly arrived contents from what waited to its candidate, and back.
inline void merge_ready(Candidate& c, const Pending& p) {
    c.ready_last = c.ready_last > p.ready_last ? c.ready_last : p.ready_last;
    c.ready_first = c.ready_first < p.ready_first ? c.ready_first : p.ready_first;
}

inline void keep_ready(Pending& p, const Candidate& c, std::int64_t end) {
    p.ready_last = c.ready_last;
    p.ready_first = c.ready_last <= end ? 0 : c.ready_first > end ? c.ready_first : end + 1;
}

// One rule that matched: up to where on the stream, or in which transaction.
struct Memo {
    RuleIndex rule = kNone32;
    WaitKind kind = WaitKind::kStream;
    bool over = false;  // the stretch ended with its message
    std::uint16_t stretch =
        0;  // of the stream, that the rule was last found in; wraps after 160 MB
    std::uint64_t value = 0;
};

// Bytes of a stretch: of each one and of each HTTP message a rule is told once. What repeats itself
// is one finding, however it is cut into segments. Suricata's tap looks at chunks of this size
// (stream.reassembly.toserver-chunk-size).
inline constexpr std::int64_t kStretchBytes = 2560;

struct PendingList {
    std::uint32_t head = kNone32;
    std::uint32_t tail = kNone32;
    std::uint32_t size = 0;
};

// A number of the flow that rules count with, by hash of its name.
struct Flowint {
    std::uint32_t name = 0;
    std::uint32_t value = 0;
};

struct FlowState {
    std::array<std::uint32_t, kMaxFlowbits> bits{};
    std::uint32_t bit_count = 0;
    std::uint32_t int_count = 0;
    std::array<Flowint, kMaxFlowints> ints{};
    std::uint32_t next_free = kNone32;
    std::uint64_t version = 0;  // of the snapshot that memos and pendings belong to
    std::array<std::array<Memo, kMaxMemos>, 2> memos{};
    std::array<std::uint8_t, 2> memo_next{};
    std::array<PendingList, 2> pending{};

    bool has_bit(std::uint32_t bit) const;
    // False when there is no room.
    bool set_bit(std::uint32_t bit);
    void unset_bit(std::uint32_t bit);

    // Null: never set in this flow.
    const Flowint* find_int(std::uint32_t name) const;
    // False when there is no room.
    bool set_int(std::uint32_t name, std::uint32_t value);

    const Memo* memo(Direction d, RuleIndex rule, WaitKind kind) const;
    void remember(Direction d, const Memo& m);

    // What matches on the stream from here on is told anew.
    void end_stretch(Direction d);
};

struct FlowStoreConfig {
    std::uint32_t states = 32768;
    std::uint32_t pendings = 65536;
    std::uint32_t pendings_per_direction = 48;
};

class FlowStore {
  public:
    explicit FlowStore(const FlowStoreConfig& config);

    // Null when the flow has none.
    FlowState* find(const flow::Flow& f);
    const FlowState* find(const flow::Flow& f) const;

    // Null, counted, when all are taken.
    FlowState* take(flow::Flow& f, packet::ReasonCounters& reasons);

    void release(flow::Flow& f);

    // Drops what belongs to another snapshot.
    void renew(FlowState& s, std::uint64_t version);

    // Drops what is known of transactions, and what waits for them.
    void end_transactions(FlowState& s);

    Pending& at(std::uint32_t i) { return pendings_[i]; }

    // A new entry at the end of the list; the oldest makes room, counted. kNone32 when the pool is
    // empty, counted.
    std::uint32_t append(PendingList& list, packet::ReasonCounters& reasons);

    // Gives back the entries that are marked dead.
    void sweep(PendingList& list);

    void clear(PendingList& list);

    std::uint32_t states_in_use() const { return states_in_use_; }

    std::uint32_t pendings_in_use() const { return pendings_in_use_; }

  private:
    void give_back(std::uint32_t pending);

    std::vector<FlowState> states_;
    std::vector<Pending> pendings_;
    std::uint32_t free_state_ = kNone32;
    std::uint32_t free_pending_ = kNone32;
    std::uint32_t states_in_use_ = 0;
    std::uint32_t pendings_in_use_ = 0;
    std::uint32_t per_direction_;
};

}  // namespace sluice::detect
