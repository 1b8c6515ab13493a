// SPDX-License-Identifier: Apache-2.0
// Rules over the buffers of a transaction, seen point by point.
#include "tests/unit/detect/detect_bench.h"
#include "tests/unit/detect/model_maker.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::detect {
namespace {

using test::Bench;
using test::ModelMaker;
using Sids = Bench::Sids;

constexpr std::uint32_t kReq = bundle::kFlowToServer;

app::InspectionPoint start(std::uint64_t tx = 0) {
    app::InspectionPoint p;
    p.tx_id = tx;
    p.tx_start = true;
    return p;
}

// The same transaction goes on: nothing is fresh, all is still readable.
app::InspectionPoint later(const app::InspectionPoint& before) {
    app::InspectionPoint p = before;
    p.tx_start = false;
    p.fresh = {};
    return p;
}

TEST(AppLook, OneBuffer) {
    ModelMaker maker;
    maker.rule(1)
        .flow(kReq)
        .app(AppProto::kHttp1)
        .buffer(BufferId::kHttpUri)
        .content("/evil")
        .startswith();
    maker.rule(2)
        .flow(kReq)
        .app(AppProto::kHttp1)
        .buffer(BufferId::kHttpUri)
        .content(".php")
        .endswith();
    maker.rule(3).flow(kReq).app(AppProto::kTls).buffer(BufferId::kHttpUri).content("/evil");
    Bench b(test::build(maker.finish()));
    auto p = start();
    b.set(p, BufferId::kHttpUri, "/evil/x.php");
    EXPECT_EQ(b.point(p), Sids({1, 2}));
    EXPECT_TRUE(b.matches.begin()->has_tx);
    p.tx_id = 1;
    b.set(p, BufferId::kHttpUri, "/good/x.php?");
    EXPECT_EQ(b.point(p), Sids({}));
}

// A buffer of which other instances may follow: what the first one has not, the second may have.
TEST(AppLook, AnInstanceThatDoesNotMatchWaitsForTheNext) {
    ModelMaker maker;
    test::RuleMaker rule = maker.rule(1);
    rule.flow(kReq).app(AppProto::kHttp1);
    rule.buffer(BufferId::kHttpUri).content("/upload-of-something");
    rule.buffer(BufferId::kHttpAccept).content("b").startswith().endswith();
    Bench b(test::build(maker.finish()));
    for (const bool again : {true, false}) {
        auto p = start(again ? 0 : 1);
        b.set(p, BufferId::kHttpUri, "/upload-of-something");
        b.set(p, BufferId::kHttpAccept, "a");
        b.buffers[index_of(BufferId::kHttpAccept)].again = again;
        EXPECT_EQ(b.point(p), Sids({}));
        p = later(p);
        b.set(p, BufferId::kHttpAccept, "b");
        EXPECT_EQ(b.point(p), again ? Sids({1}) : Sids({}));
        p = later(p);
        p.tx_end = true;
        EXPECT_EQ(b.point(p), Sids({}));
    }
}

// Files of a form, one after the other in the same buffer.
class AppLookFiles : public testing::Test {
  protected:
    static constexpr BufferId kFile = BufferId::kFileDataToServer;

    static std::shared_ptr<const bundle::Model> rules() {
        ModelMaker maker;
        test::RuleMaker first_bytes = maker.rule(1);
        first_bytes.flow(kReq).app(AppProto::kHttp1);
        first_bytes.buffer(BufferId::kHttpUri).content("/upload-of-something");
        first_bytes.buffer(kFile).content("MZ").depth(2);
        test::RuleMaker both = maker.rule(2);
        both.flow(kReq).app(AppProto::kHttp1);
        both.buffer(kFile).content("the-first").content("the-last");
        test::RuleMaker without = maker.rule(3);
        without.flow(kReq).app(AppProto::kHttp1);
        without.buffer(BufferId::kHttpUri).content("/upload-of-something");
        without.buffer(kFile).content("good").negated();
        return maker.finish();
    }

    // The next bytes of a file; 'ended': its last ones.
    Sids file(std::string_view all, std::size_t fresh, bool ended) {
        point_ = later(point_);
        bench_.body(point_, kFile, all, fresh, ended);
        point_.resolved |= mask_of(kFile);
        bench_.buffers[index_of(kFile)].again = true;
        return bench_.point(point_);
    }

    Sids uri() {
        point_ = start();
        bench_.set(point_, BufferId::kHttpUri, "/upload-of-something");
        return bench_.point(point_);
    }

    Sids end() {
        point_ = later(point_);
        point_.tx_end = true;
        return bench_.point(point_);
    }

    Bench bench_{test::build(rules())};
    app::InspectionPoint point_;
};

TEST_F(AppLookFiles, EachIsLookedAtFromItsBeginning) {
    EXPECT_EQ(uri(), Sids({}));
    EXPECT_EQ(file("no MZ, but good", 15, true), Sids({}));
    EXPECT_EQ(file("M", 1, false), Sids({}));
    EXPECT_EQ(file("MZ good", 6, true), Sids({1}));
    EXPECT_EQ(end(), Sids({}));
}

TEST_F(AppLookFiles, ContentsMustBeInTheSame) {
    EXPECT_EQ(uri(), Sids({}));
    EXPECT_EQ(file("good: the-first", 15, true), Sids({}));
    EXPECT_EQ(file("good: the-last", 14, true), Sids({}));
    EXPECT_EQ(file("good: the-last", 14, false), Sids({}));
    EXPECT_EQ(file("good: the-last and the-first", 14, true), Sids({2}));
    EXPECT_EQ(end(), Sids({}));
}

// The window slides over the first file's hit; that says nothing about the second one's.
TEST_F(AppLookFiles, PositionsStartAgain) {
    bench_.window = 64;
    EXPECT_EQ(uri(), Sids({}));
    const std::string far(1000, 'x');
    EXPECT_EQ(file("good" + far + "the-first" + far, 2013, true), Sids({}));
    EXPECT_EQ(file("good the-first", 14, false), Sids({}));
    EXPECT_EQ(file("good the-first the-last", 9, true), Sids({2}));
}

TEST_F(AppLookFiles, OneWithoutTheContentIsEnough) {
    EXPECT_EQ(uri(), Sids({}));
    EXPECT_EQ(file("good", 4, true), Sids({}));
    EXPECT_EQ(file("bad", 3, false), Sids({}));
    EXPECT_EQ(file("bad", 0, true), Sids({3}));
}

// Another protocol inside the one before counts its transactions from 0.
TEST(AppLook, AfterTheEndOfTransactionsTheSameNumberIsAnotherOne) {
    ModelMaker maker;
    maker.rule(1).flow(kReq).buffer(BufferId::kHttpUri).content("/x");
    maker.rule(2)
        .flow(kReq)
        .buffer(BufferId::kHttpUri)
        .content("/x")
        .buffer(BufferId::kHttpUserAgent)
        .content("curl");
    maker.rule(3).flow(bundle::kRuleStream).content("start").content("finish");
    Bench b(test::build(maker.finish()));
    b.stream("start");
    for (int i = 0; i < 2; ++i) {
        auto p = start();
        b.set(p, BufferId::kHttpUri, "/x");
        EXPECT_EQ(b.point(p), Sids({1}));
        EXPECT_EQ(b.point(p), Sids({}));
        EXPECT_EQ(b.stage.store().pendings_in_use(), 2U);
        b.stage.end_transactions(b.flow);
        EXPECT_EQ(b.stage.store().pendings_in_use(), 1U) << "the stream goes on";
    }
    EXPECT_EQ(b.stream("finish"), Sids({3}));
}

TEST(AppLook, EnginesWaitForTheirBuffers) {
    ModelMaker maker;
    maker.rule(1)
        .flow(kReq)
        .buffer(BufferId::kHttpUri)
        .content("/x")
        .buffer(BufferId::kHttpUserAgent)
        .content("curl");
    maker.rule(2)
        .flow(kReq)
        .buffer(BufferId::kHttpUri)
        .content("/x")
        .buffer(BufferId::kHttpRequestBody)
        .content("payload");
    maker.rule(3)
        .flow(kReq)
        .buffer(BufferId::kHttpUri)
        .content("/x")
        .buffer(BufferId::kHttpReferer)
        .content("r");
    Bench b(test::build(maker.finish()));
    auto p = start();
    b.set(p, BufferId::kHttpUri, "/x");
    EXPECT_EQ(b.point(p), Sids({}));
    p = later(p);
    b.set(p, BufferId::kHttpUserAgent, "curl/8");
    p.resolved |= mask_of(BufferId::kHttpReferer);  // absent for good
    EXPECT_EQ(b.point(p), Sids({1}));
    EXPECT_EQ(b.stage.store().pendings_in_use(), 1U);
    const std::string body = "the payload is here";
    for (std::size_t n = 4; n < body.size(); n += 4) {
        p = later(p);
        b.body(p, BufferId::kHttpRequestBody, std::string_view(body).substr(0, n), 4, false);
        EXPECT_EQ(b.point(p), n == 12 ? Sids({2}) : Sids({})) << n;
    }
    EXPECT_EQ(b.stage.store().pendings_in_use(), 0U);
}

TEST(AppLook, LateHitFindsEarlyBuffers) {
    ModelMaker maker;
    // The literal is the body's: ModelMaker takes the first buffer with a content that is not
    // negated.
    maker.rule(1)
        .flow(kReq)
        .buffer(BufferId::kHttpRequestBody)
        .content("late")
        .buffer(BufferId::kHttpMethod)
        .content("POST");
    maker.rule(2)
        .flow(kReq)
        .buffer(BufferId::kHttpRequestBody)
        .content("late")
        .buffer(BufferId::kHttpMethod)
        .content("PUT");
    Bench b(test::build(maker.finish()));
    auto p = start();
    b.set(p, BufferId::kHttpMethod, "POST");
    EXPECT_EQ(b.point(p), Sids({}));
    p = later(p);
    b.body(p, BufferId::kHttpRequestBody, "so la", 5, false);
    EXPECT_EQ(b.point(p), Sids({}));
    p = later(p);
    b.body(p, BufferId::kHttpRequestBody, "so late", 2, false);
    EXPECT_EQ(b.point(p), Sids({1}));
}

TEST(AppLook, EndJudgesWhatOnlyTheEndCan) {
    ModelMaker maker;
    maker.rule(1)
        .flow(kReq)
        .buffer(BufferId::kHttpRequestBody)
        .content("a=")
        .content("b=")
        .negated();
    maker.rule(2).flow(kReq).buffer(BufferId::kHttpRequestBody).content("a=1").endswith();
    maker.rule(3)
        .flow(kReq)
        .buffer(BufferId::kHttpRequestBody)
        .content("a=")
        .buffer(BufferId::kHttpHost)
        .content("h");
    Bench b(test::build(maker.finish()));
    auto p = start();
    b.body(p, BufferId::kHttpRequestBody, "a=1", 3, false);
    EXPECT_EQ(b.point(p), Sids({}));
    p = later(p);
    b.body(p, BufferId::kHttpRequestBody, "a=1", 0, true);
    p.tx_end = true;
    EXPECT_EQ(b.point(p), Sids({1, 2}));
    EXPECT_EQ(b.stage.store().pendings_in_use(), 0U);
}

TEST(AppLook, OncePerTransactionAndAgainInTheNext) {
    ModelMaker maker;
    maker.rule(1).flow(kReq).buffer(BufferId::kHttpRequestBody).content("bad");
    Bench b(test::build(maker.finish()));
    auto p = start(0);
    b.body(p, BufferId::kHttpRequestBody, "bad", 3, false);
    EXPECT_EQ(b.point(p), Sids({1}));
    p = later(p);
    b.body(p, BufferId::kHttpRequestBody, "bad bad", 4, false);
    EXPECT_EQ(b.point(p), Sids({}));
    p = start(1);
    b.body(p, BufferId::kHttpRequestBody, "bad", 3, false);
    EXPECT_EQ(b.point(p), Sids({1}));
}

TEST(AppLook, TransactionStartDropsWhatWaited) {
    ModelMaker maker;
    maker.rule(1)
        .flow(kReq)
        .buffer(BufferId::kHttpUri)
        .content("/x")
        .buffer(BufferId::kHttpUserAgent)
        .content("curl");
    Bench b(test::build(maker.finish()));
    auto p = start(0);
    b.set(p, BufferId::kHttpUri, "/x");
    b.point(p);
    auto q = start(1);
    b.set(q, BufferId::kHttpUserAgent, "curl");
    EXPECT_EQ(b.point(q), Sids({}));
    EXPECT_EQ(b.stage.store().pendings_in_use(), 0U);
}

TEST(AppLook, StreamEngineAndBufferTogether) {
    ModelMaker maker;
    maker.rule(1)
        .flow(kReq | bundle::kRuleStream)
        .content("RAW")
        .buffer(BufferId::kHttpUri)
        .content("/x");
    Bench b(test::build(maker.finish()));
    b.stream("GET /x RAW");
    auto p = start(0);
    b.set(p, BufferId::kHttpUri, "/x");
    EXPECT_EQ(b.point(p), Sids({1}));
    b.stream("GET /x COOKED");
    auto q = start(1);
    b.set(q, BufferId::kHttpUri, "/x");
    EXPECT_EQ(b.point(q), Sids({}));
}

TEST(AppLook, TransformsApplyBeforeItems) {
    ModelMaker maker;
    maker.rule(1)
        .flow(kReq)
        .buffer(BufferId::kHttpHost)
        .transform(bundle::Transform::kDotPrefix)
        .content(".example.com")
        .endswith();
    maker.rule(2)
        .flow(kReq)
        .buffer(BufferId::kHttpUri)
        .transform(bundle::Transform::kUrlDecode)
        .transform(bundle::Transform::kToUppercase)
        .content("/A B");
    maker.rule(3)
        .flow(kReq)
        .buffer(BufferId::kHttpUri)
        .transform(bundle::Transform::kStripWhitespace)
        .content("/a+b%20c");
    Bench b(test::build(maker.finish()));
    for (const char* host : {"example.com", "www.example.com"}) {
        auto p = start(0);
        b.set(p, BufferId::kHttpHost, host);
        EXPECT_EQ(b.point(p), Sids({1})) << host;
        b.stage.release(b.flow);
    }
    auto p = start(1);
    b.set(p, BufferId::kHttpHost, "notexample.com");
    b.set(p, BufferId::kHttpUri, "/a +b%20c");
    EXPECT_EQ(b.point(p), Sids({3}));
    p = start(2);
    b.set(p, BufferId::kHttpUri, "/a+b");
    EXPECT_EQ(b.point(p), Sids({2}));
}

TEST(AppLook, BodyCutsDoNotMatter) {
    ModelMaker maker;
    maker.rule(1)
        .flow(kReq)
        .buffer(BufferId::kFileDataToServer)
        .content("MZ")
        .startswith()
        .content("PE")
        .distance(4)
        .within(20);
    maker.rule(2)
        .flow(kReq)
        .buffer(BufferId::kFileDataToServer)
        .content("PE")
        .content("MZ")
        .startswith()
        .negated();
    const auto model = maker.finish();
    const std::string body = "MZ......PE and then some";
    for (std::size_t cut = 1; cut < body.size(); ++cut) {
        Bench b(test::build(model));
        auto p = start();
        b.body(p, BufferId::kFileDataToServer, std::string_view(body).substr(0, cut), cut, false);
        Sids got = b.point(p);
        p = later(p);
        b.body(p, BufferId::kFileDataToServer, body, body.size() - cut, true);
        p.tx_end = true;
        got.merge(b.point(p));
        EXPECT_EQ(got, Sids({1})) << cut;
    }
}

TEST(AppLook, TwinBuffersShareOneScan) {
    ModelMaker maker;
    maker.rule(1).buffer(BufferId::kHttpResponseBody).content("evil");
    maker.rule(2).buffer(BufferId::kFileDataToClient).content("evil");
    maker.rule(3).buffer(BufferId::kFileDataToClient).content("wicked");
    const auto made = maker.finish();
    bundle::Model model = *made;  // both groups in one database, as a compiler may do
    bundle::PrefilterDb& db = model.databases[0];
    ModelMaker joint;
    joint.rule(1).buffer(BufferId::kHttpUri).content("evil");
    joint.rule(2).buffer(BufferId::kHttpUri).content("wicked");
    db = joint.finish()->databases[0];
    db.pattern_first = {0, 2, 3};
    db.pattern_rules = {{0, 0, 0, 0, false}, {1, 0, 0, 0, false}, {2, 0, 0, 0, false}};
    for (bundle::BufferGroup& g : model.buffer_groups) {
        g.db = 0;
    }
    Bench b(test::build(std::make_shared<const bundle::Model>(model)));
    const std::string same = "evil and wicked";
    auto p = start();
    p.direction = Direction::kToClient;
    b.body(p, BufferId::kHttpResponseBody, same, same.size(), false);
    b.body(p, BufferId::kFileDataToClient, same, same.size(), false);
    EXPECT_EQ(b.point(p), Sids({1, 2, 3}));
    EXPECT_EQ(b.stage.stats().scans, 1U);
    const std::string packed = "wicked";
    const std::string plain = "evil";
    p = start(1);
    p.direction = Direction::kToClient;
    b.body(p, BufferId::kHttpResponseBody, packed, packed.size(), false);
    b.body(p, BufferId::kFileDataToClient, plain, plain.size(), false);
    EXPECT_EQ(b.point(p), Sids({2}));
    EXPECT_EQ(b.stage.stats().scans, 3U);
    // A file in a form, whose header the window has left behind: places in the body are no places
    // in the file.
    p = start(2);
    p.direction = Direction::kToClient;
    b.body(p, BufferId::kHttpResponseBody, same, same.size(), false);
    b.body(p, BufferId::kFileDataToClient, same, same.size(), false);
    b.buffers[index_of(BufferId::kHttpResponseBody)].offset = 100;
    EXPECT_EQ(b.point(p), Sids({1, 2, 3}));
    EXPECT_EQ(b.stage.stats().scans, 5U);
}

}  // namespace
}  // namespace sluice::detect
