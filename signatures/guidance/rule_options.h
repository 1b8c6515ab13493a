// SPDX-License-Identifier: Apache-2.0
// The options of a rule's body while they are collected, by the buffer that they are over. Owns
// them. Any thread.
#pragma once

#include "signatures/guidance/document.h"
#include "signatures/lang/ast.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::guidance {

// Its places are those of the guidance text, so that a compiler's complaint points there. An empty
// value: an option without.
lang::Option make_option(Place at, std::string name, std::string value);

// What must stand at a place that hangs on the last located literal and has a fixed length.
struct Pinned {
    std::uint32_t index = 0;
    std::vector<std::uint8_t> bytes;
    Place at;
};

// All options over one buffer. Emitted in this order: 'absolute' do not care what matched before;
// 'chain' finds the literals of the parse path; 'steady' look relative to its end and do not move
// it; each 'pinned' moves it by a known amount.
struct OptionGroup {
    std::string_view sticky;
    Place at;
    std::vector<lang::Option> absolute;
    std::vector<lang::Option> chain;
    std::vector<lang::Option> steady;
    std::vector<Pinned> pinned;
};

class RuleOptions {
  public:
    // Made when it is not there; 'sticky' must outlive this object.
    OptionGroup& group(std::string_view sticky, Place at);

    // Whether any literal of the parse path has been put.
    bool located() const;

    std::vector<lang::Option> in_order();

  private:
    std::vector<OptionGroup> groups_;
};

}  // namespace sluice::guidance
