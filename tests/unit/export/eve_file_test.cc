// SPDX-License-Identifier: Apache-2.0
#include "dataplane/export/eve_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace sluice::exporter {
namespace {

namespace fs = std::filesystem;

class EveFileTest : public ::testing::Test {
  protected:
    EveFileTest() {
        std::string pattern = (fs::temp_directory_path() / "sluice-eve-XXXXXX").string();
        if (mkdtemp(pattern.data()) != nullptr) {
            dir_ = pattern;
        }
    }

    ~EveFileTest() override { fs::remove_all(dir_); }

    std::string path(const std::string& name = "eve.json") const { return (dir_ / name).string(); }

    std::string content(const std::string& name = "eve.json") const {
        std::ifstream in(path(name));
        std::ostringstream all;
        all << in.rdbuf();
        return all.str();
    }

    fs::path dir_;
};

TEST_F(EveFileTest, AppendsToWhatIsThere) {
    for (const char* line : {"one\n", "two\n"}) {
        EveFile file({.path = path()});
        ASSERT_TRUE(file.open());
        file.append(line);
    }
    EXPECT_EQ(content(), "one\ntwo\n");
}

TEST_F(EveFileTest, RotatesBySizeAndKeepsTheConfiguredCount) {
    EveFile file({.path = path(), .rotate_bytes = 8, .keep = 2});
    ASSERT_TRUE(file.open());
    for (const char* line : {"aaaaaa\n", "bbbbbb\n", "cccccc\n", "dddddd\n"}) {
        file.append(line);
        file.flush();
    }
    EXPECT_EQ(content(), "dddddd\n");
    EXPECT_EQ(content("eve.json.1"), "cccccc\n");
    EXPECT_EQ(content("eve.json.2"), "bbbbbb\n");
    EXPECT_FALSE(fs::exists(path("eve.json.3")));
    EXPECT_EQ(file.rotations(), 3U);
    EXPECT_EQ(file.lines_lost(), 0U);
}

TEST_F(EveFileTest, ReopensAfterAnOutsideRename) {
    EveFile file({.path = path()});
    ASSERT_TRUE(file.open());
    file.append("before\n");
    file.flush();
    fs::rename(path(), path("moved"));
    file.request_reopen();
    file.append("after\n");
    file.flush();
    EXPECT_EQ(content("moved"), "before\n");
    EXPECT_EQ(content(), "after\n");
}

TEST_F(EveFileTest, CountsWhatItCannotWriteAndRecovers) {
    EveFile file({.path = path("sub/eve.json")});
    EXPECT_FALSE(file.open());
    file.append("one\ntwo\n");
    file.flush();
    EXPECT_EQ(file.lines_lost(), 2U);
    EXPECT_GE(file.write_errors(), 2U);
    fs::create_directory(path("sub"));
    file.append("three\n");
    file.flush();
    EXPECT_EQ(content("sub/eve.json"), "three\n");
    EXPECT_EQ(file.lines_lost(), 2U);
}

TEST_F(EveFileTest, AFullDiskLosesLinesNotTheProgram) {
    if (!fs::exists("/dev/full")) {
        GTEST_SKIP() << "no /dev/full";
    }
    EveFile file({.path = "/dev/full"});
    ASSERT_TRUE(file.open());
    file.append("one\n");
    file.flush();
    EXPECT_EQ(file.lines_lost(), 1U);
    EXPECT_EQ(file.write_errors(), 1U);
}

TEST_F(EveFileTest, DoesNotFollowALink) {
    fs::create_symlink("/dev/null", path());
    EveFile file({.path = path()});
    const Status opened = file.open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().where.file, path());
}

}  // namespace
}  // namespace sluice::exporter
