// SPDX-License-Identifier: Apache-2.0
// Buffers of SSH connections. Texts and hashes are what Suricata 7.0.10 logged for the same bytes.
#include "dataplane/app/ssh.h"

#include "tests/unit/app/parser_talk.h"
#include "tests/unit/app/tls_maker.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace sluice::app {
namespace {

using namespace sluice::test;
using packet::Reason;
using Talk = ParserTalk<Ssh, SshFlow>;

constexpr Direction kUp = Direction::kToServer;
constexpr Direction kDown = Direction::kToClient;

AppConfig small_config() {
    AppConfig c;
    c.ssh_slabs = {8, 4, 2, 1, 1};
    return c;
}

std::string ssh_packet(std::uint8_t code, const std::string& body) {
    constexpr std::size_t kPadding = 6;
    return be(2 + body.size() + kPadding, 4) + be(kPadding, 1) + be(code, 1) + body +
           std::string(kPadding, '\0');
}

std::string kexinit(const std::string& exchange = "curve25519-sha256") {
    std::string body(16, 'C');
    for (const char* list : {exchange.c_str(), "ssh-ed25519", "aes128-ctr", "aes256-ctr",
                             "hmac-sha2-256", "hmac-sha1", "none", "none", "", ""}) {
        body += be(std::string(list).size(), 4) + list;
    }
    return ssh_packet(20, body + std::string(5, '\0'));
}

const std::string kNewKeys = ssh_packet(21, "");

class SshTest : public ::testing::Test {
  protected:
    Ssh ssh_{small_config()};
};

TEST_F(SshTest, UsualConnection) {
    Talk talk(ssh_);
    talk.send(kDown, "SSH-2.0-dropbear_2019.78\r\n");
    talk.send(kUp, "SSH-2.0-OpenSSH_8.2p1 Ubuntu-4\r\n" + kexinit());
    talk.send(kDown, kexinit());
    EXPECT_EQ(talk.broken(), "");
    EXPECT_EQ(talk.seen(kUp, BufferId::kSshProto), "2.0");
    EXPECT_EQ(talk.seen(kUp, BufferId::kSshSoftware), "OpenSSH_8.2p1");
    EXPECT_EQ(talk.seen(kDown, BufferId::kSshSoftware), "dropbear_2019.78");
    EXPECT_EQ(talk.seen(kUp, BufferId::kSshHasshString),
              "curve25519-sha256;aes128-ctr;hmac-sha2-256;none");
    EXPECT_EQ(talk.seen(kUp, BufferId::kSshHassh), "e97d07603350d1111ec2b64bf25413c9");
    EXPECT_EQ(talk.seen(kDown, BufferId::kSshHasshServerString),
              "curve25519-sha256;aes256-ctr;hmac-sha1;none");
    EXPECT_EQ(talk.seen(kDown, BufferId::kSshHasshServer), "4a781e5f46c75c11dd047232a715b6b3");
    talk.send(kUp, kNewKeys + "secret");
    EXPECT_FALSE(talk.flow().encrypted);
    talk.send(kDown, kNewKeys + "secret");
    EXPECT_TRUE(talk.flow().encrypted);
    EXPECT_TRUE(talk.points().back().end);
}

struct BannerCase {
    std::string line;
    std::string proto;
    std::string software;
};

TEST_F(SshTest, Banners) {
    const BannerCase cases[] = {
        {"SSH-2.0-lf\n", "2.0", "lf"},
        {"SSH-1.99-Cisco-1.25\n", "1.99", "Cisco-1.25"},
        {"SSH-2.0-a\tb c\r\n", "2.0", "a\tb"},
        {"SSH-2.0-\r\n", "2.0", "<absent>"},
        {"SSH-2.0-" + std::string(300, 'x') + "\r\n", "2.0", std::string(248, 'x')},
    };
    for (const BannerCase& c : cases) {
        Talk talk(ssh_);
        talk.send(kUp, c.line);
        EXPECT_EQ(talk.seen(kUp, BufferId::kSshProto), c.proto) << c.line;
        EXPECT_EQ(talk.seen(kUp, BufferId::kSshSoftware), c.software) << c.line;
    }
    Talk talk(ssh_);
    talk.send(kUp, "SSH-2.0\r\n");
    EXPECT_TRUE(talk.gave_up());
    EXPECT_EQ(talk.counted(Reason::ssh_malformed), 1U);
}

TEST_F(SshTest, TheFirstKexinitCounts) {
    Talk talk(ssh_);
    talk.send(kUp, "SSH-2.0-c\r\n" + kexinit("one") + kexinit("two"));
    EXPECT_EQ(talk.seen(kUp, BufferId::kSshHasshString), "one;aes128-ctr;hmac-sha2-256;none");
}

TEST_F(SshTest, ShortKexinitHasNoFingerprint) {
    Talk talk(ssh_);
    talk.send(kUp, "SSH-2.0-c\r\n" + ssh_packet(20, std::string(20, '\1')));
    EXPECT_EQ(talk.seen(kUp, BufferId::kSshHassh), "<absent>");
    EXPECT_EQ(talk.counted(Reason::ssh_malformed), 1U);
}

TEST_F(SshTest, NoMemoryEndsSsh) {
    AppConfig config;
    config.ssh_slabs = {0, 0, 0, 0, 0};
    Ssh ssh(config);
    Talk talk(ssh);
    talk.send(kUp, "SSH-2.0-c\r\n");
    EXPECT_TRUE(talk.gave_up());
    EXPECT_EQ(talk.counted(Reason::ssh_store_full), 1U);
}

// The same bytes show the same, however TCP cuts them.
TEST_F(SshTest, AnyCutShowsTheSame) {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        std::mt19937_64 rng(seed);
        std::string up = "SSH-2.0-c\r\n" + ssh_packet(2, "ignored") + kexinit() + kNewKeys + "xx";
        std::string down = "SSH-2.0-" + std::string(rng() % 300, 's') + "\n" + kexinit() + kNewKeys;
        (rng() % 2 == 0 ? up : down)[rng() % up.size() % down.size()] = static_cast<char>(rng());
        std::string whole;
        for (const std::size_t piece : {100000U, 1U, 7U, 100U}) {
            Talk talk(ssh_, 1024);
            talk.send_cut(kUp, up, piece);
            talk.send_cut(kDown, down, piece);
            talk.send(kUp, "", true);
            talk.send(kDown, "", true);
            EXPECT_EQ(talk.broken(), "");
            const std::string shown = text_of(talk.points());
            whole = whole.empty() ? shown : whole;
            ASSERT_EQ(shown, whole) << "seed " << seed << " piece " << piece;
        }
    }
    EXPECT_EQ(ssh_.arena().in_use(), 0U);
}

}  // namespace
}  // namespace sluice::app
