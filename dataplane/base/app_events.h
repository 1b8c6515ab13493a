// SPDX-License-Identifier: Apache-2.0
// Events of application parsers: AppEvent names each that a parser reports, AppEventSet holds those
// of one transaction, kAppEventNames is what rules call them ("http.missing_host_header"). Names,
// not numbers, are in bundles: rows of app_events.def may be added anywhere. Values; any thread.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice {

enum class AppEvent : std::uint8_t {
#define SLUICE_APP_EVENT(protocol, event, note) protocol##_##event,
#include "dataplane/base/app_events.def"
    kCount
};

inline constexpr std::size_t kAppEventCount = static_cast<std::size_t>(AppEvent::kCount);

inline constexpr std::array<std::string_view, kAppEventCount> kAppEventNames = {
#define SLUICE_APP_EVENT(protocol, event, note) #protocol "." #event,
#include "dataplane/base/app_events.def"
};

class AppEventSet {
  public:
    constexpr void add(AppEvent e) {
        const auto i = static_cast<std::size_t>(e);
        words_[i / kWord] |= std::uint64_t{1} << (i % kWord);
    }

    constexpr bool empty() const { return (words_[0] | words_[1]) == 0; }

    constexpr bool has(AppEvent e) const {
        const auto i = static_cast<std::size_t>(e);
        return (words_[i / kWord] >> (i % kWord) & 1U) != 0;
    }

    constexpr AppEventSet& operator|=(const AppEventSet& o) {
        words_[0] |= o.words_[0];
        words_[1] |= o.words_[1];
        return *this;
    }

    template <typename F>
    constexpr void each(F f) const {
        for (std::size_t w = 0; w < words_.size(); ++w) {
            for (std::uint64_t left = words_[w]; left != 0; left &= left - 1) {
                f(static_cast<AppEvent>(w * kWord +
                                        static_cast<std::size_t>(std::countr_zero(left))));
            }
        }
    }

    friend constexpr bool operator==(const AppEventSet&, const AppEventSet&) = default;

  private:
    static constexpr std::size_t kWord = 64;
    static_assert(kAppEventCount <= 2 * kWord);

    std::array<std::uint64_t, 2> words_{};
};

}  // namespace sluice
