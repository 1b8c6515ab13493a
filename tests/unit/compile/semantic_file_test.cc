// SPDX-License-Identifier: Apache-2.0
// Verdicts of all tables here are those of `suricata -T` 7.0.10.
#include "tests/unit/compile/semantic_fixture.h"

namespace sluice::compile {
namespace {

using enum Verdict;

bundle::Item name_item(const Compiled& r) {
    return r.rules.empty() ? bundle::Item{} : r.items(BufferId::kFileNameToServer).at(0);
}

TEST(File, NameIsAContentWithoutCase) {
    const Compiled r = compile_rule("flow:to_server; filename:\"a|2e|B\";", kHttp);
    ASSERT_EQ(r.verdict(), kGood) << r.reason();
    EXPECT_EQ(r.bytes(name_item(r)), "a.B");
    EXPECT_EQ(name_item(r).flags, bundle::kNocase);
    const Compiled bare = compile_rule("flow:to_server; filename:!a;", kHttp);
    ASSERT_EQ(bare.verdict(), kGood) << bare.reason();
    EXPECT_EQ(name_item(bare).flags, bundle::kNocase | bundle::kNegated);
}

TEST(File, ExtensionIsTheNamesEnd) {
    const Compiled r = compile_rule("flow:to_server; fileext:\"exe\";", kHttp);
    ASSERT_EQ(r.verdict(), kGood) << r.reason();
    EXPECT_EQ(r.bytes(name_item(r)), ".exe");
    EXPECT_EQ(name_item(r).flags, bundle::kNocase | bundle::kEndsWith);
}

TEST(File, WithoutFlowARuleForEachDirection) {
    EXPECT_EQ(compile_rule("filename:\"a\";", kHttp).rules.size(), 2U);
}

TEST(File, KeywordsOfNames) {
    check_cases(
        {
            {"filename:\"a\";", kGood},
            {"filename:a;", kGood},
            {"filename:!\"a\";", kGood},
            {"filename:\"a b\";", kGood},
            {"filename:\"a\\;b\";", kGood},
            {"filename:\"a\"; nocase;", kInvalid},
            {"filename:\"a\"; startswith;", kGood},
            {"filename:\"a\"; depth:3;", kGood},
            {"filename:\"\";", kInvalid},
            {"fileext:\"exe\";", kGood},
            {"fileext:!\"exe\";", kGood},
            {"fileext:\".exe\";", kGood},
            {"fileext:\"exe\"; filename:\"a\";", kGood},
            {"fileext:\"a\"; endswith;", kGood},
            {"content:\"x\"; filename:\"a\"; within:3;", kGood},
            {"file.data; filename:\"a\"; content:\"b\";", kInvalid},
            {"file.data; content:\"b\"; filename:\"a\"; content:\"b\";", kGood},
            {"http.uri; to_lowercase; filename:\"a\";", kInvalid},
            {"file.name; content:\"a\"; nocase; endswith; bsize:>3;", kGood},
            {"file.name; to_lowercase; content:\"a\";", kGood},
            {"file.name; pcre:\"/a/\";", kGood},
            {"file.name; content:\"a\"; rawbytes;", kInvalid},
            {"file.name; content:\"a\"; file.name; content:\"b\";", kGood},
            {"file.name;", kInvalid},
        },
        kHttp);
}

TEST(File, ProtocolsThatCarryFiles) {
    for (const char* head :
         {"alert tcp any any -> any any", "alert ip any any -> any any",
          "alert smtp any any -> any any", "alert ftp-data any any -> any any"}) {
        check_cases({{"filename:\"a\";", kGood}, {"file.name; content:\"a\";", kGood}}, head);
    }
    for (const char* head : {"alert dns any any -> any any", "alert tls any any -> any any",
                             "alert ftp any any -> any any", "alert ssh any any -> any any"}) {
        check_cases({{"filename:\"a\";", kInvalid}, {"file.name; content:\"a\";", kInvalid}}, head);
    }
    // NFS, of which nothing is read.
    EXPECT_EQ(compile_rule("filename:\"a\";", "alert udp any any -> any any").verdict(),
              kUnsupported);
    EXPECT_EQ(compile_rule("filename:\"a\";", "alert smb any any -> any any").verdict(),
              kUnsupported);
}

TEST(File, StoreAsksForAFile) {
    const Compiled r = compile_rule("flow:to_server; filestore;", kHttp);
    ASSERT_EQ(r.verdict(), kGood) << r.reason();
    EXPECT_EQ(name_item(r).kind, bundle::ItemKind::kBsize);
    check_cases({{"filestore;", kGood},
                 {"filestore:request,file;", kGood},
                 {"file.data; filestore; content:\"a\";", kInvalid}},
                kHttp);
    check_cases({{"filestore;", kInvalid}}, "alert dns any any -> any any");
}

}  // namespace
}  // namespace sluice::compile
