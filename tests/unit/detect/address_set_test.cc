// SPDX-License-Identifier: Apache-2.0
#include "dataplane/detect/address_set.h"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <string>

namespace sluice::detect {
namespace {

packet::IpAddr ip(const char* text) {
    packet::IpAddr a;
    if (inet_pton(AF_INET, text, a.bytes.data() + 12) == 1) {
        a.bytes[10] = a.bytes[11] = 0xff;
    } else {
        EXPECT_EQ(inet_pton(AF_INET6, text, a.bytes.data()), 1) << text;
    }
    return a;
}

// The expression as a site writes it, through a variable.
Result<AddressSet> resolve(const std::string& text, SiteVars vars = SiteVars::defaults()) {
    vars.addresses["X"] = text;
    bundle::AddressNode n;
    n.kind = bundle::AddressNode::Kind::kVariable;
    n.variable = "X";
    return AddressSet::resolve({n}, vars);
}

bundle::AddressNode range(const char* lo, const char* hi, bool negated = false) {
    bundle::AddressNode n;
    n.kind = bundle::AddressNode::Kind::kRange;
    n.lo = ip(lo).bytes;
    n.hi = ip(hi).bytes;
    n.negated = negated;
    return n;
}

struct Case {
    const char* expression;
    const char* address;
    bool in;
};

class AddressSets : public testing::TestWithParam<Case> {};

TEST_P(AddressSets, Contain) {
    const auto set = resolve(GetParam().expression);
    ASSERT_TRUE(set.ok()) << set.error().to_string();
    EXPECT_EQ(set.value().contains(ip(GetParam().address)), GetParam().in);
}

INSTANTIATE_TEST_SUITE_P(
    Table, AddressSets,
    testing::Values(
        Case{"any", "1.2.3.4", true}, Case{"any", "2001:db8::1", true},
        Case{"10.0.0.0/8", "10.255.255.255", true}, Case{"10.0.0.0/8", "11.0.0.0", false},
        Case{"10.0.0.0/8", "9.255.255.255", false}, Case{"10.0.0.0/8", "2001:db8::1", false},
        Case{"0.0.0.0/0", "255.255.255.255", true}, Case{"0.0.0.0/0", "2001:db8::1", false},
        Case{"1.2.3.4", "1.2.3.4", true}, Case{"1.2.3.4", "1.2.3.5", false},
        Case{"1.2.3.4-1.2.3.9", "1.2.3.9", true}, Case{"1.2.3.4-1.2.3.9", "1.2.3.10", false},
        Case{"10.0.0.0/255.255.0.0", "10.0.9.9", true},
        Case{"10.0.0.0/255.255.0.0", "10.1.0.0", false}, Case{"!10.0.0.0/8", "11.0.0.1", true},
        Case{"!10.0.0.0/8", "10.0.0.1", false}, Case{"!10.0.0.0/8", "2001:db8::1", true},
        Case{"[10.0.0.0/8,!10.1.0.0/16]", "10.1.2.3", false},
        Case{"[10.0.0.0/8,!10.1.0.0/16]", "10.2.2.3", true},
        Case{"[10.0.0.0/8,!10.1.0.0/16]", "11.2.2.3", false},
        Case{"[!10.1.0.0/16,!10.2.0.0/16]", "10.3.0.1", true},
        Case{"[!10.1.0.0/16,!10.2.0.0/16]", "10.2.0.1", false},
        Case{"![10.0.0.0/8,192.168.0.0/16]", "192.168.0.1", false},
        Case{"![10.0.0.0/8,192.168.0.0/16]", "8.8.8.8", true}, Case{"!$HOME_NET", "8.8.8.8", true},
        Case{"!$HOME_NET", "192.168.9.9", false}, Case{"$EXTERNAL_NET", "172.16.0.1", false},
        Case{"$EXTERNAL_NET", "172.32.0.1", true}, Case{"[$HOME_NET,8.8.8.8]", "8.8.8.8", true},
        Case{"[10.0.0.0/8, [1.1.1.1, !10.9.0.0/16]]", "10.9.0.1", false},
        Case{"[10.0.0.0/8, [1.1.1.1, !10.9.0.0/16]]", "1.1.1.1", true},
        Case{"2001:db8::/32", "2001:db8:ffff::1", true},
        Case{"2001:db8::/32", "2001:db9::1", false}, Case{"!2001:db8::/32", "10.0.0.1", true},
        Case{"::/0", "10.0.0.1", true}, Case{"[255.255.255.255,0.0.0.0]", "255.255.255.255", true},
        Case{"[255.255.255.255,0.0.0.0]", "0.0.0.0", true},
        Case{"[255.255.255.255,0.0.0.0]", "1.0.0.0", false}));

TEST(AddressSet, FlatListsNestByCount) {
    bundle::AddressNode outer;
    outer.kind = bundle::AddressNode::Kind::kList;
    outer.count = 4;
    bundle::AddressNode inner;
    inner.kind = bundle::AddressNode::Kind::kList;
    inner.count = 1;
    inner.negated = true;
    const auto set =
        AddressSet::resolve({outer, range("10.0.0.0", "10.255.255.255"), inner,
                             range("10.1.0.0", "10.1.255.255"), range("8.8.8.8", "8.8.8.8")},
                            {});
    ASSERT_TRUE(set.ok());
    EXPECT_TRUE(set.value().contains(ip("10.0.0.1")));
    EXPECT_FALSE(set.value().contains(ip("10.1.0.1")));
    EXPECT_TRUE(set.value().contains(ip("8.8.8.8")));
}

TEST(AddressSet, UnknownVariableIsNamed) {
    const auto set = resolve("$NOBODY");
    ASSERT_FALSE(set.ok());
    EXPECT_EQ(set.error().code, ErrorCode::kNotFound);
    EXPECT_NE(set.error().message.find("$NOBODY"), std::string::npos);
}

TEST(AddressSet, CircleOfVariablesIsAnError) {
    SiteVars vars;
    vars.addresses["A"] = "$B";
    vars.addresses["B"] = "!$A";
    EXPECT_FALSE(resolve("$A", vars).ok());
}

TEST(AddressSet, NonsenseIsAnError) {
    for (const char* text : {"", "10.0.0.0/33", "10.0.0", "1.2.3.9-1.2.3.4", "[10.0.0.0/8",
                             "10.0.0.0/x", "1.2.3.4-::1", "]["}) {
        EXPECT_FALSE(resolve(text).ok()) << text;
    }
}

}  // namespace
}  // namespace sluice::detect
