// SPDX-License-Identifier: Apache-2.0
#include "control/rpc/server.h"

#include "control/rpc/client.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace sluice::control {
namespace {

namespace fs = std::filesystem;

class ServerTest : public ::testing::Test {
  protected:
    ServerTest() {
        std::string pattern = (fs::temp_directory_path() / "sluice-rpc-XXXXXX").string();
        if (mkdtemp(pattern.data()) != nullptr) {
            dir_ = pattern;
        }
        path_ = (dir_ / "control.sock").string();
    }

    ~ServerTest() override {
        stop();
        fs::remove_all(dir_);
    }

    void start(ControlServer::Handler handler) {
        Result<std::unique_ptr<ControlServer>> made = ControlServer::listen(path_, ::geteuid());
        ASSERT_TRUE(made.ok()) << made.error().to_string();
        server_ = std::move(made.value());
        thread_ = std::thread([this, handler = std::move(handler)] {
            while (!stop_.load()) {
                pollfd item{server_->fd(), POLLIN, 0};
                if (::poll(&item, 1, 20) > 0) {
                    server_->serve_one(handler);
                }
            }
        });
    }

    void stop() {
        stop_.store(true);
        if (thread_.joinable()) {
            thread_.join();
        }
        server_.reset();
    }

    fs::path dir_;
    std::string path_;
    std::unique_ptr<ControlServer> server_;
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

TEST_F(ServerTest, AnswersAndRemovesItsSocket) {
    start([](const Request& request) -> Result<std::string> {
        if (request.command == Command::kReload) {
            return Error{ErrorCode::kNotFound, "no such bundle", {request.bundle}, "look again"};
        }
        return std::string("{\"workers\":1}");
    });

    struct stat info {};

    ASSERT_EQ(::stat(path_.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
    Result<std::string> status = ask(path_, {Command::kStatus, ""}, 2000);
    ASSERT_TRUE(status.ok()) << status.error().to_string();
    EXPECT_EQ(status.value(), "{\"workers\":1}");
    Result<std::string> reload = ask(path_, {Command::kReload, "x.sigb"}, 2000);
    ASSERT_FALSE(reload.ok());
    EXPECT_EQ(reload.error().message, "x.sigb: no such bundle");
    stop();
    EXPECT_FALSE(fs::exists(path_));
    EXPECT_FALSE(ask(path_, {Command::kStatus, ""}, 100).ok());
}

TEST_F(ServerTest, HostileClientsGetAnErrorAndDoNotStopIt) {
    start([](const Request&) -> Result<std::string> { return std::string("1"); });
    for (const std::string& bytes :
         {std::string("garbage\n"), std::string(20000, 'a'), std::string("\n")}) {
        Result<Socket> socket = connect_to(path_);
        ASSERT_TRUE(socket.ok());
        (void)socket.value().write_all(bytes, 1000);
        Result<std::string> line = socket.value().read_line(kMaxResponseBytes, 3000);
        if (line) {  // an oversized line may end in a reset instead
            EXPECT_FALSE(parse_response(line.value()).ok());
        }
    }
    { Result<Socket> gone = connect_to(path_); }
    EXPECT_TRUE(ask(path_, {Command::kStatus, ""}, 3000).ok());
}

TEST_F(ServerTest, ReplacesADeadSocketButNotALiveOneOrAFile) {
    start([](const Request&) -> Result<std::string> { return std::string("1"); });
    Result<std::unique_ptr<ControlServer>> second = ControlServer::listen(path_, ::geteuid());
    ASSERT_FALSE(second.ok());
    EXPECT_NE(second.error().message.find("another"), std::string::npos);
    stop();

    {
        Socket dead(::socket(AF_UNIX, SOCK_STREAM, 0));
        sockaddr_un address{};
        ASSERT_TRUE(fill_address(path_, address));
        ASSERT_EQ(::bind(dead.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
                  0);
    }
    EXPECT_TRUE(ControlServer::listen(path_, ::geteuid()).ok());

    std::ofstream(path_) << "precious";
    EXPECT_FALSE(ControlServer::listen(path_, ::geteuid()).ok());
    EXPECT_TRUE(fs::exists(path_));
}

}  // namespace
}  // namespace sluice::control
