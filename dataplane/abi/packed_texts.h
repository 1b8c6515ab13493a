// SPDX-License-Identifier: Apache-2.0
// Texts of different lengths one after the other in one array, as events carry them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::abi {

// Number 'which' of the texts. Borrows 'all'.
template <std::size_t Room, std::size_t N>
std::string_view text_at(const std::array<char, Room>& all,
                         const std::array<std::uint16_t, N>& lengths, std::size_t which) {
    std::size_t at = 0;
    for (std::size_t i = 0; i < which; ++i) {
        at += lengths[i];
    }
    return std::string_view(all.data(), Room).substr(std::min(at, Room), lengths[which]);
}

}  // namespace sluice::abi
