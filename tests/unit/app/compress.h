// SPDX-License-Identifier: Apache-2.0
// Compressed bytes for tests, made by zlib and Brotli. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace sluice::test {

inline constexpr int kRawBits = -15;
inline constexpr int kZlibBits = 15;
inline constexpr int kGzipBits = 15 + 16;

std::string compressed(std::string_view text, int window_bits);
std::string brotli(std::string_view text);

}  // namespace sluice::test
