// SPDX-License-Identifier: Apache-2.0
// ControlServer: the listening side of the control protocol on a Unix socket. Answers root and the
// user it runs as (SO_PEERCRED), nobody else; one connection at a time, each with a deadline, so
// that a silent peer costs two seconds at most. Owns the socket file and removes it. One thread:
// whoever polls fd() calls serve_one().
#pragma once

#include "control/rpc/protocol.h"
#include "control/rpc/socket.h"
#include "dataplane/base/result.h"

#include <functional>
#include <memory>
#include <string>
#include <sys/types.h>

namespace sluice::control {

class ControlServer {
  public:
    // The result as JSON text, or what went wrong.
    using Handler = std::function<Result<std::string>(const Request&)>;

    // A socket file that nobody answers on is replaced; a live one is an error. 'owner' may connect
    // besides root.
    static Result<std::unique_ptr<ControlServer>> listen(const std::string& path, uid_t owner);

    ControlServer(Socket socket, std::string path, uid_t owner);
    ControlServer(const ControlServer&) = delete;
    ControlServer& operator=(const ControlServer&) = delete;
    ~ControlServer();

    int fd() const { return socket_.fd(); }

    // Takes one waiting connection, if any, and answers it.
    void serve_one(const Handler& handler);

  private:
    bool allowed(int fd) const;

    Socket socket_;
    std::string path_;
    uid_t owner_;
};

}  // namespace sluice::control
