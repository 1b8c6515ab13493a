// SPDX-License-Identifier: Apache-2.0
// Well-formed IP headers that no honest packet arrives with: refused inline, counted and still
// inspected in a tap; each with a twin that is let through.
#include "tests/support/counter_delta.h"
#include "tests/support/test_batch.h"
#include "tests/support/usual_packets.h"

#include <gtest/gtest.h>

namespace sluice::decode {
namespace {

using packet::Reason;
using test::PacketBuilder;
using test::TestBatch;
using test::v4;
using test::v6;

constexpr std::array<std::uint8_t, 7> kLooseRoute = {131, 7, 4, 10, 0, 0, 1};
constexpr std::array<std::uint8_t, 8> kStrictRoute = {1, 137, 7, 4, 10, 0, 0, 1};
constexpr std::array<std::uint8_t, 4> kRouterAlert = {148, 4, 0, 0};
constexpr std::array<std::uint8_t, 7> kRoutingType0 = {0, 0, 1, 0, 0, 0, 0};
constexpr std::array<std::uint8_t, 7> kRoutingType2 = {0, 2, 1, 0, 0, 0, 0};

// What follows the next-header byte: length, then options.
constexpr std::array<std::uint8_t, 7> kPadding = {0, 1, 4, 0, 0, 0, 0};
constexpr std::array<std::uint8_t, 7> kEmptyPadding = {0, 1, 0, 1, 0, 1, 0};
constexpr std::array<std::uint8_t, 7> kAlertOption = {0, 5, 2, 0, 0, 0, 0};
constexpr std::array<std::uint8_t, 7> kUnknownOption = {0, 0x1e, 2, 0, 0, 0, 0};
constexpr std::array<std::uint8_t, 7> kCutOption = {0, 1, 2, 0, 0, 0x1e, 200};
constexpr std::array<std::uint8_t, 11> kAuth = {1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1};
constexpr std::array<std::uint8_t, 11> kReservedAuth = {1, 0, 9, 0, 0, 0, 1, 0, 0, 0, 1};

constexpr std::array<std::uint8_t, 7> kAtomic = {0, 0, 0, 0, 0, 0, 1};  // a fragment header

struct Case {
    std::string name;
    PacketBuilder builder;
    std::vector<Reason> counted;
    Reason drop = Reason::none;  // inline
};

std::vector<Case> cases() {
    return {
        {"loose source route",
         v4().ip_options(kLooseRoute).udp(1, 2),
         {Reason::ipv4_options, Reason::ip_source_route},
         Reason::ip_source_route},
        {"strict source route behind a NOP",
         v4().ip_options(kStrictRoute).tcp(1, 2),
         {Reason::ipv4_options, Reason::ip_source_route},
         Reason::ip_source_route},
        {"router alert", v4().ip_options(kRouterAlert).udp(1, 2), {Reason::ipv4_options}},
        {"IPv6 routing header type 0",
         v6().extension(43, kRoutingType0).tcp(1, 2),
         {Reason::ip_source_route},
         Reason::ip_source_route},
        {"IPv6 routing header type 2", v6().extension(43, kRoutingType2).tcp(1, 2), {}},
        {"TTL 0", v4().ttl(0).tcp(1, 2), {Reason::ip_low_ttl}, Reason::ip_low_ttl},
        {"TTL 1", v4().ttl(1).tcp(1, 2), {}},
        {"hop-by-hop options nobody knows",
         v6().extension(0, kUnknownOption).udp(1, 2),
         {Reason::ipv6_hopopts_unknown}},
        {"destination options nobody knows, twice",
         v6().extension(60, kUnknownOption).extension(60, kUnknownOption).udp(1, 2),
         {Reason::ipv6_dstopts_unknown}},
        {"an option that ends behind its header",
         v6().extension(60, kCutOption).udp(1, 2),
         {Reason::ipv6_dstopts_unknown}},
        {"router alert of IPv6", v6().extension(0, kAlertOption).udp(1, 2), {}},
        {"padding alone in both",
         v6().extension(0, kPadding).extension(60, kPadding).udp(1, 2),
         {Reason::ipv6_hopopts_padding, Reason::ipv6_dstopts_padding}},
        {"padding of no bytes",
         v6().extension(60, kEmptyPadding).udp(1, 2),
         {Reason::ipv6_empty_padding, Reason::ipv6_dstopts_padding}},
        {"three headers of destination options",
         v6().extension(60, kAlertOption)
             .extension(60, kAlertOption)
             .extension(60, kAlertOption)
             .udp(1, 2),
         {Reason::ipv6_duplicate_dstopts}},
        {"two routing headers",
         v6().extension(43, kRoutingType2).extension(43, kRoutingType2).tcp(1, 2),
         {Reason::ipv6_duplicate_routing}},
        {"two authentication headers, one of them odd",
         v6().extension(51, kReservedAuth).extension(51, kAuth).tcp(1, 2),
         {Reason::ipv6_duplicate_auth, Reason::ipv6_auth_reserved}},
        {"two atomic fragment headers",
         v6().extension(44, kAtomic).extension(44, kAtomic).tcp(1, 2),
         {Reason::fragment_atomic, Reason::ipv6_duplicate_fragment}},
        {"hop limit 0", v6().ttl(0).udp(1, 2), {Reason::ip_low_ttl}, Reason::ip_low_ttl},
    };
}

std::string counted_beyond(const packet::ReasonCounters& got, const std::vector<Reason>& expected) {
    packet::ReasonCounters want{};
    for (const Reason r : expected) {
        packet::count(want, r);
    }
    std::string text;
    for (std::size_t i = 0; i < packet::kReasonCount; ++i) {
        if (got[i] != want[i]) {
            text += std::string(packet::kReasons[i].name) + " " + std::to_string(got[i]) + "; ";
        }
    }
    return text;
}

TEST(DecodeOdd, InlineRefusesWhatTheReceiverMayNotGet) {
    for (const Case& c : cases()) {
        TestBatch batch;
        const packet::Packet& p = batch.add(c.builder);
        EXPECT_EQ(counted_beyond(batch.decode(), c.counted), "") << c.name;
        EXPECT_EQ(p.reason, c.drop) << c.name;
        EXPECT_EQ(p.dropped(), c.drop != Reason::none) << c.name;
    }
}

TEST(DecodeOdd, TapCountsAndInspects) {
    for (const Case& c : cases()) {
        TestBatch batch;
        const packet::Packet& p = batch.add(c.builder);
        const packet::ReasonCounters reasons = batch.decode({.drop_malformed = false});
        EXPECT_EQ(counted_beyond(reasons, c.counted), "") << c.name;
        EXPECT_FALSE(p.dropped()) << c.name;
        EXPECT_TRUE(p.l4_ok) << c.name;
    }
}

TEST(DecodeOdd, SwitchesLetThemPass) {
    TestBatch batch;
    const packet::Packet& routed = batch.add(v4().ip_options(kLooseRoute).udp(1, 2));
    const packet::Packet& dying = batch.add(v4().ttl(0).udp(1, 2));
    const packet::Packet& far = batch.add(v4().ttl(3).udp(1, 2));
    (void)batch.decode({.drop_source_route = false, .min_ttl = 0});
    EXPECT_FALSE(routed.dropped());
    EXPECT_TRUE(routed.l4_ok);
    EXPECT_FALSE(dying.dropped());
    EXPECT_FALSE(far.dropped());
}

TEST(DecodeOdd, MinTtlIsTheNumberOfHopsBehindUs) {
    TestBatch batch;
    const packet::Packet& dies = batch.add(v4().ttl(3).tcp(1, 2));
    const packet::Packet& arrives = batch.add(v4().ttl(4).tcp(1, 2));
    const packet::ReasonCounters reasons = batch.decode({.min_ttl = 4});
    EXPECT_EQ(counted_beyond(reasons, {Reason::ip_low_ttl}), "");
    EXPECT_TRUE(dies.dropped());
    EXPECT_FALSE(arrives.dropped());
}

}  // namespace
}  // namespace sluice::decode
