// SPDX-License-Identifier: Apache-2.0
#include "tools/corpus/sink.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstdlib>
#include <net/if.h>
#include <netpacket/packet.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace sluice::corpus {

namespace {

[[noreturn]] void give_up(const std::string& what) {
    std::perror(("sluice-corpus: " + what).c_str());
    std::exit(2);
}

class CaptureSink final : public FrameSink {
  public:
    explicit CaptureSink(const std::string& path)
        : path_(path), file_(path == "-" ? stdout : std::fopen(path.c_str(), "wb")) {
        if (file_ == nullptr) {
            give_up(path);
        }
        std::setvbuf(file_, nullptr, _IOFBF, 1 << 20);
        const std::uint32_t header[6] = {0xa1b2c3d4, 4U << 16 | 2U, 0, 0, 65535, 1};
        put(header, sizeof header);
    }

    CaptureSink(const CaptureSink&) = delete;
    CaptureSink& operator=(const CaptureSink&) = delete;

    ~CaptureSink() override {
        if (std::fclose(file_) != 0) {
            give_up(path_);
        }
    }

    void write(const std::uint8_t* frame, std::size_t size, std::uint64_t micros) override {
        constexpr std::uint64_t kStartSeconds = 1'700'000'000;
        const auto length = static_cast<std::uint32_t>(size);
        const std::uint32_t record[4] = {
            static_cast<std::uint32_t>(kStartSeconds + micros / 1'000'000),
            static_cast<std::uint32_t>(micros % 1'000'000), length, length};
        put(record, sizeof record);
        put(frame, size);
    }

  private:
    void put(const void* bytes, std::size_t size) {
        if (std::fwrite(bytes, size, 1, file_) != 1) {
            give_up(path_);
        }
    }

    std::string path_;
    std::FILE* file_;
};

class InterfaceSink final : public FrameSink {
  public:
    InterfaceSink(const std::string& name, std::uint32_t frames_per_second)
        : name_(name),
          interval_(std::chrono::nanoseconds(1'000'000'000 / frames_per_second)),
          socket_(::socket(AF_PACKET, SOCK_RAW, 0)) {  // protocol 0: receives nothing
        sockaddr_ll to{};
        to.sll_family = AF_PACKET;
        to.sll_ifindex = static_cast<int>(::if_nametoindex(name.c_str()));
        if (socket_ < 0 || to.sll_ifindex == 0 ||
            ::bind(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
            give_up(name);
        }
    }

    InterfaceSink(const InterfaceSink&) = delete;
    InterfaceSink& operator=(const InterfaceSink&) = delete;

    ~InterfaceSink() override { ::close(socket_); }

    void write(const std::uint8_t* frame, std::size_t size, std::uint64_t) override {
        constexpr std::uint64_t kBurst = 32;  // frames between two looks at the clock
        if (sent_ % kBurst == 0) {
            std::this_thread::sleep_until(start_ + interval_ * sent_);
        }
        while (::send(socket_, frame, size, 0) < 0) {
            if (errno != ENOBUFS && errno != EAGAIN && errno != EINTR) {
                give_up(name_);
            }
            std::this_thread::sleep_for(std::chrono::microseconds(100));
        }
        ++sent_;
    }

  private:
    std::string name_;
    std::chrono::nanoseconds interval_;
    int socket_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    std::uint64_t sent_ = 0;
};

}  // namespace

std::unique_ptr<FrameSink> open_capture(const std::string& path) {
    return std::make_unique<CaptureSink>(path);
}

std::unique_ptr<FrameSink> open_interface(const std::string& name,
                                          std::uint32_t frames_per_second) {
    return std::make_unique<InterfaceSink>(name, frames_per_second);
}

}  // namespace sluice::corpus
