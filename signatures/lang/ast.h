// SPDX-License-Identifier: Apache-2.0
// The rule as written: header and options with their places, nothing interpreted yet. Made by
// signatures/lang from rule text and by signatures/guidance from TOML; turned into signatures by
// signatures/compile. Owns its text. Any thread.
#pragma once

#include "dataplane/base/result.h"

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::lang {

enum class Action : std::uint8_t {
    kAlert,
    kDrop,
    kReject,
    kRejectSrc,
    kRejectDst,
    kRejectBoth,
    kPass
};

enum class Arrow : std::uint8_t { kToRight, kBoth };  // "->" and "<>"

// One element of an address or port expression: a literal, a variable, or a bracketed list, each
// possibly negated.
struct Expr {
    enum class Kind : std::uint8_t { kAny, kLiteral, kVariable, kList };

    Kind kind = Kind::kAny;
    bool negated = false;
    std::string text;  // literal as written ("10.0.0.0/8", "80:90", "1.2.3.4-1.2.3.9"), or variable
                       // name without $
    std::vector<Expr> items;  // kList
    std::uint32_t line = 0;
    std::uint32_t column = 0;
};

struct Option {
    std::string name;  // lower case, aliases not resolved
    std::string
        value;  // as written after the colon, escapes kept except "\;" -> ";", outer blanks trimmed
    bool has_value = false;
    std::uint32_t line = 0;  // of the name
    std::uint32_t column = 0;
    std::uint32_t value_column = 0;
};

struct RuleAst {
    Action action = Action::kAlert;
    std::string proto;  // lower case: tcp, tcp-pkt, http, ip, ...
    Expr src;
    Expr src_ports;
    Expr dst;
    Expr dst_ports;
    Arrow arrow = Arrow::kToRight;
    std::vector<Option> options;
    std::uint32_t sid = 0;  // 0 when the text has none (an error found by the parser)
    SourceLocation where;   // of the first character of the rule
    std::string text;       // the whole rule on one line, for messages and for the bundle
    bool from_guidance = false;
};

// A problem with one rule or file. 'unsupported' means: well-formed, known to Suricata 7, not
// compiled by this version.
struct Problem {
    SourceLocation where;
    std::uint32_t sid = 0;  // 0: not known
    std::string keyword;    // empty: the rule header or the whole rule
    std::string reason;     // one line
    bool unsupported = false;
};

}  // namespace sluice::lang
