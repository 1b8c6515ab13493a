// SPDX-License-Identifier: Apache-2.0
// Makes Ethernet frames (IPv4, IPv6) with right checksums and hands them to a sink. One thread.
#pragma once

#include "tools/corpus/sink.h"

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace sluice::corpus {

struct Endpoint {
    std::uint32_t address = 0;  // host order
    std::uint16_t port = 0;
};

using Ipv6Address = std::array<std::uint32_t, 4>;  // host order
using MacAddress = std::array<std::uint8_t, 6>;

struct TcpHeader {
    std::uint32_t seq = 0;
    std::uint32_t ack = 0;
    std::uint8_t flags = 0;
};

// Where a fragment lies in its datagram; 'offset' in bytes, a multiple of 8.
struct Fragment {
    std::uint32_t id = 0;
    std::uint32_t offset = 0;
    bool more = false;
};

class FrameWriter {
  public:
    explicit FrameWriter(FrameSink& sink) : sink_(sink) {}

    FrameWriter(const FrameWriter&) = delete;
    FrameWriter& operator=(const FrameWriter&) = delete;

    void set_destination_mac(const MacAddress& mac) { destination_ = mac; }

    void tcp(Endpoint from, Endpoint to, TcpHeader header, std::string_view payload);

    // The same segment in two IP fragments. REQUIRES: a payload of at least 8 bytes
    void tcp_in_fragments(Endpoint from, Endpoint to, TcpHeader header, std::string_view payload);
    void udp(Endpoint from, Endpoint to, std::string_view payload);
    void ipv4_fragment(Endpoint from, Endpoint to, std::uint8_t proto, Fragment where,
                       std::string_view payload);
    void ipv6_fragment(const Ipv6Address& from, const Ipv6Address& to, std::uint8_t proto,
                       Fragment where, std::string_view payload);

    // A frame that is not IP (IEEE 802 local experimental EtherType): only its time means anything.
    void tick();

    // The next frame is so much later.
    void wait_seconds(std::uint32_t seconds) { micros_ += seconds * std::uint64_t{1'000'000}; }

    std::uint64_t bytes() const { return bytes_; }

    std::uint64_t frames() const { return frames_; }

  private:
    void ethernet(std::uint32_t type);
    void begin(Endpoint from, Endpoint to, std::uint8_t proto, std::size_t l4_size,
               std::uint32_t id, std::uint32_t fragment_field);
    void tcp_segment(Endpoint from, Endpoint to, TcpHeader header, std::string_view payload);
    void fill_checksum(std::uint8_t proto, std::size_t checksum_at);
    void emit();
    void put16(std::uint32_t v);
    void put32(std::uint32_t v);

    void put(std::string_view bytes) { frame_.insert(frame_.end(), bytes.begin(), bytes.end()); }

    FrameSink& sink_;
    MacAddress destination_{2, 0, 0, 0, 0, 2};  // locally administered
    std::vector<std::uint8_t> frame_;
    std::uint64_t bytes_ = 0;
    std::uint64_t frames_ = 0;
    std::uint64_t micros_ = 0;
};

}  // namespace sluice::corpus
