// SPDX-License-Identifier: Apache-2.0
// Verdicts of all tables here are those of `suricata -T` 7.0.10.
#include "tests/unit/compile/semantic_fixture.h"

namespace sluice::compile {
namespace {

using enum Verdict;

// "(direction) buffers" of every rule that comes out.
std::string shape(const std::string& options, const char* header = kHttp) {
    const Compiled r = compile_rule(options, header);
    std::string out;
    for (const bundle::Rule& rule : r.rules) {
        out += (rule.flow_flags & bundle::kFlowToServer) != 0   ? "server"
               : (rule.flow_flags & bundle::kFlowToClient) != 0 ? "client"
                                                                : "any";
        for (const bundle::Engine& e : rule.engines) {
            out += " " + std::to_string(index_of(e.buffer));
        }
        out += "; ";
    }
    return r.rules.empty() ? r.reason() : out;
}

std::string wanted(const std::string& direction, std::initializer_list<BufferId> buffers) {
    std::string out = direction;
    for (const BufferId b : buffers) {
        out += " " + std::to_string(index_of(b));
    }
    return out + "; ";
}

TEST(Buffer, StickyAndOlderModifiersNameTheSameBuffers) {
    struct Case {
        const char* sticky;
        const char* modifier;
        BufferId buffer;
        const char* direction;
    };

    const Case cases[] = {
        {"http.uri", "http_uri", BufferId::kHttpUri, "server"},
        {"http.uri.raw", "http_raw_uri", BufferId::kHttpUriRaw, "server"},
        {"http.method", "http_method", BufferId::kHttpMethod, "server"},
        {"http.user_agent", "http_user_agent", BufferId::kHttpUserAgent, "server"},
        {"http.host", "http_host", BufferId::kHttpHost, "server"},
        {"http.host.raw", "http_raw_host", BufferId::kHttpHostRaw, "server"},
        {"http.request_body", "http_client_body", BufferId::kHttpRequestBody, "server"},
        {"http.response_body", "http_server_body", BufferId::kHttpResponseBody, "client"},
        {"http.stat_code", "http_stat_code", BufferId::kHttpStatCode, "client"},
        {"http.stat_msg", "http_stat_msg", BufferId::kHttpStatMsg, "client"},
    };
    for (const Case& c : cases) {
        const std::string expected = wanted(c.direction, {c.buffer});
        EXPECT_EQ(shape(std::string(c.sticky) + "; content:\"a\";"), expected);
        EXPECT_EQ(shape(std::string("content:\"a\"; ") + c.modifier + ";"), expected);
    }
    EXPECT_EQ(shape("uricontent:\"a\";"), wanted("server", {BufferId::kHttpUri}));
    EXPECT_EQ(shape("http_header_names; content:\"a\"; http.uri; content:\"b\";"),
              wanted("server", {BufferId::kHttpRequestHeaderNames, BufferId::kHttpUri}));
}

TEST(Buffer, FlowDecidesTheDirection) {
    const std::string both =
        "http.header; content:\"a\"; http.cookie; content:\"b\"; file.data; content:\"c\";";
    EXPECT_EQ(shape("flow:to_server; " + both),
              wanted("server", {BufferId::kHttpRequestHeader, BufferId::kHttpRequestCookie,
                                BufferId::kFileDataToServer}));
    EXPECT_EQ(shape("flow:from_server; " + both),
              wanted("client", {BufferId::kHttpResponseHeader, BufferId::kHttpResponseCookie,
                                BufferId::kFileDataToClient}));
}

TEST(Buffer, OtherBuffersDecideTheDirection) {
    EXPECT_EQ(shape("http.header; content:\"a\"; http.uri; content:\"b\";"),
              wanted("server", {BufferId::kHttpRequestHeader, BufferId::kHttpUri}));
    EXPECT_EQ(shape("http.header; content:\"a\"; http.stat_code; content:\"2\";"),
              wanted("client", {BufferId::kHttpResponseHeader, BufferId::kHttpStatCode}));
}

TEST(Buffer, NothingDecidesThenBothAreMade) {
    EXPECT_EQ(shape("http.header; content:\"a\";"),
              wanted("server", {BufferId::kHttpRequestHeader}) +
                  wanted("client", {BufferId::kHttpResponseHeader}));
    EXPECT_EQ(shape("file_data; content:\"a\";", "alert tcp any any -> any any"),
              wanted("server", {BufferId::kFileDataToServer}) +
                  wanted("client", {BufferId::kFileDataToClient}));
    const Compiled r = compile_rule("http.header; content:\"a\";", kHttp);
    EXPECT_EQ(r.rules.at(0).sid, r.rules.at(1).sid);
}

TEST(Buffer, EnginesAreHeaderThenPayloadThenOthers) {
    EXPECT_EQ(
        shape("flow:to_server; http.uri; content:\"a\"; pkt_data; content:\"b\"; flowbits:set,x;"),
        wanted("server", {BufferId::kPacketHeader, BufferId::kPayload, BufferId::kHttpUri}));
}

TEST(Buffer, SameBufferAgainContinues) {
    const Compiled r = compile_rule(
        "http.uri; content:\"a\"; http.method; content:\"GET\"; http.uri; content:\"b\"; "
        "distance:0;",
        kHttp);
    ASSERT_EQ(r.verdict(), kGood) << r.reason();
    EXPECT_EQ(r.rules[0].engines.size(), 2U);
    EXPECT_EQ(r.items(BufferId::kHttpUri).size(), 2U);
}

TEST(Buffer, OlderModifiersMoveTheLastPayloadContent) {
    const Compiled r =
        compile_rule("content:\"a\"; content:\"b\"; http_uri; content:\"c\"; http_method;", kHttp);
    ASSERT_EQ(r.verdict(), kGood) << r.reason();
    EXPECT_EQ(r.bytes(r.items(BufferId::kPayload).at(0)), "a");
    EXPECT_EQ(r.bytes(r.items(BufferId::kHttpUri).at(0)), "b");
    EXPECT_EQ(r.bytes(r.items(BufferId::kHttpMethod).at(0)), "c");
}

TEST(Buffer, TransformsMakeABufferOfTheirOwn) {
    const Compiled r = compile_rule(
        "http.host; content:\"a\"; http.host; dotprefix; content:\".b\"; endswith;", kHttp);
    ASSERT_EQ(r.verdict(), kGood) << r.reason();
    ASSERT_EQ(r.rules[0].engines.size(), 2U);
    EXPECT_TRUE(r.rules[0].engines[0].transforms.empty());
    EXPECT_EQ(r.rules[0].engines[1].transforms,
              std::vector<bundle::TransformStep>{bundle::Transform::kDotPrefix});
}

TEST(Buffer, HttpRulesAreAboutHttpOverTcp) {
    for (const char* header :
         {"alert tcp any any -> any any", "alert ip any any -> any any", kHttp}) {
        const Compiled r = compile_rule("http.uri; content:\"a\";", header);
        ASSERT_EQ(r.verdict(), kGood) << header;
        EXPECT_EQ(r.rules[0].app, AppProto::kHttp1);
        EXPECT_EQ(r.rules[0].proto, bundle::HeaderProto::kTcp);
    }
}

TEST(Buffer, Table) {
    check_cases(
        {
            {"http.uri;", kInvalid},
            {"http.uri; http.method; content:\"a\";", kInvalid},
            {"http.stat_code; content:\"2\"; http.uri; content:\"b\";", kInvalid},
            {"flow:to_client; http.uri; content:\"a\";", kInvalid},
            {"flow:to_client; http.accept; content:\"a\";", kInvalid},
            {"flow:to_server; http.location; content:\"a\";", kInvalid},
            {"flow:to_server; http.response_body; content:\"a\";", kGood},
            {"flow:to_client; http.connection; content:\"a\";", kGood},
            {"flow:to_client; urilen:5;", kInvalid},
            {"http.header.raw; content:\"a\";", kInvalid},
            {"flow:to_client; http.header.raw; content:\"a\";", kGood},
            {"http.uri; content:\"abc\"; http_method;", kInvalid},
            {"http.uri; content:\"a\"; uricontent:\"a\";", kInvalid},
            {"http.uri; content:\"a\"; pkt_data; content:\"b\"; http_uri;", kGood},
            {"content:\"abc\"; rawbytes; http_uri;", kInvalid},
            {"content:\"abc\"; http_uri; rawbytes;", kInvalid},
            {"http.uri; content:\"abc\"; rawbytes;", kInvalid},
            {"content:\"abc\"; content:\"d\"; http_uri; http_method;", kGood},
            {"http_uri;", kInvalid},
            {"content:\"a\"; http_accept;", kInvalid},
            {"file_data; pkt_data; content:\"b\";", kInvalid},
            {"http.host; content:\"Abc\";", kInvalid},
            {"http.host; content:!\"Abc\";", kInvalid},
            {"http.host; content:\"|41|bc\";", kInvalid},
            {"http.host; content:\"abc\"; nocase;", kInvalid},
            {"content:\"abc\"; http_host; nocase;", kInvalid},
            {"http.host.raw; content:\"Abc\"; nocase;", kGood},
            {"http.method; content:\" GET\";", kInvalid},
            {"http.method; content:\"GET \";", kInvalid},
            {"http.method; content:\"GE T\";", kGood},
            {"http.request_header; content:\"a\";", kGood},
            {"app-layer-protocol:http;", kInvalid},
        },
        kHttp);
    check_cases({{"http.uri; content:\"a\";", kUnsupported}}, "alert udp any any -> any any");
    check_cases({{"file.data; content:\"a\";", kInvalid}}, "alert udp any any -> any any");
    check_cases({{"http.uri; content:\"a\";", kInvalid}}, "alert tls any any -> any any");
    check_cases({{"http.uri; content:\"a\";", kInvalid}}, "alert tcp-pkt any any -> any any");
}

TEST(Transform, Table) {
    check_cases(
        {
            {"http.uri; dotprefix; content:\"a\";", kGood},
            {"http.uri; content:\"a\"; dotprefix;", kGood},
            {"dotprefix; content:\"a\";", kInvalid},
            {"http.uri; dotprefix; http.method; content:\"a\";", kInvalid},
            {"http.uri; to_lowercase; content:\"A\";", kInvalid},
            {"http.uri; to_lowercase; content:\"A\"; nocase;", kInvalid},
            {"http.uri; to_lowercase; content:\"a\";", kGood},
            {"http.uri; to_uppercase; content:\"a\";", kInvalid},
            {"http.uri; strip_whitespace; content:\"A b\";", kInvalid},
            {"http.uri; compress_whitespace; content:\"A b\";", kGood},
            {"http.uri; compress_whitespace; content:\"A  b\";", kInvalid},
            {"http.uri; url_decode; content:\"%41\";", kGood},
            {"http.uri; to_md5; content:\"|01 02|\";", kGood},
            {"http.uri; to_sha1; content:\"|01 02|\";", kGood},
            {"http.uri; to_sha256; content:\"|01 02|\";", kGood},
            {"http.uri; to_lowercase; to_uppercase; content:\"x\";", kInvalid},
            {"http.header; header_lowercase; content:\"X\";", kGood},
            {"http.header; strip_pseudo_headers; content:\"x\";", kGood},
            {R"x(http.uri; xor:"0a0B"; content:"x";)x", kGood},
            {R"x(http.uri; xor:0a0b; content:"x";)x", kInvalid},
            {R"x(http.uri; xor:"0a0"; content:"x";)x", kInvalid},
            {R"x(http.uri; xor:"zz"; content:"x";)x", kInvalid},
            {R"x(http.uri; pcrexform:"[a-z]+\s+(.*)"; content:"x";)x", kGood},
            {R"x(http.uri; pcrexform:"[a-z]+"; content:"x";)x", kInvalid},
            {R"x(http.uri; pcrexform:"("; content:"x";)x", kInvalid},
            {R"x(http.uri; pcrexform:[a-z](.); content:"x";)x", kInvalid},
            {"http.uri; dotprefix:1; content:\"a\";", kInvalid},
        },
        kHttp);
}

TEST(Transform, ArgumentsAreInTheModel) {
    const Compiled r =
        compile_rule(R"x(http.uri; xor:"0a0B"; pcrexform:"x(.)"; content:"x";)x", kHttp);
    ASSERT_EQ(r.verdict(), kGood) << r.reason();
    const auto& steps = r.rules[0].engines[0].transforms;
    ASSERT_EQ(steps.size(), 2U);
    EXPECT_EQ(steps[0].kind, bundle::Transform::kXor);
    EXPECT_EQ(std::string(r.model.blob.begin() + steps[0].data,
                          r.model.blob.begin() + steps[0].data + steps[0].data_len),
              "\x0a\x0b");
    EXPECT_EQ(r.model.pcres.at(steps[1].data).pattern, "x(.)");
}

}  // namespace
}  // namespace sluice::compile
