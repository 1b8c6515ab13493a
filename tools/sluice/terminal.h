// SPDX-License-Identifier: Apache-2.0
// Messages for people: one line per error, progress on a terminal only when something takes more
// than two seconds. stderr only, so that output can be piped. One thread.
#pragma once

#include "dataplane/base/result.h"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::cli {

// Exit codes of every subcommand.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFindings = 1;  // it ran, and what was looked at is not fit for use
inline constexpr int kExitUsage = 2;  // wrong arguments, or a file that cannot be read or written

// "sluice NAME: what, where, what to do"; returns kExitUsage.
int report(std::string_view command, const Error& error);

// Control characters out: text of rules and bundles must not steer a terminal.
std::string printable(std::string_view text);

class ProgressLine {
  public:
    explicit ProgressLine(std::string command);
    ~ProgressLine();

    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    void update(std::string_view step, std::size_t done, std::size_t total);

    // Takes the line off the terminal.
    void clear();

  private:
    std::string command_;
    std::chrono::steady_clock::time_point started_;
    bool enabled_;
    bool shown_ = false;
};

}  // namespace sluice::cli
