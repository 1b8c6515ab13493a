// SPDX-License-Identifier: Apache-2.0
// HttpFields: what an event tells of an HTTP transaction: numbers, and texts one after the other.
// Part of EventRecord; no pointers. Copied, never shared.
#pragma once

#include "dataplane/abi/packed_texts.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::abi {

// In the order in which the texts lie; what needs most room comes last.
enum class HttpText : std::uint8_t {
    kMethod,
    kProtocol,
    kHost,
    kHostRaw,  // may name a port
    kContentType,
    kUserAgent,
    kReferer,
    kLocation,
    kUrl,
    kCount
};

struct HttpFields {
    static constexpr std::size_t kTexts = static_cast<std::size_t>(HttpText::kCount);

    bool known = false;        // there is something to tell of HTTP
    bool response = false;     // 'length' is that of a response that was seen
    std::uint16_t status = 0;  // 0: no status line so far
    std::uint64_t length = 0;  // bytes of the response's body as sent, so far
    std::array<std::uint16_t, kTexts> text_length{};  // a text that was too long is cut
    std::array<char, 2048> text{};
};

// Borrows 'fields'.
inline std::string_view text_of(const HttpFields& fields, HttpText which) {
    return text_at(fields.text, fields.text_length, static_cast<std::size_t>(which));
}

}  // namespace sluice::abi
