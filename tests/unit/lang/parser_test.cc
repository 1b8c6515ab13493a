// SPDX-License-Identifier: Apache-2.0
#include "signatures/lang/parser.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::lang {
namespace {

constexpr const char* kHeader = "alert tcp any any -> any any ";

std::string rule(const std::string& options) {
    return kHeader + ("(" + options + ")");
}

ParseResult parse(const std::string& text) {
    return parse_rules(text, "t.rules");
}

TEST(Parser, OptionsWithPlaces) {
    const ParseResult r = parse("\n" + rule("MSG : \"a\" ; nocase;content:\"b\"; sid:7;") + "\n");
    ASSERT_TRUE(r.problems.empty());
    ASSERT_EQ(r.rules.size(), 1U);
    const RuleAst& ast = r.rules[0];
    EXPECT_EQ(ast.sid, 7U);
    EXPECT_EQ(ast.where.line, 2U);
    EXPECT_EQ(ast.where.file, "t.rules");
    ASSERT_EQ(ast.options.size(), 4U);
    EXPECT_EQ(ast.options[0].name, "msg");
    EXPECT_EQ(ast.options[0].value, "\"a\"");
    EXPECT_EQ(ast.options[0].column, 31U);
    EXPECT_EQ(ast.options[0].value_column, 37U);
    EXPECT_FALSE(ast.options[1].has_value);
    EXPECT_EQ(ast.options[2].value, "\"b\"");
}

TEST(Parser, EscapesOfSemicolons) {
    const auto value = [](const std::string& raw) {
        const ParseResult r = parse(rule("content:\"" + raw + "\"; sid:1;"));
        return r.rules.empty() ? "problem" : r.rules[0].options[0].value;
    };
    EXPECT_EQ(value("a\\;b"), "\"a;b\"");
    EXPECT_EQ(value("a\\\"\\:\\\\"), "\"a\\\"\\:\\\\\"");
    // A ';' right after an escaped backslash does not end the option, and its backslash is not the
    // one that is taken away.
    EXPECT_EQ(value("a\\\\;b"), "\"a\\\\;b\"");
}

TEST(Parser, QuotesDoNotProtectSemicolons) {
    const ParseResult r = parse(rule("content:\"a;b\"; sid:1;"));
    ASSERT_EQ(r.rules.size(), 1U);
    EXPECT_EQ(r.rules[0].options[0].value, "\"a");
    EXPECT_EQ(r.rules[0].options[1].name, "b\"");
}

TEST(Parser, OneProblemPerBadRuleAndOnWithTheNext) {
    struct Case {
        std::string text;
        std::string reason;
    };

    const Case cases[] = {
        {rule("msg:\"a\";"), "rule has no sid"},
        {rule("sid:0;"), "sid 0 is not allowed"},
        {rule("sid:x;"), "'x' is not a number"},
        {rule("sid:4294967296;"), "'4294967296' is not a number"},
        {rule("sid:1; sid:2;"), "keyword sid is given twice"},
        {rule("sid:1; rev:0;"), "rev 0 is not allowed"},
        {rule("sid:1; rev:1; rev:1;"), "keyword rev is given twice"},
        {rule("sid:1; gid:x;"), "'x' is not a number"},
        {rule("sid:1"), "option is not ended by ';'"},
        {rule("sid:1;;"), "option without a name"},
        {rule("sid:1; :x;"), "option without a name"},
        {rule("sid:1;") + " x", "')' expected at the end of the rule"},
        {std::string(kHeader) + "(", "')' expected at the end of the rule"},
        {std::string("alert tcp any any -> any any (sid\0:1;)", 38), "rule contains a NUL byte"},
        {"nonsense", "unknown action 'nonsense'"},
    };
    for (const Case& c : cases) {
        const ParseResult r = parse(c.text + "\n" + rule("sid:9;") + "\n");
        ASSERT_EQ(r.problems.size(), 1U) << c.text;
        EXPECT_EQ(r.problems[0].reason, c.reason) << c.text;
        EXPECT_EQ(r.problems[0].where.line, 1U);
        EXPECT_NE(r.problems[0].where.column, 0U);
        ASSERT_EQ(r.rules.size(), 1U) << c.text;
        EXPECT_EQ(r.rules[0].sid, 9U);
    }
}

TEST(Parser, BrokenRulesKeepTheirSidForTheReader) {
    const ParseResult r = parse("alert tcp any any -> any (msg:\"x\"; sid: 77; rev:1;)");
    ASSERT_EQ(r.problems.size(), 1U);
    EXPECT_EQ(r.problems[0].sid, 77U);
}

TEST(Parser, HigherRevWinsLowerIsAProblem) {
    const auto outcome = [](const std::string& a, const std::string& b) {
        const ParseResult r = parse(rule(a) + "\n" + rule(b));
        std::string out;
        for (const RuleAst& ast : r.rules) {
            out += std::to_string(ast.where.line) + " ";
        }
        return out + "problems " + std::to_string(r.problems.size());
    };
    EXPECT_EQ(outcome("sid:1; rev:1;", "sid:1; rev:2;"), "2 problems 0");
    EXPECT_EQ(outcome("sid:1; rev:2;", "sid:1; rev:1;"), "1 problems 1");
    EXPECT_EQ(outcome("sid:1; rev:2;", "sid:1; rev:2;"), "1 problems 1");
    EXPECT_EQ(outcome("sid:1; gid:2;", "sid:1;"), "1 2 problems 0");
}

TEST(Parser, RulesOverSeveralLines) {
    const ParseResult r =
        parse("alert tcp any any -> any any (msg:\"a\"; \\\n  content:\"b\"; \\\n  sid:1;)\n");
    ASSERT_EQ(r.rules.size(), 1U);
    EXPECT_EQ(r.rules[0].options[1].line, 2U);
    EXPECT_EQ(r.rules[0].options[1].column, 3U);
    EXPECT_EQ(r.rules[0].options[2].line, 3U);
    EXPECT_EQ(r.rules[0].text.find('\n'), std::string::npos);
}

TEST(Parser, LimitsAreProblems) {
    std::string many;
    for (std::size_t i = 0; i <= kMaxOptions; ++i) {
        many += "x;";
    }
    EXPECT_EQ(parse(rule(many + "sid:1;")).problems.at(0).reason,
              "rule has more than 1024 options");
    EXPECT_EQ(parse(rule("msg:\"" + std::string(kMaxRuleBytes, 'a') + "\"; sid:1;"))
                  .problems.at(0)
                  .reason,
              "rule is longer than 65535 bytes");
}

}  // namespace
}  // namespace sluice::lang
