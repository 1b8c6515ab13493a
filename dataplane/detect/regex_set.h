// SPDX-License-Identifier: Apache-2.0
// RegexSet: the regular expressions of a snapshot, compiled with JIT at load. RegexMatcher: one
// worker's match data, limits and JIT stack, taken at install. Matching gives up at a limit
// (RegexOutcome::kLimit) or when the budget of the packet is used up (kBudget), takes no lock and,
// as long as the JIT accepted the pattern, no memory.
// RegexSet: any thread reads; RegexMatcher: one worker thread. Units: bytes.
#pragma once

#include "dataplane/base/crew.h"
#include "dataplane/base/cursor.h"
#include "dataplane/base/result.h"
#include "signatures/bundle/model.h"

#include <cstdint>
#include <memory>
#include <vector>

struct pcre2_real_code_8;
struct pcre2_real_match_data_8;
struct pcre2_real_match_context_8;
struct pcre2_real_jit_stack_8;
struct pcre2_callout_block_8;

namespace sluice::detect {

class RegexSet {
  public:
    RegexSet() = default;
    RegexSet(const RegexSet&) = delete;
    RegexSet& operator=(const RegexSet&) = delete;
    ~RegexSet();

    // 'pieces' has a true for each pattern that will see buffers before they are complete. Begins
    // to compile, with threads of its own; 'patterns' and this set stay where they are until the
    // Status was asked for.
    void begin(const std::vector<bundle::Pcre>& patterns, const std::vector<bool>& pieces);
    Status finish();

    Status load(const std::vector<bundle::Pcre>& patterns, const std::vector<bool>& pieces) {
        begin(patterns, pieces);
        return finish();
    }

    std::size_t size() const { return regexes_.size(); }

    // It is tried at one place of its subject only.
    bool anchored(std::uint32_t index) const { return regexes_[index].anchored; }

  private:
    friend class RegexMatcher;

    struct Regex {
        pcre2_real_code_8* code = nullptr;
        bool looks_ahead = false;  // a byte after the match can undo it: (?!, \b, \z ...
        bool anchored = false;     // matches at the start of its subject or nowhere
        bool only_first = false;   // /A: at the start of the whole buffer
        bool pieces = false;
    };

    static void compile(void* self, std::size_t job);

    std::vector<Regex> regexes_;
    const std::vector<bundle::Pcre>* patterns_ = nullptr;  // while compiling
    std::vector<int> faults_;                              // PCRE2's error of each
    std::unique_ptr<Crew> crew_;
};

// On a subject to which bytes may be added: kPartial: an attempt that began at 'start' ran into the
// end, all before it failed; kNoMatch: all attempts so far failed, one that begins later may
// succeed; kNever: none will (anchored).
enum class RegexOutcome : std::uint8_t {
    kMatch,
    kNoMatch,
    kNever,
    kPartial,
    kWait,
    kLimit,
    kBudget
};

struct RegexMatch {
    RegexOutcome outcome = RegexOutcome::kNoMatch;
    std::size_t start = 0;
    std::size_t end = 0;
    bool resumable = false;  // kPartial, kNoMatch: attempts before 'start', or before the end, need
                             // no second look
};

// One subject: 'at_start' when nothing precedes it in its buffer, 'at_end' when nothing will
// follow.
struct RegexSubject {
    Bytes bytes;
    std::size_t from = 0;  // first offset at which a match may begin
    bool at_start = true;
    bool at_end = true;
};

class RegexMatcher {
  public:
    RegexMatcher();
    RegexMatcher(const RegexMatcher&) = delete;
    RegexMatcher& operator=(const RegexMatcher&) = delete;
    ~RegexMatcher();

    bool ok() const { return data_ != nullptr && context_ != nullptr; }

    // All matching until the next call shares this much work: some 5 ns a unit, counted the same on
    // every machine (regex_meter.h). Without any call there is no limit.
    void refill(std::uint32_t budget) { left_ = budget; }

    // No more than 'budget' of what is left.
    void cut_to(std::uint32_t budget) { left_ = left_ < budget ? left_ : budget; }

    std::uint32_t left() const { return left_; }

    // Work of all matching so far.
    std::uint64_t used() const { return used_; }

    RegexMatch match(const RegexSet& set, std::uint32_t index, const RegexSubject& subject);

    // Where group 1 of the first match lies. kMatch, kNoMatch (also when the group took no part),
    // kLimit or kBudget.
    RegexMatch first_group(const RegexSet& set, std::uint32_t index, Bytes subject);

  private:
    bool spend(std::size_t work);
    int run(const RegexSet& set, std::uint32_t index, const RegexSubject& subject,
            std::uint32_t options);
    static int called_out(pcre2_callout_block_8* block, void* self);

    pcre2_real_match_data_8* data_ = nullptr;
    pcre2_real_match_context_8* context_ = nullptr;
    pcre2_real_jit_stack_8* stack_ = nullptr;
    std::uint32_t left_ = 0xffffffff;
    std::uint64_t used_ = 0;
    std::size_t attempt_ = 0;  // where the one under way began
    std::size_t reached_ = 0;  // and the place of its last callout
};

}  // namespace sluice::detect
