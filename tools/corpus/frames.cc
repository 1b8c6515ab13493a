// SPDX-License-Identifier: Apache-2.0
#include "tools/corpus/frames.h"

#include <string>

namespace sluice::corpus {

namespace {

constexpr std::size_t kEthernet = 14;
constexpr std::size_t kIpv4 = 20;
constexpr std::size_t kLeastFrame = 60;
constexpr std::uint32_t kDontFragment = 0x4000;
constexpr std::uint32_t kMoreFragments = 0x2000;
constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kIpv6Fragment = 44;

std::uint32_t sum16(const std::uint8_t* p, std::size_t n, std::uint32_t sum) {
    for (std::size_t i = 0; i + 1 < n; i += 2) {
        sum += static_cast<std::uint32_t>(p[i] << 8 | p[i + 1]);
    }
    if (n % 2 != 0) {
        sum += static_cast<std::uint32_t>(p[n - 1] << 8);
    }
    return sum;
}

std::uint32_t fold(std::uint32_t sum) {
    while (sum > 0xffff) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return ~sum & 0xffff;
}

}  // namespace

void FrameWriter::put16(std::uint32_t v) {
    frame_.push_back(static_cast<std::uint8_t>(v >> 8));
    frame_.push_back(static_cast<std::uint8_t>(v));
}

void FrameWriter::put32(std::uint32_t v) {
    put16(v >> 16);
    put16(v & 0xffff);
}

void FrameWriter::ethernet(std::uint32_t type) {
    frame_.assign(destination_.begin(), destination_.end());
    put16(0x0200);  // from 02:00:00:00:00:01
    put32(0x00000001);
    put16(type);
}

void FrameWriter::begin(Endpoint from, Endpoint to, std::uint8_t proto, std::size_t l4_size,
                        std::uint32_t id, std::uint32_t fragment_field) {
    ethernet(0x0800);
    put16(0x4500);
    put16(static_cast<std::uint32_t>(kIpv4 + l4_size));
    put16(id & 0xffff);
    put16(fragment_field);
    put16(64U << 8 | proto);
    put16(0);
    put32(from.address);
    put32(to.address);
    const std::uint32_t sum = fold(sum16(frame_.data() + kEthernet, kIpv4, 0));
    frame_[kEthernet + 10] = static_cast<std::uint8_t>(sum >> 8);
    frame_[kEthernet + 11] = static_cast<std::uint8_t>(sum);
}

void FrameWriter::fill_checksum(std::uint8_t proto, std::size_t checksum_at) {
    const std::size_t l4 = kEthernet + kIpv4;
    std::uint32_t sum = sum16(frame_.data() + kEthernet + 12, 8,
                              proto + static_cast<std::uint32_t>(frame_.size() - l4));
    sum = fold(sum16(frame_.data() + l4, frame_.size() - l4, sum));
    frame_[l4 + checksum_at] = static_cast<std::uint8_t>(sum >> 8);
    frame_[l4 + checksum_at + 1] = static_cast<std::uint8_t>(sum);
}

void FrameWriter::emit() {
    while (frame_.size() < kLeastFrame) {
        frame_.push_back(0);
    }
    sink_.write(frame_.data(), frame_.size(), micros_);
    bytes_ += frame_.size();
    ++frames_;
    micros_ += 2;
}

void FrameWriter::tcp_segment(Endpoint from, Endpoint to, TcpHeader header,
                              std::string_view payload) {
    // Data of a SYN come with a Fast Open cookie (RFC 7413 section 4.1.1); without one they are not
    // believed.
    static constexpr std::string_view kCookie =
        "\x22\x0a"
        "cookie42"
        "\x01\x01";
    const bool fast_open = (header.flags & 0x02U) != 0 && !payload.empty();
    const std::string_view options = fast_open ? kCookie : std::string_view{};
    begin(from, to, kTcp, 20 + options.size() + payload.size(), static_cast<std::uint32_t>(frames_),
          kDontFragment);
    put16(from.port);
    put16(to.port);
    put32(header.seq);
    put32(header.ack);
    put16(static_cast<std::uint32_t>((5 + options.size() / 4) << 12U) | header.flags);
    put16(65535);
    put32(0);
    put(options);
    put(payload);
    fill_checksum(kTcp, 16);
}

void FrameWriter::tcp(Endpoint from, Endpoint to, TcpHeader header, std::string_view payload) {
    tcp_segment(from, to, header, payload);
    emit();
}

void FrameWriter::tcp_in_fragments(Endpoint from, Endpoint to, TcpHeader header,
                                   std::string_view payload) {
    tcp_segment(from, to, header, payload);
    const std::string segment(frame_.begin() + kEthernet + kIpv4, frame_.end());
    const std::size_t cut = segment.size() / 2 / 8 * 8;
    const auto id = static_cast<std::uint32_t>(frames_);
    ipv4_fragment(from, to, kTcp, {id, 0, true}, std::string_view(segment).substr(0, cut));
    ipv4_fragment(from, to, kTcp, {id, static_cast<std::uint32_t>(cut), false},
                  std::string_view(segment).substr(cut));
}

void FrameWriter::udp(Endpoint from, Endpoint to, std::string_view payload) {
    begin(from, to, kUdp, 8 + payload.size(), static_cast<std::uint32_t>(frames_), kDontFragment);
    put16(from.port);
    put16(to.port);
    put16(static_cast<std::uint32_t>(8 + payload.size()));
    put16(0);
    put(payload);
    fill_checksum(kUdp, 6);
    emit();
}

void FrameWriter::ipv4_fragment(Endpoint from, Endpoint to, std::uint8_t proto, Fragment where,
                                std::string_view payload) {
    begin(from, to, proto, payload.size(), where.id,
          (where.more ? kMoreFragments : 0U) | where.offset / 8);
    put(payload);
    emit();
}

void FrameWriter::ipv6_fragment(const Ipv6Address& from, const Ipv6Address& to, std::uint8_t proto,
                                Fragment where, std::string_view payload) {
    ethernet(0x86dd);
    put32(0x60000000);
    put16(static_cast<std::uint32_t>(8 + payload.size()));
    put16(kIpv6Fragment << 8U | 64U);
    for (const Ipv6Address* address : {&from, &to}) {
        for (const std::uint32_t word : *address) {
            put32(word);
        }
    }
    put16(static_cast<std::uint32_t>(proto) << 8);
    put16(where.offset | (where.more ? 1U : 0U));
    put32(where.id);
    put(payload);
    emit();
}

void FrameWriter::tick() {
    ethernet(0x88b5);
    emit();
}

}  // namespace sluice::corpus
