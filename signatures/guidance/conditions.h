// SPDX-License-Identifier: Apache-2.0
// The parse path and triggers of one guidance text as rule options, for one carrier and direction.
// Every trigger holds, or the rule is not made: a condition that cannot be expressed is a Problem
// and 'options' must not be used. Any thread.
#pragma once

#include "signatures/guidance/document.h"
#include "signatures/lang/ast.h"

#include <string>
#include <vector>

namespace sluice::guidance {

enum class Carrier : std::uint8_t { kHttp, kTcp, kUdp };

struct Route {
    Carrier carrier = Carrier::kHttp;
    bool to_server = true;
};

struct ConditionsResult {
    std::vector<lang::Option> options;
    bool complete = false;  // each step and trigger is in 'options'
};

ConditionsResult build_conditions(const Document& document, const Route& route,
                                  const std::string& file, std::vector<lang::Problem>& problems);

}  // namespace sluice::guidance
