// SPDX-License-Identifier: Apache-2.0
// Socket: a file descriptor with line I/O under a deadline, for the control protocol. Owns the
// descriptor. Times are milliseconds for the whole call, not per read. Errors carry the system's
// text. One thread.
#pragma once

#include "dataplane/base/result.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::control {

class Socket {
  public:
    Socket() = default;

    explicit Socket(int fd) : fd_(fd) {}

    Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

    Socket& operator=(Socket&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }

    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket();

    int fd() const { return fd_; }

    // Up to the first newline, which is taken off. More than 'limit' bytes, end of file or the
    // deadline: an error.
    Result<std::string> read_line(std::size_t limit, int timeout_ms);

    Status write_all(std::string_view bytes, int timeout_ms);

  private:
    int fd_ = -1;
};

Error system_error(const std::string& what, const std::string& path, std::string hint);

}  // namespace sluice::control
