// SPDX-License-Identifier: Apache-2.0
#include "dataplane/packet/ipv6_chain.h"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::packet {
namespace {

struct Walk {
    ChainStep last;
    std::vector<std::uint8_t> kinds;
    std::uint8_t protocol;
    std::size_t rest;
};

Walk walk(std::uint8_t first, const std::vector<std::uint8_t>& bytes) {
    ExtensionChain chain(first, Bytes(bytes));
    Walk w{};
    while ((w.last = chain.step()) == ChainStep::kHeader) {
        w.kinds.push_back(chain.kind());
        EXPECT_GE(chain.header().size(), 8U);
    }
    w.protocol = chain.protocol();
    w.rest = chain.rest().size();
    return w;
}

using Kinds = std::vector<std::uint8_t>;

TEST(ExtensionChain, EachKindHasItsLength) {
    std::vector<std::uint8_t> b(8 + 16 + 8 + 12 + 24 + 3, 0);
    b[0] = kExtRouting;   // hop-by-hop, 8 bytes
    b[8] = kExtFragment;  // routing, 16 bytes
    b[9] = 1;
    b[24] = kExtAuthentication;  // fragment, 8 bytes whatever stands there
    b[25] = 77;
    b[32] = kExtDestinationOptions;  // authentication, 12 bytes
    b[33] = 1;
    b[44] = 6;  // destination options, 24 bytes
    b[45] = 2;
    const Walk w = walk(kExtHopByHop, b);
    EXPECT_EQ(w.last, ChainStep::kEnd);
    EXPECT_EQ(w.kinds, (Kinds{0, 43, 44, 51, 60}));
    EXPECT_EQ(w.protocol, 6);
    EXPECT_EQ(w.rest, 3U);
}

TEST(ExtensionChain, NoHeaderAtAll) {
    const Walk w = walk(17, {1, 2, 3});
    EXPECT_EQ(w.last, ChainStep::kEnd);
    EXPECT_EQ(w.rest, 3U);
}

TEST(ExtensionChain, CutInEveryPlace) {
    std::vector<std::uint8_t> whole(24, 0);
    whole[0] = kExtAuthentication;
    whole[8] = 17;
    whole[9] = 2;
    EXPECT_EQ(walk(kExtRouting, whole).last, ChainStep::kEnd);
    for (std::size_t n = 0; n < whole.size(); ++n) {
        const Walk w = walk(kExtRouting, {whole.begin(), whole.begin() + static_cast<long>(n)});
        EXPECT_EQ(w.last, ChainStep::kCut) << n;
    }
}

TEST(ExtensionChain, TooManyAndMisplaced) {
    std::vector<std::uint8_t> b(9 * 8, 0);
    for (std::size_t i = 0; i < 9; ++i) {
        b[i * 8] = kExtDestinationOptions;
    }
    EXPECT_EQ(walk(kExtDestinationOptions, b).last, ChainStep::kMalformed);
    b[7 * 8] = 17;
    EXPECT_EQ(walk(kExtDestinationOptions, b).last, ChainStep::kEnd);
    b[8] = kExtHopByHop;
    EXPECT_EQ(walk(kExtDestinationOptions, b).last, ChainStep::kMalformed);
}

}  // namespace
}  // namespace sluice::packet
