// SPDX-License-Identifier: Apache-2.0
#include "tests/support/reference_checksum.h"

namespace sluice::test {

std::uint16_t reference_checksum(Bytes bytes) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < bytes.size(); i += 2) {
        const std::uint64_t low = i + 1 < bytes.size() ? bytes[i + 1] : 0;
        sum += (static_cast<std::uint64_t>(bytes[i]) << 8) + low;
    }
    while (sum > 0xffff) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return static_cast<std::uint16_t>(~sum);
}

Frame reference_pseudo_header(const packet::IpAddr& src, const packet::IpAddr& dst,
                              std::uint8_t protocol, std::size_t length) {
    const auto byte = [](std::size_t v) { return static_cast<std::uint8_t>(v); };
    Frame f;
    if (src.is_v4() && dst.is_v4()) {
        f.insert(f.end(), src.bytes.begin() + 12, src.bytes.end());
        f.insert(f.end(), dst.bytes.begin() + 12, dst.bytes.end());
        f.insert(f.end(), {0, protocol, byte(length >> 8), byte(length)});
        return f;
    }
    f.insert(f.end(), src.bytes.begin(), src.bytes.end());
    f.insert(f.end(), dst.bytes.begin(), dst.bytes.end());
    f.insert(f.end(), {byte(length >> 24), byte(length >> 16), byte(length >> 8), byte(length), 0,
                       0, 0, protocol});
    return f;
}

}  // namespace sluice::test
