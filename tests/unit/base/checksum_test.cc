// SPDX-License-Identifier: Apache-2.0
#include "dataplane/base/checksum.h"

#include "tests/support/reference_checksum.h"

#include <gtest/gtest.h>

#include <random>

namespace sluice {
namespace {

std::uint16_t checksum_of(Bytes bytes) {
    Checksum sum;
    sum.add(bytes);
    return sum.value();
}

TEST(Checksum, ExampleOfRfc1071) {
    const std::array<std::uint8_t, 8> bytes = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    EXPECT_EQ(checksum_of(bytes), 0x220d);  // section 3: the sum is ddf2
}

TEST(Checksum, Ipv4HeaderSeenOnTheWire) {
    std::array<std::uint8_t, 20> header = {0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40,
                                           0x00, 0x40, 0x11, 0xb8, 0x61, 0xc0, 0xa8,
                                           0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7};
    Checksum sum;
    sum.add(header);
    EXPECT_TRUE(sum.good());
    header[19] ^= 1;
    Checksum damaged;
    damaged.add(header);
    EXPECT_FALSE(damaged.good());
}

TEST(Checksum, EqualsTheNaiveSumForEveryLengthAndAlignment) {
    std::mt19937 random(1);
    std::vector<std::uint8_t> bytes(1600);
    for (auto& b : bytes) {
        b = static_cast<std::uint8_t>(random());
    }
    for (std::size_t length = 0; length < 300; ++length) {
        const Bytes piece = Bytes(bytes).subspan(length % 9, length);
        ASSERT_EQ(checksum_of(piece), test::reference_checksum(piece)) << length;
    }
    EXPECT_EQ(checksum_of(bytes), test::reference_checksum(bytes));
}

TEST(Checksum, CarriesThatRunThroughEveryWord) {
    const std::vector<std::uint8_t> ones(1500, 0xff);
    EXPECT_EQ(checksum_of(ones), test::reference_checksum(ones));
    std::vector<std::uint8_t> almost(1500, 0xff);
    almost[1499] = 0xfe;
    EXPECT_EQ(checksum_of(almost), test::reference_checksum(almost));
}

TEST(Checksum, PiecesOfAnyLengthGiveTheSumOfTheWhole) {
    std::mt19937 random(2);
    std::vector<std::uint8_t> bytes(257);
    for (auto& b : bytes) {
        b = static_cast<std::uint8_t>(random());
    }
    for (int round = 0; round < 500; ++round) {
        Checksum sum;
        std::size_t at = 0;
        while (at < bytes.size()) {
            const std::size_t n = std::min<std::size_t>(random() % 40, bytes.size() - at);
            sum.add(Bytes(bytes).subspan(at, n));
            at += n;
        }
        ASSERT_EQ(sum.value(), test::reference_checksum(bytes));
    }
}

TEST(Checksum, PseudoHeaderOfBothVersions) {
    const auto message = test::bytes_of("a transport message");
    for (const auto& [src, dst] :
         {std::pair{"192.0.2.1", "198.51.100.77"}, std::pair{"2001:db8::1", "fe80::ffff"}}) {
        const auto a = test::address(src);
        const auto b = test::address(dst);
        auto covered = test::reference_pseudo_header(a, b, 17, 70000);
        const bool v4 = a.is_v4();
        if (v4) {
            covered = test::reference_pseudo_header(a, b, 17, message.size());
        }
        covered.insert(covered.end(), message.begin(), message.end());
        Checksum sum;
        sum.add_pseudo_header(Bytes(a.bytes).subspan(v4 ? 12 : 0),
                              Bytes(b.bytes).subspan(v4 ? 12 : 0), 17,
                              v4 ? static_cast<std::uint32_t>(message.size()) : 70000);
        sum.add(message);
        EXPECT_EQ(sum.value(), test::reference_checksum(covered)) << src;
    }
}

TEST(Checksum, IncrementalUpdateEqualsRecomputing) {
    std::mt19937 random(3);
    std::vector<std::uint8_t> bytes(40);
    for (int round = 0; round < 2000; ++round) {
        for (auto& b : bytes) {
            b = static_cast<std::uint8_t>(random() % 4 == 0 ? 0xff : random());
        }
        bytes[0] = 0x45;  // an all-zero message has no second form of zero to be confused with
        const std::size_t at = 4 + (random() % 8) * 4;
        Cursor c(Bytes(bytes).subspan(at));
        const std::uint32_t before = c.be32().host();
        const std::uint32_t after =
            random() % 8 == 0 ? ~before : static_cast<std::uint32_t>(random());
        const std::uint16_t old_sum = checksum_of(bytes);
        const Be32 wire = Be32::from_host(after);
        const std::uint32_t raw = wire.wire();
        std::memcpy(bytes.data() + at, &raw, sizeof raw);
        ASSERT_EQ(checksum_update32(old_sum, before, after), checksum_of(bytes));
    }
}

TEST(Checksum, IncrementalUpdateExampleOfRfc1624) {
    EXPECT_EQ(checksum_update(0xdd2f, 0x5555, 0x3285), 0x0000);  // section 4
}

}  // namespace
}  // namespace sluice
