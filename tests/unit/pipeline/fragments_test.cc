// SPDX-License-Identifier: Apache-2.0
// Exploits in IP fragments through the whole pipeline: the receiver never gets the datagram that
// completes them, its benign twin arrives.
#include "tests/support/fragments.h"

#include "tests/property/rule_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace sluice::test {
namespace {

constexpr std::size_t kHandshake = 3;
constexpr std::uint32_t kSid = 1;

std::vector<RuleSpec> exploit_rule() {
    ContentSpec content;
    content.bytes = "EXPLOIT";
    return {{kSid, Direction::kToServer, {content}}};
}

Outcome run(const std::vector<Frame>& frames, bool inline_mode = true) {
    return World(exploit_rule(), inline_mode ? "drop" : "alert", inline_mode).run(frames, 4);
}

// An open connection, then these.
std::vector<Frame> after_handshake(const std::vector<Frame>& frames) {
    std::vector<Frame> all = handshake(Peers{});
    all.insert(all.end(), frames.begin(), frames.end());
    return all;
}

std::vector<Frame> cut(const Frame& whole, std::size_t size, std::uint32_t id = 1) {
    std::vector<Frame> out;
    const std::size_t end = ip_payload_size(whole);
    for (std::size_t at = 0; at < end; at += size) {
        out.push_back(fragment_of(whole, at, std::min(end, at + size), id));
    }
    return out;
}

const std::string kAttack = "some text and the EXPLOIT behind it, and more text";
const std::string kBenign = "some text and the explain behind it, and more text";

Frame segment(const std::string& stream) {
    return client_segment(Peers{}, stream, {0, stream.size()});
}

// The bytes of frame's IP packet, inside another one.
Frame in_tunnel(const Frame& frame) {
    return PacketBuilder()
        .ipv4("192.0.2.1", "192.0.2.2")
        .ip_proto(4)
        .payload(Bytes(frame).subspan(14))
        .build();
}

std::vector<Frame> each_in_tunnel(std::vector<Frame> frames) {
    for (Frame& f : frames) {
        f = in_tunnel(f);
    }
    return frames;
}

TEST(FragmentPipeline, AnExploitInAnyOrderOfFragmentsIsDropped) {
    std::array<std::size_t, 3> order{0, 1, 2};
    do {
        for (const std::string& text : {kAttack, kBenign}) {
            const std::vector<Frame> pieces = cut(segment(text), 32);
            ASSERT_EQ(pieces.size(), order.size());
            const Outcome o =
                run(after_handshake({pieces[order[0]], pieces[order[1]], pieces[order[2]]}));
            const bool attack = text == kAttack;
            EXPECT_EQ(o.sids.contains(kSid), attack);
            EXPECT_EQ(o.dropped, attack ? 1U : 0U);
            EXPECT_EQ(o.in, o.forwarded.size() + o.dropped);
            EXPECT_EQ(std::count(o.forwarded.begin(), o.forwarded.end(), pieces[order[2]]),
                      attack ? 0 : 1);
        }
    } while (std::next_permutation(order.begin(), order.end()));
}

TEST(FragmentPipeline, TheDroppedFragmentStaysOut) {
    std::vector<Frame> frames = cut(segment(kAttack), 32);
    frames.push_back(frames.back());
    frames.push_back(frames.back());
    EXPECT_EQ(run(after_handshake(frames)).dropped, 3U);
}

TEST(FragmentPipeline, AnExploitOverTwoSegmentsOneOfThemInFragments) {
    for (const std::string& text : {kAttack, kBenign}) {
        std::vector<Frame> frames{client_segment(Peers{}, text, {0, 20})};
        for (const Frame& f : cut(client_segment(Peers{}, text, {20, text.size()}), 24)) {
            frames.push_back(f);
        }
        const Outcome o = run(after_handshake(frames));
        EXPECT_EQ(o.dropped, text == kAttack ? 1U : 0U);
        EXPECT_EQ(o.sids.contains(kSid), text == kAttack);
    }
}

TEST(FragmentPipeline, ATapTellsAndForwards) {
    const Outcome o = run(after_handshake(cut(segment(kAttack), 32)), false);
    EXPECT_EQ(o.dropped, 0U);
    EXPECT_TRUE(o.sids.contains(kSid));
}

TEST(FragmentPipeline, FragmentsInsideATunnelAndTunnelsInFragments) {
    for (const std::string& text : {kAttack, kBenign}) {
        const std::vector<Frame> open = each_in_tunnel(handshake(Peers{}));
        for (const bool inside : {true, false}) {
            std::vector<Frame> frames = open;
            const std::vector<Frame> pieces =
                inside ? each_in_tunnel(cut(segment(text), 32)) : cut(in_tunnel(segment(text)), 32);
            frames.insert(frames.end(), pieces.begin(), pieces.end());
            const Outcome o = run(frames);
            EXPECT_EQ(o.dropped, text == kAttack ? 1U : 0U) << inside;
            EXPECT_EQ(o.sids.contains(kSid), text == kAttack) << inside;
        }
    }
}

TEST(FragmentPipeline, FragmentsOfATunnelThatCarriesFragments) {
    for (const std::string& text : {kAttack, kBenign}) {
        std::vector<Frame> frames = each_in_tunnel(handshake(Peers{}));
        std::uint32_t id = 10;
        for (const Frame& inner : each_in_tunnel(cut(segment(text), 32))) {
            for (const Frame& f : cut(inner, 24, ++id)) {
                frames.push_back(f);
            }
        }
        const Outcome o = run(frames);
        EXPECT_EQ(o.dropped, text == kAttack ? 1U : 0U);
        EXPECT_EQ(o.sids.contains(kSid), text == kAttack);
    }
}

TEST(FragmentPipeline, ALargeSegmentIsReadToItsEnd) {
    for (const std::string& text : {kAttack, kBenign}) {
        const std::string stream = std::string(60'000, '.') + text;
        const Outcome o = run(after_handshake(cut(segment(stream), 1480)));
        EXPECT_EQ(o.dropped, text == kAttack ? 1U : 0U);
        EXPECT_EQ(o.in, o.forwarded.size() + o.dropped);
    }
}

TEST(FragmentPipeline, UrgentDataInFragmentsIsRefused) {
    const Peers p;
    const auto frames = [&](std::uint8_t flags) {
        return after_handshake(cut(PacketBuilder()
                                       .ipv4(p.client, p.server)
                                       .tcp(p.client_port, p.server_port)
                                       .seq(p.client_isn + 1)
                                       .ack(p.server_isn + 1)
                                       .flags(flags)
                                       .urgent(3)
                                       .payload("EXXPLOIT")
                                       .build(),
                                   24));
    };
    EXPECT_EQ(run(frames(packet::kTcpAck | packet::kTcpUrg)).dropped, 1U);
    EXPECT_EQ(run(frames(packet::kTcpAck)).dropped, 0U);
}

TEST(FragmentPipeline, AFragmentThatContradictsIsDropped) {
    std::vector<Frame> frames = cut(segment(kBenign), 32);
    frames.insert(frames.begin() + 2, cut(segment(kAttack), 32)[1]);
    const Outcome o = run(after_handshake(frames));
    EXPECT_EQ(o.dropped, 2U) << "the contradiction and what would complete the datagram";
    EXPECT_EQ(o.forwarded.size(), kHandshake + 2);
}

TEST(FragmentPipeline, AFragmentHeaderBehindAnotherIsRefused) {
    const Frame udp = PacketBuilder().ipv6("fd00::1", "fd00::2").udp(1, 2).payload("text").build();
    const Frame once = fragment_of(udp, 0, 8, 1);
    const std::vector<Frame> twice = cut(once, 8, 2);
    ASSERT_EQ(twice.size(), 2U);
    EXPECT_EQ(run(twice).dropped, 1U);
}

}  // namespace
}  // namespace sluice::test
