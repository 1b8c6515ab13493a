// SPDX-License-Identifier: Apache-2.0
#include "control/rpc/server.h"

#include "control/rpc/client.h"

#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace sluice::control {
namespace {

constexpr int kConversationMs = 2000;
constexpr int kBacklog = 8;

}  // namespace

Result<std::unique_ptr<ControlServer>> ControlServer::listen(const std::string& path, uid_t owner) {
    sockaddr_un address{};
    if (!fill_address(path, address)) {
        return Error{ErrorCode::kInvalid,
                     "control socket path empty or too long",
                     {path},
                     "choose a path below 108 bytes in [control] socket"};
    }
    if (connect_to(path)) {
        return Error{ErrorCode::kIo,
                     "another sluice-dataplane answers on this control socket",
                     {path},
                     "stop it, or give this one another [control] socket"};
    }

    struct stat info {};

    if (::lstat(path.c_str(), &info) == 0) {
        if (!S_ISSOCK(info.st_mode)) {
            return Error{ErrorCode::kIo,
                         "there is a file that is not a socket",
                         {path},
                         "choose another [control] socket"};
        }
        (void)::unlink(path.c_str());
    }
    Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const mode_t old_mask = ::umask(0177);  // born 0600
    const bool bound =
        socket.fd() >= 0 &&
        ::bind(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
    const int bind_errno = errno;
    (void)::umask(old_mask);
    errno = bind_errno;
    if (!bound || ::listen(socket.fd(), kBacklog) != 0) {
        return system_error("cannot listen on control socket", path,
                            "does its directory exist, and may this user write there?");
    }
    if (owner != ::geteuid() && ::lchown(path.c_str(), owner, static_cast<gid_t>(-1)) != 0) {
        return system_error("cannot hand the control socket to its user", path,
                            "start as root, or leave [privileges] user out");
    }
    return std::make_unique<ControlServer>(std::move(socket), path, owner);
}

ControlServer::ControlServer(Socket socket, std::string path, uid_t owner)
    : socket_(std::move(socket)), path_(std::move(path)), owner_(owner) {}

ControlServer::~ControlServer() {
    (void)::unlink(path_.c_str());
}

bool ControlServer::allowed(int fd) const {
    ucred peer{};
    socklen_t size = sizeof(peer);
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || size != sizeof(peer)) {
        return false;
    }
    return peer.uid == 0 || peer.uid == owner_;
}

void ControlServer::serve_one(const Handler& handler) {
    Socket peer(::accept4(socket_.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (peer.fd() < 0) {
        return;  // it went away again
    }
    const auto answer = [&]() -> std::string {
        if (!allowed(peer.fd())) {
            return format_failure({ErrorCode::kInvalid,
                                   "not allowed: root or the dataplane's user only",
                                   {},
                                   "use sudo"});
        }
        Result<std::string> line = peer.read_line(kMaxRequestBytes, kConversationMs);
        if (!line) {
            return format_failure(line.error());
        }
        Result<Request> request = parse_request(line.value());
        if (!request) {
            return format_failure(request.error());
        }
        Result<std::string> result = handler(request.value());
        return result ? format_success(result.value()) : format_failure(result.error());
    };
    (void)peer.write_all(answer(), kConversationMs);  // a peer that left does not concern us
}

}  // namespace sluice::control
