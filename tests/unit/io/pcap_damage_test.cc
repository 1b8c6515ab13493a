// SPDX-License-Identifier: Apache-2.0
// Hostile captures: the packets before the damage come out, then the input ends with an error,
// whichever way it is read.
#include "tests/unit/io/capture_files.h"

#include <random>

namespace sluice::io {
namespace {

using test::PacketBuilder;

class PcapDamageTest : public CaptureTest {
  protected:
    void expect_one_packet_then_error(const Frame& file, const std::string& what) {
        for (const bool libpcap : {false, true}) {
            auto io = PcapIo::open(save(file), "", {.force_libpcap = libpcap});
            ASSERT_TRUE(io.ok()) << what;
            EXPECT_EQ(drain(*io.value()).size(), 1u) << what;
            EXPECT_TRUE(io.value()->exhausted());
            const Status s = io.value()->error();
            ASSERT_FALSE(s.ok()) << what << (libpcap ? " libpcap" : " mapped");
            EXPECT_EQ(s.error().code, ErrorCode::kInvalid);
            EXPECT_EQ(s.error().where.file, path("in.pcap"));
        }
    }
};

CaptureBytes one_packet() {
    CaptureBytes file;
    file.record(1, 0,
                PacketBuilder().ipv4("10.0.0.1", "10.0.0.2").udp(1, 2).payload("good").build());
    return file;
}

TEST_F(PcapDamageTest, RecordHeaderCut) {
    expect_one_packet_then_error(one_packet().put32(1).put32(2).bytes(), "8 bytes of header");
    expect_one_packet_then_error(one_packet().put16(1).bytes(), "2 bytes of header");
}

TEST_F(PcapDamageTest, RecordBeyondTheEnd) {
    CaptureBytes file = one_packet();
    file.put32(1).put32(0).put32(100).put32(100).raw(Frame(99));
    expect_one_packet_then_error(file.bytes(), "a byte missing");
    CaptureBytes none = one_packet();
    none.put32(1).put32(0).put32(100).put32(100);
    expect_one_packet_then_error(none.bytes(), "all bytes missing");
}

TEST_F(PcapDamageTest, RecordLongerThanAnyPacket) {
    for (const std::uint32_t length : {262145u, 0x7fffffffu, 0xffffffffu}) {
        CaptureBytes file = one_packet();
        file.put32(1).put32(0).put32(length).put32(length).raw(Frame(300'000));
        expect_one_packet_then_error(file.bytes(), std::to_string(length));
    }
}

TEST_F(PcapDamageTest, TheLongestRecordAllowedIsRead) {
    CaptureBytes file;
    file.record(1, 0, Frame(kMaxRecord, 0x55));
    for (const bool libpcap : {false, true}) {
        auto io = PcapIo::open(save(file.bytes()), "", {.force_libpcap = libpcap});
        ASSERT_TRUE(io.ok());
        const auto seen = drain(*io.value());
        ASSERT_EQ(seen.size(), 1u);
        EXPECT_EQ(seen[0].frame.size(), kMaxRecord);
        EXPECT_TRUE(io.value()->error().ok());
    }
}

TEST_F(PcapDamageTest, EmptyRecordIsAnEmptyPacket) {
    for (const bool libpcap : {false, true}) {
        auto io = PcapIo::open(save(CaptureBytes().record(1, 0, {}).bytes()), "",
                               {.force_libpcap = libpcap});
        ASSERT_TRUE(io.ok());
        const auto seen = drain(*io.value());
        ASSERT_EQ(seen.size(), 1u);
        EXPECT_TRUE(seen[0].frame.empty());
        EXPECT_TRUE(io.value()->error().ok());
    }
}

// Whatever the bytes: it ends, and each packet lies inside what was read (ASan watches).
TEST_F(PcapDamageTest, RandomDamageEnds) {
    std::mt19937 random(11);
    CaptureBytes file = one_packet();
    for (std::uint32_t i = 0; i < 5; ++i) {
        file.record(i, i, Frame(i * 20, 0xaa));
    }
    for (int round = 0; round < 300; ++round) {
        Frame bytes = file.bytes();
        for (auto hits = 1 + random() % 5; hits != 0; --hits) {
            bytes[24 + random() % (bytes.size() - 24)] = static_cast<std::uint8_t>(random());
        }
        bytes.resize(24 + random() % (bytes.size() - 23));
        const std::string in = save(bytes);
        std::size_t counts[2] = {0, 0};
        for (const bool libpcap : {false, true}) {
            auto io = PcapIo::open(in, "", {.force_libpcap = libpcap});
            ASSERT_TRUE(io.ok());
            counts[libpcap ? 1 : 0] = drain(*io.value()).size();
        }
        ASSERT_EQ(counts[0], counts[1]) << "both readers stop at the same record, round " << round;
    }
}

}  // namespace
}  // namespace sluice::io
