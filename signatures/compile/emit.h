// SPDX-License-Identifier: Apache-2.0
// Turns lists of patterns into serialized block-mode Hyperscan databases for the generic x86-64
// platform, several at a time. The same patterns give the same bytes. This file and pcre_check are
// the only users of <hs/hs.h>. Any thread; starts its own.
#pragma once

#include "dataplane/base/result.h"
#include "signatures/bundle/model.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice::compile {

struct Pattern {
    std::string bytes;  // the literal, or the text of the pcre
    bool is_pcre = false;
    bool nocase = false;           // literals
    std::uint32_t pcre_flags = 0;  // bundle::PcreFlag

    // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 takes <=> for a comparison with 0
    friend auto operator<=>(const Pattern&, const Pattern&) = default;
    friend bool operator==(const Pattern&, const Pattern&) = default;
};

// A database to be: patterns sorted and unique, with the rules that each one serves.
struct DbPlan {
    std::vector<Pattern> patterns;
    std::vector<std::vector<bundle::PatternRule>> rules;  // same size as patterns, each sorted
    std::vector<std::uint32_t> always;                    // sorted

    friend bool operator==(const DbPlan&, const DbPlan&) = default;
};

// Keeps databases by what they were made from. Any thread.
class DatabaseCache {
  public:
    virtual ~DatabaseCache() = default;
    virtual std::optional<std::vector<std::uint8_t>> find(const std::string& content) = 0;
    virtual void store(const std::string& content, const std::vector<std::uint8_t>& value) = 0;
};

struct EmitCost {
    double seconds = 0;  // of one CPU
    bool remembered = false;
};

// Compiles every plan. A pcre that Hyperscan refuses in company of the others turns its rules into
// 'always' ones. Error: kExhausted when literals alone do not compile (out of memory); nothing else
// can fail. 'cache' may be null; 'costs' gets one entry a plan.
Result<std::vector<bundle::PrefilterDb>> emit_databases(std::vector<DbPlan> plans, unsigned threads,
                                                        DatabaseCache* cache = nullptr,
                                                        std::vector<EmitCost>* costs = nullptr);

// hs_version() of the library that compiles.
std::string hyperscan_version();

}  // namespace sluice::compile
