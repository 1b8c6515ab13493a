// SPDX-License-Identifier: Apache-2.0
// Where frames go: a classic pcap file or pipe, or a network interface at a given rate. Errors end
// the program with a message. One thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

namespace sluice::corpus {

class FrameSink {
  public:
    virtual ~FrameSink() = default;

    // 'micros' since the first frame, for sinks that keep time.
    virtual void write(const std::uint8_t* frame, std::size_t size, std::uint64_t micros) = 0;
};

// "-": standard output.
std::unique_ptr<FrameSink> open_capture(const std::string& path);

// Needs CAP_NET_RAW. A frame that the kernel has no room for is tried again: all are sent.
std::unique_ptr<FrameSink> open_interface(const std::string& name, std::uint32_t frames_per_second);

}  // namespace sluice::corpus
