// SPDX-License-Identifier: Apache-2.0
// Refuses text that the TOML parser must not see: toml++ 3.3 recurses over the parts of a dotted
// key and dies on a long one. Linear in the text, borrows it for the call. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::guidance {

inline constexpr std::size_t kMaxLineBytes = 4096;
inline constexpr std::size_t kMaxDotsPerLine = 64;  // outside strings and comments
inline constexpr std::size_t kMaxBrackets = 16;  // open at one time, outside strings and comments

struct LimitFault {
    const char* reason = nullptr;  // null: within the limits
    std::uint32_t line = 0;
    std::uint32_t column = 0;
};

// Also refuses bytes outside ASCII, except in comments: toml++ tests such characters for being
// blank, and has no answer for some (undefined behaviour). Strings can say \uXXXX.
LimitFault check_limits(std::string_view toml);

// The text with '?' for each byte outside ASCII, which by now stands in a comment. Same lines and
// columns elsewhere.
std::string ascii_only(std::string_view toml);

}  // namespace sluice::guidance
