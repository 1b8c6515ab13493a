// SPDX-License-Identifier: Apache-2.0
// Verdicts of all tables here are those of `suricata -T` 7.0.10.
#include "tests/unit/compile/semantic_fixture.h"

namespace sluice::compile {
namespace {

using enum Verdict;

TEST(Ftp, CommandOfADataConnection) {
    const char* const head = "alert ftp-data any any -> any any";
    const Compiled r = compile_rule("ftpdata_command:stor;", head);
    ASSERT_EQ(r.verdict(), kGood) << r.reason();
    EXPECT_EQ(r.rules.at(0).app, AppProto::kFtpData);
    EXPECT_EQ(r.bytes(r.items(BufferId::kFtpDataCommand).at(0)), "stor");
    check_cases(
        {
            {"ftpdata_command:retr;", kGood},
            {"ftpdata_command:STOR;", kInvalid},
            {"ftpdata_command:list;", kInvalid},
            {"ftpdata_command:!stor;", kInvalid},
            {"ftpdata_command:stor; file.data; content:\"a\";", kGood},
        },
        head);
    EXPECT_EQ(compile_rule("ftpdata_command:retr;", "alert ftp any any -> any any").verdict(),
              kInvalid);
}

TEST(Ftp, Bounce) {
    const Compiled r = compile_rule("ftpbounce;", "alert tcp any any -> any any");
    ASSERT_EQ(r.verdict(), kGood) << r.reason();
    EXPECT_EQ(r.items(BufferId::kFtpBounce).size(), 1U);
    check_cases(
        {
            {"ftpbounce;", kGood},
            {"ftpbounce:x;", kInvalid},
            {"flow:to_client; ftpbounce;", kInvalid},
        },
        "alert ftp any any -> any any");
    EXPECT_EQ(compile_rule("ftpbounce;", "alert http any any -> any any").verdict(), kInvalid);
}

}  // namespace
}  // namespace sluice::compile
