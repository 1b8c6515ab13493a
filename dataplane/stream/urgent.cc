// SPDX-License-Identifier: Apache-2.0
#include "dataplane/stream/urgent.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace sluice::stream {

namespace {

constexpr std::size_t kHeaderBytes = 20;
constexpr std::size_t kFlagsWord = 12;  // data offset and flags
constexpr std::size_t kChecksum = 16;
constexpr std::size_t kUrgentPointer = 18;

std::uint16_t load(const std::uint8_t* at) {
    std::uint16_t v;
    std::memcpy(&v, at, sizeof(v));
    return v;
}

void store(std::uint8_t* at, std::uint16_t v) {
    std::memcpy(at, &v, sizeof(v));
}

// RFC 1624 equation 3; the sum is the same in either byte order, so words are taken as they lie.
std::uint16_t updated(std::uint16_t checksum, std::uint16_t from, std::uint16_t to) {
    std::uint32_t sum = static_cast<std::uint16_t>(~checksum);
    sum += static_cast<std::uint16_t>(~from);
    sum += to;
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

}  // namespace

void clear_urgent(packet::Packet& p) {
    if (std::size_t{p.l4_off} + kHeaderBytes > p.len) {
        return;
    }
    std::uint8_t* tcp = p.data + p.l4_off;
    const std::uint16_t flags = load(tcp + kFlagsWord);
    const std::uint16_t urgent = load(tcp + kUrgentPointer);
    std::uint16_t checksum = load(tcp + kChecksum);
    tcp[kFlagsWord + 1] = static_cast<std::uint8_t>(tcp[kFlagsWord + 1] & ~packet::kTcpUrg);
    store(tcp + kUrgentPointer, 0);
    checksum = updated(checksum, flags, load(tcp + kFlagsWord));
    checksum = updated(checksum, urgent, 0);
    store(tcp + kChecksum, checksum);
    p.tcp.flags = static_cast<std::uint8_t>(p.tcp.flags & ~packet::kTcpUrg);
    p.tcp.urgent = 0;
}

}  // namespace sluice::stream
