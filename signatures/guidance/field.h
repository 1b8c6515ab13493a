// SPDX-License-Identifier: Apache-2.0
// The names that a trigger's 'field' may have, and where in a rule they look. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::guidance {

// What bytes a field is over. Sides are bits: 1 the client's bytes, 2 the server's.
struct Buffer {
    std::string_view field;   // name in guidance
    std::string_view sticky;  // keyword of the rule language; "" for the payload
    std::uint8_t sides = 0;
    bool whole =
        true;  // complete when first seen, so "==" compares all of it; else a stream or a body
};

const Buffer* find_buffer(std::string_view field);

// The buffer of a header's value, when it has one of its own; null: it is a line in http.header.
const Buffer* find_header_buffer(std::string_view header, bool to_server);

const Buffer& header_lines();

struct Field {
    enum class Kind : std::uint8_t {
        kNamed,
        kHeader,
        kLocated
    };  // http.uri; http.header["Name"]; buffer

    Kind kind = Kind::kNamed;
    std::string name;                    // of the buffer, or of the header
    std::optional<std::uint32_t> index;  // [N], at most 65535
};

struct FieldResult {
    Field field;
    std::string fault;  // "": good
};

FieldResult parse_field(std::string_view text);

// A literal as in a content: plain bytes, with hex between bars: "a|0d 0a|b". Fault: why it is
// none.
struct LiteralResult {
    std::vector<std::uint8_t> bytes;
    std::string fault;
};

LiteralResult parse_literal(std::string_view text);

}  // namespace sluice::guidance
