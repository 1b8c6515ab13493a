// SPDX-License-Identifier: Apache-2.0
// One trigger as options of the rule language, once it is known where it looks and what it asks
// for. Any thread.
#pragma once

#include "signatures/guidance/document.h"
#include "signatures/guidance/field.h"
#include "signatures/guidance/operand.h"
#include "signatures/guidance/rule_options.h"

#include <optional>
#include <string>

namespace sluice::guidance {

// Where one trigger looks.
struct Target {
    const Buffer* buffer = nullptr;
    std::string header;  // a line in http.header, by name
    std::uint32_t index = 0;
    bool has_index = false;
    bool anchored = false;  // index counts from the end of the last located literal
};

// Adds to 'out'. 'stream': the payload is TCP, so it has no known end. A fault: nothing was added
// that says all of the trigger.
std::optional<OperandFault> write_condition(const Trigger& trigger, const Target& target,
                                            const Operand& operand, bool stream, RuleOptions& out);

}  // namespace sluice::guidance
