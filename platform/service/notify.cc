// SPDX-License-Identifier: Apache-2.0
#include "platform/service/notify.h"

#include <systemd/sd-daemon.h>

namespace sluice::platform {

void notify_ready(const std::string& status) {
    (void)sd_notify(0, ("READY=1\nSTATUS=" + status).c_str());
}

void notify_status(const std::string& status) {
    (void)sd_notify(0, ("STATUS=" + status).c_str());
}

void notify_reloading() {
    (void)sd_notify(0, "RELOADING=1");
}

void notify_stopping() {
    (void)sd_notify(0, "STOPPING=1");
}

void notify_alive() {
    (void)sd_notify(0, "WATCHDOG=1");
}

std::uint64_t watchdog_interval_us() {
    std::uint64_t interval = 0;
    return sd_watchdog_enabled(0, &interval) > 0 ? interval : 0;
}

}  // namespace sluice::platform
