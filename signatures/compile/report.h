// SPDX-License-Identifier: Apache-2.0
// CompileReport: what a compile run cost, and what the rules will cost: for 'sluice compile
// --explain'. Facts only, no order but that of the model; filled where they are known. Owns its
// text. Any thread.
#pragma once

#include "dataplane/base/proto.h"
#include "signatures/compile/literal.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sluice::compile {

// A pcre that was asked whether it can be scanned for.
struct PcreCost {
    std::string pattern;
    double seconds = 0;        // of CPU
    bool usable = false;       // as a prefilter, over a whole buffer
    bool over_budget = false;  // given up: PCRE2 alone looks for it
    bool remembered = false;   // the cache knew
};

// What makes a rule a candidate, and the price of it (literal.h).
struct RuleCost {
    std::uint32_t gid = 0;
    std::uint32_t sid = 0;
    PrefilterKind kind = PrefilterKind::kPacket;
    BufferId buffer = BufferId::kPacketHeader;
    std::string literal;
    double cost = 0;             // candidate verifications per ordinary transaction
    std::size_t pcre_bytes = 0;  // of its expressions: they are tried at each candidate
};

struct DatabaseCost {
    std::string place;  // which buffers, or which traffic
    std::size_t patterns = 0;
    std::size_t rules = 0;   // that are candidates by a pattern
    std::size_t always = 0;  // at every look
    std::size_t bytes = 0;
    double seconds = 0;  // of one CPU
    bool remembered = false;
};

struct CompileReport {
    std::vector<PcreCost> pcres;
    std::vector<RuleCost> rules;
    std::vector<DatabaseCost> databases;
    double pcre_seconds = 0;
    double database_seconds = 0;  // over all threads
    std::size_t over_budget = 0;
};

}  // namespace sluice::compile
