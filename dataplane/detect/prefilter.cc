// SPDX-License-Identifier: Apache-2.0
#include "dataplane/detect/prefilter.h"

#include <hs/hs_runtime.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

namespace sluice::detect {

void CandidateSet::begin() {
    size_ = 0;
    if (++epoch_ == 0) {
        std::fill(slots_.begin(), slots_.end(), Slot{});
        epoch_ = 1;
    }
}

Candidate& CandidateSet::add(RuleIndex rule) {
    Slot& slot = slots_[rule];
    if (slot.epoch != epoch_) {
        slot = {epoch_, size_};
        list_[size_++] = Candidate{.rule = rule};
    }
    return list_[slot.index];
}

void CandidateSet::sort() {
    std::sort(list_.begin(), list_.begin() + size_,
              [](const Candidate& a, const Candidate& b) { return a.rule < b.rule; });
}

Database::Database(Database&& o) noexcept
    : handle_(std::exchange(o.handle_, nullptr)),
      fault_(o.fault_),
      first_(std::move(o.first_)),
      targets_(std::move(o.targets_)),
      always_(std::move(o.always_)),
      reach_(o.reach_),
      gate_(o.gate_),
      history_(o.history_) {}

namespace {

// A literal that ends in the fresh bytes begins at most so far before them; of a pcre no more is
// known than what the compiler promises.
std::size_t history_of(const bundle::PrefilterDb& db) {
    std::size_t most = 0;
    for (const std::uint8_t length : db.pattern_length) {
        most = std::max<std::size_t>(most, length == 0 ? bundle::kMaxLiteral : length);
    }
    return most == 0 ? bundle::kMaxLiteral - 1 : most - 1;
}

// What the last two bytes of a literal are, and where they may lie; nothing when that is not known
// or too far away.
std::optional<NearGate::Literal> near_literal(const PatternTarget& t, std::size_t length,
                                              const std::vector<Step>& steps, Bytes blob) {
    constexpr auto kReach = static_cast<std::int64_t>(NearGate::kReach);
    if (t.step == kNone32 || t.segment || t.max_end > kReach || t.min_start < 0) {
        return std::nullopt;
    }
    const bundle::Item& content = steps[t.step].item;
    const Bytes bytes = blob.subspan(content.data, content.data_len);
    const auto end = static_cast<std::size_t>(t.back);
    if (length == 0 || end < length || end > bytes.size()) {
        return std::nullopt;
    }
    const std::int64_t after = static_cast<std::int64_t>(bytes.size() - end);
    return NearGate::Literal{.last = bytes[end - 1],
                             .before = length > 1 ? bytes[end - 2] : std::uint8_t{0},
                             .two = length > 1,
                             .nocase = (content.flags & bundle::kNocase) != 0,
                             .first_place = std::int64_t{t.min_start} + t.back - 1,
                             .last_place = t.max_end - after - 1};
}

// Of a database that looks at a few bytes for a few literals; elsewhere it would not pay.
NearGate gate_of(const bundle::PrefilterDb& db, const std::vector<PatternTarget>& targets,
                 const std::vector<Step>& steps, Bytes blob) {
    if (targets.empty() || targets.size() > NearGate::kMostLiterals) {
        return {};
    }
    std::vector<NearGate::Literal> literals;
    for (std::size_t i = 0; i < db.pattern_length.size(); ++i) {
        for (std::uint32_t k = db.pattern_first[i]; k < db.pattern_first[i + 1]; ++k) {
            const auto literal = near_literal(targets[k], db.pattern_length[i], steps, blob);
            if (!literal) {
                return {};
            }
            literals.push_back(*literal);
        }
    }
    return NearGate(literals);
}

}  // namespace

Database::~Database() {
    hs_free_database(handle_);
}

void Database::open(const bundle::PrefilterDb& db) {
    if (!db.serialized.empty()) {
        fault_ = hs_deserialize_database(reinterpret_cast<const char*>(db.serialized.data()),
                                         db.serialized.size(), &handle_);
    }
}

Status Database::finish(const bundle::PrefilterDb& db, std::vector<PatternTarget> targets,
                        const std::vector<Step>& steps, Bytes blob) {
    first_ = db.pattern_first;
    targets_ = std::move(targets);
    for (const PatternTarget& t : targets_) {
        reach_ = std::max(reach_, t.segment ? INT64_MAX : t.max_end);
    }
    always_ = db.always;
    history_ = history_of(db);
    if (db.serialized.empty()) {
        return ok_status();
    }
    if (first_.empty() || first_.back() > targets_.size()) {
        return Error{
            ErrorCode::kInvalid, "prefilter database does not fit its pattern table", {}, {}};
    }
    if (fault_ != HS_SUCCESS) {
        return Error{
            ErrorCode::kIncompatible,
            "prefilter database was refused by Hyperscan (error " + std::to_string(fault_) + ")",
            {},
            "compile the bundle again with this version of Hyperscan"};
    }
    gate_ = gate_of(db, targets_, steps, blob);
    return ok_status();
}

PrefilterScratch::~PrefilterScratch() {
    hs_free_scratch(scratch_);
}

Status PrefilterScratch::reserve(const Database& db) {
    if (db.handle_ == nullptr) {
        return ok_status();
    }
    const hs_error_t e = hs_alloc_scratch(db.handle_, &scratch_);
    if (e != HS_SUCCESS) {
        return Error{ErrorCode::kExhausted,
                     "no room for a prefilter scratch (Hyperscan error " + std::to_string(e) + ")",
                     {},
                     {}};
    }
    return ok_status();
}

// One call of hs_scan, seen from its callback.
struct ScanJob {
    const Database& db;
    const std::vector<Step>& steps;
    CandidateSet& out;
    Bytes window;
    std::int64_t base;
    std::int64_t end;    // of the window, in buffer offsets
    std::int64_t fresh;  // where the fresh bytes start
    std::int64_t scanned_from;
    BufferMask buffers;
    CandidateSet* segment;
    CandidateSet* body;
    std::int64_t body_start;

    // What is looked at through the window: it begins 'origin' bytes into the buffer, and a content
    // may begin from 'first' on.
    struct Place {
        CandidateSet& out;
        std::int64_t origin;
        std::int64_t first;
        bool grows;  // more of it may come
    };

    void consider(const PatternTarget& t, std::int64_t hit_end) const {
        if (t.segment) {
            if (segment != nullptr) {  // the bytes that it brought are all that it has
                settle(t, hit_end, {*segment, fresh, fresh, false});
            }
        } else if (buffers.has(t.buffer)) {
            settle(t, hit_end, {out, 0, base, true});
        } else if (body != nullptr) {
            settle(t, hit_end, {*body, body_start, std::max(base, body_start), true});
        }
    }

    // The one compare that settles a hit: all of the content that is here must be in place.
    void settle(const PatternTarget& t, std::int64_t hit_end, const Place& place) const {
        if (t.step == kNone32) {
            Candidate& c = place.out.add(t.rule);
            c.hit = std::max(c.hit, hit_end - place.origin - 1);
            c.engine = t.engine;
            return;
        }
        const std::int64_t from = hit_end - t.back;  // in offsets of the buffer
        const std::int64_t to = from + t.content_size;
        const std::int64_t start = from - place.origin;
        const std::int64_t stop = to - place.origin;
        if (from < place.first || start < t.min_start || stop > t.max_end ||
            (!place.grows && to > end)) {
            return;
        }
        const auto here = static_cast<std::size_t>(std::min(to, end) - from);
        if (!steps[t.step].finder.prefix_at(window.data() + (from - base), here)) {
            return;
        }
        Candidate& c = place.out.add(t.rule);
        c.hit = std::max(c.hit, start);
        if (to > end) {
            c.ready_first = std::min(c.ready_first, stop);
            c.ready_last = std::max(c.ready_last, stop);
        }
        c.engine = t.engine;
    }

    static int on_hit(unsigned id, unsigned long long, unsigned long long to, unsigned, void* job) {
        const auto& j = *static_cast<const ScanJob*>(job);
        const std::int64_t hit_end = j.scanned_from + static_cast<std::int64_t>(to);
        if (hit_end <= j.fresh || std::size_t{id} + 1 >= j.db.first_.size()) {
            return 0;
        }
        for (std::uint32_t i = j.db.first_[id]; i < j.db.first_[id + 1]; ++i) {
            j.consider(j.db.targets_[i], hit_end);
        }
        return 0;
    }
};

bool PrefilterScratch::scan(const Database& db, const std::vector<Step>& steps, const ScanInput& in,
                            CandidateSet& out) {
    for (const RuleIndex r : db.always_) {
        out.add(r);
    }
    const std::int64_t end = in.base + static_cast<std::int64_t>(in.window.size());
    const std::int64_t fresh = end - static_cast<std::int64_t>(in.fresh);
    if (db.handle_ == nullptr || fresh >= std::min(end, db.reach_)) {
        return true;
    }
    const std::size_t history = std::min<std::size_t>(in.window.size() - in.fresh, db.history_);
    const std::int64_t from = fresh - static_cast<std::int64_t>(history);
    const auto size = static_cast<std::size_t>(std::min(end, db.reach_) - from);
    const Bytes region = in.window.subspan(in.window.size() - in.fresh - history, size);
    if (db.gate_.closed() && !db.gate_.may_hit(region, static_cast<std::size_t>(from))) {
        return true;
    }
    ScanJob job{db,    steps, out,        in.window,  in.base, end,
                fresh, from,  in.buffers, in.segment, in.body, in.body_start};
    // Hyperscan takes C strings; the bytes are only read.
    const void* text = region.data();
    return hs_scan(db.handle_, static_cast<const char*>(text), static_cast<unsigned>(region.size()),
                   0, scratch_, &ScanJob::on_hit, &job) == HS_SUCCESS;
}

}  // namespace sluice::detect
