// SPDX-License-Identifier: Apache-2.0
// The asn1 keyword. Each row is what Suricata 7.0.10 did with a packet of these bytes.
#include "dataplane/detect/asn1.h"

#include "tests/unit/detect/detect_bench.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::detect {
namespace {

std::string tlv(unsigned char tag, const std::string& value) {
    std::string out(1, static_cast<char>(tag));
    if (value.size() < 128) {
        out += static_cast<char>(value.size());
    } else {
        out += '\x82';
        out += static_cast<char>(value.size() >> 8);
        out += static_cast<char>(value.size() & 0xff);
    }
    return out + value;
}

std::string many(std::size_t n, char c = 'x') {
    return std::string(n, c);
}

bundle::Item item(std::uint64_t checks, std::int64_t oversize = 0) {
    bundle::Item i;
    i.kind = bundle::ItemKind::kAsn1;
    i.mask = checks;
    i.lo = oversize;
    return i;
}

StepOutcome check(const bundle::Item& i, const std::string& bytes, bool complete = true) {
    return check_asn1(i, {test::as_bytes(bytes), 0, 0, complete}, 0);
}

bool hit(const bundle::Item& i, const std::string& bytes) {
    return check(i, bytes) == StepOutcome::kOk;
}

TEST(Asn1, Oversize) {
    const bundle::Item i = item(bundle::kAsn1Oversize, 10);
    EXPECT_TRUE(hit(i, tlv(4, many(11))));
    EXPECT_FALSE(hit(i, tlv(4, many(10))));
    EXPECT_FALSE(hit(i, "\x04\x0bxx")) << "cut short";
    EXPECT_TRUE(hit(i, tlv(2, "1") + tlv(4, many(12)))) << "the second object";
    EXPECT_TRUE(hit(i, tlv(0x24, tlv(4, many(3)) + tlv(4, many(5))))) << "a constructed one";
    EXPECT_TRUE(hit(i, std::string("\x30\x80", 2) + tlv(4, many(12)) + std::string(2, '\0')));
    EXPECT_FALSE(hit(i, std::string("\x30\x80", 2) + tlv(4, many(12)))) << "no end";
    EXPECT_FALSE(hit(i, tlv(0x30, tlv(4, many(12)) + "\x04\x20x"))) << "the inside is damaged";
    EXPECT_TRUE(hit(i, "\x1f\x81\x01\x0b" + many(11))) << "a long tag";
}

TEST(Asn1, BitString) {
    const bundle::Item i = item(bundle::kAsn1Bitstring);
    EXPECT_TRUE(hit(i, "\x03\x01\xff"));
    EXPECT_FALSE(hit(i, "\x03\x01\x07"));
    EXPECT_TRUE(hit(i, tlv(0x30, tlv(4, "xyz") + tlv(3, "\xff"))));
    EXPECT_FALSE(hit(i, tlv(0x30, tlv(0xa0, tlv(3, "\xff"))))) << "inside a context tag";
}

TEST(Asn1, Double) {
    const bundle::Item i = item(bundle::kAsn1Double);
    EXPECT_TRUE(hit(i, tlv(9, many(257, '\x05'))));
    EXPECT_FALSE(hit(i, tlv(9, many(256, '\x05'))));
    EXPECT_FALSE(hit(i, tlv(9, many(257, '\x85')))) << "binary";
}

TEST(Asn1, WaitsForTheRest) {
    const bundle::Item i = item(bundle::kAsn1Oversize, 10);
    EXPECT_EQ(check(i, "\x04\x0bxx", false), StepOutcome::kShort);
    EXPECT_EQ(check(i, tlv(4, many(10)), false), StepOutcome::kShort);
    EXPECT_EQ(check(i, "", false), StepOutcome::kShort);
}

TEST(Asn1, Hostile) {
    const bundle::Item i = item(bundle::kAsn1Oversize, 1U << 30);
    std::string deep;
    for (int n = 0; n < 100000; ++n) {
        deep += "\x30\x80";
    }
    EXPECT_EQ(check(i, deep), StepOutcome::kFail);
    EXPECT_EQ(check(i, many(100000, '\x02')), StepOutcome::kFail);
    EXPECT_EQ(check(i, "\x04\x88\xff\xff\xff\xff\xff\xff\xff\xff"), StepOutcome::kFail);
    EXPECT_EQ(check(i, "\x04\xff" + many(300, '\xff')), StepOutcome::kFail);
    EXPECT_EQ(check(i, "\x1f" + many(300, '\xff')), StepOutcome::kFail);
}

TEST(Asn1, RelativeOffset) {
    bundle::Item i = item(bundle::kAsn1Bitstring);
    i.flags = bundle::kRelative;
    i.offset = -1;
    const std::string bytes = "AA\x03\x01\xff";
    const EvalView view{test::as_bytes(bytes), 0, 0, true};
    EXPECT_EQ(check_asn1(i, view, 3), StepOutcome::kOk);
    EXPECT_EQ(check_asn1(i, view, 0), StepOutcome::kFail) << "before the buffer";
    EXPECT_EQ(check_asn1(i, view, 9), StepOutcome::kFail) << "behind it";
}

// Suricata 7.0.10 does not alert, whatever comes behind; and no answer may change with it.
TEST(Asn1, AnObjectLongerThanWhatItLiesInIsDamage) {
    const std::string parent = "\x32\x02\x01\x01";  // two bytes, which announce a third
    for (const std::string& rest :
         {std::string(), std::string(1, '\0'), std::string("\x05\0", 2)}) {
        for (const bool complete : {false, true}) {
            EXPECT_EQ(check(item(bundle::kAsn1Oversize, 0), parent + rest, complete),
                      StepOutcome::kFail);
        }
    }
}

}  // namespace
}  // namespace sluice::detect
