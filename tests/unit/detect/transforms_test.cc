// SPDX-License-Identifier: Apache-2.0
#include "dataplane/detect/transforms.h"

#include "tests/unit/detect/detect_bench.h"
#include "tests/unit/detect/model_maker.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace sluice::detect {
namespace {

using bundle::Transform;
using bundle::TransformStep;
using test::Bench;
using test::ModelMaker;
using Sids = Bench::Sids;

struct Tools {
    std::string blob = "\x0a\x0b";
    RegexSet regexes;
    RegexMatcher matcher;
    packet::ReasonCounters reasons{};
    std::array<std::uint8_t, 128> a{};
    std::array<std::uint8_t, 128> b{};

    std::string run(const std::vector<TransformStep>& steps, std::string_view in) {
        const Bytes out = apply_transforms(steps, test::as_bytes(in), {a, b},
                                           {test::as_bytes(blob), regexes, matcher, reasons});
        return {out.begin(), out.end()};
    }
};

std::string hex(const std::string& s) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    for (const char c : s) {
        out += kDigits[static_cast<unsigned char>(c) >> 4];
        out += kDigits[static_cast<unsigned char>(c) & 15];
    }
    return out;
}

TEST(Transforms, Digests) {
    Tools t;
    EXPECT_EQ(hex(t.run({Transform::kToMd5}, "abc")), "900150983cd24fb0d6963f7d28e17f72");
    EXPECT_EQ(hex(t.run({Transform::kToSha1}, "abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
    EXPECT_EQ(hex(t.run({Transform::kToSha256}, "abc")),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Transforms, Lines) {
    Tools t;
    EXPECT_EQ(t.run({Transform::kHeaderLowercase}, "Host: A.B\r\nX-Y: Z:W\r\nNo\r\n"),
              "host: A.B\r\nx-y: Z:W\r\nno\r\n");
    EXPECT_EQ(t.run({Transform::kStripPseudoHeaders}, ":path: /\r\nhost: a\r\n:x\r\nb: :c\r\n"),
              "host: a\r\nb: :c\r\n");
    EXPECT_EQ(t.run({Transform::kStripPseudoHeaders}, ":only"), "");
}

TEST(Transforms, Xor) {
    Tools t;
    EXPECT_EQ(t.run({TransformStep(Transform::kXor, 0, 2)}, std::string("\0\0\0", 3)),
              "\x0a\x0b\x0a");
}

TEST(Transforms, PcreXform) {
    Tools t;
    ASSERT_TRUE(t.regexes.load({{"[a-z]+=(\\d+)", 0}, {"(a)|b", 0}}, {false, false}).ok());
    EXPECT_EQ(t.run({TransformStep(Transform::kPcreXform, 0)}, "?x=1&id=42"), "1");
    EXPECT_EQ(t.run({TransformStep(Transform::kPcreXform, 0)}, "nothing"), "nothing");
    EXPECT_EQ(t.run({TransformStep(Transform::kPcreXform, 1)}, "xb"), "xb") << "group not set";
    EXPECT_EQ(t.run({TransformStep(Transform::kPcreXform, 0), Transform::kDotPrefix}, "id=42"),
              ".42");
}

TEST(Transforms, WhatDoesNotFitIsCut) {
    Tools t;
    EXPECT_EQ(t.run({Transform::kDotPrefix}, std::string(500, 'x')).size(), 128U);
}

// A digest is of the whole buffer, so it waits for the end.
TEST(Transforms, DigestOfABodyInPieces) {
    ModelMaker maker;
    maker.rule(1)
        .flow(bundle::kFlowToServer)
        .buffer(BufferId::kHttpRequestBody)
        .transform(Transform::kToMd5)
        .content("\x90\x01\x50\x98")
        .startswith();
    Bench b(test::build(maker.finish()));
    app::InspectionPoint p;
    p.tx_start = true;
    b.body(p, BufferId::kHttpRequestBody, "ab", 2, false);
    EXPECT_EQ(b.point(p), Sids({}));
    p = {};
    p.tx_end = true;
    b.body(p, BufferId::kHttpRequestBody, "abc", 1, true);
    EXPECT_EQ(b.point(p), Sids({1}));
}

}  // namespace
}  // namespace sluice::detect
