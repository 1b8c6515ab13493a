// SPDX-License-Identifier: Apache-2.0
#include "control/rpc/socket.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sluice::control {
namespace {

using Clock = std::chrono::steady_clock;

// False: the deadline passed or the descriptor failed.
bool wait_for(int fd, short events, Clock::time_point deadline) {
    for (;;) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
        if (left < 0) {
            return false;
        }
        pollfd item{fd, events, 0};
        const int n = ::poll(&item, 1, static_cast<int>(std::min<long long>(left + 1, 60000)));
        if (n > 0) {
            return true;
        }
        if (n < 0 && errno != EINTR) {
            return false;
        }
    }
}

}  // namespace

Socket::~Socket() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

Result<std::string> Socket::read_line(std::size_t limit, int timeout_ms) {
    const Clock::time_point deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
    std::string line;
    std::array<char, 4096> piece{};
    for (;;) {
        if (!wait_for(fd_, POLLIN, deadline)) {
            return Error{ErrorCode::kTimeout,
                         "no complete line within " + std::to_string(timeout_ms) + " ms",
                         {},
                         {}};
        }
        const ssize_t n = ::recv(fd_, piece.data(), piece.size(), MSG_DONTWAIT);
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
            continue;
        }
        if (n <= 0) {
            return Error{ErrorCode::kIo, "the other side closed the connection", {}, {}};
        }
        const auto got = static_cast<std::size_t>(n);
        const char* const end = std::find(piece.data(), piece.data() + got, '\n');
        line.append(piece.data(), static_cast<std::size_t>(end - piece.data()));
        if (line.size() > limit) {
            return Error{
                ErrorCode::kExhausted, "line over " + std::to_string(limit) + " bytes", {}, {}};
        }
        if (end != piece.data() + got) {
            return line;
        }
    }
}

Status Socket::write_all(std::string_view bytes, int timeout_ms) {
    const Clock::time_point deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
    while (!bytes.empty()) {
        if (!wait_for(fd_, POLLOUT, deadline)) {
            return Error{ErrorCode::kTimeout, "the other side does not read", {}, {}};
        }
        const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
            continue;
        }
        if (n <= 0) {
            return system_error("cannot send", "", "");
        }
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return ok_status();
}

Error system_error(const std::string& what, const std::string& path, std::string hint) {
    return Error{ErrorCode::kIo, what + ": " + std::strerror(errno), {path}, std::move(hint)};
}

}  // namespace sluice::control
