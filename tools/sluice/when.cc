// SPDX-License-Identifier: Apache-2.0
#include "tools/sluice/when.h"

#include <charconv>
#include <chrono>
#include <ctime>
#include <optional>

namespace sluice::cli {
namespace {

constexpr std::int64_t kDay = 86400;
constexpr std::uint32_t kMaxDays = 36500;

std::optional<std::uint32_t> number(std::string_view text) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

std::optional<std::int64_t> date(std::string_view text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') {
        return std::nullopt;
    }
    const auto y = number(text.substr(0, 4));
    const auto m = number(text.substr(5, 2));
    const auto d = number(text.substr(8, 2));
    if (!y || !m || !d) {
        return std::nullopt;
    }
    const std::chrono::year_month_day day{std::chrono::year(static_cast<int>(*y)),
                                          std::chrono::month(*m), std::chrono::day(*d)};
    if (!day.ok()) {
        return std::nullopt;
    }
    return std::chrono::sys_days(day).time_since_epoch().count() * kDay;
}

}  // namespace

Result<std::int64_t> parse_expiry(std::string_view text, std::int64_t now) {
    std::optional<std::int64_t> at;
    if (const auto days = number(text); days && *days > 0 && *days <= kMaxDays) {
        at = now + std::int64_t{*days} * kDay;
    } else {
        at = date(text);
    }
    if (!at || *at <= now) {
        return Error{ErrorCode::kInvalid,
                     "not a number of days or a date to come: " + std::string(text),
                     {},
                     "for example 45 or 2031-12-31"};
    }
    return *at;
}

std::string format_utc(std::int64_t unix_seconds) {
    const std::time_t t = unix_seconds;
    std::tm parts{};
    char text[64] = "?";
    if (gmtime_r(&t, &parts) != nullptr) {
        std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts);
    }
    return text;
}

}  // namespace sluice::cli
