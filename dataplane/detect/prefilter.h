// SPDX-License-Identifier: Apache-2.0
// The literal prefilter: Database is one deserialized Hyperscan database with what its pattern ids
// mean; Prefilter scans fresh bytes (with those before them that a literal may begin in) and leaves
// those rules as candidates whose whole content was found in place by one compare. Only
// prefilter.cc sees Hyperscan, and only its run-time half. Database: read by any worker;
// CandidateSet, PrefilterScratch: one worker thread, sized at install. Units: bytes, offsets from
// the start of the buffer.
#pragma once

#include "dataplane/base/cursor.h"
#include "dataplane/base/result.h"
#include "dataplane/detect/near_gate.h"
#include "dataplane/detect/rule_table.h"

#include <cstdint>
#include <memory>
#include <vector>

struct hs_database;
struct hs_scratch;

namespace sluice::detect {

struct Candidate {
    RuleIndex rule = 0;
    std::uint32_t pending = kNone32;  // index of what waits already for this rule
    std::int64_t hit =
        -1;  // where the prefilter's content starts (last such place); -1: no known place
    // Of contents that were hit but are only partly here: the nearest and the furthest end.
    std::int64_t ready_first = INT64_MAX;
    std::int64_t ready_last = 0;
    std::uint8_t engine = 0;
    bool skip = false;  // what waits for it has not come
};

// Rules to be evaluated at one look, each once, then in rule order.
class CandidateSet {
  public:
    explicit CandidateSet(std::size_t rules) : slots_(rules), list_(rules) {}

    void begin();

    // The entry of the rule, new or old.
    Candidate& add(RuleIndex rule);

    // The entry of the rule, null when there is none.
    Candidate* find(RuleIndex rule) {
        const Slot& slot = slots_[rule];
        return slot.epoch == epoch_ ? &list_[slot.index] : nullptr;
    }

    // By rule; add() may not be called afterwards until begin().
    void sort();

    std::size_t size() const { return size_; }

    Candidate* begin_list() { return list_.data(); }

    Candidate* end_list() { return list_.data() + size_; }

    const Candidate* begin_list() const { return list_.data(); }

    const Candidate* end_list() const { return list_.data() + size_; }

  private:
    struct Slot {
        std::uint32_t epoch = 0;
        std::uint32_t index = 0;
    };

    std::vector<Slot> slots_;
    std::vector<Candidate> list_;
    std::uint32_t size_ = 0;
    std::uint32_t epoch_ = 0;
};

class Database {
  public:
    Database() = default;
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    Database(Database&& o) noexcept;
    Database& operator=(Database&&) = delete;
    ~Database();

    // Two steps. The first may run on any thread: it is the slow one, and keeps its error.
    void open(const bundle::PrefilterDb& db);
    // 'steps' and 'blob' are what the targets refer to.
    Status finish(const bundle::PrefilterDb& db, std::vector<PatternTarget> targets,
                  const std::vector<Step>& steps, Bytes blob);

    // For bytes that two buffers count from different places (a stream and a body in it): no
    // content is near the start of both.
    void look_anywhere() {
        reach_ = INT64_MAX;
        gate_ = {};
    }

    bool has_patterns() const { return handle_ != nullptr; }

    // Where the last byte of any of its contents may end, in bytes from the start of the buffer:
    // nothing beyond is scanned. INT64_MAX: somewhere.
    std::int64_t reach() const { return reach_; }

    // Whether bytes from so far into the buffer on can make no rule a candidate.
    bool idle_from(std::int64_t offset) const { return offset >= reach_ && always_.empty(); }

    bool empty() const { return handle_ == nullptr && always_.empty(); }

    const std::vector<RuleIndex>& always() const { return always_; }

  private:
    friend class PrefilterScratch;
    friend struct ScanJob;

    hs_database* handle_ = nullptr;
    int fault_ = 0;  // Hyperscan's, of open()
    std::vector<std::uint32_t> first_;
    std::vector<PatternTarget> targets_;
    std::vector<RuleIndex> always_;
    std::int64_t reach_ = 0;
    NearGate gate_;
    std::size_t history_ = 0;  // bytes before the fresh ones that are scanned with them
};

// What is scanned: the last 'fresh' bytes of 'window', whose first byte is 'base' bytes into the
// buffer.
struct ScanInput {
    Bytes window;
    std::int64_t base = 0;
    std::uint32_t fresh = 0;
    BufferMask buffers =
        mask_of(BufferId::kPayload);  // these bytes' names: hits for others do not count
    // Candidates for the segment whose whole payload the fresh bytes are, by places in it; null:
    // they are none.
    CandidateSet* segment = nullptr;
    // Candidates for the body that the fresh bytes go on with, whose first byte is body_start bytes
    // into the stream; null: they are none. Only a joint database finds any.
    CandidateSet* body = nullptr;
    std::int64_t body_start = 0;
};

class PrefilterScratch {
  public:
    PrefilterScratch() = default;
    PrefilterScratch(const PrefilterScratch&) = delete;
    PrefilterScratch& operator=(const PrefilterScratch&) = delete;
    ~PrefilterScratch();

    // Makes room for scanning 'db'. Load time only.
    Status reserve(const Database& db);

    // Adds to 'out' the rules that the fresh bytes make candidates, and those that always are.
    // Returns false when the scanner reported a fault (then nothing is known about these bytes).
    bool scan(const Database& db, const std::vector<Step>& steps, const ScanInput& in,
              CandidateSet& out);

  private:
    hs_scratch* scratch_ = nullptr;
};

}  // namespace sluice::detect
