// SPDX-License-Identifier: Apache-2.0
// The stage as a whole: batches, allocation, and any bytes at all.
#include "tests/support/alloc_guard.h"
#include "tests/support/test_batch.h"

#include <gtest/gtest.h>

#include <random>

namespace sluice::decode {
namespace {

using packet::Reason;
using test::PacketBuilder;
using test::TestBatch;

TEST(DecodeStage, EmptyBatch) {
    TestBatch batch;
    EXPECT_EQ(batch.decode(), packet::ReasonCounters{});
}

TEST(DecodeStage, AFullBatchKeepsPacketsApart) {
    TestBatch batch;
    for (std::uint16_t i = 0; i < packet::kBatchSize; ++i) {
        PacketBuilder b;
        b.ipv4("10.0.0.1", "10.0.0.2").tcp(i, 80);
        if (i % 3 == 0) {
            b.ip_checksum(1);
        }
        batch.add(b);
    }
    const auto reasons = batch.decode();
    EXPECT_EQ(reasons[static_cast<std::size_t>(Reason::ipv4_bad_checksum)], 22u);
    for (std::uint16_t i = 0; i < packet::kBatchSize; ++i) {
        EXPECT_EQ(batch[i].dropped(), i % 3 == 0) << i;
        EXPECT_EQ(batch[i].l4_ok, i % 3 != 0) << i;
        if (batch[i].l4_ok) {
            EXPECT_EQ(batch[i].src_port, i);
        }
    }
}

TEST(DecodeStage, TakesNothingFromTheHeap) {
    TestBatch batch;
    for (std::size_t i = 0; i < packet::kBatchSize; ++i) {
        batch.add(PacketBuilder().ipv6("::1", "::2").hop_by_hop().tcp(1, 2).mss(9).payload("x"));
    }
    const DecodeStage stage(DecodeConfig{});
    packet::ReasonCounters reasons{};
    test::AllocGuard guard;
    stage.process(batch.batch(), reasons);
    EXPECT_EQ(guard.allocations(), 0u);
    EXPECT_TRUE(batch[63].l4_ok);
}

// Frames lie in buffers of exactly their size, so that ASan sees one byte too many.
TEST(DecodeStage, DamagedFramesNeverLeadOutsideTheFrame) {
    const std::array<test::Frame, 4> whole = {
        PacketBuilder()
            .vlan(1)
            .ipv4("10.0.0.1", "10.0.0.2")
            .tcp(1, 2)
            .mss(5)
            .timestamps(1, 2)
            .payload("abcdef")
            .build(),
        PacketBuilder()
            .ipv6("::1", "::2")
            .hop_by_hop()
            .fragment(0, false)
            .udp(1, 2)
            .payload("abc")
            .build(),
        PacketBuilder()
            .ipv4("10.0.0.1", "10.0.0.2")
            .ip_options(test::bytes_of("\x94\x04"))
            .icmp(8, 0)
            .build(),
        PacketBuilder().ipv6("::1", "::2").sctp(1, 2).payload("abc").build()};
    std::mt19937 random(7);
    for (int round = 0; round < 20000; ++round) {
        test::Frame frame = whole[random() % whole.size()];
        for (auto hits = random() % 4; hits != 0; --hits) {
            frame[random() % frame.size()] = static_cast<std::uint8_t>(random());
        }
        frame.resize(random() % (frame.size() + 1));
        frame.shrink_to_fit();
        TestBatch batch;
        const packet::Packet& p = batch.add(std::move(frame));
        batch.decode({.verify_checksums = round % 2 == 0, .drop_malformed = round % 3 != 0});
        ASSERT_LE(p.l3_off, p.len);
        ASSERT_LE(p.l4_off, p.len);
        ASSERT_LE(p.payload_off + p.payload_len, p.len);
        ASSERT_FALSE(p.l4_ok && p.dropped());
    }
}

}  // namespace
}  // namespace sluice::decode
