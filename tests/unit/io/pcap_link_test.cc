// SPDX-License-Identifier: Apache-2.0
// Link layers other than Ethernet come out as Ethernet.
#include "dataplane/decode/decode_stage.h"
#include "tests/unit/io/capture_files.h"

namespace sluice::io {
namespace {

using test::PacketBuilder;

class PcapLinkTest : public CaptureTest {};

Frame without_ethernet(const PacketBuilder& b) {
    const Frame f = b.build();
    return {f.begin() + 14, f.end()};
}

Frame ip4() {
    return without_ethernet(
        PacketBuilder().ipv4("10.0.0.1", "10.0.0.2").tcp(7, 80).payload("four"));
}

Frame ip6() {
    return without_ethernet(PacketBuilder().ipv6("::1", "::2").tcp(7, 80).payload("six"));
}

Frame joined(Frame front, const Frame& back) {
    front.insert(front.end(), back.begin(), back.end());
    return front;
}

Frame sll(std::uint8_t type_high, std::uint8_t type_low) {
    return {0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, type_high, type_low};
}

Frame sll2(std::uint8_t type_high, std::uint8_t type_low) {
    return {type_high, type_low, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0};
}

struct Case {
    std::string name;
    std::uint32_t link;
    Frame front;
    std::uint8_t ip_version;
};

TEST_F(PcapLinkTest, EachIsDecodedThroughASyntheticHeader) {
    const std::vector<Case> cases = {
        {"RAW 4", 101, {}, 4},
        {"RAW 6", 101, {}, 6},
        {"IPV4", 228, {}, 4},
        {"IPV6", 229, {}, 6},
        {"NULL 4", 0, {2, 0, 0, 0}, 4},
        {"NULL 4 of a big-endian host", 0, {0, 0, 0, 2}, 4},
        {"NULL 6 Linux", 0, {10, 0, 0, 0}, 6},
        {"NULL 6 macOS", 0, {30, 0, 0, 0}, 6},
        {"NULL 6 FreeBSD", 0, {0, 0, 0, 28}, 6},
        {"LOOP 4", 108, {0, 0, 0, 2}, 4},
        {"LOOP 6 OpenBSD", 108, {0, 0, 0, 24}, 6},
        {"SLL 4", 113, sll(0x08, 0x00), 4},
        {"SLL 6", 113, sll(0x86, 0xdd), 6},
        {"SLL2 4", 276, sll2(0x08, 0x00), 4},
        {"SLL2 6", 276, sll2(0x86, 0xdd), 6},
        {"PPP 4", 9, {0x00, 0x21}, 4},
        {"PPP 4 compressed", 9, {0x21}, 4},
        {"PPP 4 in HDLC framing", 9, {0xff, 0x03, 0x00, 0x21}, 4},
        {"PPP_HDLC 4", 50, {0xff, 0x03, 0x00, 0x21}, 4},
        {"C_HDLC 4", 104, {0x0f, 0, 0x08, 0x00}, 4},
        {"C_HDLC 6", 104, {0x8f, 0, 0x86, 0xdd}, 6},
        {"PPP 6", 9, {0xff, 0x03, 0x00, 0x57}, 6},
    };
    for (const Case& c : cases) {
        CaptureBytes file({.link = c.link});
        file.record(1, 0, joined(c.front, c.ip_version == 4 ? ip4() : ip6()), 3);
        auto io = PcapIo::open(save(file.bytes()), path("out.pcap"));
        ASSERT_TRUE(io.ok()) << c.name << ": " << io.error().to_string();
        packet::Batch batch;
        io.value()->receive(batch);
        ASSERT_EQ(batch.size(), 1u) << c.name;
        packet::ReasonCounters reasons{};
        decode::DecodeStage(decode::DecodeConfig{}).process(batch, reasons);
        EXPECT_EQ(reasons, packet::ReasonCounters{}) << c.name;
        EXPECT_EQ(batch[0].ip_version, c.ip_version) << c.name;
        EXPECT_TRUE(batch[0].l4_ok) << c.name;
        EXPECT_EQ(std::string(batch[0].payload().begin(), batch[0].payload().end()),
                  c.ip_version == 4 ? "four" : "six");
        const Frame ethernet(batch[0].data, batch[0].data + batch[0].len);
        io.value()->finalize(batch);
        ASSERT_TRUE(io.value()->error().ok());
        CaptureBytes expected({.nanoseconds = true});
        expected.record(1, 0, ethernet, 3);
        EXPECT_EQ(load(path("out.pcap")), expected.bytes()) << c.name << ": the output is Ethernet";
    }
}

TEST_F(PcapLinkTest, ShortOrForeignFramesReachDecodeUninspected) {
    const std::vector<std::pair<std::uint32_t, Frame>> cases = {
        {101, {}},
        {101, {0x70}},
        {0, {}},
        {0, {2, 0, 0}},
        {0, {99, 0, 0, 0}},
        {113, Frame(15, 8)},
        {276, Frame(19)},
        {113, sll(0x00, 0x04)},
        {9, {0xff}},
        {9, {0xff, 0x03}},
        {9, {0xc0, 0x21, 1}},
        {104, {0x0f, 0, 0x08}},
        {104, {0x0f, 0, 0x20, 0}},
    };
    for (const auto& [link, frame] : cases) {
        auto io = PcapIo::open(save(CaptureBytes({.link = link}).record(1, 0, frame).bytes()), "");
        ASSERT_TRUE(io.ok());
        packet::Batch batch;
        io.value()->receive(batch);
        ASSERT_EQ(batch.size(), 1u);
        ASSERT_GE(batch[0].len, 14u);
        packet::ReasonCounters reasons{};
        decode::DecodeStage(decode::DecodeConfig{}).process(batch, reasons);
        EXPECT_EQ(batch[0].ip_version, 0) << link;
        EXPECT_FALSE(batch[0].dropped()) << link;
        io.value()->finalize(batch);
    }
}

TEST_F(PcapLinkTest, OthersAreRefusedByName) {
    const auto io = PcapIo::open(save(CaptureBytes({.link = 105}).bytes()), "");
    ASSERT_FALSE(io.ok());
    EXPECT_EQ(io.error().code, ErrorCode::kUnsupported);
    EXPECT_NE(io.error().message.find("IEEE802_11"), std::string::npos) << io.error().message;
    EXPECT_FALSE(io.error().hint.empty());
}

}  // namespace
}  // namespace sluice::io
