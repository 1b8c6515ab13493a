// SPDX-License-Identifier: Apache-2.0
// What base64_decode makes of its bytes. Each row was measured with Suricata 7.0.10: the size with
// bsize, the bytes with content over base64_data.
#include "dataplane/detect/base64.h"

#include "tests/unit/detect/detect_bench.h"
#include "tests/unit/detect/model_maker.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace sluice::detect {
namespace {

using test::Bench;
using test::ModelMaker;
using Sids = Bench::Sids;

std::string decode(std::string_view text) {
    std::array<std::uint8_t, 64> room{};
    const Decoded d = decode_base64(test::as_bytes(text), room);
    return {room.begin(), room.begin() + static_cast<std::ptrdiff_t>(d.size)};
}

TEST(Base64, AsSuricata) {
    struct Case {
        const char* text;
        std::string bytes;
    };

    const Case cases[] = {
        {"QUJDRA==", "ABCD"},
        {"QUJDRA", "ABCD"},   // the padding may be missing
        {"QUJDRA!", "ABCD"},  // a foreign byte ends it
        {"QUJD!RA", "ABC"},
        {"QUJD RA==", "ABC"},
        {"QUJDR", "ABC"},    // one character is nothing,
        {"QUJDR!", "ABCD"},  // before a foreign byte it is a byte
        {"QUJDRE!", "ABCD"},
        {"QU\r\nJD", "A"},
        {"QUJD====", "ABC"},
        {"QUJDREVG=", "ABCDEF"},
        {"", ""},
    };
    for (const Case& c : cases) {
        EXPECT_EQ(decode(c.text), c.bytes) << c.text;
    }
    // '=' in the middle counts as a zero and as a byte less.
    EXPECT_EQ(decode("QUJDRA=x"), std::string("ABCD\0", 5));
    EXPECT_EQ(decode("=QUJD").size(), 2U);
    EXPECT_EQ(decode("QUJDREV=xx").size(), 6U);
}

TEST(Base64, StopsWhenTheRoomIsFull) {
    std::array<std::uint8_t, 4> room{};
    const Decoded d = decode_base64(test::as_bytes("QUJDREVG"), room);
    EXPECT_EQ(d.size, 3U);
    EXPECT_TRUE(d.ended);
}

bundle::Item decode_item(int bytes, int offset, std::uint32_t flags) {
    bundle::Item i;
    i.kind = bundle::ItemKind::kBase64Decode;
    i.depth = bytes;
    i.offset = offset;
    i.flags = flags;
    return i;
}

// Any cut of the stream gives the same answer.
TEST(Base64, InAStream) {
    const auto rules = [] {
        ModelMaker maker;
        maker.rule(1)
            .flow(bundle::kRuleStream)
            .content("q=")
            .item(decode_item(0, 0, bundle::kRelative))
            .content("evil");
        maker.rule(2)
            .flow(bundle::kRuleStream)
            .content("q=")
            .item(decode_item(8, 0, bundle::kRelative))
            .content("evil")
            .negated();
        maker.rule(3)
            .flow(bundle::kRuleStream)
            .content("q=")
            .item(decode_item(0, 2, bundle::kRelative))
            .content("evil");
        maker.rule(4)
            .flow(bundle::kRuleStream)
            .content("q=")
            .item(decode_item(0, 0, bundle::kRelative));
        return test::build(maker.finish());
    };
    const std::string text = "a=1&q=dmVyeSBldmls&b=2";  // "very evil"
    for (std::size_t cut = 1; cut < text.size(); ++cut) {
        Bench b(rules());
        Sids all = b.stream(text.substr(0, cut));
        all.merge(b.stream(text.substr(cut), true));
        EXPECT_EQ(all, Sids({1, 2})) << cut;
    }
}

// The nested run is bounded with the rest: decoding costs steps.
TEST(Base64, CostsSteps) {
    ModelMaker maker;
    maker.rule(1)
        .flow(bundle::kRuleStream)
        .content("q=")
        .item(decode_item(0, 0, bundle::kRelative))
        .content("evil");
    detect::DetectConfig config = Bench::small();
    config.step_budget = 20;
    Bench b(test::build(maker.finish()), config);
    const std::string text = "q=" + std::string(4000, 'A');
    EXPECT_EQ(b.stream(text, true), Sids({}));
}

}  // namespace
}  // namespace sluice::detect
