// SPDX-License-Identifier: Apache-2.0
// Gives up what is not needed after start: the root user (when another is named), all capabilities
// but those that keep the ports working, and the right to gain any by executing something. For
// good. Call before threads of ours are started: they inherit what is left. Main thread.
#pragma once

#include "dataplane/base/result.h"

#include <string>
#include <sys/types.h>

namespace sluice::platform {

struct UserIds {
    uid_t uid = 0;
    gid_t gid = 0;
};

// The user's ids; empty name: those of this process.
Result<UserIds> find_user(const std::string& name);

// Keeps CAP_NET_ADMIN, CAP_NET_RAW and CAP_IPC_LOCK of what there is.
Status drop_privileges(const UserIds& user);

}  // namespace sluice::platform
