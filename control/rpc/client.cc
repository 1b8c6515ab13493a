// SPDX-License-Identifier: Apache-2.0
#include "control/rpc/client.h"

#include <cerrno>
#include <cstring>
#include <sys/socket.h>

namespace sluice::control {

bool fill_address(const std::string& path, sockaddr_un& address) {
    address = {};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof(address.sun_path) ||
        path.find('\0') != std::string::npos) {
        return false;
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    return true;
}

Result<Socket> connect_to(const std::string& socket_path) {
    sockaddr_un address{};
    if (!fill_address(socket_path, address)) {
        return Error{ErrorCode::kInvalid,
                     "control socket path empty or too long",
                     {socket_path},
                     "check --socket"};
    }
    Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (socket.fd() < 0 ||
        ::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
        const bool denied = errno == EACCES || errno == EPERM;
        return system_error(
            "cannot reach sluice-dataplane", socket_path,
            denied ? "use sudo"
                   : "is it running? systemctl status sluice-dataplane, or pass --socket");
    }
    return socket;
}

Result<std::string> ask(const std::string& socket_path, const Request& request, int timeout_ms) {
    Result<Socket> socket = connect_to(socket_path);
    if (!socket) {
        return socket.error();
    }
    if (Status sent = socket.value().write_all(format_request(request), timeout_ms); !sent) {
        return sent.error();
    }
    Result<std::string> line = socket.value().read_line(kMaxResponseBytes, timeout_ms);
    if (!line) {
        Error error = line.error();
        error.where.file = socket_path;
        error.hint = "look at the log of sluice-dataplane";
        return error;
    }
    return parse_response(line.value());
}

}  // namespace sluice::control
