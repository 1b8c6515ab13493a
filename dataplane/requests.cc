// SPDX-License-Identifier: Apache-2.0
#include "dataplane/requests.h"

#include "platform/service/notify.h"

#include <cstdio>

namespace sluice {

void log_line(const std::string& text) {
    std::fprintf(stderr, "sluice-dataplane: %s\n", text.c_str());
}

Result<std::string> answer_request(worker::Appliance& appliance, const control::Request& request,
                                   const std::function<void()>& request_stop) {
    switch (request.command) {
        case control::Command::kStatus:
            return appliance.status_json();
        case control::Command::kStats:
            return appliance.stats_json();
        case control::Command::kReload:
            if (Status reloaded = appliance.reload(request.bundle); !reloaded) {
                log_line("reload refused: " + reloaded.error().to_string());
                return reloaded.error();
            }
            log_line("reloaded: " + appliance.summary());
            platform::notify_status(appliance.summary());
            return appliance.status_json();
        case control::Command::kReopen:
            appliance.reopen_events();
            return std::string("{}");
        case control::Command::kStop:
            request_stop();
            return std::string("{}");
    }
    return Error{ErrorCode::kUnsupported, "unknown command", {}, {}};
}

}  // namespace sluice
