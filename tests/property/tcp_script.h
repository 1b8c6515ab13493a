// SPDX-License-Identifier: Apache-2.0
// A TCP conversation as a list of client segments over one byte stream, and ways to mangle it that
// a receiver would not notice: splits, reorders, duplicates, overlaps with the same data. Test
// support; allocates.
#pragma once

#include "tests/support/packet_builder.h"

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace sluice::test {

struct Segment {
    std::size_t begin = 0;
    std::size_t end = 0;
};

struct Peers {
    std::string client = "10.1.0.1";
    std::string server = "10.2.0.1";
    std::uint16_t client_port = 40000;
    std::uint16_t server_port = 8000;
    std::uint32_t client_isn = 1000;
    std::uint32_t server_isn = 9000;
};

using Rng = std::mt19937_64;

inline std::size_t below(Rng& rng, std::size_t n) {
    return static_cast<std::size_t>(rng() % n);
}

// In order, 'mss' bytes each.
std::vector<Segment> cut_evenly(std::size_t size, std::size_t mss);

// Any order that still delivers every byte, with duplicates and overlaps.
std::vector<Segment> mangle(Rng& rng, std::size_t size);

std::vector<Frame> handshake(const Peers& peers);
Frame client_segment(const Peers& peers, const std::string& stream, Segment segment);

// FIN of the client, answered.
std::vector<Frame> farewell(const Peers& peers, std::size_t stream_size);

}  // namespace sluice::test
