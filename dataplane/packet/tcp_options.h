// SPDX-License-Identifier: Apache-2.0
// What kinds of TCP options a segment has, as bits, and which option belongs to which: decode says
// what is there, the normalizer takes out what was not agreed on. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice::packet {

// TcpFields::options. The four low ones can be agreed on in a handshake.
inline constexpr std::uint8_t kOptTimestamp = 0x01;      // RFC 7323
inline constexpr std::uint8_t kOptSack = 0x02;           // RFC 2018: blocks
inline constexpr std::uint8_t kOptMd5 = 0x04;            // RFC 2385
inline constexpr std::uint8_t kOptAo = 0x08;             // RFC 5925
inline constexpr std::uint8_t kOptUnknown = 0x10;        // any other kind, a wrong length, or place
inline constexpr std::uint8_t kOptFastOpen = 0x20;       // RFC 7413, on a SYN
inline constexpr std::uint8_t kOptSackPermitted = 0x40;  // RFC 2018, on a SYN

// The bit of one option, of 'length' bytes with kind and length; 0: MSS or window scale of a SYN.
// A kind that is known with a length that is not its own, or that belongs on a SYN and is not on
// one, is ignored by receivers: as good as unknown. Multipath TCP (RFC 8684) is unknown: the other
// paths of its streams lie outside of what is inspected.
constexpr std::uint8_t tcp_option_bit(std::uint8_t kind, std::size_t length, bool syn) {
    switch (kind) {
        case 2:
            return syn && length == 4 ? 0 : kOptUnknown;
        case 3:
            return syn && length == 3 ? 0 : kOptUnknown;
        case 4:
            return syn && length == 2 ? kOptSackPermitted : kOptUnknown;
        case 5:
            return !syn && length >= 10 && length % 8 == 2 ? kOptSack : kOptUnknown;
        case 8:
            return length == 10 ? kOptTimestamp : kOptUnknown;
        case 19:
            return length == 18 ? kOptMd5 : kOptUnknown;
        case 29:
            return length >= 4 ? kOptAo : kOptUnknown;
        case 34:
            return syn && length <= 18 && length % 2 == 0 ? kOptFastOpen : kOptUnknown;
        default:
            return kOptUnknown;
    }
}

}  // namespace sluice::packet
