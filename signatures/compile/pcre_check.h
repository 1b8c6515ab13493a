// SPDX-License-Identifier: Apache-2.0
// Which pcre can stand in Hyperscan as a prefilter, and how it is spelled there. Remembers answers.
// One thread per object.
#pragma once

#include "signatures/bundle/model.h"
#include "signatures/compile/emit.h"
#include "signatures/compile/report.h"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace sluice::compile {

// What Hyperscan is given for a pcre: expression text and HS_FLAG_ bits, always with
// HS_FLAG_PREFILTER.
struct HsExpression {
    std::string text;
    unsigned flags = 0;
};

HsExpression hs_expression(const std::string& pattern, std::uint32_t pcre_flags);

class PcreCheck {
  public:
    // Hyperscan cannot be interrupted, so an expression with long repeats, the only ones that are
    // slow, is tried in a child process that ends after 'budget_ms' of CPU; then it is not usable.
    // 0: no budget. What 'cache' knows is not tried again; it may be null.
    explicit PcreCheck(std::uint32_t budget_ms = 0, DatabaseCache* cache = nullptr);
    PcreCheck(const PcreCheck&) = delete;
    PcreCheck& operator=(const PcreCheck&) = delete;

    // Tells the cache what it did not know.
    ~PcreCheck();

    // 'pieces': the buffer is scanned piece by piece with kMaxLiteral - 1 bytes of overlap. Then no
    // match may be longer than the overlap, and none may look at what lies around it, as the end of
    // a piece is not the end of the buffer.
    bool usable(const bundle::Pcre& pcre, bool pieces);

    // Each expression that was asked for, in no order.
    std::vector<PcreCost> costs() const;

  private:
    struct Answer {
        bool whole = false;
        bool pieces = false;
        bool over_budget = false;
        bool remembered = false;
        bool asked = false;
        double seconds = 0;
    };

    using Key = std::pair<std::string, std::uint32_t>;

    static std::string cache_content();
    Answer try_it(const bundle::Pcre& pcre) const;
    void read_cache();

    std::map<Key, Answer> known_;
    std::uint32_t budget_ms_;
    DatabaseCache* cache_;
    bool news_ = false;
};

}  // namespace sluice::compile
