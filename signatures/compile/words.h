// SPDX-License-Identifier: Apache-2.0
// Words that stand for values, in options and threshold files. Any thread.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace sluice::compile {

template <typename T>
struct Word {
    std::string_view text;
    T value;
};

template <typename T, std::size_t N>
std::optional<T> find(const std::array<Word<T>, N>& words, std::string_view text) {
    for (const Word<T>& w : words) {
        if (w.text == text) {
            return w.value;
        }
    }
    return std::nullopt;
}

}  // namespace sluice::compile
