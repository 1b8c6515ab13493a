// SPDX-License-Identifier: Apache-2.0
// What is rewritten in TCP headers, and that checksums stay right.
#include "dataplane/stream/normalizer.h"

#include "dataplane/decode/decode_stage.h"
#include "tests/support/counter_delta.h"
#include "tests/support/packet_builder.h"
#include "tests/support/test_batch.h"

#include <gtest/gtest.h>

namespace sluice::stream {
namespace {

using packet::Packet;
using packet::Reason;
using test::CounterDelta;

class NormalizerTest : public testing::Test {
  protected:
    static test::PacketBuilder segment() {
        test::PacketBuilder b;
        b.ipv4("10.0.0.1", "10.0.0.2").tcp(40000, 80).seq(1001).ack(5001).payload("ABCD");
        return b;
    }

    Packet& add(const test::PacketBuilder& b) {
        Packet& p = batch.add(b);
        batch.decode();
        return p;
    }

    Reason run(Packet& p, bool inline_mode = true, std::uint8_t agreed = flow::kAnyTcpOption) {
        EXPECT_TRUE(is_odd(p.tcp, agreed));
        return normalize(p, config, inline_mode, agreed, counters);
    }

    // Decoding again finds nothing wrong.
    void expect_good_checksum() {
        const packet::ReasonCounters again = batch.decode();
        EXPECT_EQ(again[static_cast<std::size_t>(Reason::tcp_bad_checksum)], 0U);
    }

    test::TestBatch batch;
    NormalizerConfig config;
    packet::ReasonCounters counters{};
    CounterDelta delta{counters};
};

constexpr std::uint8_t kUrgAck = packet::kTcpAck | packet::kTcpUrg;
constexpr std::uint8_t kNoOption = 0;
constexpr std::uint8_t kSigned = packet::kOptMd5 | packet::kOptMd5 << kRequiredShift;
constexpr std::array<std::uint8_t, 20> kMd5 = {1, 1, 19, 18, 7, 7, 7};
constexpr std::array<std::uint8_t, 12> kSack = {1, 1, 5, 10, 0, 0, 16, 0, 0, 0, 17, 0};
constexpr std::array<std::uint8_t, 8> kStrange = {1, 200, 6, 1, 2, 3, 4, 1};

TEST_F(NormalizerTest, NothingOddInAnOrdinarySegment) {
    EXPECT_FALSE(is_odd(add(segment().timestamps(1, 2)).tcp, flow::kAnyTcpOption));
}

TEST_F(NormalizerTest, UrgentPointerIsCleared) {
    Packet& p = add(segment().flags(kUrgAck).urgent(0x102));
    EXPECT_EQ(run(p), Reason::none);
    EXPECT_EQ(delta.difference({{Reason::tcp_urgent, 1}}), "");
    expect_good_checksum();
    EXPECT_EQ(p.tcp.urgent, 0);
    EXPECT_EQ(p.tcp.flags, packet::kTcpAck);
}

TEST_F(NormalizerTest, UrgentIsRefusedWhereItCannotBeCleared) {
    Packet& p = add(segment().flags(kUrgAck).urgent(2));
    p.writable = false;
    EXPECT_EQ(run(p), Reason::tcp_urgent_refused);
    EXPECT_EQ(delta.difference({}), "");
    EXPECT_EQ(p.tcp.urgent, 2);
}

TEST_F(NormalizerTest, ATapOnlyCounts) {
    Packet& p = add(segment().flags(kUrgAck).urgent(2).patch(46, 0x5e));
    p.writable = false;
    const test::Frame before(p.data, p.data + p.len);
    EXPECT_EQ(run(p, false, kNoOption), Reason::none);
    EXPECT_EQ(delta.difference({{Reason::tcp_urgent, 1}, {Reason::tcp_reserved_cleared, 1}}), "");
    EXPECT_EQ(before, test::Frame(p.data, p.data + p.len));
}

TEST_F(NormalizerTest, ReservedBitsAreClearedButNotAccEcn) {
    Packet& p = add(segment());
    p.data[46] = 0x5f;  // with the checksum that fits
    const std::uint32_t sum = (std::uint32_t{p.data[50]} << 8U | p.data[51]) + 0xffffU - 0x0f00U;
    const std::uint32_t folded = (sum & 0xffff) + (sum >> 16);
    p.data[50] = static_cast<std::uint8_t>(folded >> 8);
    p.data[51] = static_cast<std::uint8_t>(folded);
    expect_good_checksum();
    EXPECT_EQ(p.tcp.reserved, 0x0f);
    EXPECT_EQ(run(p), Reason::none);
    EXPECT_EQ(delta.difference({{Reason::tcp_reserved_cleared, 1}}), "");
    expect_good_checksum();
    EXPECT_EQ(p.data[46], 0x51);
    EXPECT_FALSE(is_odd(p.tcp, kNoOption));
}

TEST_F(NormalizerTest, TimestampThatWasNotNegotiatedBecomesNops) {
    const std::array<std::uint8_t, 12> odd_place = {1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1};
    for (const bool shifted : {false, true}) {
        SCOPED_TRACE(shifted);
        delta.restart();
        Packet& p = add(shifted ? segment().tcp_options(odd_place) : segment().timestamps(5, 6));
        EXPECT_EQ(run(p, true, kNoOption), Reason::none);
        EXPECT_EQ(delta.difference({{Reason::tcp_option_removed, 1}}), "");
        expect_good_checksum();
        EXPECT_FALSE(p.tcp.has_timestamp);
        for (std::size_t i = 0; i < 12; ++i) {
            EXPECT_EQ(p.data[54 + i], 1);
        }
        EXPECT_EQ(p.payload_len, 4U);
    }
}

TEST_F(NormalizerTest, BytesBehindEndOfOptionsStay) {
    const std::array<std::uint8_t, 24> options = {8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 0, 9,
                                                  8, 10, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9};
    Packet& p = add(segment().tcp_options(options));
    EXPECT_EQ(run(p, true, kNoOption), Reason::none);
    expect_good_checksum();
    EXPECT_EQ(p.data[54], 1);
    EXPECT_EQ(p.data[54 + 12], 8);
}

TEST_F(NormalizerTest, SwitchesAreOffOneByOne) {
    config = {.urgent = false,
              .reserved = false,
              .options = false,
              .signatures = false,
              .syn_data = false,
              .timestamps = false};
    Packet& p = add(segment().flags(kUrgAck).urgent(2).timestamps(5, 6));
    p.tcp.reserved = 0x0e;
    const test::Frame before(p.data, p.data + p.len);
    EXPECT_EQ(run(p, true, kNoOption), Reason::none);
    EXPECT_EQ(delta.difference({{Reason::tcp_urgent, 1}}), "");
    EXPECT_EQ(before, test::Frame(p.data, p.data + p.len));
}

TEST_F(NormalizerTest, WhatTheHandshakeAgreedOnStays) {
    EXPECT_FALSE(is_odd(add(segment().tcp_options(kSack)).tcp, packet::kOptSack));
    EXPECT_FALSE(is_odd(add(segment().tcp_options(kMd5)).tcp, kSigned));
    EXPECT_FALSE(is_odd(add(segment()).tcp, kNoOption));
    EXPECT_TRUE(is_odd(add(segment().tcp_options(kSack)).tcp, packet::kOptTimestamp));
}

TEST_F(NormalizerTest, UnknownOptionsAndSackNobodyAskedForBecomeNops) {
    for (const Bytes options : {Bytes(kStrange), Bytes(kSack)}) {
        delta.restart();
        Packet& p = add(segment().tcp_options(options));
        EXPECT_EQ(run(p, true, packet::kOptTimestamp), Reason::none);
        EXPECT_EQ(delta.difference({{Reason::tcp_option_removed, 1}}), "");
        expect_good_checksum();
        for (std::size_t i = 0; i < options.size(); ++i) {
            EXPECT_EQ(p.data[54 + i], 1) << i;
        }
        EXPECT_EQ(p.payload_len, 4U);
    }
}

TEST_F(NormalizerTest, OnlyTheUnwantedOptionGoes) {
    const std::array<std::uint8_t, 24> options = {1,  1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8,
                                                  30, 4, 9, 9,  1, 3, 3, 7, 2, 4, 5, 180};
    Packet& p = add(segment().flags(packet::kTcpSyn | packet::kTcpAck).tcp_options(options));
    EXPECT_EQ(run(p), Reason::none);
    EXPECT_EQ(delta.difference({{Reason::tcp_option_removed, 1}}), "");
    expect_good_checksum();
    const std::array<std::uint8_t, 24> kept = {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8,
                                               1, 1, 1, 1,  1, 3, 3, 7, 2, 4, 5, 180};
    EXPECT_EQ(test::Frame(kept.begin(), kept.end()), test::Frame(p.data + 54, p.data + 78));
    EXPECT_TRUE(p.tcp.has_timestamp);
}

TEST_F(NormalizerTest, UnknownOptionIsRefusedWhereItCannotBeReplaced) {
    Packet& p = add(segment().tcp_options(kStrange));
    p.writable = false;
    EXPECT_EQ(run(p), Reason::tcp_option_refused);
    Packet& harmless = add(segment().tcp_options(kSack));
    harmless.writable = false;
    EXPECT_EQ(run(harmless, true, kNoOption), Reason::none);
    EXPECT_EQ(delta.difference({}), "");
}

TEST_F(NormalizerTest, SignaturesAreAsInTheHandshakeOrTheSegmentIsRefused) {
    EXPECT_EQ(run(add(segment().tcp_options(kMd5)), true, kNoOption), Reason::tcp_signature);
    EXPECT_EQ(run(add(segment().tcp_options(kMd5)), false, kNoOption), Reason::tcp_signature);
    EXPECT_EQ(run(add(segment()), true, kSigned), Reason::tcp_signature);
    const std::array<std::uint8_t, 16> ao = {29, 16, 1, 1};
    EXPECT_EQ(run(add(segment().tcp_options(ao)), true, kSigned), Reason::tcp_signature);
    EXPECT_EQ(delta.difference({}), "");
    EXPECT_EQ(run(add(segment().flags(packet::kTcpRst | packet::kTcpAck).tcp_options(kMd5)), true,
                  kNoOption),
              Reason::tcp_signature);
    EXPECT_EQ(delta.difference({{Reason::tcp_invalid_rst, 1}}), "");
    config.signatures = false;
    EXPECT_EQ(run(add(segment().tcp_options(kMd5)), true, kNoOption), Reason::none);
}

TEST_F(NormalizerTest, DataOfASynIsCutOffUnlessItHasACookie) {
    const std::array<std::uint8_t, 12> cookie = {34, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1};
    Packet& fast = add(segment().flags(packet::kTcpSyn).tcp_options(cookie));
    EXPECT_EQ(run(fast), Reason::none);
    EXPECT_EQ(fast.payload_len, 4U);
    EXPECT_EQ(delta.difference({}), "");
    for (const bool v6 : {false, true}) {
        SCOPED_TRACE(v6);
        test::PacketBuilder b;
        if (v6) {
            b.ipv6("fd00::1", "fd00::2");
        } else {
            b.ipv4("10.0.0.1", "10.0.0.2");
        }
        b.tcp(40000, 80).seq(1000).ack(0).flags(packet::kTcpSyn).mss(1400).payload("ABCDE");
        delta.restart();
        Packet& p = add(b);
        EXPECT_EQ(run(p), Reason::none);
        EXPECT_EQ(delta.difference({{Reason::tcp_syn_data_removed, 1}}), "");
        EXPECT_EQ(p.payload_len, 0U);
        const packet::ReasonCounters again = batch.decode();
        EXPECT_EQ(again[static_cast<std::size_t>(Reason::ipv4_bad_checksum)], 0U);
        EXPECT_EQ(again[static_cast<std::size_t>(Reason::tcp_bad_checksum)], 0U);
        EXPECT_EQ(p.payload_len, 0U);  // as the receiver reads it
    }
}

}  // namespace
}  // namespace sluice::stream
