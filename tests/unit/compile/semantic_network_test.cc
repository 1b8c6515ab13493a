// SPDX-License-Identifier: Apache-2.0
#include "signatures/compile/semantic_network.h"

#include "signatures/lang/header.h"
#include "tests/unit/compile/semantic_fixture.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::compile {
namespace {

using Kind = bundle::AddressNode::Kind;

std::string hex(const std::array<std::uint8_t, 16>& a) {
    std::string out;
    for (std::size_t i = 8; i < 16; ++i) {
        constexpr const char* kDigits = "0123456789abcdef";
        out += kDigits[a[i] >> 4U];
        out += kDigits[a[i] & 15U];
    }
    return out;
}

std::string addresses(const std::string& text) {
    const CompileOptions options = default_compile_options();
    const NetworkReader reader(options);
    lang::Expr e;
    lang::Fault wrong;
    NetworkFault fault;
    if (!lang::parse_expr(text, e, wrong)) {
        return "syntax";
    }
    const bundle::AddressExpr nodes = reader.addresses(e, fault);
    std::string out;
    for (const bundle::AddressNode& n : nodes) {
        out += n.negated ? "!" : "";
        out += n.kind == Kind::kAny        ? "any "
               : n.kind == Kind::kVariable ? "$" + n.variable + " "
               : n.kind == Kind::kList     ? "list" + std::to_string(n.count) + " "
                                           : hex(n.lo) + "-" + hex(n.hi) + " ";
    }
    return fault.reason.empty() ? out : "invalid";
}

std::string ports(const std::string& text, CompileOptions options = default_compile_options()) {
    NetworkReader reader(options);
    lang::Expr e;
    lang::Fault wrong;
    NetworkFault fault;
    if (!lang::parse_expr(text, e, wrong)) {
        return "syntax";
    }
    std::string out;
    for (const bundle::PortRange& r : reader.ports(e, fault)) {
        out += std::to_string(r.lo) + "-" + std::to_string(r.hi) + " ";
    }
    return fault.reason.empty() ? out : fault.reason;
}

TEST(Addresses, Forms) {
    EXPECT_EQ(addresses("any"), "any ");
    EXPECT_EQ(addresses("!$HOME_NET"), "!$HOME_NET ");
    EXPECT_EQ(addresses("1.2.3.4"), "0000ffff01020304-0000ffff01020304 ");
    EXPECT_EQ(addresses("10.1.2.3/9"), "0000ffff0a000000-0000ffff0a7fffff ");
    EXPECT_EQ(addresses("1.2.3.4/255.255.0.0"), "0000ffff01020000-0000ffff0102ffff ");
    EXPECT_EQ(addresses("0.0.0.0/0"), "0000ffff00000000-0000ffffffffffff ");
    EXPECT_EQ(addresses("1.2.3.4-1.2.3.9"), "0000ffff01020304-0000ffff01020309 ");
    EXPECT_EQ(addresses("2001:db8::1/120"), "0000000000000000-00000000000000ff ");
    EXPECT_EQ(addresses("[1.2.3.4,![$HOME_NET,::1]]"),
              "list4 0000ffff01020304-0000ffff01020304 !list2 $HOME_NET "
              "0000000000000001-0000000000000001 ");
}

TEST(Addresses, Invalid) {
    for (const char* text :
         {"!any", "1.2.3", "010.1.2.3", "1.2.3.4/33", "1.2.3.4/255.0.255.0", "1.2.3.4-1.2.3.2",
          "1.2.3.4-::1", "::1/129", "::1/255.0.0.0", "$NOPE", "host", "1.2.3.4/", "/8"}) {
        EXPECT_EQ(addresses(text), "invalid") << text;
    }
}

TEST(Ports, Forms) {
    EXPECT_EQ(ports("any"), "0-65535 ");
    EXPECT_EQ(ports("80"), "80-80 ");
    EXPECT_EQ(ports("!80"), "0-79 81-65535 ");
    EXPECT_EQ(ports("[1024:]"), "1024-65535 ");
    EXPECT_EQ(ports(":80"), "0-80 ");
    EXPECT_EQ(ports("[90,80:85,86,84:88]"), "80-88 90-90 ");
    EXPECT_EQ(ports("[1:100,!50]"), "1-49 51-100 ");
    EXPECT_EQ(ports("[!80,!90]"), "0-79 81-89 91-65535 ");
    EXPECT_EQ(ports("[any,!0]"), "1-65535 ");
    EXPECT_EQ(ports("![80,90]"), "0-79 81-89 91-65535 ");
    EXPECT_EQ(ports("$FILE_DATA_PORTS"), "80-80 110-110 143-143 ");
    EXPECT_EQ(ports("$SHELLCODE_PORTS"), "0-79 81-65535 ");
    EXPECT_EQ(ports("!$SHELLCODE_PORTS"), "80-80 ");
    EXPECT_EQ(ports("[$HTTP_PORTS,!$SHELLCODE_PORTS]"), "80-80 ");
}

TEST(Ports, Invalid) {
    EXPECT_EQ(ports("!any"), "no port is left");
    EXPECT_EQ(ports("[80,!80]"), "no port is left");
    EXPECT_EQ(ports("90:80"), "'90:80' is not a port or range of ports");
    EXPECT_EQ(ports("65536"), "'65536' is not a port or range of ports");
    EXPECT_EQ(ports("-1"), "'-1' is not a port or range of ports");
    EXPECT_EQ(ports(":"), "':' is not a port or range of ports");
    EXPECT_EQ(ports("$NOPE"), "port variable $NOPE is not defined");
    CompileOptions circular;
    circular.port_vars = {{"A", "$B"}, {"B", "[$A,1]"}, {"C", "[1"}};
    EXPECT_NE(ports("$A", circular).find("nested too deeply"), std::string::npos);
    EXPECT_NE(ports("$C", circular).find("port variable $C"), std::string::npos);
}

TEST(Network, ProblemsHaveTheirPlaceAndSharedExpressionsOneIndex) {
    const Compiled bad = compile_rule("msg:\"x\";", "alert tcp any any -> [1.2.3.4,1.2.3.x] any");
    ASSERT_EQ(bad.verdict(), Verdict::kInvalid);
    EXPECT_EQ(bad.problems[0].where.column, 31U);
    const Compiled good = compile_rule("msg:\"x\";", "alert tcp $HOME_NET 80 -> $HOME_NET 80");
    EXPECT_EQ(good.model.addresses.size(), 1U);
    EXPECT_EQ(good.model.ports.size(), 1U);
    EXPECT_EQ(good.rules.at(0).src, good.rules.at(0).dst);
}

TEST(Network, NothingEntersTheModelForARuleThatDoesNotCompile) {
    const Compiled r = compile_rule(
        "content:\"abc\"; pcre:\"/x/\"; flowbits:set,a; smb.named_pipe; content:\"d\";");
    EXPECT_EQ(r.verdict(), Verdict::kUnsupported);
    EXPECT_TRUE(r.model == bundle::Model{});
}

}  // namespace
}  // namespace sluice::compile
