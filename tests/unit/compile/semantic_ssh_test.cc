// SPDX-License-Identifier: Apache-2.0
// Verdicts of all tables here are those of `suricata -T` 7.0.10.
#include "tests/unit/compile/semantic_fixture.h"

namespace sluice::compile {
namespace {

using enum Verdict;

constexpr const char* kSsh = "alert ssh any any -> any any";

TEST(Ssh, OlderKeywordsAreTheWholeBuffer) {
    const Compiled r = compile_rule("ssh.softwareversion:\"PuTTY_0.70\";", kSsh);
    ASSERT_EQ(r.verdict(), kGood) << r.reason();
    const bundle::Item item = r.items(BufferId::kSshSoftware).at(0);
    EXPECT_EQ(r.bytes(item), "PuTTY_0.70");
    EXPECT_NE(item.flags & bundle::kStartsWith, 0U);
    EXPECT_NE(item.flags & bundle::kEndsWith, 0U);
    const Compiled compat = compile_rule("ssh.protoversion:2_compat;", kSsh);
    EXPECT_EQ(compat.model.pcres.at(0).pattern, "^(?:2|2\\.0|1\\.99)$");
}

TEST(Ssh, Table) {
    check_cases(
        {
            {"ssh.proto; content:\"2.0\";", kGood},
            {"ssh_proto; content:\"2.0\";", kGood},
            {"ssh.software; content:\"OpenSSH\";", kGood},
            {"ssh.hassh; bsize:32;", kGood},
            {"ssh.hassh; content:\"7F5B3AA5C4BE1C1C0D8E9B6E4D8E0F00\";", kGood},
            {"ssh.hassh; content:\"ABC\";", kInvalid},
            {"flow:to_server; ssh.hassh.server; bsize:32;", kInvalid},
            {"flow:to_client; ssh.hassh; bsize:32;", kInvalid},
            {"ssh.protoversion:2.0;", kGood},
            {"ssh.protoversion:\"1.99\";", kGood},
            {"ssh.protoversion:x;", kInvalid},
            {"ssh.softwareversion:OpenSSH_8.2p1;", kGood},
        },
        kSsh);
}

}  // namespace
}  // namespace sluice::compile
