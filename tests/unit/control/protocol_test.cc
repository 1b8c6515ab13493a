// SPDX-License-Identifier: Apache-2.0
#include "control/rpc/protocol.h"

#include <gtest/gtest.h>

#include <random>

namespace sluice::control {
namespace {

TEST(Protocol, RequestsSurviveTheWire) {
    for (const Request& request :
         {Request{Command::kStatus, ""}, Request{Command::kStats, ""}, Request{Command::kStop, ""},
          Request{Command::kReopen, ""}, Request{Command::kReload, "/tmp/a \"b\".sigb"}}) {
        std::string line = format_request(request);
        ASSERT_EQ(line.back(), '\n');
        line.pop_back();
        Result<Request> read = parse_request(line);
        ASSERT_TRUE(read.ok()) << line;
        EXPECT_EQ(read.value().command, request.command);
        EXPECT_EQ(read.value().bundle, request.bundle);
    }
}

TEST(Protocol, BadRequestsAreErrors) {
    for (const char* line :
         {"", "{", "[]", "1", "{}", "{\"cmd\":1}", "{\"cmd\":\"boom\"}",
          "{\"cmd\":\"status\",\"x\":1}", "{\"cmd\":\"stop\",\"bundle\":\"x\"}",
          "{\"cmd\":\"reload\",\"bundle\":1}", "{\"cmd\":\"reload\",\"bundle\":\"a\\u0000b\"}"}) {
        EXPECT_FALSE(parse_request(line).ok()) << line;
    }
    EXPECT_FALSE(parse_request(std::string(5000, '[')).ok());
    EXPECT_FALSE(
        parse_request("{\"cmd\":\"reload\",\"bundle\":\"" + std::string(4097, 'a') + "\"}").ok());
}

TEST(Protocol, RandomBytesNeverPass) {
    std::mt19937_64 random(7);
    for (int i = 0; i < 5000; ++i) {
        std::string line(random() % 64, '\0');
        for (char& c : line) {
            c = static_cast<char>(random());
        }
        EXPECT_FALSE(parse_request(line).ok());
        EXPECT_FALSE(parse_response(line).ok());
    }
}

TEST(Protocol, AnswersCarryResultOrErrorWithHint) {
    Result<std::string> good = parse_response(format_success("{\"a\":[1]}"));
    ASSERT_TRUE(good.ok());
    EXPECT_EQ(good.value(), "{\"a\":[1]}");
    Result<std::string> bad =
        parse_response(format_failure({ErrorCode::kIo, "no\xff", {"f", 3, 0}, "do this"}));
    ASSERT_FALSE(bad.ok());
    EXPECT_EQ(bad.error().message, "f:3: no\xef\xbf\xbd");
    EXPECT_EQ(bad.error().hint, "do this");
}

}  // namespace
}  // namespace sluice::control
