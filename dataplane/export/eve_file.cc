// SPDX-License-Identifier: Apache-2.0
#include "dataplane/export/eve_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace sluice::exporter {
namespace {

constexpr std::size_t kFlushBytes = 64 * 1024;
constexpr mode_t kFileMode = 0640;  // events are not for everyone on the box

}  // namespace

EveFile::EveFile(EveFileConfig config) : config_(std::move(config)) {
    buffer_.reserve(2 * kFlushBytes);
}

EveFile::~EveFile() {
    flush();
    close_file();
}

Status EveFile::open() {
    close_file();
    const int fd = ::open(config_.path.c_str(),
                          O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kFileMode);
    if (fd < 0) {
        errors_.fetch_add(1, std::memory_order_relaxed);
        return Error{ErrorCode::kIo,
                     "cannot open event file: " + std::string(std::strerror(errno)),
                     {config_.path},
                     "set [events] path to a place this user can write"};
    }

    struct stat info {};

    fd_ = fd;
    size_ =
        ::fstat(fd, &info) == 0 && info.st_size > 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
    return ok_status();
}

void EveFile::append(std::string_view lines) {
    buffer_ += lines;
    if (buffer_.size() >= kFlushBytes) {
        flush();
    }
}

void EveFile::flush() {
    if (reopen_.exchange(false, std::memory_order_relaxed)) {
        close_file();
    }
    if (buffer_.empty()) {
        return;
    }
    if (fd_ >= 0 && config_.rotate_bytes != 0 && size_ != 0 &&
        size_ + buffer_.size() > config_.rotate_bytes) {
        rotate();
    }
    if (fd_ < 0 && !open()) {
        lose_buffer();
        return;
    }
    if (!write_buffer()) {
        errors_.fetch_add(1, std::memory_order_relaxed);
        lose_buffer();
        close_file();
    }
}

bool EveFile::write_buffer() {
    std::size_t done = 0;
    while (done < buffer_.size()) {
        const ssize_t n = ::write(fd_, buffer_.data() + done, buffer_.size() - done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            // Keep the file made of whole lines: take back the piece of a line that did get out.
            if (done > 0 && ::ftruncate(fd_, static_cast<off_t>(size_)) != 0) {
                errors_.fetch_add(1, std::memory_order_relaxed);
            }
            return false;
        }
        done += static_cast<std::size_t>(n);
    }
    size_ += buffer_.size();
    written_.fetch_add(buffer_.size(), std::memory_order_relaxed);
    buffer_.clear();
    return true;
}

void EveFile::lose_buffer() {
    const auto lines = std::count(buffer_.begin(), buffer_.end(), '\n');
    lost_.fetch_add(static_cast<std::uint64_t>(lines), std::memory_order_relaxed);
    buffer_.clear();
}

void EveFile::rotate() {
    close_file();
    const auto name = [this](std::uint32_t i) { return config_.path + '.' + std::to_string(i); };
    if (config_.keep == 0) {
        (void)std::remove(config_.path.c_str());
    } else {
        for (std::uint32_t i = config_.keep; i > 1; --i) {
            (void)std::rename(name(i - 1).c_str(),
                              name(i).c_str());  // fails for those not there yet
        }
        if (std::rename(config_.path.c_str(), name(1).c_str()) != 0) {
            errors_.fetch_add(1, std::memory_order_relaxed);
        }
    }
    rotations_.fetch_add(1, std::memory_order_relaxed);
}

void EveFile::close_file() {
    if (fd_ >= 0) {
        ::close(fd_);
        fd_ = -1;
    }
}

}  // namespace sluice::exporter
