// SPDX-License-Identifier: Apache-2.0
// TlsFields: what an event tells of a TLS handshake: numbers, and texts one after the other. Part
// of EventRecord; no pointers. Copied, never shared.
#pragma once

#include "dataplane/abi/packed_texts.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::abi {

// In the order in which the texts lie.
enum class TlsText : std::uint8_t {
    kSni,
    kSubject,
    kIssuer,
    kSerial,
    kFingerprint,
    kJa3Hash,
    kJa3sHash,
    kJa4,
    kJa3sString,
    kJa3String,
    kCount
};

struct TlsFields {
    static constexpr std::size_t kTexts = static_cast<std::size_t>(TlsText::kCount);

    std::uint16_t version = 0;     // as on the wire; 0: there is nothing to tell of TLS
    bool has_certificate = false;  // the server's was readable
    std::int64_t not_before = 0;   // seconds since 1970
    std::int64_t not_after = 0;
    std::array<std::uint16_t, kTexts> length{};  // a text that was too long is cut
    std::array<char, 1280> text{};
};

// Borrows 'fields'.
inline std::string_view text_of(const TlsFields& fields, TlsText which) {
    return text_at(fields.text, fields.length, static_cast<std::size_t>(which));
}

}  // namespace sluice::abi
