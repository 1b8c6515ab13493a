// SPDX-License-Identifier: Apache-2.0
// The control protocol of sluice-dataplane: one request per connection, one JSON object on one
// line, answered by one line.
//   {"cmd":"status"}  {"cmd":"stats"}  {"cmd":"reload","bundle":"/path/x.sigb"}  {"cmd":"stop"}
//   {"cmd":"reopen"}
//   {"ok":true,"result":...}   {"ok":false,"error":"...","hint":"..."}
// Both sides cap what they read before they parse it. Owns its text. Any thread.
#pragma once

#include "dataplane/base/result.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::control {

inline constexpr std::size_t kMaxRequestBytes = 8 * 1024;
inline constexpr std::size_t kMaxResponseBytes = 1024 * 1024;

enum class Command : std::uint8_t { kStatus, kStats, kReload, kReopen, kStop };

struct Request {
    Command command = Command::kStatus;
    std::string bundle;  // kReload; empty: the bundle of the configuration
};

Result<Request> parse_request(std::string_view line);

// One line, with its newline.
std::string format_request(const Request& request);

// 'result' is JSON text already.
std::string format_success(std::string_view result);
std::string format_failure(const Error& error);

// The result's JSON text, or the error that the other side reported.
Result<std::string> parse_response(std::string_view line);

}  // namespace sluice::control
