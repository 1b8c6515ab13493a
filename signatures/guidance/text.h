// SPDX-License-Identifier: Apache-2.0
// Values as rule text that no byte of theirs can break out of: contents, expressions, messages. Any
// thread.
#pragma once

#include "dataplane/base/cursor.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::guidance {

// With the quotes: "GET |0d 0a|". Whatever means something in rule text is written in hex.
std::string content_text(Bytes bytes);

// Bytes as an expression that matches just them.
std::string regex_text(Bytes bytes);

// Between quotes and slashes, with flags: "/EXPRESSION/s". REQUIRES: regex_fault(expression) is ""
// or it is our own.
std::string pcre_text(std::string_view expression, std::string_view flags);

// Why an author's expression cannot be put into a rule; "": it can. Its syntax is for
// signatures/compile to judge.
std::string regex_fault(std::string_view expression);

// Whether it speaks of the buffer's or a line's ends: ^ $ \A \Z \z \G outside classes.
bool has_anchor(std::string_view expression);

// With the quotes; " and \ escaped. A semicolon stays, as in lang::Option::value.
std::string message_text(std::string_view text);

std::vector<std::uint8_t> bytes_of(std::string_view text);

// UTF-8 that the TOML parser has proved valid -> UTF-16LE.
std::vector<std::uint8_t> utf16le_of(std::string_view text);

}  // namespace sluice::guidance
