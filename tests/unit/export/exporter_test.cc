// SPDX-License-Identifier: Apache-2.0
#include "dataplane/export/exporter.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

namespace sluice::exporter {
namespace {

namespace fs = std::filesystem;

class ExporterTest : public ::testing::Test {
  protected:
    ExporterTest() {
        std::string pattern = (fs::temp_directory_path() / "sluice-exp-XXXXXX").string();
        if (mkdtemp(pattern.data()) != nullptr) {
            dir_ = pattern;
        }
    }

    ~ExporterTest() override { fs::remove_all(dir_); }

    static std::shared_ptr<const bundle::Model> model_with_sid(std::uint32_t sid) {
        auto model = std::make_shared<bundle::Model>();
        model->rules.emplace_back().sid = sid;
        return model;
    }

    std::vector<nlohmann::json> lines() const {
        std::vector<nlohmann::json> out;
        std::ifstream in(dir_ / "eve.json");
        for (std::string line; std::getline(in, line);) {
            out.push_back(nlohmann::json::parse(line));
        }
        return out;
    }

    static abi::EventRecord event(std::uint64_t version) {
        abi::EventRecord e;
        e.snapshot_version = version;
        e.has_rule = true;
        return e;
    }

    fs::path dir_;
};

TEST_F(ExporterTest, EachEventFindsTheRuleOfItsSnapshot) {
    EveFile file({.path = (dir_ / "eve.json").string()});
    abi::EventRing ring(8);
    Exporter exporter(file, {&ring}, {"east", "west"});
    exporter.remember(1, model_with_sid(11));
    exporter.remember(2, model_with_sid(22));
    ASSERT_TRUE(ring.push(event(1)));
    ASSERT_TRUE(ring.push(event(2)));
    ASSERT_TRUE(ring.push(event(9)));
    EXPECT_EQ(exporter.drain(), 3U);
    file.flush();
    const auto all = lines();
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0]["alert"]["signature_id"], 11);
    EXPECT_EQ(all[1]["alert"]["signature_id"], 22);
    EXPECT_FALSE(all[2]["alert"].contains("signature_id"));
    EXPECT_EQ(all[0]["in_iface"], "east");
}

TEST_F(ExporterTest, FailedReloadsDoNotPushOutTheRunningModel) {
    EveFile file({.path = (dir_ / "eve.json").string()});
    abi::EventRing ring(8);
    Exporter exporter(file, {&ring}, {});
    exporter.remember(1, model_with_sid(11));
    for (std::uint64_t version = 2; version < 10; ++version) {
        exporter.remember(version, model_with_sid(99));
        exporter.forget(version);
    }
    ASSERT_TRUE(ring.push(event(1)));
    EXPECT_EQ(exporter.drain(), 1U);
    file.flush();
    EXPECT_EQ(lines()[0]["alert"]["signature_id"], 11);
}

TEST_F(ExporterTest, RunWritesEverythingThatWasPushedBeforeStop) {
    constexpr std::size_t kEvents = 5000;
    EveFile file({.path = (dir_ / "eve.json").string()});
    abi::EventRing a(8192);
    abi::EventRing b(8192);
    Exporter exporter(file, {&a, &b}, {});
    std::atomic<bool> stop{false};
    std::thread thread([&] { exporter.run(stop); });
    std::thread writer([&] {
        for (std::size_t i = 0; i < kEvents; ++i) {
            EXPECT_TRUE(b.push(event(0)));
        }
    });
    for (std::size_t i = 0; i < kEvents; ++i) {
        EXPECT_TRUE(a.push(event(0)));
    }
    writer.join();
    stop.store(true);
    thread.join();
    EXPECT_EQ(exporter.events(), 2 * kEvents);
    EXPECT_EQ(lines().size(), 2 * kEvents);
    EXPECT_EQ(file.lines_lost(), 0U);
}

TEST_F(ExporterTest, StatsAreToldAtTheEndAtTheLatest) {
    EveFile file({.path = (dir_ / "eve.json").string()});
    abi::EventRing ring(8);
    Exporter exporter(file, {&ring}, {});
    exporter.tell_stats(std::chrono::hours(1), [] { return StatsList{{"decoder.pkts", 7}}; });
    ASSERT_TRUE(ring.push(event(0)));
    const std::atomic<bool> stop{true};
    exporter.run(stop);
    const auto all = lines();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[1]["event_type"], "stats");
    EXPECT_EQ(all[1]["stats"]["decoder"]["pkts"], 7);
}

}  // namespace
}  // namespace sluice::exporter
