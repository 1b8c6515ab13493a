// SPDX-License-Identifier: Apache-2.0
// The subcommands as a user calls them: arguments in, exit code and output out.
#include "tests/unit/sluice/temp_folder.h"
#include "tools/sluice/bundle_show.h"
#include "tools/sluice/check.h"
#include "tools/sluice/compile.h"
#include "tools/sluice/keygen.h"
#include "tools/sluice/terminal.h"

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <stdlib.h>
#include <string>

namespace sluice::cli {
namespace {

using testing::TempFolder;

struct Outcome {
    int code = 0;
    std::string out;
    std::string err;
};

Outcome run(const std::string& arguments) {
    // No cache in the home of who runs the tests.
    (void)::unsetenv("HOME");
    (void)::unsetenv("XDG_CACHE_HOME");
    Outcome outcome;
    CLI::App app("sluice");
    app.require_subcommand(1);
    add_check(app, outcome.code);
    add_compile(app, outcome.code);
    add_keygen(app, outcome.code);
    add_bundle(app, outcome.code);
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    try {
        app.parse(arguments);
    } catch (const CLI::ParseError& e) {
        outcome.code = app.exit(e) == 0 ? kExitOk : kExitUsage;
    }
    outcome.out = ::testing::internal::GetCapturedStdout();
    outcome.err = ::testing::internal::GetCapturedStderr();
    return outcome;
}

constexpr const char* kGood =
    "alert tcp any any -> any any (msg:\"a\"; content:\"xqzvkj\"; reference:cve,2021-31166; sid:1; "
    "rev:1;)\n";
constexpr const char* kBad =
    "alert tcp any any -> any any (msg:\"b\"; nonsense:1; sid:2; rev:1;)\n";
constexpr const char* kLater =
    "alert krb5 any any -> any any (msg:\"c\"; krb5.cname; content:\"x\"; sid:3; rev:1;)\n";

TEST(Check, ExitCodeSaysWhetherARuleIsInvalid) {
    const TempFolder t;
    EXPECT_EQ(run("check " + t.write("good.rules", kGood)).code, kExitOk);
    EXPECT_EQ(run("check " + t.write("later.rules", kLater)).code, kExitOk)
        << "unsupported is no error";
    EXPECT_EQ(run("check " + t.write("bad.rules", kBad)).code, kExitFindings);
    EXPECT_EQ(run("check " + (t / "missing.rules")).code, kExitUsage);
    EXPECT_EQ(run("check").code, kExitUsage);
    EXPECT_EQ(run("check --nosuch x").code, kExitUsage);
}

TEST(Check, JsonIsOneObjectWithPlaces) {
    const TempFolder t;
    const std::string file = t.write("mixed.rules", std::string(kGood) + kBad + kLater);
    const Outcome o = run("check --json " + file);
    const auto j = nlohmann::json::parse(o.out);
    EXPECT_EQ(j["rules"], 3);
    EXPECT_EQ(j["compiled"], 1);
    EXPECT_EQ(j["unsupported"], 1);
    EXPECT_EQ(j["invalid"], 1);
    ASSERT_EQ(j["problems"].size(), 2U);
    EXPECT_EQ(j["problems"][0]["file"], file);
    EXPECT_EQ(j["problems"][0]["line"], 2);
    EXPECT_EQ(j["problems"][0]["sid"], 2);
    EXPECT_FALSE(j["problems"][0]["unsupported"].get<bool>());
    EXPECT_TRUE(o.err.empty()) << o.err;
}

TEST(Check, HostileTextDoesNotReachTheTerminal) {
    const TempFolder t;
    const std::string file =
        t.write("esc.rules",
                "alert tcp any any -> any any (msg:\"x\"; non\x1b[31msense:1; sid:2; rev:1;)\n");
    const Outcome o = run("check " + file);
    EXPECT_EQ(o.out.find('\x1b'), std::string::npos);
    EXPECT_EQ(o.err.find('\x1b'), std::string::npos);
}

TEST(Compile, BundleRoundTrip) {
    const TempFolder t;
    ASSERT_EQ(run("keygen -o " + (t / "lab")).code, kExitOk);
    const std::string rules = t.write("r/good.rules", kGood);
    const Outcome made = run("compile " + (t / "r") + " -o " + (t / "b.sigb") + " --key " +
                             (t / "lab.key") + " --version 42 --expires 45 --name monthly");
    ASSERT_EQ(made.code, kExitOk) << made.err;
    const Outcome shown =
        run("bundle show --json --rules " + (t / "b.sigb") + " --pub " + (t / "lab.pub"));
    ASSERT_EQ(shown.code, kExitOk) << shown.err;
    const auto j = nlohmann::json::parse(shown.out);
    EXPECT_EQ(j["manifest"]["version"], 42);
    EXPECT_EQ(j["manifest"]["name"], "monthly");
    EXPECT_GT(j["manifest"]["expires_at"], j["manifest"]["created_at"]);
    EXPECT_EQ(j["rules"], 1);
    EXPECT_EQ(j["rule_list"][0]["sid"], 1);
    EXPECT_EQ(j["coverage"][0]["cve"], "CVE-2021-31166");
    EXPECT_EQ(run("bundle show " + (t / "b.sigb") + " --pub " + (t / "lab.pub")).code, kExitOk);
}

TEST(Compile, StrictRefusesInvalidRulesAndLeavesTheFile) {
    const TempFolder t;
    ASSERT_EQ(run("keygen -o " + (t / "lab")).code, kExitOk);
    const std::string rules = t.write("mixed.rules", std::string(kGood) + kBad);
    const std::string bundle = t.write("b.sigb", "old");
    const std::string common = "compile " + rules + " -o " + bundle + " --key " + (t / "lab.key");
    const Outcome refused = run(common + " --strict");
    EXPECT_EQ(refused.code, kExitFindings);
    EXPECT_NE(refused.err.find("no bundle was written"), std::string::npos) << refused.err;
    EXPECT_EQ(std::filesystem::file_size(bundle), 3U);
    EXPECT_EQ(run(common).code, kExitOk) << "without --strict the rest is compiled";
    EXPECT_GT(std::filesystem::file_size(bundle), 3U);
}

TEST(Compile, WrongArgumentsAreToldBeforeAnyWork) {
    const TempFolder t;
    ASSERT_EQ(run("keygen -o " + (t / "lab")).code, kExitOk);
    const std::string common =
        "compile " + t.write("good.rules", kGood) + " -o " + (t / "b.sigb") + " --key ";
    EXPECT_EQ(run(common + (t / "no.key")).code, kExitUsage);
    EXPECT_EQ(run(common + (t / "lab.key") + " --expires 2001-01-01").code, kExitUsage);
    EXPECT_EQ(run(common + (t / "lab.key") + " --version 3 --previous 3").code, kExitUsage);
    EXPECT_EQ(run(common + (t / "lab.key") + " --var nonsense").code, kExitUsage);
    EXPECT_FALSE(std::filesystem::exists(t / "b.sigb"));
}

TEST(Compile, VariablesChangePorts) {
    const TempFolder t;
    const std::string rules = t.write(
        "v.rules",
        "alert tcp any any -> any $MY_PORTS (msg:\"a\"; content:\"xqzvkj\"; sid:1; rev:1;)\n");
    EXPECT_EQ(run("check " + rules).code, kExitFindings);
    EXPECT_EQ(run("check " + rules + " --var MY_PORTS=80,81").code, kExitOk);
    EXPECT_EQ(run("check --var MY_PORTS=80 --var OTHER_NET=10.0.0.0/8 " + rules).code, kExitOk);
}

TEST(Keygen, NeverReplacesAKey) {
    const TempFolder t;
    ASSERT_EQ(run("keygen -o " + (t / "lab")).code, kExitOk);
    EXPECT_EQ(run("keygen -o " + (t / "lab")).code, kExitUsage);
}

TEST(BundleShow, AnotherKeyOrDamageIsRefused) {
    const TempFolder t;
    ASSERT_EQ(run("keygen -o " + (t / "lab")).code, kExitOk);
    ASSERT_EQ(run("keygen -o " + (t / "other")).code, kExitOk);
    ASSERT_EQ(run("compile " + t.write("good.rules", kGood) + " -o " + (t / "b.sigb") + " --key " +
                  (t / "lab.key"))
                  .code,
              kExitOk);
    EXPECT_EQ(run("bundle show " + (t / "b.sigb") + " --pub " + (t / "other.pub")).code,
              kExitFindings);
    EXPECT_EQ(run("bundle show " + t.write("junk.sigb", "junk") + " --pub " + (t / "lab.pub")).code,
              kExitFindings);
    EXPECT_EQ(run("bundle show " + (t / "b.sigb") + " --pub " + (t / "none.pub")).code, kExitUsage);
}

TEST(Help, EverySubcommandShowsExamples) {
    for (const char* command : {"check", "compile", "keygen", "bundle show"}) {
        const Outcome o = run(std::string(command) + " --help");
        EXPECT_EQ(o.code, kExitOk);
        EXPECT_NE(o.out.find("Examples:"), std::string::npos) << command;
    }
}

TEST(Compile, ExplainTellsWhatCostsMost) {
    const TempFolder t;
    ASSERT_EQ(run("keygen -o " + (t / "lab")).code, kExitOk);
    const std::string file = t.write(
        "all.rules",
        std::string(kGood) +
            "alert http any any -> any any (msg:\"d\"; http.uri; pcre:\"/a[0-9]+z/\"; sid:4;)\n"
            "alert tcp any any -> any any (msg:\"e\"; flags:S; sid:5;)\n");
    const std::string compile = "compile " + file + " -o " + (t / "o.sigb") + " --key " +
                                (t / "lab.key") + " --explain --json --cache " + (t / "cache");
    for (const bool again : {false, true}) {
        const Outcome o = run(compile);
        ASSERT_EQ(o.code, kExitOk) << o.err;
        const nlohmann::json j = nlohmann::json::parse(o.out)["explain"];
        EXPECT_EQ(j["candidates_by"]["literal"], 1);
        EXPECT_EQ(j["candidates_by"]["pcre"], 1);
        EXPECT_EQ(j["candidates_by"]["every_packet"], 1);
        EXPECT_EQ(j["rules"].size(), 3U);
        EXPECT_GE(j["rules"][0]["cost"], j["rules"][1]["cost"]);
        EXPECT_EQ(j["pcres"][0]["pattern"], "a[0-9]+z");
        EXPECT_EQ(j["pcres"][0]["from_cache"], again);
        EXPECT_EQ(j["pcre_over_budget"], 0);
        ASSERT_FALSE(j["databases"].empty());
        for (const nlohmann::json& db : j["databases"]) {
            EXPECT_EQ(db["from_cache"], again && db["patterns"] != 0) << db;
        }
        EXPECT_GT(j["sections"]["rules"], 0);
    }
    EXPECT_EQ(run(compile + " --no-cache").code, kExitUsage);
    const Outcome text = run("compile " + file + " -o " + (t / "o.sigb") + " --key " +
                             (t / "lab.key") + " --explain --no-cache");
    EXPECT_NE(text.out.find("room in the bundle:"), std::string::npos);
}

}  // namespace
}  // namespace sluice::cli
