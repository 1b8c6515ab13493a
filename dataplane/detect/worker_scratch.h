// SPDX-License-Identifier: Apache-2.0
// WorkerScratch: everything one worker needs to evaluate one Ruleset, so that the packet path
// allocates nothing: Hyperscan scratch, regular expression data, candidate tables, the backtracking
// stack, buffers for transforms, counters per rule. Made off the packet path, before install();
// owned by whoever installs it; used by one worker thread.
#pragma once

#include "dataplane/detect/base64.h"
#include "dataplane/detect/content_match.h"
#include "dataplane/detect/eval_types.h"
#include "dataplane/detect/header_match.h"
#include "dataplane/detect/prefilter.h"
#include "dataplane/detect/regex_set.h"
#include "dataplane/detect/ruleset.h"

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace sluice::detect {

// What a rule cost and gave on this worker. Plain; a reader on another thread sums approximate
// values.
struct RuleCounters {
    std::uint64_t candidates = 0;   // looked at, and not only to find that no flowbit is set
    std::uint64_t evaluations = 0;  // engines evaluated
    std::uint64_t matches = 0;
};

class WorkerScratch {
  public:
    static Result<std::unique_ptr<WorkerScratch>> create(const Ruleset& rules);

    WorkerScratch(const WorkerScratch&) = delete;
    WorkerScratch& operator=(const WorkerScratch&) = delete;

    const std::vector<RuleCounters>& rule_counters() const { return counters; }

    static constexpr std::size_t kTransformRoom = std::size_t{64} * 1024;
    static constexpr std::size_t kDecodedRoom = kMaxBase64Input / 4 * 3 + 3;

    // For DetectStage.
    PrefilterScratch prefilter;
    RegexMatcher matcher;
    CandidateSet candidates;
    CandidateSet segment;  // of the TCP segment at hand, found when its stream was scanned
    CandidateSet body;     // of the body that it goes on with, likewise
    AddressCache addresses;
    std::vector<EvalFrame> frames;
    std::vector<RuleCounters> counters;
    std::array<std::vector<std::uint8_t>, 2> transform_room;
    std::vector<std::uint8_t> decoded;  // what base64_decode makes
    Vars vars{};

  private:
    explicit WorkerScratch(const Ruleset& rules);
};

}  // namespace sluice::detect
