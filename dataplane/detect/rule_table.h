// SPDX-License-Identifier: Apache-2.0
// The flat records that rules are evaluated from: RuleRec -> EngineRec -> Step, by index into
// arrays of the Ruleset. Built once at load; content bytes belong to the Ruleset. Read by any
// worker.
#pragma once

#include "dataplane/app/buffers.h"
#include "dataplane/detect/byte_search.h"
#include "dataplane/detect/match.h"
#include "signatures/bundle/model.h"

#include <array>
#include <cstdint>

namespace sluice::detect {

inline constexpr std::uint32_t kNone32 = 0xffffffff;
inline constexpr std::size_t kMaxTransforms = 8;

constexpr std::uint32_t flag_if(bool yes, std::uint32_t flag) {
    return yes ? flag : 0;
}

// What the evaluator knows of a step beyond its item. Bits of Step::traits.
enum StepTrait : std::uint32_t {
    kStepRetry = 1U << 0,   // a later step starts from where this one matched: try its next
                            // occurrence when that fails
    kStepFatal = 1U << 1,   // depends on no earlier step: when it fails, nothing before it can help
    kStepCommit = 1U << 2,  // fatal, and moves the position: earlier occurrences no longer matter
    kStepCovered = 1U << 3,  // a further occurrence of it would bring a further prefilter hit: no
                             // need to wait for one
};

struct Step {
    bundle::Item item;
    std::uint32_t traits = 0;
    Finder finder;  // kContent
};

// Bits of EngineRec::traits.
enum EngineTrait : std::uint32_t {
    kEngineChain = 1U << 0,  // positive contents only, each at or after the one before: a new match
                             // ends with its last
    kEngineStreaming = 1U << 1,  // its buffer arrives in pieces
    kEngineHasPcre = 1U << 2,  // worth a look whether all contents are there before it is evaluated
    kEngineWhole = 1U << 3,    // a transform needs the buffer to its end (digests)
};

struct EngineRec {
    BufferId buffer = BufferId::kPayload;
    std::uint8_t transform_count = 0;
    std::uint16_t step_count = 0;
    std::uint32_t first_step = 0;
    std::uint32_t traits = 0;
    std::array<bundle::TransformStep, kMaxTransforms> transforms{};
};

// Bits of RuleRec::traits.
enum RuleTrait : std::uint32_t {
    kRuleHasPayload = 1U << 0,
    kRuleHasApp = 1U << 1,  // engines over application buffers
    kRuleSharedVars =
        1U << 2,  // a variable crosses engines: their results cannot be remembered one by one
    kRuleIpOnly = 1U << 3,       // addresses and protocol only: once per flow and direction
    kRuleSilent = 1U << 4,       // an alert rule with noalert: acts on flowbits, is not reported
    kRuleNeedsBit = 1U << 5,     // cannot match in a flow without any flowbit
    kRuleChangesFlow = 1U << 6,  // sets flowbits or flowints
    kRuleSuppressed = 1U << 8,   // some of its matches are not told
    kRuleOnEvent = 1U << 7,      // only a packet with an event that it names can match
    kRuleTags = 1U << 9,         // packets after a match are told, even when the match is not
};

struct RuleRec {
    std::uint32_t flow_flags = 0;
    std::uint32_t traits = 0;
    bundle::HeaderProto proto = bundle::HeaderProto::kIp;
    AppProto app = AppProto::kUnknown;
    std::uint8_t engine_count = 0;  // without the header engine
    std::uint32_t src = 0;
    std::uint32_t dst = 0;
    std::uint32_t src_ports = 0;
    std::uint32_t dst_ports = 0;
    std::uint32_t first_engine = 0;
    std::uint32_t header_first = 0;  // in Ruleset::header_items()
    std::uint16_t header_count = 0;
    std::uint16_t action_first = 0;  // of those, what a match changes starts here
};

// One rule that a prefilter pattern makes a candidate.
struct PatternTarget {
    RuleIndex rule = 0;
    std::uint32_t step =
        kNone32;            // content to compare at once; kNone32: the hit has no known place
    std::int32_t back = 0;  // content start = hit end - back
    BufferId buffer = BufferId::kPayload;
    std::uint8_t engine = 0;  // in the order of the Ruleset, not of the Model
    std::int32_t min_start =
        0;  // absolute limits of the content, in bytes from the start of the buffer
    std::int64_t max_end = INT64_MAX;
    std::uint32_t content_size = 0;
    bool segment = false;  // in the database of a stream, for the segment that brings the bytes
};

}  // namespace sluice::detect
