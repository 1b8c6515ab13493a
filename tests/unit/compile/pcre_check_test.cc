// SPDX-License-Identifier: Apache-2.0
#include "signatures/compile/pcre_check.h"

#include <gtest/gtest.h>

namespace sluice::compile {
namespace {

struct Case {
    const char* pattern;
    std::uint32_t flags;
    bool whole_buffer;
    bool in_pieces;
};

TEST(PcreCheck, Table) {
    PcreCheck check;
    for (const Case& c : {
             Case{"[a-f0-9]{32}", 0, true, true},
             Case{"^/[a-f0-9]{32}$", 0, true, false},             // anchors need the ends
             Case{"foo.*bar", bundle::kPcreDotAll, true, false},  // longer than the overlap
             Case{"[a-f0-9]{64}", 0, true, false},
             Case{"\\bword", 0, true, false},
             Case{"a*", 0, false, false},  // may be empty
             Case{"(unclosed", 0, false, false},
             Case{"(a)\\1{2,}x", 0, true, false},  // back reference: a prefilter form exists
             Case{"foo(?=bar)", 0, true, false},
             Case{"abc # comment\ndef", bundle::kPcreExtended, true, true},
             Case{"abc", bundle::kPcreAnchored, true, false},
         }) {
        EXPECT_EQ(check.usable({c.pattern, c.flags}, false), c.whole_buffer) << c.pattern;
        EXPECT_EQ(check.usable({c.pattern, c.flags}, true), c.in_pieces) << c.pattern;
    }
}

TEST(PcreCheck, HugeOrZeroBytesAreLeftOut) {
    PcreCheck check;
    EXPECT_FALSE(check.usable({std::string(5000, 'a'), 0}, false));
    EXPECT_FALSE(check.usable({std::string("a\0b", 3), 0}, false));
}

TEST(PcreCheck, AnchoredKeepsItsAnchorUnderMultiline) {
    const HsExpression e = hs_expression("a|b", bundle::kPcreAnchored | bundle::kPcreMultiline);
    EXPECT_EQ(e.text, "\\A(?:a|b)");
    const HsExpression extended =
        hs_expression("a # x", bundle::kPcreAnchored | bundle::kPcreExtended);
    EXPECT_EQ(extended.text, "(?x)\\A(?:a # x\n)");
}

}  // namespace
}  // namespace sluice::compile
