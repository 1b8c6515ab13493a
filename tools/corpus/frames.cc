// SPDX-License-Identifier: Apache-2.0
#include "tools/corpus/frames.h"

#include <cstdlib>
#include <cstring>

namespace sluice::corpus {

namespace {

constexpr std::size_t kEthernet = 14;
constexpr std::size_t kIpv4 = 20;
constexpr std::uint64_t kStartSeconds = 1'700'000'000;

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

FrameWriter::FrameWriter(const char* path) : file_(std::fopen(path, "wb")) {
    if (file_ == nullptr) {
        std::perror(path);
        std::exit(2);
    }
    std::setvbuf(file_, nullptr, _IOFBF, 1 << 20);
    const std::uint32_t header[6] = {0xa1b2c3d4, 4U << 16 | 2U, 0, 0, 65535, 1};
    std::fwrite(header, sizeof header, 1, file_);
}

FrameWriter::~FrameWriter() {
    std::fclose(file_);
}

void FrameWriter::put16(std::uint32_t v) {
    frame_.push_back(static_cast<std::uint8_t>(v >> 8));
    frame_.push_back(static_cast<std::uint8_t>(v));
}

void FrameWriter::put32(std::uint32_t v) {
    put16(v >> 16);
    put16(v & 0xffff);
}

void FrameWriter::begin(Endpoint from, Endpoint to, std::uint8_t proto, std::size_t l4_size) {
    frame_.clear();
    put32(0x02000000);  // locally administered addresses 02:00:00:00:00:02 and :01
    put32(0x00020200);
    put32(0x00000001);
    put16(0x0800);
    put16(0x4500);
    put16(static_cast<std::uint32_t>(kIpv4 + l4_size));
    put16(static_cast<std::uint32_t>(frames_) & 0xffff);
    put16(0x4000);
    put16(64U << 8 | proto);
    put16(0);
    put32(from.address);
    put32(to.address);
    const std::uint32_t sum = fold(sum16(frame_.data() + kEthernet, kIpv4, 0));
    frame_[kEthernet + 10] = static_cast<std::uint8_t>(sum >> 8);
    frame_[kEthernet + 11] = static_cast<std::uint8_t>(sum);
}

void FrameWriter::finish(std::uint8_t proto, std::size_t checksum_at) {
    const std::size_t l4 = kEthernet + kIpv4;
    std::uint32_t sum = sum16(frame_.data() + kEthernet + 12, 8,
                              proto + static_cast<std::uint32_t>(frame_.size() - l4));
    sum = fold(sum16(frame_.data() + l4, frame_.size() - l4, sum));
    frame_[l4 + checksum_at] = static_cast<std::uint8_t>(sum >> 8);
    frame_[l4 + checksum_at + 1] = static_cast<std::uint8_t>(sum);
    while (frame_.size() < 60) {
        frame_.push_back(0);
    }
    const auto size = static_cast<std::uint32_t>(frame_.size());
    const std::uint32_t record[4] = {
        static_cast<std::uint32_t>(kStartSeconds + micros_ / 1'000'000),
        static_cast<std::uint32_t>(micros_ % 1'000'000), size, size};
    std::fwrite(record, sizeof record, 1, file_);
    std::fwrite(frame_.data(), frame_.size(), 1, file_);
    bytes_ += size;
    ++frames_;
    micros_ += 2;
}

void FrameWriter::tcp(Endpoint from, Endpoint to, TcpHeader header, std::string_view payload) {
    begin(from, to, 6, 20 + payload.size());
    put16(from.port);
    put16(to.port);
    put32(header.seq);
    put32(header.ack);
    put16(0x5000U | header.flags);
    put16(65535);
    put32(0);
    frame_.insert(frame_.end(), payload.begin(), payload.end());
    finish(6, 16);
}

void FrameWriter::udp(Endpoint from, Endpoint to, std::string_view payload) {
    begin(from, to, 17, 8 + payload.size());
    put16(from.port);
    put16(to.port);
    put16(static_cast<std::uint32_t>(8 + payload.size()));
    put16(0);
    frame_.insert(frame_.end(), payload.begin(), payload.end());
    finish(17, 6);
}

}  // namespace sluice::corpus
