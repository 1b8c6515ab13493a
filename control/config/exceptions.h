// SPDX-License-Identifier: Apache-2.0
// Exception policies as a configuration names them: by cause, for all segments or for one, over the
// default for all causes. Plain values; start-up only, any thread.
#pragma once

#include "control/config/schema.h"
#include "dataplane/base/result.h"

#include <string>
#include <string_view>

namespace sluice::control {

// "pass", "drop" or "bypass".
std::string_view policy_name(ExceptionPolicy policy);

// What is in force: the segment's own word, else [exception], else exception_policy. 'segment' may
// be null.
ExceptionPolicy policy_for(const Config& config, const Segment* segment,
                           packet::ExceptionCause cause);

// All of them, for a message: "flow_table, fragment_table, ...".
std::string cause_names();

// "CAUSE=POLICY", as on a command line.
Status set_exception(std::string_view text, ExceptionTable& table);

}  // namespace sluice::control
