// SPDX-License-Identifier: Apache-2.0
#include "signatures/lang/keywords.h"

#include <gtest/gtest.h>

namespace sluice::lang {
namespace {

TEST(Keywords, EveryCanonicalNameIsAKeywordOfItsOwn) {
    EXPECT_EQ(all_keywords().size(), 334U);
    for (const Keyword& k : all_keywords()) {
        const Keyword* canonical = find_keyword(k.canonical);
        ASSERT_NE(canonical, nullptr) << k.name;
        EXPECT_EQ(canonical->canonical, canonical->name) << k.name;
        EXPECT_EQ(find_keyword(k.name), &k);
    }
}

TEST(Keywords, AliasesLeadToTheirKeyword) {
    EXPECT_EQ(find_keyword("file_data")->canonical, "file.data");
    EXPECT_EQ(find_keyword("flags")->canonical, "tcp.flags");
    EXPECT_EQ(find_keyword("http_header_names")->canonical, "http.header_names");
    EXPECT_EQ(find_keyword("tls_sni")->canonical, "tls.sni");
}

TEST(Keywords, ClassesValuesAndProtocols) {
    EXPECT_EQ(find_keyword("http_uri")->kind, KeywordClass::kBufferModifier);
    EXPECT_EQ(find_keyword("http.uri")->kind, KeywordClass::kStickyBuffer);
    EXPECT_EQ(find_keyword("dotprefix")->kind, KeywordClass::kTransform);
    EXPECT_EQ(find_keyword("nocase")->value, KeywordValue::kNone);
    EXPECT_EQ(find_keyword("fast_pattern")->value, KeywordValue::kOptional);
    EXPECT_EQ(find_keyword("content")->value, KeywordValue::kRequired);
    EXPECT_EQ(find_keyword("ja3.hash")->protocol, "tls");
    EXPECT_EQ(find_keyword("dns_query")->protocol, "dns");
}

TEST(Keywords, UnknownWordsAreNotFound) {
    for (const char* word : {"", "contents", "CONTENT", "zzz", "http.urii"}) {
        EXPECT_EQ(find_keyword(word), nullptr) << word;
    }
}

TEST(Protocols, KindsAndUnknown) {
    EXPECT_EQ(find_protocol("tcp-pkt")->kind, ProtocolKind::kTransport);
    EXPECT_EQ(find_protocol("pkthdr")->kind, ProtocolKind::kDecoder);
    EXPECT_EQ(find_protocol("bittorrent-dht")->kind, ProtocolKind::kApp);
    EXPECT_EQ(find_protocol("ssl"), nullptr);
    EXPECT_EQ(find_protocol("6"), nullptr);
}

}  // namespace
}  // namespace sluice::lang
