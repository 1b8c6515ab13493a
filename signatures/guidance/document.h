// SPDX-License-Identifier: Apache-2.0
// A guidance text as plain values with their places: what document.cc, the only user of toml++
// here, hands to the compiler. Strict: an unknown key, a wrong type or a missing key is a Problem.
// Owns its text. Any thread.
#pragma once

#include "signatures/lang/ast.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::guidance {

struct Place {
    std::uint32_t line = 0;  // both from 1; 0: the key is absent
    std::uint32_t column = 0;
};

struct Text {
    std::string text;
    Place at;
};

struct Value {
    enum class Kind : std::uint8_t { kNone, kInteger, kText, kList, kMask };

    Kind kind = Kind::kNone;
    std::uint64_t integer = 0;  // kInteger; kMask: the mask
    std::uint64_t equals = 0;   // kMask: value = { mask = M, equals = E }
    std::string text;
    std::vector<Value> list;  // integers and texts
    Place at;
};

struct Trigger {
    Text field;
    Text type;
    Text op;
    Value value;
    Place at;
};

struct ParseStep {
    std::uint64_t step = 0;
    Text locate;
    Place at;
};

struct Delivery {
    Text kind;
    Text protocol;
    Text format;
    std::vector<Text> carriers;
    Text direction;
    std::vector<std::uint16_t> ports;
    Place at;
};

struct Document {
    Text cve;
    Text public_text;
    bool required = false;
    std::uint32_t revision = 1;
    Delivery delivery;
    std::vector<ParseStep> steps;
    std::vector<Trigger> triggers;
    std::string network_detectable = "yes";  // yes | partial | no
    std::string action = "alert";            // block | alert
};

// Adds to 'problems'; the document holds what could be read. The CVE is "" unless it has the form
// CVE-YYYY-NNNN.
Document load_document(std::string_view toml, const std::string& file,
                       std::vector<lang::Problem>& problems);

}  // namespace sluice::guidance
