// SPDX-License-Identifier: Apache-2.0
// Content codings: what rules see of a compressed body, and what happens at each limit.
#include "tests/unit/app/compress.h"
#include "tests/unit/app/http_transcript.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

namespace sluice::test {
namespace {

using packet::Reason;

const std::string kText = "attack at dawn, attack at noon, attack at dusk";

std::string response(const std::string& coding, const std::string& body) {
    return "HTTP/1.1 200 OK\r\nContent-Encoding:" + coding +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// Text that hardly compresses, always the same.
std::string noise(std::size_t size) {
    std::minstd_rand random(1);
    std::string out(size, ' ');
    for (char& c : out) {
        c = static_cast<char>('a' + random() % 26);
    }
    return out;
}

// The body that rules see, for the response cut into pieces of 'piece' bytes.
std::string seen(Conversation& c, const std::string& bytes, std::size_t piece = 7) {
    c.send(Direction::kToServer, "GET / HTTP/1.1\r\n\r\n");
    c.send_cut(Direction::kToClient, bytes, piece, true);
    EXPECT_EQ(c.broken(), "");
    const auto& list = c.transcript().responses();
    if (list.size() != 1) {
        return "<no response>";
    }
    EXPECT_TRUE(list[0].ended);
    EXPECT_EQ(list[0].get(BufferId::kHttpResponseBody), list[0].get(BufferId::kFileDataToClient));
    return list[0].get(BufferId::kHttpResponseBody);
}

std::string seen(const std::string& bytes, const app::AppConfig& config = small_config()) {
    app::AppStage stage(config);
    Conversation c(stage);
    std::string body = seen(c, bytes);
    EXPECT_EQ(stage.decoders_in_use(), 0U);
    return body;
}

TEST(ContentCoding, EveryFormUnderEveryName) {
    for (const char* name : {" gzip", "x-gzip", " deFLaTe", ": deflate", " gzip,", " x gzip",
                             "identity, gzip", " deflate,gzip"}) {
        for (const int bits : {kGzipBits, kZlibBits, kRawBits}) {
            EXPECT_EQ(seen(response(name, compressed(kText, bits))), kText) << name << bits;
        }
    }
}

TEST(ContentCoding, OddlyWrittenNames) {
    using namespace std::string_literals;
    const std::string body = compressed(kText, kRawBits);
    for (const std::string& name :
         {"Content-Encoding\v"s, "Content-Encoding\0"s, "content\0-encoding"s}) {
        EXPECT_EQ(seen("HTTP/1.1 200 OK\r\n" + name + ":deflate\r\n\r\n" + body), kText);
    }
    for (const std::string& name : {"Transfer-Encoding\f"s, "Transfer\0-encoding"s}) {
        EXPECT_EQ(seen("HTTP/1.1 200 OK\r\n" + name + ":chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"),
                  "ab");
    }
    EXPECT_EQ(seen("HTTP/1.1 200 OK\r\nX-Content-Encoding: gzip\r\n\r\nas sent"), "as sent");
}

TEST(ContentCoding, RequestsToo) {
    app::AppStage stage(small_config());
    Conversation c(stage);
    const std::string body = compressed(kText, kGzipBits);
    c.send(Direction::kToServer, "POST / HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: " +
                                     std::to_string(body.size()) + "\r\n\r\n" + body);
    ASSERT_EQ(c.transcript().requests().size(), 1U);
    EXPECT_EQ(c.transcript().requests()[0].get(BufferId::kHttpRequestBody), kText);
    EXPECT_EQ(c.broken(), "");
}

TEST(ContentCoding, TwoLayers) {
    const std::string twice = compressed(compressed(kText, kGzipBits), kRawBits);
    EXPECT_EQ(seen(response(" gzip, deflate", twice)), kText);
    EXPECT_EQ(seen(response("gzip\r\nContent-Encoding: gzip", twice)), kText);
    // Said twice, done once.
    EXPECT_EQ(seen(response("deflate,deflate", compressed(kText, kRawBits))), kText);
}

TEST(ContentCoding, MembersAndWhatFollowsThem) {
    const std::string one = compressed(kText, kGzipBits);
    EXPECT_EQ(seen(response("gzip", one + one)), kText + kText);
    EXPECT_EQ(seen(response("gzip", one + "junk")), kText);
    EXPECT_EQ(seen(response("gzip", std::string("\x03\0", 2) + "hidden")), "hidden");
}

TEST(ContentCoding, GzipHeaderFields) {
    const std::string one = compressed(kText, kGzipBits);
    const auto with = [&](int flags, const std::string& extra) {
        std::string s = one.substr(0, 10) + extra + one.substr(10);
        s[3] = static_cast<char>(flags);
        return seen(response("gzip", s));
    };
    EXPECT_EQ(with(0x04, std::string("\x03\0abc", 5)), kText);
    EXPECT_EQ(with(0x08, std::string("name\0", 5)), kText);
    EXPECT_EQ(with(0x10, std::string("comment\0", 8)), kText);
    // Flags that zlib refuses, and a header checksum that is wrong.
    EXPECT_EQ(with(0x40, "").substr(0, kText.size()), kText);
    EXPECT_EQ(with(0x48, std::string(900, 'n') + std::string(1, '\0')).substr(0, kText.size()),
              kText);
    EXPECT_EQ(with(0x02, "xx").substr(0, kText.size()), kText);
}

TEST(ContentCoding, TruncatedAndDamaged) {
    const std::string one = compressed(kText, kGzipBits);
    EXPECT_EQ(seen(response("gzip", one.substr(0, one.size() - 8))), kText);
    app::AppStage stage(small_config());
    Conversation c(stage);
    EXPECT_EQ(seen(c, response("gzip", "not compressed")), "not compressed");
    EXPECT_EQ(c.counted(Reason::http_inflate_error), 1U);
}

TEST(ContentCoding, NoStateLeft) {
    app::AppConfig config = small_config();
    config.inflate_states = 0;
    app::AppStage stage(config);
    Conversation c(stage);
    const std::string body = compressed(kText, kGzipBits);
    EXPECT_EQ(seen(c, response("gzip", body)), body);
    EXPECT_EQ(c.counted(Reason::http_inflate_full), 1U);
}

TEST(ContentCoding, Brotli) {
    const std::string one = brotli(kText);
    for (const char* name : {"br", " BR ", "identity, br"}) {
        EXPECT_EQ(seen(response(name, one)), kText) << name;
    }
    EXPECT_EQ(seen(response("gzip, br", brotli(compressed(kText, kGzipBits)))), kText);
    EXPECT_EQ(seen(response("br, gzip", compressed(one, kGzipBits))), kText);
    EXPECT_EQ(seen(response("br, br", brotli(one))), kText);
    EXPECT_EQ(seen(response("br", one + "what follows")), kText);
    const std::string large = noise(300'000);
    EXPECT_EQ(seen(response("br", brotli(large))), large);
}

TEST(ContentCoding, BrotliThatIsNone) {
    for (const std::size_t piece : {1U, 7U, 1000U}) {
        app::AppStage stage(small_config());
        Conversation c(stage);
        EXPECT_EQ(seen(c, response("br", "<html>as sent</html>"), piece), "<html>as sent</html>");
        EXPECT_EQ(c.counted(Reason::http_inflate_error), 1U);
    }
    // What came before the damage is true, and the same however it is cut.
    std::string damaged = brotli(noise(5000));
    damaged[damaged.size() / 2] ^= 0x55;
    const std::string got = seen(response("br", damaged));
    EXPECT_EQ(got.substr(0, 1000), noise(5000).substr(0, 1000));
    for (const std::size_t piece : {1U, 2U, 100U, 10000U}) {
        app::AppStage stage(small_config());
        Conversation c(stage);
        EXPECT_EQ(seen(c, response("br", damaged), piece), got) << piece;
    }
}

TEST(ContentCoding, BrotliWithoutMemoryIsShownAsSent) {
    app::AppConfig config = small_config();
    config.brotli_bytes = 64 * 1024;
    app::AppStage stage(config);
    Conversation c(stage);
    const std::string body = seen(c, response("br", brotli(noise(300'000))));
    EXPECT_EQ(c.counted(Reason::http_inflate_full), 1U);
    EXPECT_GT(body.size(), 100'000U);
    EXPECT_EQ(seen(response("br", brotli(kText)), config), kText) << "all was given back";
}

TEST(ContentCoding, BrotliBomb) {
    const std::string bomb = brotli(std::string(8 << 20, 'x'));
    std::array<std::size_t, 3> size{};
    std::size_t i = 0;
    for (const std::size_t piece : {1U, 7U, 4096U}) {
        app::AppStage stage(small_config());
        Conversation c(stage);
        size[i++] = seen(c, response("br", bomb), piece).size();
        EXPECT_EQ(c.counted(Reason::http_inflate_limit), 1U);
    }
    EXPECT_LT(size[0], std::size_t{4} << 20);
    EXPECT_EQ(size[0], size[1]);
    EXPECT_EQ(size[0], size[2]);
}

// However cut, a bomb is stopped at the same byte.
TEST(ContentCoding, Bombs) {
    const std::string once = compressed(std::string(8 << 20, 'x'), kGzipBits);
    const std::string twice = compressed(once, kGzipBits);
    std::array<std::size_t, 2> size{};
    for (const std::size_t piece : {std::size_t{7}, std::size_t{4096}}) {
        app::AppStage stage(small_config());
        Conversation c(stage);
        const std::size_t n = seen(c, response("gzip, gzip", twice), piece).size();
        EXPECT_EQ(c.counted(Reason::http_inflate_limit), 1U);
        EXPECT_GT(n, std::size_t{1} << 20);
        EXPECT_LT(n, std::size_t{4} << 20);
        size[piece == 7 ? 0 : 1] = n;
    }
    EXPECT_EQ(size[0], size[1]);
    EXPECT_EQ(seen(response("gzip", once)).size(), std::size_t{8} << 20);
    app::AppConfig config = small_config();
    config.inflate_large_bytes = 100 * 1024;
    EXPECT_EQ(seen(response("gzip", once), config).size(), std::size_t{384} * 1024);
    // Size alone is no sign of a bomb.
    config.inflate_large_bytes = config.inflate_bomb_bytes = 0;
    const std::string honest = noise(300'000);
    EXPECT_EQ(seen(response("gzip", compressed(honest, kGzipBits)), config), honest);
}

}  // namespace
}  // namespace sluice::test
