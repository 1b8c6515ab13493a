// SPDX-License-Identifier: Apache-2.0
// Well-formed captures, in and out. What can be read both ways (mapped, through libpcap) is read
// both ways.
#include "tests/unit/io/capture_files.h"

namespace sluice::io {
namespace {

using test::bytes_of;
using test::PacketBuilder;

class PcapIoTest : public CaptureTest {};

Frame udp(std::string_view payload) {
    return PacketBuilder().ipv4("10.0.0.1", "10.0.0.2").udp(1, 2).payload(payload).build();
}

TEST_F(PcapIoTest, ReadsEveryClassicFormAlike) {
    for (const bool big : {false, true}) {
        for (const bool nano : {false, true}) {
            for (const bool libpcap : {false, true}) {
                CaptureBytes file({.big_endian = big, .nanoseconds = nano});
                file.record(1700000000, 999999, udp("one")).record(1700000001, 5, udp("two"));
                auto io = PcapIo::open(save(file.bytes()), "", {.force_libpcap = libpcap});
                ASSERT_TRUE(io.ok()) << io.error().to_string();
                const auto seen = drain(*io.value());
                ASSERT_EQ(seen.size(), 2u);
                EXPECT_EQ(seen[0].frame, udp("one"));
                EXPECT_EQ(seen[1].frame, udp("two"));
                EXPECT_EQ(seen[0].number, 1u);
                EXPECT_EQ(seen[1].number, 2u);
                const std::int64_t unit = nano ? 1 : 1000;
                EXPECT_EQ(seen[0].wall.count, 1700000000 * 1'000'000'000LL + 999999 * unit);
                EXPECT_EQ(seen[1].wall.count, 1700000001 * 1'000'000'000LL + 5 * unit);
                EXPECT_TRUE(io.value()->error().ok());
                EXPECT_EQ(io.value()->received(), 2u);
            }
        }
    }
}

TEST_F(PcapIoTest, EmptyCaptureEndsAtOnce) {
    for (const bool libpcap : {false, true}) {
        auto io = PcapIo::open(save(CaptureBytes().bytes()), "", {.force_libpcap = libpcap});
        ASSERT_TRUE(io.ok());
        EXPECT_TRUE(drain(*io.value()).empty());
        EXPECT_TRUE(io.value()->error().ok());
    }
}

TEST_F(PcapIoTest, MoreThanOneBatchKeepsOrderAndBytes) {
    CaptureBytes file;
    for (std::uint32_t i = 0; i < 1000; ++i) {
        file.record(i, 0, udp(std::to_string(i)));
    }
    for (const bool libpcap : {false, true}) {
        auto io = PcapIo::open(save(file.bytes()), "", {.force_libpcap = libpcap});
        ASSERT_TRUE(io.ok());
        const auto seen = drain(*io.value());
        ASSERT_EQ(seen.size(), 1000u);
        for (std::size_t i = 0; i < seen.size(); ++i) {
            ASSERT_EQ(seen[i].number, i + 1);
            ASSERT_EQ(seen[i].frame, udp(std::to_string(i)));
        }
    }
}

TEST_F(PcapIoTest, ReadsPcapngWithNanoseconds) {
    const Frame frame = udp("ng");
    CaptureBytes f;  // used for its numbers only
    const std::size_t classic = f.bytes().size();
    f.put32(0x0a0d0d0a)
        .put32(28)
        .put32(0x1a2b3c4d)
        .put16(1)
        .put16(0)
        .put32(0xffffffff)
        .put32(0xffffffff)
        .put32(28);
    f.put32(1).put32(32).put16(1).put16(0).put32(262144);      // interface, Ethernet
    f.put16(9).put16(1).put32(9).put16(0).put16(0).put32(32);  // if_tsresol: 10^-9
    const std::uint64_t ns = 1700000000ULL * 1'000'000'000 + 123456789;
    const auto length = static_cast<std::uint32_t>(frame.size());
    const std::uint32_t padded = (length + 3) & ~3U;
    f.put32(6).put32(32 + padded).put32(0).put32(static_cast<std::uint32_t>(ns >> 32));
    f.put32(static_cast<std::uint32_t>(ns)).put32(length).put32(length).raw(frame);
    f.raw(Frame(padded - length)).put32(32 + padded);
    Frame only_ng(f.bytes().begin() + static_cast<std::ptrdiff_t>(classic), f.bytes().end());
    auto io = PcapIo::open(save(only_ng), "");
    ASSERT_TRUE(io.ok()) << io.error().to_string();
    const auto seen = drain(*io.value());
    ASSERT_EQ(seen.size(), 1u);
    EXPECT_EQ(seen[0].frame, frame);
    EXPECT_EQ(seen[0].wall.count, static_cast<std::int64_t>(ns));
}

TEST_F(PcapIoTest, ATruncatedPacketIsAsLongAsItsBytes) {
    CaptureBytes file;
    file.record(1, 0, Bytes(udp("whole packet")).first(50), 1000);
    for (const bool libpcap : {false, true}) {
        auto io = PcapIo::open(save(file.bytes()), path("out.pcap"), {.force_libpcap = libpcap});
        ASSERT_TRUE(io.ok());
        const auto seen = drain(*io.value());
        ASSERT_EQ(seen.size(), 1u);
        EXPECT_EQ(seen[0].frame.size(), 50u);
        EXPECT_EQ(io.value()->truncated(), 1u);
        ASSERT_TRUE(io.value()->error().ok());
        CaptureBytes expected({.nanoseconds = true});
        expected.record(1, 0, Bytes(udp("whole packet")).first(50), 1000);
        EXPECT_EQ(load(path("out.pcap")), expected.bytes()) << "the length on the wire is kept";
    }
}

TEST_F(PcapIoTest, WritesExactlyWhatIsForwarded) {
    CaptureBytes file;
    file.record(1, 7, udp("keep")).record(2, 8, udp("drop")).record(3, 9, udp("edit"));
    Frame edited = udp("edit");
    edited.back() = 'T';
    CaptureBytes expected({.nanoseconds = true});
    expected.record(1, 7000, udp("keep")).record(3, 9000, edited);
    for (const bool libpcap : {false, true}) {
        const std::string in = save(file.bytes());
        auto io = PcapIo::open(in, path("out.pcap"), {.force_libpcap = libpcap});
        ASSERT_TRUE(io.ok());
        packet::Batch batch;
        io.value()->receive(batch);
        ASSERT_EQ(batch.size(), 3u);
        batch[1].drop(packet::Reason::rule_drop);
        batch[2].data[batch[2].len - 1] = 'T';
        EXPECT_TRUE(io.value()->inject(PortId{1}, bytes_of("a reset that is not written")));
        io.value()->finalize(batch);
        ASSERT_TRUE(io.value()->error().ok());
        EXPECT_EQ(load(path("out.pcap")), expected.bytes());
        EXPECT_EQ(load(in), file.bytes()) << "the input is never changed";
    }
}

TEST_F(PcapIoTest, WritesInjectedFramesWhenAsked) {
    CaptureBytes file;
    file.record(1, 7, udp("packet"));
    auto io = PcapIo::open(save(file.bytes()), path("out.pcap"), {.write_injected = true});
    ASSERT_TRUE(io.ok());
    drain(*io.value());
    EXPECT_TRUE(io.value()->inject(PortId{1}, bytes_of("reset")));
    ASSERT_TRUE(io.value()->error().ok());
    CaptureBytes expected({.nanoseconds = true});
    expected.record(1, 7000, udp("packet")).record(1, 7000, bytes_of("reset"));
    EXPECT_EQ(load(path("out.pcap")), expected.bytes());
}

TEST_F(PcapIoTest, ReadsItsOwnOutput) {
    CaptureBytes file({.nanoseconds = true});
    for (std::uint32_t i = 0; i < 200; ++i) {
        file.record(i, i, udp(std::string(i, 'x')));
    }
    {
        auto io = PcapIo::open(save(file.bytes()), path("copy.pcap"));
        ASSERT_TRUE(io.ok());
        drain(*io.value());
    }
    EXPECT_EQ(load(path("copy.pcap")), file.bytes());
}

TEST_F(PcapIoTest, RefusesToWriteOverItsInput) {
    const std::string in = save(CaptureBytes().record(1, 0, udp("x")).bytes());
    const auto io = PcapIo::open(in, in);
    ASSERT_FALSE(io.ok());
    EXPECT_EQ(io.error().code, ErrorCode::kInvalid);
    EXPECT_EQ(load(in).size(), 24 + 16 + udp("x").size());
}

TEST_F(PcapIoTest, SaysWhyAFileCannotBeOpened) {
    EXPECT_EQ(PcapIo::open(path("missing.pcap"), "").error().code, ErrorCode::kNotFound);
    EXPECT_EQ(PcapIo::open(save(Frame{1, 2, 3}), "").error().code, ErrorCode::kInvalid);
    EXPECT_EQ(PcapIo::open(folder_, "").error().code, ErrorCode::kInvalid);
    const std::string good = save(CaptureBytes().bytes(), "good.pcap");
    EXPECT_EQ(PcapIo::open(good, path("no/such/folder.pcap")).error().code, ErrorCode::kIo);
}

TEST_F(PcapIoTest, AFullDiskIsAnErrorNotACrash) {
    if (!std::filesystem::exists("/dev/full")) {
        GTEST_SKIP() << "no /dev/full";
    }
    auto io = PcapIo::open(save(CaptureBytes().record(1, 0, udp("x")).bytes()), "/dev/full");
    ASSERT_TRUE(io.ok());
    drain(*io.value());
    const Status s = io.value()->error();
    ASSERT_FALSE(s.ok());
    EXPECT_EQ(s.error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace sluice::io
