// SPDX-License-Identifier: Apache-2.0
// What the control socket and the signals ask of the appliance. One thread.
#pragma once

#include "control/rpc/protocol.h"
#include "dataplane/base/result.h"
#include "dataplane/worker/appliance.h"

#include <functional>
#include <string>

namespace sluice {

// One line of log on stderr, for the journal.
void log_line(const std::string& text);

// Answers one request; 'request_stop' is called for "stop".
Result<std::string> answer_request(worker::Appliance& appliance, const control::Request& request,
                                   const std::function<void()>& request_stop);

}  // namespace sluice
