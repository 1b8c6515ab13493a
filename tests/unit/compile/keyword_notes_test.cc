// SPDX-License-Identifier: Apache-2.0
// Every keyword with a handler is explained on the page, and no other.
#include "signatures/compile/keyword_notes.h"

#include "signatures/compile/keyword_handlers.h"
#include "signatures/lang/keywords.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace sluice::compile {
namespace {

TEST(KeywordNotes, OneForEachHandler) {
    std::set<std::string> handled;
    for (const HandlerRow& row : all_handler_rows()) {
        handled.emplace(row.keyword);
    }
    std::set<std::string> explained;
    for (const KeywordNote& note : keyword_notes()) {
        explained.emplace(note.keyword);
        EXPECT_TRUE(!note.meaning.empty() || !note.deviation.empty()) << note.keyword;
    }
    EXPECT_EQ(handled, explained);
}

TEST(KeywordNotes, ThePageHasEveryKeyword) {
    const std::string page = keyword_page();
    for (const lang::Keyword& k : lang::all_keywords()) {
        EXPECT_NE(page.find("`" + std::string(k.name) + "`"), std::string::npos) << k.name;
    }
}

}  // namespace
}  // namespace sluice::compile
