// SPDX-License-Identifier: Apache-2.0
#include "signatures/lang/header.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::lang {
namespace {

std::string show(const Expr& e) {
    std::string out = e.negated ? "!" : "";
    switch (e.kind) {
        case Expr::Kind::kAny:
            return out + "any";
        case Expr::Kind::kLiteral:
            return out + e.text;
        case Expr::Kind::kVariable:
            return out + "$" + e.text;
        case Expr::Kind::kList:
            break;
    }
    out += "[";
    for (const Expr& item : e.items) {
        out += show(item) + " ";
    }
    return out + "]";
}

std::string expr(std::string_view text) {
    Expr e;
    Fault fault;
    return parse_expr(text, e, fault) ? show(e) : "fault: " + fault.reason;
}

TEST(Expr, Forms) {
    EXPECT_EQ(expr("any"), "any");
    EXPECT_EQ(expr("ANY"), "any");
    EXPECT_EQ(expr("!$HOME_NET"), "!$HOME_NET");
    EXPECT_EQ(expr("!!80"), "80");
    EXPECT_EQ(expr("[80, 90:100,!95]"), "[80 90:100 !95 ]");
    EXPECT_EQ(expr("![1.2.3.4,[::1,!$X]]"), "![1.2.3.4 [::1 !$X ] ]");
    EXPECT_EQ(expr("80,90"), "[80 90 ]");
    EXPECT_EQ(expr("[80]"), "[80 ]");
}

TEST(Expr, Faults) {
    for (const char* text : {"", "!", "[", "[]", "]", "[80", "80]", "[80,,90]", "[80,]", ",80",
                             "a b", "$", "[80 90]", "80!", "[80][90]"}) {
        EXPECT_EQ(expr(text).substr(0, 6), "fault:") << text << " -> " << expr(text);
    }
}

TEST(Expr, DepthIsLimited) {
    const auto nested = [](std::size_t n) {
        return std::string(n, '[') + "80" + std::string(n, ']');
    };
    EXPECT_EQ(expr(nested(16)).substr(0, 5), "[[[[[");
    EXPECT_EQ(expr(nested(17)), "fault: lists are nested too deeply");
    EXPECT_EQ(expr(nested(100000)), "fault: lists are nested too deeply");
}

TEST(Header, WholeAndPlaces) {
    RuleAst rule;
    Fault fault;
    const std::string text = "Alert TCP $EXTERNAL_NET [1, 2] <> !10.0.0.0/8 any (x)";
    EXPECT_EQ(parse_header(text, rule, fault), text.find('('));
    EXPECT_EQ(rule.action, Action::kAlert);
    EXPECT_EQ(rule.proto, "tcp");
    EXPECT_EQ(rule.arrow, Arrow::kBoth);
    EXPECT_EQ(show(rule.src_ports), "[1 2 ]");
    EXPECT_EQ(rule.dst.column, text.find('!') + 1);
    EXPECT_EQ(show(rule.dst_ports), "any");
}

TEST(Header, Faults) {
    struct Case {
        const char* text;
        const char* reason;
        std::size_t offset;
    };

    const Case cases[] = {
        {"log tcp any any -> any any (", "unknown action 'log'", 0},
        {"alert", "protocol is missing", 5},
        {"alert tcp any any <- any any (", "'->' or '<>' expected, not '<-'", 18},
        {"alert tcp any any -> any any", "'(' expected before the options", 28},
        {"alert tcp any any -> any (", "destination port is missing", 25},
        {"alert tcp [1,2 any -> any any (", "malformed element '2 any -> any any'", 30},
    };
    for (const Case& c : cases) {
        RuleAst rule;
        Fault fault;
        EXPECT_EQ(parse_header(c.text, rule, fault), std::string_view::npos) << c.text;
        EXPECT_EQ(fault.reason, c.reason) << c.text;
        EXPECT_EQ(fault.offset, c.offset) << c.text;
        EXPECT_FALSE(fault.unsupported);
    }
    RuleAst rule;
    Fault fault;
    parse_header("config tcp any any -> any any (", rule, fault);
    EXPECT_TRUE(fault.unsupported);
}

}  // namespace
}  // namespace sluice::lang
