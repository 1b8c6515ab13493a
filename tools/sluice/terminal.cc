// SPDX-License-Identifier: Apache-2.0
#include "tools/sluice/terminal.h"

#include <cstdio>
#include <unistd.h>
#include <utility>

namespace sluice::cli {

int report(std::string_view command, const Error& error) {
    const std::string text =
        "sluice " + std::string(command) + ": " + printable(error.to_string()) + "\n";
    std::fputs(text.c_str(), stderr);
    return kExitUsage;
}

std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        out += byte < 0x20 || byte == 0x7f ? '?' : c;
    }
    return out;
}

ProgressLine::ProgressLine(std::string command)
    : command_(std::move(command)),
      started_(std::chrono::steady_clock::now()),
      enabled_(isatty(STDERR_FILENO) != 0) {}

ProgressLine::~ProgressLine() {
    clear();
}

void ProgressLine::update(std::string_view step, std::size_t done, std::size_t total) {
    const auto now = std::chrono::steady_clock::now();
    if (!enabled_ || now - started_ < std::chrono::seconds(2)) {
        return;
    }
    const std::string name = printable(step);
    if (total != 0) {
        std::fprintf(stderr, "\r\033[Ksluice %s: %s %zu%%", command_.c_str(), name.c_str(),
                     done * 100 / total);
    } else {
        std::fprintf(stderr, "\r\033[Ksluice %s: %s", command_.c_str(), name.c_str());
    }
    std::fflush(stderr);
    shown_ = true;
}

void ProgressLine::clear() {
    if (shown_) {
        std::fputs("\r\033[K", stderr);
        std::fflush(stderr);
        shown_ = false;
    }
}

}  // namespace sluice::cli
