// SPDX-License-Identifier: Apache-2.0
// Which pcre can stand in Hyperscan as a prefilter, and how it is spelled there. Remembers answers.
// One thread per object.
#pragma once

#include "signatures/bundle/model.h"

#include <cstdint>
#include <map>
#include <string>
#include <utility>

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
    // 'pieces': the buffer is scanned piece by piece with kMaxLiteral - 1 bytes of overlap. Then no
    // match may be longer than the overlap, and none may look at what lies around it, as the end of
    // a piece is not the end of the buffer.
    bool usable(const bundle::Pcre& pcre, bool pieces);

  private:
    std::map<std::pair<std::string, std::uint32_t>, std::pair<bool, bool>> known_;
};

}  // namespace sluice::compile
