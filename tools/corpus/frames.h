// SPDX-License-Identifier: Apache-2.0
// Writes Ethernet/IPv4 frames with right checksums into a classic pcap file. One thread.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string_view>
#include <vector>

namespace sluice::corpus {

struct Endpoint {
    std::uint32_t address = 0;  // host order
    std::uint16_t port = 0;
};

struct TcpHeader {
    std::uint32_t seq = 0;
    std::uint32_t ack = 0;
    std::uint8_t flags = 0;
};

class FrameWriter {
  public:
    // Exits with a message when the file cannot be made.
    explicit FrameWriter(const char* path);
    FrameWriter(const FrameWriter&) = delete;
    FrameWriter& operator=(const FrameWriter&) = delete;
    ~FrameWriter();

    void tcp(Endpoint from, Endpoint to, TcpHeader header, std::string_view payload);
    void udp(Endpoint from, Endpoint to, std::string_view payload);

    std::uint64_t bytes() const { return bytes_; }

    std::uint64_t frames() const { return frames_; }

  private:
    void begin(Endpoint from, Endpoint to, std::uint8_t proto, std::size_t l4_size);
    void finish(std::uint8_t proto, std::size_t checksum_at);
    void put16(std::uint32_t v);
    void put32(std::uint32_t v);

    std::FILE* file_;
    std::vector<std::uint8_t> frame_;
    std::uint64_t bytes_ = 0;
    std::uint64_t frames_ = 0;
    std::uint64_t micros_ = 0;
};

}  // namespace sluice::corpus
