// SPDX-License-Identifier: Apache-2.0
// What the one-byte buffers of TLS hold: the parser writes it, rules compare with it. Constants.
#pragma once

#include <cstdint>

namespace sluice {

// Bits of BufferId::kTlsState: the kind of the latest handshake message.
inline constexpr std::uint8_t kTlsClientHello = 1;
inline constexpr std::uint8_t kTlsServerHello = 2;
inline constexpr std::uint8_t kTlsClientKeyx = 4;
inline constexpr std::uint8_t kTlsServerKeyx = 8;
inline constexpr std::uint8_t kTlsUnknownState = 16;  // a name that rules have; never there

// Values of BufferId::kTlsCertValidity.
inline constexpr std::uint8_t kTlsCertValid = 0;
inline constexpr std::uint8_t kTlsCertExpired = 1;
inline constexpr std::uint8_t kTlsCertNotYet = 2;

}  // namespace sluice
