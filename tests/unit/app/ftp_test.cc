// SPDX-License-Identifier: Apache-2.0
// Control connections announce data connections, which are then known and are files. Beside the
// stage there is the parser alone, for what it says at which byte.
#include "dataplane/app/app_stage.h"
#include "tests/support/lone_flow.h"
#include "tests/unit/app/parser_talk.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::app {
namespace {

using namespace sluice::test;
using packet::Reason;
using Talk = ParserTalk<Ftp, FtpFlow>;
using DataTalk = ParserTalk<FtpData, FtpDataFlow>;

constexpr Direction kUp = Direction::kToServer;
constexpr Direction kDown = Direction::kToClient;

packet::IpAddr host(std::uint8_t last) {
    packet::IpAddr ip;
    ip.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, last};
    return ip;
}

test::LoneFlow control_flow() {
    test::LoneFlow f;
    f->set_key({host(1), host(2), 40000, 21, 0, packet::kProtoTcp, 0});
    f->last_seen = seconds(100);
    return f;
}

test::LoneFlow data_flow(std::uint8_t client, std::uint8_t server, std::uint16_t port) {
    test::LoneFlow f = control_flow();
    f->set_key({host(client), host(server), 20, port, 0, packet::kProtoTcp, 0});
    return f;
}

class FtpTest : public ::testing::Test {
  protected:
    FtpTest() {
        talk_.flow().set_key(control_flow()->key());
        talk_.flow().last_seen = control_flow()->last_seen;
    }

    FtpTransfer announced(std::uint8_t client, std::uint8_t server, std::uint16_t port) {
        return ftp_.expectations().take(*data_flow(client, server, port), name_);
    }

    std::string name() const { return {name_.bytes().begin(), name_.bytes().end()}; }

    Ftp ftp_{AppConfig{}};
    Talk talk_{ftp_};
    FtpFileName name_;  // of what was announced last
};

TEST_F(FtpTest, ActiveTransfers) {
    talk_.send(kUp, "PORT 10,0,0,1,4,210\r\n");
    talk_.send(kDown, "200 ok\r\n");
    EXPECT_EQ(announced(2, 1, 1234), FtpTransfer::kNone);  // not before the command
    talk_.send_cut(kUp, "STOR x\r\n", 3);
    EXPECT_EQ(announced(1, 2, 1234), FtpTransfer::kNone);
    EXPECT_EQ(announced(2, 1, 1234), FtpTransfer::kStore);
    EXPECT_EQ(announced(2, 1, 1234), FtpTransfer::kNone);  // once
    talk_.send(kUp, "EPRT |2|::1|1235|\r\nRETR y\r\n");
    EXPECT_EQ(announced(2, 1, 1235), FtpTransfer::kRetrieve);
    EXPECT_TRUE(talk_.points().empty());
}

TEST_F(FtpTest, PassiveTransfers) {
    talk_.send(kUp, "PASV\r\n");
    talk_.send_cut(kDown, "227 Entering Passive Mode (10,0,0,2,4,210).\r\n", 5);
    talk_.send(kUp, "RETR x\r\n");
    EXPECT_EQ(announced(1, 2, 1234), FtpTransfer::kRetrieve);
    talk_.send(kUp, "EPSV\r\n");
    talk_.send(kDown, "229 Entering Extended Passive Mode (|||1235|)\r\n");
    talk_.send(kUp, "APPE x\r\n");
    EXPECT_EQ(announced(1, 2, 1235), FtpTransfer::kStore);
    talk_.send(kUp, "PASV\r\n");
    talk_.send(kDown, "227 no numbers\r\n227 1,2,3\r\n227 1,2,3,4,5,256\r\n");
    talk_.send(kUp, "RETR x\r\n");
    EXPECT_FALSE(ftp_.expectations().any());
}

TEST_F(FtpTest, NamesOfFiles) {
    const auto announce = [this](const std::string& command) {
        talk_.send(kUp, "PORT 10,0,0,1,4,210\r\n" + command + "\r\n");
        return announced(2, 1, 1234) != FtpTransfer::kNone ? name() : "<none>";
    };
    EXPECT_EQ(announce("RETR /pub/a b.exe"), "/pub/a b.exe");
    EXPECT_EQ(announce("stor x"), "x");
    EXPECT_EQ(announce("STOR  x "), " x ");
    EXPECT_EQ(announce("STOU"), "");
    const std::string padding(300, '/');
    EXPECT_EQ(announce("RETR " + padding + "end.exe"), padding.substr(0, 248) + "end.exe");
}

TEST_F(FtpTest, Bounce) {
    talk_.send(kUp, "PORT 10,0,0,1,4,210\r\nPORT 10,0,0,9,0,80\r\nport 1,2\r\n");
    ASSERT_EQ(talk_.points().size(), 1U);
    EXPECT_EQ(talk_.seen(kUp, BufferId::kFtpBounce), std::string(1, '\1'));
}

TEST_F(FtpTest, AuthTls) {
    talk_.send(kUp, "AUTH TLS\r\nhello");
    talk_.send(kDown, "234 go on\r\n");
    EXPECT_TRUE(talk_.handed_over());
    EXPECT_EQ(talk_.state().half[0].consumed, 10U);
}

TEST_F(FtpTest, ExpectationsEndAndAreBounded) {
    FtpExpectations table;
    const test::LoneFlow control = control_flow();
    EXPECT_TRUE(table.add(*control, false, 1000, FtpTransfer::kStore, {}));
    const test::LoneFlow late = data_flow(1, 2, 1000);
    late->last_seen = seconds(131);
    EXPECT_EQ(table.take(*late, name_), FtpTransfer::kNone);
    EXPECT_FALSE(table.any());
    bool full = false;
    for (std::uint16_t port = 1; port < 10000; ++port) {
        full = !table.add(*control, false, port, FtpTransfer::kStore, {}) || full;
    }
    EXPECT_TRUE(full);
    EXPECT_LE(table.size(), 2048U);
}

// What nobody fetched goes with the looks of other flows; what is still valid stays.
TEST_F(FtpTest, UnfetchedExpectationsGo) {
    FtpExpectations table;
    const test::LoneFlow control = control_flow();
    for (std::uint16_t port = 1; port <= 100; ++port) {
        EXPECT_TRUE(table.add(*control, false, port, FtpTransfer::kStore, {}));
    }
    control->last_seen = control->last_seen + seconds(60);
    EXPECT_TRUE(table.add(*control, false, 2000, FtpTransfer::kRetrieve, {}));
    const test::LoneFlow other = data_flow(1, 2, 3000);
    other->last_seen = control->last_seen;
    for (int looks = 0; looks < 512; ++looks) {
        EXPECT_EQ(table.take(*other, name_), FtpTransfer::kNone);
    }
    EXPECT_EQ(table.size(), 1U);
    const test::LoneFlow announced = data_flow(1, 2, 2000);
    announced->last_seen = control->last_seen;
    EXPECT_EQ(table.take(*announced, name_), FtpTransfer::kRetrieve);
    EXPECT_FALSE(table.any());
}

TEST_F(FtpTest, OddLinesAreCounted) {
    talk_.send(kUp, std::string(5000, 'x') + "\r\nPORT 10,0,0,9,0,80\r\n");
    EXPECT_EQ(talk_.counted(Reason::ftp_malformed), 1U);
    EXPECT_EQ(talk_.points().size(), 1U);
}

TEST(FtpDataTest, BothDirectionsAreFiles) {
    FtpData data{AppConfig{}};
    DataTalk talk(data);
    talk.send_cut(kUp, "hello world", 4, true);
    talk.send_cut(kDown, "answer", 1);
    talk.send(kDown, "", true);
    EXPECT_EQ(talk.broken(), "");
    EXPECT_EQ(talk.seen(kUp, BufferId::kFtpDataCommand), "retr");
    std::string up;
    for (const ShownPoint& p : talk.points()) {
        const auto at = p.fresh.find(BufferId::kFileDataToServer);
        up += at != p.fresh.end() ? at->second : "";
    }
    EXPECT_EQ(up, "hello world");
    EXPECT_TRUE(talk.points().back().end);
}

// Through the stage, as the packet path has it.
TEST(FtpStageTest, AnAnnouncedConnectionIsFtpData) {
    AppStage stage{AppConfig{}};
    packet::ReasonCounters reasons{};
    const test::LoneFlow control = control_flow();
    const auto send = [&](flow::Flow& f, Direction d, std::uint64_t offset,
                          const std::string& text) {
        stream::StreamChunk chunk;
        chunk.flow = &f;
        chunk.direction = d;
        chunk.window = Bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
        chunk.fresh = static_cast<std::uint32_t>(text.size());
        chunk.offset = offset;
        stage.begin(chunk, reasons);
        std::vector<std::string> files;
        InspectionPoint point;
        while (stage.next(point)) {
            for (const BufferId id : {BufferId::kFileDataToServer, BufferId::kFileDataToClient,
                                      BufferId::kFileNameToServer, BufferId::kFileNameToClient}) {
                if (point.has(id)) {
                    const Bytes bytes = point.view(id).bytes;
                    files.emplace_back(bytes.begin(), bytes.end());
                }
            }
        }
        return files;
    };
    send(*control, kDown, 0, "220 (vsFTPd 3.0.3)\r\n");
    EXPECT_EQ(control->app, AppProto::kFtp);
    send(*control, kUp, 0, "EPSV\r\n");
    send(*control, kDown, 20, "229 Entering Extended Passive Mode (|||1235|)\r\n");
    send(*control, kUp, 6, "RETR x\r\n");
    const test::LoneFlow data = data_flow(1, 2, 1235);
    EXPECT_EQ(send(*data, kDown, 0, "GET / HTTP/1.1\r\n\r\n"),
              (std::vector<std::string>{"GET / HTTP/1.1\r\n\r\n", "x"}));
    EXPECT_EQ(data->app, AppProto::kFtpData);
    stage.release(*data);
    stage.release(*control);
    EXPECT_EQ(stage.flows_in_use(), 0U);
}

}  // namespace
}  // namespace sluice::app
