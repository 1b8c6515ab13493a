// SPDX-License-Identifier: Apache-2.0
// What a service tells systemd (sd_notify(3)). Without systemd each call does nothing. Any thread.
#pragma once

#include <cstdint>
#include <string>

namespace sluice::platform {

void notify_ready(const std::string& status);
void notify_status(const std::string& status);
void notify_reloading();
void notify_stopping();
void notify_alive();

// Microseconds within which notify_alive() is expected; 0: no watchdog.
std::uint64_t watchdog_interval_us();

}  // namespace sluice::platform
