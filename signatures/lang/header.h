// SPDX-License-Identifier: Apache-2.0
// The part of a rule before its options: action, protocol, address and port expressions, arrow.
// Depth of lists is limited to kMaxDepth. Returns values that own their text. Any thread.
#pragma once

#include "signatures/lang/ast.h"

#include <string>
#include <string_view>

namespace sluice::lang {

inline constexpr int kMaxDepth = 16;  // lists within lists

// Why text is not right, and where: 'offset' bytes into the text that was given.
struct Fault {
    std::size_t offset = 0;
    std::string reason;
    bool unsupported = false;
};

// Fills 'out' from "any", "!$HOME_NET", "[80,90:100,!95]", ... False: see 'fault'. Places are
// columns of this text, line 1. Whether a literal is an address or a port is not looked at.
bool parse_expr(std::string_view text, Expr& out, Fault& fault);

// 'rule' is one logical line. Returns the offset of the '(' that opens the options, or npos with
// 'fault' set. Places in expressions are given as offsets in 'rule': line 0, column offset + 1; the
// caller knows the lines.
std::size_t parse_header(std::string_view rule, RuleAst& out, Fault& fault);

}  // namespace sluice::lang
