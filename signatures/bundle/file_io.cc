// SPDX-License-Identifier: Apache-2.0
#include "signatures/bundle/file_io.h"

#include "dataplane/base/huge_pages.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sluice::bundle {

namespace {

class Fd {
  public:
    explicit Fd(int fd) : fd_(fd) {}

    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;

    ~Fd() {
        if (fd_ >= 0) {
            (void)::close(fd_);
        }
    }

    bool ok() const { return fd_ >= 0; }

    int get() const { return fd_; }

    // close() may report a delayed write error, so a writer must look at it.
    bool close_checked() {
        const int rc = ::close(fd_);
        fd_ = -1;
        return rc == 0;
    }

  private:
    int fd_;
};

Error os_error(const std::string& path, const char* what) {
    const int e = errno;
    return Error{.code = e == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
                 .message = std::string(what) + ": " + std::strerror(e),
                 .where = {.file = path}};
}

bool write_all(int fd, Bytes bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::write(fd, bytes.data(), bytes.size());
        if (n < 0) {
            if (errno == EINTR) {
                continue;
            }
            return false;
        }
        bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
    return true;
}

bool write_and_sync(Fd& fd, Bytes bytes, mode_t mode) {
    return write_all(fd.get(), bytes) && ::fchmod(fd.get(), mode) == 0 && ::fsync(fd.get()) == 0 &&
           fd.close_checked();
}

// A rename lasts only once its folder is on the disk.
bool sync_folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return fd.ok() && ::fsync(fd.get()) == 0;
}

Status check_file(const std::string& path, const struct stat& st, std::size_t max_bytes,
                  FileGuard guard) {
    if (!S_ISREG(st.st_mode)) {
        return Error{
            .code = ErrorCode::kInvalid, .message = "not a regular file", .where = {.file = path}};
    }
    if (guard == FileGuard::kPrivate && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return Error{.code = ErrorCode::kInvalid,
                     .message = "readable or writable by group or others",
                     .where = {.file = path},
                     .hint = "chmod 600, and replace the key if others had access"};
    }
    if (st.st_size < 0 || static_cast<std::uint64_t>(st.st_size) > max_bytes) {
        return Error{.code = ErrorCode::kExhausted,
                     .message = "file is larger than " + std::to_string(max_bytes) + " bytes",
                     .where = {.file = path}};
    }
    return ok_status();
}

}  // namespace

Result<std::vector<std::uint8_t>> read_file(const std::string& path, std::size_t max_bytes,
                                            FileGuard guard) {
    // O_NONBLOCK: opening a fifo must not hang before fstat can refuse it.
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd.ok()) {
        return os_error(path, "cannot open");
    }

    struct stat st {};

    if (::fstat(fd.get(), &st) != 0) {
        return os_error(path, "cannot stat");
    }
    if (Status s = check_file(path, st, max_bytes, guard); !s.ok()) {
        return s.error();
    }
    std::vector<std::uint8_t> bytes;
    reserve_huge(bytes, static_cast<std::size_t>(st.st_size));
    bytes.resize(static_cast<std::size_t>(st.st_size));
    std::size_t have = 0;
    while (have < bytes.size()) {
        const ssize_t n = ::read(fd.get(), bytes.data() + have, bytes.size() - have);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return os_error(path, "cannot read");
        }
        if (n == 0) {
            break;  // it shrank under us; what is there is judged by its reader
        }
        have += static_cast<std::size_t>(n);
    }
    bytes.resize(have);
    return bytes;
}

Status write_file_atomic(const std::string& path, Bytes bytes, mode_t mode) {
    std::string temp = path + ".XXXXXX";
    Fd fd(::mkostemp(temp.data(), O_CLOEXEC));
    if (!fd.ok()) {
        return os_error(path, "cannot create a temporary file beside it");
    }
    if (!write_and_sync(fd, bytes, mode) || ::rename(temp.c_str(), path.c_str()) != 0) {
        Error error = os_error(path, "cannot write");
        (void)::unlink(temp.c_str());
        return error;
    }
    if (!sync_folder_of(path)) {
        return os_error(path, "written, but its folder could not be synced");
    }
    return ok_status();
}

Status write_file_new(const std::string& path, Bytes bytes, mode_t mode) {
    Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!fd.ok()) {
        return os_error(path, "cannot create");
    }
    if (!write_and_sync(fd, bytes, mode) || !sync_folder_of(path)) {
        Error error = os_error(path, "cannot write");
        (void)::unlink(path.c_str());
        return error;
    }
    return ok_status();
}

}  // namespace sluice::bundle
