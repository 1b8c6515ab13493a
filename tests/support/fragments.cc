// SPDX-License-Identifier: Apache-2.0
#include "tests/support/fragments.h"

#include "dataplane/base/checksum.h"

namespace sluice::test {

namespace {

constexpr std::size_t kEthernet = 14;
constexpr std::size_t kIpv6Header = 40;
constexpr std::uint8_t kFragmentHeader = 44;

bool is_v4(const Frame& whole) {
    return (whole[kEthernet] >> 4) == 4;
}

std::size_t payload_at(const Frame& whole) {
    return kEthernet + (is_v4(whole) ? (whole[kEthernet] & 0x0fU) * 4U : kIpv6Header);
}

void put16(Frame& f, std::size_t at, std::size_t value) {
    f[at] = static_cast<std::uint8_t>(value >> 8);
    f[at + 1] = static_cast<std::uint8_t>(value);
}

}  // namespace

std::size_t ip_payload_size(const Frame& whole) {
    return whole.size() - payload_at(whole);
}

Frame fragment_of(const Frame& whole, std::size_t begin, std::size_t end, std::uint32_t id) {
    const std::size_t payload = payload_at(whole);
    const bool more = end < ip_payload_size(whole);
    const auto at = [&](std::size_t n) { return whole.begin() + static_cast<std::ptrdiff_t>(n); };
    Frame f(whole.begin(), at(payload));
    if (is_v4(whole)) {
        put16(f, kEthernet + 2, payload - kEthernet + end - begin);
        put16(f, kEthernet + 4, id & 0xffffU);
        put16(f, kEthernet + 6, begin / 8 + (more ? 0x2000U : 0U));
        put16(f, kEthernet + 10, 0);
        Checksum sum;
        sum.add(Bytes(f).subspan(kEthernet));
        put16(f, kEthernet + 10, sum.value());
    } else {
        const std::uint8_t next = f[kEthernet + 6];
        f[kEthernet + 6] = kFragmentHeader;
        put16(f, kEthernet + 4, 8 + end - begin);
        f.resize(payload + 8);
        f[payload] = next;
        put16(f, payload + 2, begin + (more ? 1U : 0U));
        put16(f, payload + 4, id >> 16);
        put16(f, payload + 6, id & 0xffffU);
    }
    f.insert(f.end(), at(payload + begin), at(payload + end));
    return f;
}

}  // namespace sluice::test
