// SPDX-License-Identifier: Apache-2.0
// The asking side of the control protocol, for `sluice status|stats|reload` and tests. Blocks for
// at most its time-out. Errors say what to do next. Any thread.
#pragma once

#include "control/rpc/protocol.h"
#include "control/rpc/socket.h"
#include "dataplane/base/result.h"

#include <string>
#include <sys/un.h>

namespace sluice::control {

inline constexpr const char* kDefaultSocket = "/run/sluice/control.sock";

// Asks and waits for the answer: the result's JSON text.
Result<std::string> ask(const std::string& socket_path, const Request& request, int timeout_ms);

Result<Socket> connect_to(const std::string& socket_path);

// False: empty or too long for sun_path.
bool fill_address(const std::string& path, sockaddr_un& address);

}  // namespace sluice::control
