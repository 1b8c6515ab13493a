// SPDX-License-Identifier: Apache-2.0
// Evaluates the items of one engine over a buffer, with the semantics of Suricata 7's content
// inspection: absolute and relative contents, negation, byte_*, pcre, and backtracking to the next
// occurrence when a later relative item fails. On a buffer that is not complete it also says
// whether more bytes could help. Iterative with an explicit stack, bounded by a step budget;
// allocates nothing. One worker thread.
#pragma once

#include "dataplane/detect/eval_types.h"
#include "dataplane/detect/regex_set.h"
#include "dataplane/detect/rule_table.h"
#include "dataplane/packet/reason.h"

#include <cstdint>
#include <span>

namespace sluice::detect {

// An occurrence that can be given up for the next one.
struct EvalFrame {
    std::uint32_t step = 0;
    std::int64_t pos = 0;      // before the step
    std::int64_t max_end = 0;  // before the step
    std::int64_t next = 0;     // where its next occurrence may start
};

// What the evaluator borrows for one call.
struct EvalContext {
    const RegexSet& regexes;
    RegexMatcher& matcher;
    std::span<EvalFrame> frames;  // one per step of the longest engine
    Vars& vars;
    packet::ReasonCounters& reasons;
    std::uint32_t step_budget = 0;
    MutableBytes decoded;  // room for what base64_decode makes
    PcreResume resume =
        {};  // of the evaluation of the same engine over the same buffer that ended in kWait
};

EvalResult evaluate(std::span<const Step> steps, const EvalView& view, EvalContext& context);

// First positive content of the engine that is nowhere in the view: no match before it appears.
// kNone32: every one is there.
std::uint32_t missing_content(std::span<const Step> steps, const EvalView& view);

}  // namespace sluice::detect
