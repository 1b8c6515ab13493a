// SPDX-License-Identifier: Apache-2.0
// The tools that other tests trust.
#include "tests/support/alloc_guard.h"
#include "tests/support/counter_delta.h"
#include "tests/support/packet_builder.h"
#include "tests/support/reference_checksum.h"
#include "tests/support/test_batch.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <thread>

namespace sluice::test {
namespace {

using packet::Reason;

// Pins the builder to bytes and sums that it did not make.
TEST(PacketBuilder, MakesTheBytesWorkedOutByHand) {
    const Frame built =
        PacketBuilder()
            .eth({0x00, 0x12, 0xa9, 0x00, 0x32, 0x23}, {0x00, 0x14, 0x22, 0xdb, 0x2b, 0x09})
            .ipv4("192.168.0.1", "192.168.0.199")
            .ip_id(0)
            .udp(53, 1024)
            .payload("abc")
            .build();
    const Frame
        expected = {0x00, 0x12, 0xa9, 0x00, 0x32, 0x23, 0x00, 0x14, 0x22, 0xdb, 0x2b,
                    0x09, 0x08, 0x00,  // Ethernet
                    0x45, 0x00, 0x00, 0x1f, 0x00, 0x00, 0x00, 0x00, 0x40, 0x11, 0xf8,
                    0xb5, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7,               // IPv4
                    0x00, 0x35, 0x04, 0x00, 0x00, 0x0b, 0xb5, 0x27, 0x61, 0x62, 0x63};  // UDP
    EXPECT_EQ(built, expected);
}

TEST(PacketBuilder, ChecksumsAreRightOverBothVersions) {
    for (const bool v6 : {false, true}) {
        PacketBuilder b;
        v6 ? b.ipv6("2001:db8::1", "2001:db8::2") : b.ipv4("10.0.0.1", "10.0.0.2");
        b.tcp(1, 2).mss(1460).wscale(7).payload("odd");
        const Frame f = b.build();
        const std::size_t l4 = v6 ? 54 : 34;
        const Bytes message = Bytes(f).subspan(l4);
        Frame covered =
            reference_pseudo_header(address(v6 ? "2001:db8::1" : "10.0.0.1"),
                                    address(v6 ? "2001:db8::2" : "10.0.0.2"), 6, message.size());
        covered.insert(covered.end(), message.begin(), message.end());
        EXPECT_EQ(reference_checksum(covered), 0) << b.to_string();
        if (!v6) {
            EXPECT_EQ(reference_checksum(Bytes(f).subspan(14, 20)), 0);
        }
    }
}

TEST(PacketBuilder, PrintsWhatWasAsked) {
    EXPECT_EQ(PacketBuilder().ipv4("1.2.3.4", "5.6.7.8").tcp(9, 80).flags(2).to_string(),
              "PacketBuilder().ipv4(1.2.3.4, 5.6.7.8).tcp(9, 80).flags(2)");
}

TEST(CounterDelta, NamesEveryCounterThatDiffers) {
    packet::ReasonCounters counters{};
    counters[static_cast<std::size_t>(Reason::tcp_gap)] = 5;
    CounterDelta delta(counters);
    EXPECT_EQ(delta.difference({}), "");
    packet::count(counters, Reason::tcp_gap);
    EXPECT_EQ(delta.of(Reason::tcp_gap), 1u);
    EXPECT_EQ(delta.difference({{Reason::tcp_gap, 1}}), "");
    EXPECT_EQ(delta.difference({}), "tcp_gap: expected +0, got +1\n");
    EXPECT_EQ(delta.difference({{Reason::tcp_gap, 1}, {Reason::tx_full, 2}}),
              "tx_full: expected +2, got +0\n");
    delta.restart();
    EXPECT_EQ(delta.difference({}), "");
}

// The compiler may not see through these, or it may leave the allocation out.
void* volatile kept;

TEST(AllocGuard, CountsThisThreadsHeap) {
    if (!AllocGuard::supported()) {
        GTEST_SKIP() << "sanitizers have their own malloc";
    }
    AllocGuard guard;
    EXPECT_EQ(guard.allocations(), 0u);
    kept = std::malloc(10);
    EXPECT_EQ(guard.allocations(), 1u);
    std::free(kept);
    EXPECT_EQ(guard.frees(), 1u);
    kept = new int(3);
    EXPECT_EQ(guard.allocations(), 2u);
    delete static_cast<int*>(kept);
    kept = std::calloc(3, 5);
    kept = std::realloc(kept, 5000);
    std::free(kept);
    EXPECT_EQ(guard.allocations(), 4u);

    struct alignas(64) Wide {
        char bytes[64];
    };

    kept = new Wide;
    delete static_cast<Wide*>(kept);
    EXPECT_EQ(guard.allocations(), 5u);
    AllocGuard inner;
    EXPECT_EQ(inner.allocations(), 0u);
}

TEST(AllocGuard, DoesNotCountAnotherThread) {
    std::thread other([] {});
    other.join();  // what starting a thread costs is this thread's
    std::uint64_t seen = 0;
    AllocGuard guard;
    std::thread busy([&] {
        AllocGuard mine;
        for (int i = 0; i < 1000; ++i) {
            kept = std::malloc(1);
            std::free(kept);
        }
        seen = mine.allocations();
    });
    busy.join();
    EXPECT_LT(guard.allocations(), 100u);
    EXPECT_TRUE(seen == 1000 || !AllocGuard::supported());
}

TEST(TestBatch, FramesStayWhereTheyAre) {
    TestBatch batch;
    const auto& first = batch.add(PacketBuilder().ipv4("1.1.1.1", "2.2.2.2").udp(1, 2));
    const std::uint8_t* data = first.data;
    for (int i = 0; i < 40; ++i) {
        batch.add(PacketBuilder().ipv4("1.1.1.1", "2.2.2.2").udp(1, 2));
    }
    EXPECT_EQ(batch[0].data, data);
    EXPECT_EQ(batch[40].number, 41u);
    const auto reasons = batch.decode();
    EXPECT_EQ(CounterDelta(reasons).difference({}), "");
    EXPECT_TRUE(batch[40].l4_ok);
}

}  // namespace
}  // namespace sluice::test
