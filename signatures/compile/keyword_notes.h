// SPDX-License-Identifier: Apache-2.0
// What each keyword means, in a line, and where Sluice differs from Suricata 7.0.10: the text of
// signatures/lang/KEYWORDS.md. A constant table; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sluice::compile {

struct KeywordNote {
    std::string_view keyword;    // canonical
    std::string_view meaning;    // "": refused, for the reason in 'deviation'
    std::string_view deviation;  // "": none known
};

// Sorted by keyword; a row for every keyword that has a handler, and for no other (a test).
std::span<const KeywordNote> keyword_notes();

// Null: not compiled by this version.
const KeywordNote* find_note(std::string_view canonical);

// The whole page, in Markdown.
std::string keyword_page();

}  // namespace sluice::compile
