// SPDX-License-Identifier: Apache-2.0
// Files in HTTP bodies and their names; what Suricata 7.0.10 says to the same is recorded by
// tests/conformance/file_suricata_test.py.
#include "tests/unit/app/compress.h"
#include "tests/unit/app/http_transcript.h"

#include <gtest/gtest.h>

namespace sluice::test {
namespace {

using enum BufferId;
using packet::Reason;

constexpr Direction kClient = Direction::kToServer;
constexpr Direction kServer = Direction::kToClient;

std::string part(const std::string& name, const std::string& data) {
    return "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"" + name + "\"\r\n\r\n" +
           data + "\r\n";
}

std::string post(const std::string& body, const std::string& fields = "",
                 const std::string& method = "POST") {
    return method +
           " /up/load.php?a=b HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=B\r\n" +
           fields + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string chunked(const std::string& body, std::size_t piece) {
    std::string out;
    for (std::size_t at = 0; at < body.size(); at += piece) {
        const std::string chunk = body.substr(at, piece);
        std::array<char, 32> size{};
        (void)std::snprintf(size.data(), size.size(), "%zx\r\n", chunk.size());
        out += size.data() + chunk + "\r\n";
    }
    return "POST /up HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=B\r\n"
           "Transfer-Encoding: chunked\r\n\r\n" +
           out + "0\r\n\r\n";
}

class HttpFiles : public testing::Test {
  protected:
    void TearDown() override { EXPECT_EQ(talk.broken(), ""); }

    const Message& request() const { return talk.transcript().requests().at(0); }

    const Message& response() const { return talk.transcript().responses().at(0); }

    app::AppStage stage{small_config()};
    Conversation talk{stage};
};

TEST_F(HttpFiles, OneFileInOneChunkIsOnePoint) {
    const std::string body = part("a.exe", "EVIL") + "--B--\r\n";
    talk.send(kClient, post(body));
    EXPECT_EQ(talk.points(), 1u);
    EXPECT_EQ(request().get(kFileNameToServer), "a.exe");
    EXPECT_EQ(request().get(kFileDataToServer), "EVIL");
    EXPECT_EQ(request().get(kHttpRequestBody), body);
    EXPECT_TRUE(request().ended);
}

TEST_F(HttpFiles, EachFileHasAPoint) {
    talk.send(kClient, post(part("a", "one") + part("b", "") + part("c", "three") + "--B--\r\n"));
    EXPECT_EQ(talk.points(), 3u);
    EXPECT_EQ(request().get(kFileNameToServer), "a|b|c");
    EXPECT_EQ(request().get(kFileDataToServer), "one||three");
    EXPECT_TRUE(request().ended);
}

TEST_F(HttpFiles, OfAFormWithoutFilesNothingIsAFile) {
    talk.send(kClient, post("--B\r\nContent-Disposition: form-data; name=f\r\n\r\nEVIL\r\n--B--"));
    EXPECT_FALSE(request().has(kFileDataToServer));
    EXPECT_FALSE(request().has(kFileNameToServer));
    EXPECT_TRUE(request().resolved.has(kFileDataToServer));
    EXPECT_TRUE(request().has(kHttpRequestBody));
}

TEST_F(HttpFiles, AFileGoesOnInTheNextRequestsSegment) {
    talk.send(kClient, post(part("a", "one") + "--B--") + post(part("b", "two") + "--B--"));
    const auto& all = talk.transcript().requests();
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0].get(kFileDataToServer), "one");
    EXPECT_EQ(all[1].get(kFileDataToServer), "two");
    EXPECT_EQ(all[1].get(kFileNameToServer), "b");
}

// Longer than any window, in all ways that a body may come.
TEST_F(HttpFiles, LargeFiles) {
    std::string data;
    for (int i = 0; data.size() < 60000; ++i) {
        data += std::to_string(i) + (i % 7 == 0 ? "\r\n--B" : "\r\n--");
        data += i % 7 == 0 ? "" : "A";
        data.erase(data.size() - (i % 7 == 0 ? 1 : 0));
    }
    const std::string body = part("a", data) + part("b", data) + "--B--\r\n";
    const std::string packed = compressed(body, kGzipBits);
    const std::string requests[] = {
        post(body), chunked(body, 4000),
        "POST /up HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=B\r\n"
        "Content-Encoding: gzip\r\nContent-Length: " +
            std::to_string(packed.size()) + "\r\n\r\n" + packed};
    for (const std::string& r : requests) {
        for (const int piece : {211, 1460, 16000}) {
            Conversation cut(stage);
            cut.send_cut(kClient, r, static_cast<std::size_t>(piece));
            const Message& m = cut.transcript().requests().at(0);
            EXPECT_EQ(m.get(kFileNameToServer), "a|b");
            EXPECT_EQ(m.get(kFileDataToServer), data + "|" + data);
            EXPECT_EQ(m.get(kHttpRequestBody), body);
            EXPECT_EQ(cut.broken(), "") << piece;
        }
    }
}

TEST_F(HttpFiles, BodiesOfPostAndPutAreFilesNamedByThePath) {
    struct Case {
        const char* method;
        const char* target;
        const char* name;
    };

    const Case cases[] = {{"POST", "/d/a%62%3f.exe?x=y", "/d/ab?.exe"},
                          {"PUT", "/d//e/../a.exe?x#y", "/d/a.exe"},
                          {"POST", "/a#b?c", "/a"},
                          {"POST", "/a?b#c", "/a"},
                          {"POST", "http://h/p/q?r", "/p/q"},
                          {"POST", "*", "*"},
                          {"PATCH", "/d/a.exe", "<absent>"},
                          {"GET", "/d/a.exe", "<absent>"}};
    for (const Case& c : cases) {
        Conversation one(stage);
        one.send(kClient, std::string(c.method) + " " + c.target +
                              " HTTP/1.1\r\nContent-Length: 4\r\n\r\nEVIL");
        const Message& m = one.transcript().requests().at(0);
        EXPECT_EQ(m.get(kFileNameToServer), c.name) << c.target;
        EXPECT_EQ(m.get(kFileDataToServer), c.name[0] == '<' ? "<absent>" : "EVIL") << c.method;
        EXPECT_EQ(m.get(kHttpRequestBody), "EVIL");
        EXPECT_EQ(one.broken(), "");
    }
}

TEST_F(HttpFiles, APutOfAFormIsOneFile) {
    talk.send(kClient, post(part("a", "one") + "--B--", "", "PUT"));
    EXPECT_EQ(request().get(kFileNameToServer), "/up/load.php");
    EXPECT_EQ(request().get(kFileDataToServer), part("a", "one") + "--B--");
}

TEST_F(HttpFiles, ABoundaryThatIsNoneMakesOneFile) {
    for (const std::string& type :
         {std::string("multipart/form-data"), std::string("multipart/form-data; boundary="),
          std::string("text/plain; boundary=B"),
          "multipart/form-data; boundary=" + std::string(200, 'B')}) {
        Conversation one(stage);
        one.send(kClient, "POST /p HTTP/1.1\r\nContent-Type: " + type +
                              "\r\nContent-Length: 8\r\n\r\n--B\r\nabc");
        EXPECT_EQ(one.transcript().requests().at(0).get(kFileDataToServer), "--B\r\nabc") << type;
        EXPECT_EQ(one.transcript().requests().at(0).get(kFileNameToServer), "/p") << type;
    }
}

TEST_F(HttpFiles, ANameOverTheLimitIsRefused) {
    talk.send(kClient, post(part(std::string(3000, 'n'), "EVIL")));
    EXPECT_EQ(talk.counted(Reason::http_header_limit), 1u);
    EXPECT_TRUE(request().ended);
}

TEST_F(HttpFiles, WithoutMemoryTheFlowIsGivenUp) {
    app::AppConfig config = small_config();
    config.slabs = {16, 0, 0, 0, 0};
    app::AppStage poor(config);
    Conversation one(poor);
    one.send(kClient, post(part("a", "one") + "--B--"));
    EXPECT_EQ(one.counted(Reason::http_store_full), 1u);
    EXPECT_EQ(one.transcript().app, AppProto::kNone);
}

TEST_F(HttpFiles, NamesOfResponses) {
    struct Case {
        const char* fields;
        const char* name;
    };

    const Case cases[] = {
        {"", "/d/a b.exe"},
        {"Content-Disposition: attachment; filename=\"n.txt\"\r\n", "n.txt"},
        {"content-disposition:inline;FILENAME=n.txt\r\n", "n.txt"},
        {"Content-Disposition: attachment\r\n", "/d/a b.exe"},
        {"Content-Disposition: attachment; filename=\"\"\r\n", ""},
        {"Content-Disposition: attachment; filename*=UTF-8''n.txt\r\n", "n.txt"},
        {"Content-Disposition: x; filename=a\r\nX: y\r\nContent-Disposition: x; filename=b\r\n",
         "a, x"},
    };
    for (const Case& c : cases) {
        Conversation one(stage);
        one.send(kClient, "GET /d/a%20b.exe?x=y HTTP/1.1\r\n\r\n");
        one.send(kServer,
                 std::string("HTTP/1.1 200 OK\r\n") + c.fields + "Content-Length: 4\r\n\r\nEV");
        // The next request does not take the name away.
        one.send(kClient, "GET /other HTTP/1.1\r\n\r\n");
        one.send(kServer, "IL");
        const Message& m = one.transcript().responses().at(0);
        EXPECT_EQ(m.get(kFileNameToClient), c.name) << c.fields;
        EXPECT_EQ(m.get(kFileDataToClient), "EVIL");
        EXPECT_EQ(one.broken(), "");
    }
}

TEST_F(HttpFiles, ResponsesWithoutABodyAreNoFiles) {
    talk.send(kClient, "GET /a.exe HTTP/1.1\r\n\r\n");
    talk.send(kServer, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    EXPECT_FALSE(response().has(kFileNameToClient));
    EXPECT_TRUE(response().resolved.has(kFileNameToClient));
}

}  // namespace
}  // namespace sluice::test
