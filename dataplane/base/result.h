// SPDX-License-Identifier: Apache-2.0
// Result<T>: a value, or one Error that says what is wrong, where, and what to do next. For
// control-side work (rules, bundles, config, requests): hostile packets are never an Error, they
// are a Reason. Owns its text. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace sluice {

// A place in a text; line and column count from 1, 0 means unknown.
struct SourceLocation {
    std::string file;
    std::uint32_t line = 0;
    std::uint32_t column = 0;
};

enum class ErrorCode : std::uint8_t {
    kInvalid,       // the input is malformed
    kUnsupported,   // well-formed, not handled by this version
    kNotFound,      // a file or object is missing
    kIo,            // the operating system said no
    kSignature,     // cryptographic check failed
    kExpired,       // valid once, not now
    kDowngrade,     // older than what runs
    kIncompatible,  // made for another engine
    kExhausted,     // a limit was reached
    kTimeout,       // a deadline passed
};

struct Error {
    ErrorCode code = ErrorCode::kInvalid;
    std::string message;        // what is wrong, one line, no trailing full stop
    SourceLocation where = {};  // empty file: no place
    std::string hint = {};      // the next step for the reader; may be empty

    // "file:line:column: message (hint)" as printed to people.
    std::string to_string() const {
        std::string out;
        if (!where.file.empty()) {
            out += where.file;
            if (where.line != 0) {
                out += ':' + std::to_string(where.line);
                if (where.column != 0) {
                    out += ':' + std::to_string(where.column);
                }
            }
            out += ": ";
        }
        out += message;
        if (!hint.empty()) {
            out += " (" + hint + ")";
        }
        return out;
    }
};

template <typename T>
class [[nodiscard]] Result {
  public:
    // NOLINTNEXTLINE(google-explicit-constructor)
    Result(T value) : v_(std::in_place_index<0>, std::move(value)) {}

    // NOLINTNEXTLINE(google-explicit-constructor)
    Result(Error error) : v_(std::in_place_index<1>, std::move(error)) {}

    bool ok() const { return v_.index() == 0; }

    explicit operator bool() const { return ok(); }

    // REQUIRES: ok()
    T& value() & { return *std::get_if<0>(&v_); }

    const T& value() const& { return *std::get_if<0>(&v_); }

    T&& value() && { return std::move(*std::get_if<0>(&v_)); }

    // REQUIRES: !ok()
    const Error& error() const { return *std::get_if<1>(&v_); }

  private:
    std::variant<T, Error> v_;
};

struct Unit {};

using Status = Result<Unit>;

inline Status ok_status() {
    return Unit{};
}

}  // namespace sluice
